"""Losses: from a network's output to one number and the gradient that starts the backward pass."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..kernels.softmax import softmax_cross_entropy_backward, softmax_cross_entropy_forward
from ..layers.base import canonical, check_array, check_like

Array = NDArray[Any]

_SUM_TOLERANCE = 1e-3  # wide enough for probabilities that were stored in half precision


def softmax_cross_entropy(logits: Array, labels: ArrayLike) -> tuple[float, Array]:
    """Mean cross-entropy in nats over the batch -> loss, dlogits.

    logits: (B, classes). labels: (B,) class numbers, or (B, classes) probabilities whose rows sum to 1.
    Raises TypeError or ValueError that names what was wanted and what was given.
    """
    check_array(logits, "logits")
    if logits.ndim != 2 or not logits.size:
        wanted = "(batch, classes) with at least one image and class"
        raise ValueError(f"logits: wanted shape {wanted}, got {logits.shape}")
    targets = _targets(_as_array(labels), logits)
    losses, probabilities = softmax_cross_entropy_forward(canonical(logits), targets)
    share = np.full(len(logits), 1 / len(logits), logits.dtype)
    return float(losses.mean(dtype=np.float64)), softmax_cross_entropy_backward(share, probabilities, targets)


def _as_array(labels: ArrayLike) -> Array:
    try:
        return np.asarray(labels)
    except ValueError:
        raise TypeError("labels: wanted numbers, got rows of different lengths") from None


def _targets(labels: Array, logits: Array) -> Array:
    """The wanted probabilities (B, classes) in the dtype of the logits."""
    batch, classes = logits.shape
    if labels.ndim == 2:
        return _probabilities(labels, logits)
    if labels.shape != (batch,) or labels.dtype.kind not in "iu":
        raise ValueError(f"labels: wanted {batch} integers, got shape {labels.shape} of {labels.dtype}")
    first, last = labels.min(), labels.max()
    if first < 0 or last >= classes:
        raise ValueError(f"labels: wanted classes from 0 to {classes - 1}, got {first} to {last}")
    return np.eye(classes, dtype=logits.dtype)[labels]


def _probabilities(labels: Array, logits: Array) -> Array:
    """Rows of probabilities in the dtype of the logits."""
    if labels.dtype.kind not in "fiu":
        raise TypeError(f"labels: wanted numbers, got {labels.dtype}")
    targets = canonical(labels.astype(logits.dtype))
    check_like(targets, logits.shape, logits.dtype, "labels")
    if (targets < 0).any():
        raise ValueError(f"labels: wanted rows of probabilities that sum to 1, got a negative one, {targets.min():g}")
    for total in targets.sum(1):
        if not abs(total - 1) <= _SUM_TOLERANCE:
            raise ValueError(f"labels: wanted rows of probabilities that sum to 1, got a row with the sum {total:g}")
    return targets
