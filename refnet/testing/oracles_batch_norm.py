"""Batch normalisation as plain loops, in training and in inference.

Letters: **M** channels, n = the number of pixels of one channel, over all images, rows and columns. It
normalises by the biased variance (sum / n) and stores the unbiased one (sum / (n - 1)).
`new = decay * old + (1 - decay) * batch`.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from .plain import Array, answer, rank, zeros


def naive_batch_norm_train(
    x: ArrayLike,
    gamma: ArrayLike,
    beta: ArrayLike,
    moving_mean: ArrayLike,
    moving_variance: ArrayLike,
    decay: float,
    eps: float,
) -> tuple[Array, Array, Array, Array, Array]:
    """x (B, H, W, M), the other arrays (M,) -> y, mean, biased variance, new moving mean and variance.

    `y = gamma * (x - mean) / sqrt(variance + eps) + beta`. Raises ValueError for one value per channel.
    """
    x = rank("x", x, "B H W M")
    gamma, beta = rank("gamma", gamma, "M"), rank("beta", beta, "M")
    n, M = _count(x), x.shape[3]
    mean, variance = zeros(M), zeros(M)
    for m in range(M):
        values = x[..., m].ravel().tolist()
        mean[m] = math.fsum(values) / n
        variance[m] = math.fsum((value - mean[m]) ** 2 for value in values) / n
    unbiased = [v * n / (n - 1) for v in variance]
    y = naive_batch_norm_inference(x.astype(np.float64), gamma, beta, mean, variance, eps)
    return (
        answer(y, x.shape, x),
        answer(mean, (M,), x),
        answer(variance, (M,), x),
        _moved(rank("moving_mean", moving_mean, "M"), mean, decay),
        _moved(rank("moving_variance", moving_variance, "M"), unbiased, decay),
    )


def naive_batch_norm_inference(
    x: ArrayLike,
    gamma: ArrayLike,
    beta: ArrayLike,
    moving_mean: ArrayLike,
    moving_variance: ArrayLike,
    eps: float,
) -> Array:
    """x (B, H, W, M), the other arrays (M,) -> `gamma * (x - mean) / sqrt(variance + eps) + beta`."""
    x = rank("x", x, "B H W M")
    g, b = np.asarray(gamma).tolist(), np.asarray(beta).tolist()
    mean, variance = np.asarray(moving_mean).tolist(), np.asarray(moving_variance).tolist()
    y, X = zeros(*x.shape), x.tolist()
    for i, iy, ix, m in np.ndindex(*x.shape):
        y[i][iy][ix][m] = g[m] * (X[i][iy][ix][m] - mean[m]) / math.sqrt(variance[m] + eps) + b[m]
    return answer(y, x.shape, x)


def naive_batch_norm_train_gradient(
    dy: ArrayLike, x: ArrayLike, gamma: ArrayLike, eps: float
) -> tuple[Array, Array, Array]:
    """dy, x (B, H, W, M), gamma (M,) -> dx, dgamma, dbeta, by the whole Jacobian of each channel.

    With `z = (x - mean) / s` and `s = sqrt(variance + eps)`, pixel i of x moves pixel j of z by
    `dz_j / dx_i = ((i == j) - 1/n - z_i * z_j / n) / s`: n * n terms per channel, none of them simplified.
    """
    dy, x, gamma = rank("dy", dy, "B H W M"), rank("x", x, "B H W M"), rank("gamma", gamma, "M")
    n, M = _count(x), x.shape[3]
    dx, dgamma, dbeta = np.zeros((n, M)), zeros(M), zeros(M)
    for m in range(M):
        values, grads = x[..., m].ravel().tolist(), dy[..., m].ravel().tolist()
        mean = math.fsum(values) / n
        s = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / n + eps)
        z = [(value - mean) / s for value in values]
        dgamma[m] = math.fsum(g * zi for g, zi in zip(grads, z, strict=True))
        dbeta[m] = math.fsum(grads)
        for i in range(n):
            terms = (grads[j] * ((i == j) - 1 / n - z[i] * z[j] / n) for j in range(n))
            dx[i, m] = float(gamma[m]) * math.fsum(terms) / s
    return answer(dx, x.shape, x), answer(dgamma, (M,), x), answer(dbeta, (M,), x)


def naive_batch_norm_inference_gradient(
    dy: ArrayLike,
    x: ArrayLike,
    gamma: ArrayLike,
    moving_mean: ArrayLike,
    moving_variance: ArrayLike,
    eps: float,
) -> tuple[Array, Array, Array]:
    """dy, x (B, H, W, M), the other arrays (M,) -> dx, dgamma, dbeta, with constant statistics."""
    dy, x, gamma = rank("dy", dy, "B H W M"), rank("x", x, "B H W M"), rank("gamma", gamma, "M")
    mean, variance = np.asarray(moving_mean).tolist(), np.asarray(moving_variance).tolist()
    dx, dgamma, dbeta = zeros(*x.shape), zeros(x.shape[3]), zeros(x.shape[3])
    for b, iy, ix, m in np.ndindex(*x.shape):
        g, s = float(dy[b, iy, ix, m]), math.sqrt(variance[m] + eps)
        dx[b][iy][ix][m] = g * float(gamma[m]) / s
        dgamma[m] += g * (float(x[b, iy, ix, m]) - mean[m]) / s
        dbeta[m] += g
    M = (x.shape[3],)
    return answer(dx, x.shape, x), answer(dgamma, M, x), answer(dbeta, M, x)


def _count(x: Array) -> int:
    """Values per channel. Raises ValueError below two: one value has no variance."""
    n = int(x.shape[0] * x.shape[1] * x.shape[2])
    if n < 2:
        raise ValueError(f"x: wanted at least two values per channel, got shape {x.shape}")
    return n


def _moved(old: Array, batch: list[float], decay: float) -> Array:
    """`decay * old + (1 - decay) * batch`, channel by channel."""
    new = [decay * o + (1 - decay) * b for o, b in zip(old.tolist(), batch, strict=True)]
    return answer(new, old.shape, old)
