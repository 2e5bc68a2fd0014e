"""Losses: from a network's output to one number and the gradient that starts the backward pass.

    z logits    t targets, probabilities    B images    K classes    A attributes    T temperature    s smoothing

Each is a mean over the batch and returns loss, gradient: a float, and an array like the network's output.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..kernels.softmax import softmax_cross_entropy_backward, softmax_cross_entropy_forward, softmax_forward
from ..layers.base import canonical, check_array, check_like
from .numbers import check_number

Array = NDArray[Any]

_SUM_TOLERANCE = 1e-3  # wide enough for probabilities that were stored in half precision


def softmax_cross_entropy(logits: Array, labels: ArrayLike, smoothing: float = 0.0) -> tuple[float, Array]:
    """Mean cross-entropy in nats over the batch -> loss, dlogits.

    logits: (B, K). labels: (B,) class numbers, or (B, K) probabilities whose rows sum to 1. smoothing: the share s
    of each row that goes to all classes alike, `t * (1 - s) + s / K`, as in tf.losses.softmax_cross_entropy.
    Raises TypeError or ValueError that names what was wanted and what was given.
    """
    _check_matrix(logits, "logits", "(batch, classes) with at least one image and class")
    targets = _targets(_as_array(labels), logits)
    if smoothing:
        share = check_number(smoothing, "smoothing", below=1)
        targets = (targets * (1 - share) + share / logits.shape[1]).astype(logits.dtype)
    return _cross_entropy(logits, targets)


def _cross_entropy(logits: Array, targets: Array) -> tuple[float, Array]:
    losses, probabilities = softmax_cross_entropy_forward(canonical(logits), targets)
    share = np.full(len(logits), 1 / len(logits), logits.dtype)
    return float(losses.mean(dtype=np.float64)), softmax_cross_entropy_backward(share, probabilities, targets)


def sigmoid_cross_entropy(logits: Array, targets: Array) -> tuple[float, Array]:
    """Cross-entropy in nats of independent attributes, averaged over attributes and images -> loss, dlogits.

    logits: (B, A). targets: (B, A) from 0 to 1, in the dtype of the logits: the truth about each attribute or, to
    distill a face-attribute classifier (V1 section 4.5), the sigmoid of the teacher's logits.
    `loss = mean(max(z, 0) - z * t + log(1 + exp(-|z|)))`, which is -t*log(p) - (1-t)*log(1-p) without overflow.
    """
    _check_matrix(logits, "logits", "(batch, attributes) with at least one image and attribute")
    check_like(targets, logits.shape, logits.dtype, "targets")
    if not ((targets >= 0) & (targets <= 1)).all():
        raise ValueError(f"targets: wanted numbers from 0 to 1, got {targets.min():g} to {targets.max():g}")
    tail = np.exp(-np.abs(logits))  # never overflows
    losses = np.maximum(logits, 0) - logits * targets + np.log1p(tail)
    p = np.where(logits >= 0, 1, tail) / (1 + tail)
    return float(losses.mean(dtype=np.float64)), ((p - targets) / logits.size).astype(logits.dtype)


def distillation(logits: Array, teacher_logits: Array, temperature: float = 1.0) -> tuple[float, Array]:
    """Cross-entropy between softmax(teacher / T) and softmax(z / T), times T**2, mean over the batch -> loss, dlogits.

    logits, teacher_logits: (B, K). The gradient of that cross-entropy shrinks with 1 / T**2, so Hinton et al. (2015,
    section 2) multiply by T**2: its weight beside a loss of the labels then stays as it is when T changes. Both loss
    and gradient have the factor here: `dz = T * (softmax(z / T) - softmax(teacher / T)) / B`.
    """
    _check_matrix(logits, "logits", "(batch, classes) with at least one image and class")
    check_like(teacher_logits, logits.shape, logits.dtype, "teacher_logits")
    if not check_number(temperature, "temperature"):
        raise ValueError("temperature: wanted a finite number above 0, got 0")
    heat = logits.dtype.type(temperature)
    if not heat >= np.finfo(heat.dtype).tiny:  # the rest is too small to divide by
        raise ValueError(f"temperature: wanted one that {logits.dtype} can divide by, got {temperature}")
    targets = softmax_forward(canonical(teacher_logits / heat))
    loss, gradient = _cross_entropy(logits / heat, targets)
    return loss * float(temperature) ** 2, gradient * heat


def squared_difference(embeddings: Array, targets: Array) -> tuple[float, Array]:
    """Squared distance of embeddings from a teacher's, mean over the batch -> loss, dembeddings (V1 section 4.7).

    embeddings, targets: (B, M). `loss = sum((e - t)**2) / B`.
    """
    _check_matrix(embeddings, "embeddings", "(batch, features) with at least one image and feature")
    check_like(targets, embeddings.shape, embeddings.dtype, "targets")
    apart = embeddings - targets
    loss = np.square(apart, dtype=np.float64).sum() / len(apart)
    return float(loss), (apart * (2 / len(apart))).astype(embeddings.dtype)


def _check_matrix(x: Array, what: str, wanted: str) -> None:
    """Raise TypeError or ValueError unless x is a matrix of float32 or float64 with something in it."""
    check_array(x, what)
    if x.ndim != 2 or not x.size:
        raise ValueError(f"{what}: wanted shape {wanted}, got {x.shape}")


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
