"""The loss of a network that gives each pixel a class.

    B pictures    H, W rows and columns    K classes
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.truth import IGNORED
from ..kernels.softmax import softmax_cross_entropy_backward, softmax_cross_entropy_forward
from ..layers.base import canonical, check_array

Array = NDArray[Any]


def pixel_cross_entropy(logits: Array, labels: Array, ignored: int = IGNORED) -> tuple[float, Array]:
    """Mean cross-entropy in nats over the pixels that count -> loss, dlogits.

    Shapes: logits (B, H, W, K), labels (B, H, W) integers: a class from 0 to K - 1, or `ignored`. Where no pixel
    counts, loss and gradient are 0. Raises TypeError or ValueError that names what was wanted and what was given.
    """
    check_array(logits, "logits")
    if logits.ndim != 4 or not logits.size:
        raise ValueError(f"logits: wanted (pictures, rows, columns, classes), none of them 0, got {logits.shape}")
    classes = check_labels(labels, logits.shape[:3], logits.shape[3], ignored).reshape(-1)
    counted = classes != ignored
    share = 1 / max(int(counted.sum()), 1)
    wanted = np.eye(logits.shape[3], dtype=logits.dtype)[np.where(counted, classes, 0)]
    losses, probabilities = softmax_cross_entropy_forward(canonical(logits.reshape(-1, logits.shape[3])), wanted)
    weights = np.where(counted, share, 0).astype(logits.dtype)
    dlogits: Array = softmax_cross_entropy_backward(weights, probabilities, wanted).reshape(logits.shape)
    return float(losses[counted].sum(dtype=np.float64)) * share, dlogits


def check_labels(
    labels: Array, shape: tuple[int, ...], classes: int, ignored: int | None, what: str = "labels"
) -> Array:
    """Labels as they are. Raises TypeError or ValueError unless each is a class, or `ignored`, which is none."""
    found = np.asarray(labels)
    if ignored is not None and 0 <= ignored < classes:
        raise ValueError(f"ignored: wanted none of the {classes} classes, got {ignored}")
    if found.dtype.kind not in "iu":
        raise TypeError(f"{what}: wanted integers, got {found.dtype}")
    if found.shape != shape:
        raise ValueError(f"{what}: wanted shape {shape}, got {found.shape}")
    counts = True if ignored is None else found != ignored
    wrong = found[counts & ((found < 0) | (found >= classes))]
    if wrong.size:
        other = "" if ignored is None else f", or {ignored} to be ignored"
        raise ValueError(f"{what}: wanted classes from 0 to {classes - 1}{other}, got {wrong[0]}")
    return found
