"""Losses: from a network's output to one number and the gradient that starts the backward pass."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..kernels.softmax import softmax_cross_entropy_backward, softmax_cross_entropy_forward
from ..layers.base import canonical, check_array, check_like

Array = NDArray[Any]


def softmax_cross_entropy(logits: Array, labels: ArrayLike) -> tuple[float, Array]:
    """Mean cross-entropy in nats over the batch -> loss, dlogits.

    logits: (B, classes). labels: (B,) class numbers, or (B, classes) probabilities whose rows sum to 1.
    Raises TypeError or ValueError that names what was wanted and what was given.
    """
    check_array(logits, "logits")
    if logits.ndim != 2 or not logits.size:
        raise ValueError(f"logits: wanted shape (batch, classes) with at least one image and class, got {logits.shape}")
    targets = _targets(np.asarray(labels), logits)
    losses, probabilities = softmax_cross_entropy_forward(canonical(logits), targets)
    share = np.full(len(logits), 1 / len(logits), logits.dtype)
    return float(losses.mean(dtype=np.float64)), softmax_cross_entropy_backward(share, probabilities, targets)


def _targets(labels: Array, logits: Array) -> Array:
    """The wanted probabilities (B, classes) in the dtype of the logits."""
    batch, classes = logits.shape
    if labels.ndim == 2:
        targets = np.ascontiguousarray(labels, logits.dtype)
        check_like(targets, logits.shape, logits.dtype, "labels")
        if not np.allclose(targets.sum(1), 1, rtol=0, atol=1e-3):
            raise ValueError("labels: wanted rows of probabilities that sum to 1, got a row that does not")
        return targets
    if labels.shape != (batch,) or labels.dtype.kind not in "iu":
        raise ValueError(f"labels: wanted {batch} integers, got shape {labels.shape} of {labels.dtype}")
    if labels.min() < 0 or labels.max() >= classes:
        raise ValueError(f"labels: wanted classes from 0 to {classes - 1}, got {labels.min()} to {labels.max()}")
    return np.eye(classes, dtype=logits.dtype)[labels]
