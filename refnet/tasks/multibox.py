"""The loss of a single-shot detector: where things are, and what they are.

    B   pictures      N   default boxes of each      S   slots: the background, 0, and the classes, from 1
    positive   a default box that is matched with a thing
    negative   one that is not, unless it lies on an ignored one

    loss = (sum over positives of smooth_L1(codes - wanted codes)
            + sum over positives and hard negatives of cross-entropy) / positives of all pictures

    smooth_L1(d) = sum of d^2 / 2 where |d| < 1, of |d| - 1/2 elsewhere

Liu et al. 2016, "SSD", section 2.2, equations (1) to (3). Nearly all default boxes are negatives: of each picture those
count that are most surely taken for something, three for each positive: a picture without things teaches nothing (the
TF Object Detection API's sample configurations take three negatives of it).
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..kernels.softmax import softmax_cross_entropy_backward, softmax_cross_entropy_forward
from ..layers.base import canonical, check_array, check_like
from .boxes import area
from .coding import encode
from .matching import NOTHING, THRESHOLD, match
from .things import Things, check_things, overlap

Array = NDArray[Any]

NEGATIVES = 3  # for each positive of the same picture
BACKGROUND = 0
WHATEVER = -1  # the slot of a default box on an ignored thing


class Targets(NamedTuple):
    """Shapes: codes (B, N, 4), 0 where there is no thing; slots (B, N) int64: BACKGROUND, a class, or WHATEVER."""

    codes: Array
    slots: Array


class Loss(NamedTuple):
    """loss = places + classes. Shapes: dcodes (B, N, 4), dlogits (B, N, S)."""

    loss: float
    places: float
    classes: float
    dcodes: Array
    dlogits: Array


def targets_of(there: Sequence[Things], defaults: Array, slots: int, dtype: Any = np.float32) -> Targets:
    """What the network should say of each default box of each picture, which may have no thing.

    A box without an area is no thing that can be found: it is left out. A default box that no thing has, and that
    overlaps an ignored one by half, is to say whatever it likes. Raises TypeError or ValueError that names the picture.
    """
    codes = np.zeros((len(there), len(defaults), 4), dtype)
    found = np.full((len(there), len(defaults)), BACKGROUND, np.int64)
    for picture, things in enumerate(there):
        boxes, numbers, ignored, crowd = check_things(things, slots - 1, picture)
        boxes, real = boxes.astype(np.float64), area(boxes) > 0
        on_ignored = overlap(defaults, boxes[real & ignored], crowd[real & ignored]) >= THRESHOLD
        found[picture, on_ignored.any(1)] = WHATEVER
        boxes, numbers = boxes[real & ~ignored], numbers[real & ~ignored]
        of = match(boxes, defaults)
        positive = of != NOTHING
        codes[picture, positive] = encode(boxes[of[positive]], defaults[positive])
        found[picture, positive] = numbers[of[positive]]
    return Targets(codes, found)


def multibox_loss(codes: Array, logits: Array, targets: Targets, negatives: float = NEGATIVES) -> Loss:
    """Shapes: codes (B, N, 4), logits (B, N, S) -> loss, dcodes, dlogits.

    negatives: for each positive, at most. Without a positive in any picture there is nothing to divide by: loss and
    gradients are 0 then. Raises TypeError or ValueError that names what was wanted and what was given.
    """
    _check(codes, logits, targets)
    if not 0 <= negatives < np.inf:
        raise ValueError(f"negatives: wanted a number of at least 0, got {negatives}")
    positive, negative = targets.slots > BACKGROUND, targets.slots == BACKGROUND
    count = int(positive.sum())
    share = 1 / max(count, 1)
    rows = canonical(logits.reshape(-1, logits.shape[2]))
    wanted = np.eye(logits.shape[2], dtype=logits.dtype)[np.maximum(targets.slots, BACKGROUND).reshape(-1)]
    losses, probabilities = softmax_cross_entropy_forward(rows, wanted)
    counted = positive | hard_negatives(losses.reshape(positive.shape), positive, negative, negatives)
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


def hard_negatives(losses: Array, positive: Array, negative: Array, share: float) -> Array:
    """Of each picture, the negatives with the largest losses, so many for each positive; of equals the first.

    Shapes: losses (B, N), positive, negative (B, N) bool -> (B, N) bool.
    """
    found = np.zeros_like(positive)
    for row, own, there, others in zip(found, losses, positive, negative, strict=True):
        candidates = np.flatnonzero(others)
        order = np.argsort(-own[candidates], kind="stable")
        row[candidates[order[: int(share * there.sum())]]] = True
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
    if targets.slots.min() < WHATEVER or targets.slots.max() >= logits.shape[2]:
        got = f"{targets.slots.min()} to {targets.slots.max()}"
        raise ValueError(f"targets.slots: wanted numbers from {WHATEVER} to {logits.shape[2] - 1}, got {got}")
