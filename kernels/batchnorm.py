"""Batch normalisation: each channel is shifted to mean 0 and scaled to variance 1, then by its own gamma and beta.

    B images · H, W rows and columns · M channels · P = B*H*W values per channel

    x (..., M) a map (B, H, W, M) or features (B, M)    y, dx, dy like x
    gamma, beta, moving_mean, moving_variance (M,)    mean, inv_std (M,), float64: statistics of this batch
    p pixel, all leading axes taken as one · m channel
    decay: how much of the old moving statistics stays    eps: added to the variance before the root

Statistics and sums over pixels are taken in float64, and so is the expression for each value.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .jit import jit

Array = NDArray[Any]


@jit
def batch_norm_train_forward(
    x: Array, gamma: Array, beta: Array, moving_mean: Array, moving_variance: Array, decay: float, eps: float
) -> tuple[Array, Array, Array, Array, Array]:
    """`y[p,m] = gamma[m] * (x[p,m] - mean[m]) * inv_std[m] + beta[m]`, `inv_std[m] = 1 / sqrt(variance[m] + eps)`

    with the mean and the biased variance (divided by P) of this batch. The moving statistics become
    `decay * old + (1 - decay) * new`, where the new variance is the unbiased one (divided by P - 1).

    Shapes: x (..., M), the others (M,) -> y like x, mean, inv_std, moving_mean, moving_variance (M,). P must be at
    least 2. Backward needs x, gamma, mean and inv_std.
    """
    M = gamma.size
    values = np.ascontiguousarray(x).reshape(-1, M)
    P = values.shape[0]
    mean = np.zeros(M, np.float64)
    for p in range(P):
        for m in range(M):
            mean[m] += values[p, m]
    mean /= P
    variance = np.zeros(M, np.float64)
    for p in range(P):
        for m in range(M):
            variance[m] += (values[p, m] - mean[m]) ** 2
    variance /= P
    inv_std = 1 / np.sqrt(variance + eps)
    y = np.empty(x.shape, x.dtype)
    out = y.reshape(-1, M)
    for p in range(P):
        for m in range(M):
            out[p, m] = gamma[m] * (values[p, m] - mean[m]) * inv_std[m] + beta[m]
    new_mean = decay * moving_mean + (1 - decay) * mean
    new_variance = decay * moving_variance + (1 - decay) * variance * (P / (P - 1))
    return y, mean, inv_std, new_mean.astype(moving_mean.dtype), new_variance.astype(moving_variance.dtype)


@jit
def batch_norm_train_backward(
    dy: Array, x: Array, gamma: Array, mean: Array, inv_std: Array
) -> tuple[Array, Array, Array]:
    """Mean and variance depend on every x, so two of the sums come back. With `xhat = (x - mean) * inv_std`:

    `dbeta[m] = sum over p of dy[p,m]`, `dgamma[m] = sum over p of dy[p,m] * xhat[p,m]`,
    `dx[p,m] = gamma[m] * inv_std[m] * (dy[p,m] - dbeta[m]/P - xhat[p,m] * dgamma[m]/P)`.

    Shapes: dy, x (..., M), the others (M,) -> dx like x, dgamma, dbeta (M,).
    """
    M = gamma.size
    values, grads = np.ascontiguousarray(x).reshape(-1, M), np.ascontiguousarray(dy).reshape(-1, M)
    P = values.shape[0]
    dgamma, dbeta = np.zeros(M, np.float64), np.zeros(M, np.float64)
    for p in range(P):
        for m in range(M):
            dbeta[m] += grads[p, m]
            dgamma[m] += grads[p, m] * (values[p, m] - mean[m]) * inv_std[m]
    dx = np.empty(x.shape, x.dtype)
    out = dx.reshape(-1, M)
    for p in range(P):
        for m in range(M):
            xhat = (values[p, m] - mean[m]) * inv_std[m]
            out[p, m] = gamma[m] * inv_std[m] * (grads[p, m] - dbeta[m] / P - xhat * dgamma[m] / P)
    return dx, dgamma.astype(gamma.dtype), dbeta.astype(gamma.dtype)


@jit
def batch_norm_inference_forward(
    x: Array, gamma: Array, beta: Array, moving_mean: Array, moving_variance: Array, eps: float
) -> Array:
    """`y[p,m] = gamma[m] * (x[p,m] - moving_mean[m]) / sqrt(moving_variance[m] + eps) + beta[m]`.

    Shapes: x (..., M), the others (M,) -> y like x. Backward needs x, gamma and the stored statistics.
    """
    M = gamma.size
    values = np.ascontiguousarray(x).reshape(-1, M)
    mean, inv_std = moving_mean.astype(np.float64), 1 / np.sqrt(moving_variance.astype(np.float64) + eps)
    y = np.empty(x.shape, x.dtype)
    out = y.reshape(-1, M)
    for p in range(values.shape[0]):
        for m in range(M):
            out[p, m] = gamma[m] * (values[p, m] - mean[m]) * inv_std[m] + beta[m]
    return y


@jit
def batch_norm_inference_backward(
    dy: Array, x: Array, gamma: Array, moving_mean: Array, moving_variance: Array, eps: float
) -> tuple[Array, Array, Array]:
    """The stored statistics are constants: `dx[p,m] = gamma[m] * inv_std[m] * dy[p,m]`.

    dgamma and dbeta are the sums of training, with the stored mean.

    Shapes: dy, x (..., M), the others (M,) -> dx like x, dgamma, dbeta (M,).
    """
    M = gamma.size
    values, grads = np.ascontiguousarray(x).reshape(-1, M), np.ascontiguousarray(dy).reshape(-1, M)
    mean, inv_std = moving_mean.astype(np.float64), 1 / np.sqrt(moving_variance.astype(np.float64) + eps)
    dgamma, dbeta = np.zeros(M, np.float64), np.zeros(M, np.float64)
    dx = np.empty(x.shape, x.dtype)
    out = dx.reshape(-1, M)
    for p in range(values.shape[0]):
        for m in range(M):
            dbeta[m] += grads[p, m]
            dgamma[m] += grads[p, m] * (values[p, m] - mean[m]) * inv_std[m]
            out[p, m] = gamma[m] * inv_std[m] * grads[p, m]
    return dx, dgamma.astype(gamma.dtype), dbeta.astype(gamma.dtype)
