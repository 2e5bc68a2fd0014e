"""The loss of a single-shot detector: where things are, and what they are.

    B   pictures      N   default boxes of each      S   slots: the background, 0, and the classes, from 1
    positive   a default box that is matched with a thing      negative   one that is not

    loss = (sum over positives of smooth_L1(codes - wanted codes)
            + sum over positives and hard negatives of cross-entropy) / positives of all pictures

    smooth_L1(d) = sum of d^2 / 2 where |d| < 1, of |d| - 1/2 elsewhere

Liu et al. 2016, "SSD", section 2.2, equations (1) to (3). Nearly all default boxes are negatives: of each picture those
count that are most surely taken for something, three for each positive.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..kernels.softmax import softmax_cross_entropy_backward, softmax_cross_entropy_forward
from ..layers.base import canonical, check_array, check_like
from .boxes import area, check_boxes
from .coding import encode
from .matching import NOTHING, match

Array = NDArray[Any]

NEGATIVES = 3  # for each positive of the same picture
BACKGROUND = 0


class Targets(NamedTuple):
    """Shapes: codes (B, N, 4), those of the background are 0; slots (B, N) int64."""

    codes: Array
    slots: Array


class Loss(NamedTuple):
    """loss = places + classes. Shapes: dcodes (B, N, 4), dlogits (B, N, S)."""

    loss: float
    places: float
    classes: float
    dcodes: Array
    dlogits: Array


def targets_of(
    boxes: Sequence[ArrayLike], classes: Sequence[ArrayLike], defaults: Array, slots: int, dtype: Any = np.float32
) -> Targets:
    """What the network should say of each default box.

    boxes, classes: of each picture, (T, 4) corners and (T,) from 1 to slots - 1; a picture may have none. A box without
    an area is no thing that can be found: it is left out. Raises TypeError or ValueError that names the picture.
    """
    if len(boxes) != len(classes):
        raise ValueError(f"classes: wanted those of {len(boxes)} pictures, got {len(classes)}")
    codes = np.zeros((len(boxes), len(defaults), 4), dtype)
    found = np.full((len(boxes), len(defaults)), BACKGROUND, np.int64)
    for picture, (own, labels) in enumerate(zip(boxes, classes, strict=True)):
        things = check_boxes(own, f"boxes of picture {picture}").astype(np.float64)
        numbers = check_classes(labels, len(things), slots, f"classes of picture {picture}")
        real = area(things) > 0
        things, numbers = things[real], numbers[real]
        of = match(things, defaults)
        positive = of != NOTHING
        codes[picture, positive] = encode(things[of[positive]], defaults[positive])
        found[picture, positive] = numbers[of[positive]]
    return Targets(codes, found)


def check_classes(classes: ArrayLike, things: int, slots: int, what: str) -> Array:
    """Classes as int64 (T,). Raises TypeError or ValueError for anything but integers from 1 to slots - 1."""
    found = np.asarray(classes)
    if found.size == 0 and things == 0:
        return np.zeros(0, np.int64)
    if found.dtype.kind not in "iu":
        raise TypeError(f"{what}: wanted integers, got {found.dtype}")
    if found.shape != (things,):
        raise ValueError(f"{what}: wanted one for each of {things} boxes, got shape {found.shape}")
    if found.min() < 1 or found.max() >= slots:
        raise ValueError(f"{what}: wanted numbers from 1 to {slots - 1}, got {found.min()} to {found.max()}")
    return found.astype(np.int64)


def multibox_loss(codes: Array, logits: Array, targets: Targets, negatives: float = NEGATIVES) -> Loss:
    """Shapes: codes (B, N, 4), logits (B, N, S) -> loss, dcodes, dlogits.

    Without a positive in any picture there is nothing to divide by: loss and gradients are 0 then.
    Raises TypeError or ValueError that names what was wanted and what was given.
    """
    _check(codes, logits, targets)
    positive = targets.slots != BACKGROUND
    count = int(positive.sum())
    share = 1 / max(count, 1)
    rows = canonical(logits.reshape(-1, logits.shape[2]))
    wanted = np.eye(logits.shape[2], dtype=logits.dtype)[targets.slots.reshape(-1)]
    losses, probabilities = softmax_cross_entropy_forward(rows, wanted)
    counted = positive | hard_negatives(losses.reshape(positive.shape), positive, negatives)
    weights = np.where(counted, share, 0).astype(logits.dtype).reshape(-1)
    dlogits = softmax_cross_entropy_backward(weights, probabilities, wanted).reshape(logits.shape)
    apart = np.where(positive[..., None], codes - targets.codes, 0)
    places = float(smooth_l1(apart).sum(dtype=np.float64)) * share
    chosen = losses[counted.reshape(-1)]
    of_classes = float(chosen.sum(dtype=np.float64)) * share
    dcodes = (np.clip(apart, -1, 1) * share).astype(codes.dtype)
    return Loss(places + of_classes, places, of_classes, dcodes, dlogits)


def smooth_l1(d: Array) -> Array:
    """Girshick 2015, "Fast R-CNN", equation (3). Shapes: any."""
    size = np.abs(d)
    return np.where(size < 1, size * size / 2, size - size.dtype.type(0.5))


def hard_negatives(losses: Array, positive: Array, negatives: float) -> Array:
    """Of each picture, the negatives with the largest losses, so many for each positive; of equals the first.

    Shapes: losses (B, N), positive (B, N) bool -> (B, N) bool.
    """
    found = np.zeros_like(positive)
    for row, own, there in zip(found, losses, positive, strict=True):
        candidates = np.flatnonzero(~there)
        order = np.argsort(-own[candidates], kind="stable")
        row[candidates[order[: int(negatives * there.sum())]]] = True
    return found


def _check(codes: Array, logits: Array, targets: Targets) -> None:
    check_array(logits, "logits")
    if logits.ndim != 3 or logits.shape[2] < 2 or not logits.size:
        raise ValueError(f"logits: wanted (pictures, boxes, slots) with at least two slots, got {logits.shape}")
    check_like(codes, (*logits.shape[:2], 4), logits.dtype, "codes")
    check_like(targets.codes, codes.shape, codes.dtype, "targets.codes")
    if targets.slots.shape != logits.shape[:2] or targets.slots.dtype.kind not in "iu":
        got = f"{targets.slots.shape} of {targets.slots.dtype}"
        raise ValueError(f"targets.slots: wanted {logits.shape[:2]} integers, got {got}")
    if targets.slots.min() < 0 or targets.slots.max() >= logits.shape[2]:
        got = f"{targets.slots.min()} to {targets.slots.max()}"
        raise ValueError(f"targets.slots: wanted numbers from 0 to {logits.shape[2] - 1}, got {got}")
