"""Bias, ReLU6, ReLU, leaky ReLU, pooling, the fully connected layer and softmax as plain loops, each with its gradient.

Letters: **B** images, **H, W** rows and columns, **M** input and **N** output channels (or classes).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .plain import Array, agree, answer, rank, zeros


def naive_bias_add(x: ArrayLike, b: ArrayLike) -> Array:
    """`y[..., m] = x[..., m] + b[m]`. x (..., M), b (M,) -> y (..., M)."""
    x, b = np.asarray(x), rank("b", b, "M")
    agree("channels", ("x", x.shape[-1]), ("b", b.shape[0]))
    bias = b.tolist()
    return answer([[v + bias[m] for m, v in enumerate(row)] for row in _rows(x)], x.shape, x, b)


def naive_bias_add_gradient(dy: ArrayLike) -> Array:
    """db (M,): each channel's sum of dy (..., M)."""
    dy = np.asarray(dy)
    db = zeros(dy.shape[-1])
    for row in _rows(dy):
        for m, value in enumerate(row):
            db[m] += value
    return answer(db, (dy.shape[-1],), dy)


def naive_relu6(x: ArrayLike) -> Array:
    """`min(max(x, 0), 6)`; NaN stays NaN. Any shape."""
    return _each(lambda v: v if v != v else min(max(v, 0), 6), x)


def naive_relu6_gradient(dy: ArrayLike, x: ArrayLike) -> Array:
    """dx: dy where `0 < x < 6`, and 0 elsewhere, also at exactly 0, at exactly 6, and at NaN. Any shape."""
    return _each(lambda g, v: g if 0 < v < 6 else 0, dy, x)


def naive_relu(x: ArrayLike) -> Array:
    """`max(x, 0)`; NaN stays NaN. Any shape."""
    return _each(lambda v: v if v != v else max(v, 0), x)


def naive_relu_gradient(dy: ArrayLike, x: ArrayLike) -> Array:
    """dx: 0 where `x <= 0`, and dy elsewhere, also at NaN. Any shape."""
    return _each(lambda g, v: 0 if v <= 0 else g, dy, x)


def naive_leaky_relu(x: ArrayLike, slope: float) -> Array:
    """x where it is above 0, and `slope * x` elsewhere; NaN stays NaN. Any shape."""
    return _each(lambda v: v if v > 0 else slope * v, x)


def naive_leaky_relu_gradient(dy: ArrayLike, x: ArrayLike, slope: float) -> Array:
    """dx: dy where `x > 0`, and `slope * dy` elsewhere, also at exactly 0 and at NaN. Any shape."""
    return _each(lambda g, v: g if v > 0 else slope * g, dy, x)


def naive_global_average_pool(x: ArrayLike) -> Array:
    """x (B, H, W, M) -> y (B, M): the mean over rows and columns."""
    x = rank("x", x, "B H W M")
    B, H, W, M = x.shape
    y, X = zeros(B, M), x.tolist()
    for b, iy, ix, m in np.ndindex(B, H, W, M):
        y[b][m] += X[b][iy][ix][m]
    return answer([[total / (H * W) for total in row] for row in y], (B, M), x)


def naive_global_average_pool_gradient(dy: ArrayLike, input_hw: tuple[int, int]) -> Array:
    """dy (B, M) -> dx (B, H, W, M): each pixel's share `1 / (H * W)`."""
    dy = rank("dy", dy, "B M")
    B, M = dy.shape
    dx, DY = zeros(B, *input_hw, M), dy.tolist()
    for b, iy, ix, m in np.ndindex(B, *input_hw, M):
        dx[b][iy][ix][m] = DY[b][m] / (input_hw[0] * input_hw[1])
    return answer(dx, (B, *input_hw, M), dy)


def naive_dense(x: ArrayLike, w: ArrayLike) -> Array:
    """x (B, M), w (M, N) -> y (B, N): `y[b, n] = sum over m of x[b, m] * w[m, n]`."""
    x, w = rank("x", x, "B M"), rank("w", w, "M N")
    agree("input channels", ("x", x.shape[1]), ("w", w.shape[0]))
    (B, M), N = x.shape, w.shape[1]
    y, X, W = zeros(B, N), x.tolist(), w.tolist()
    for b, m, n in np.ndindex(B, M, N):
        y[b][n] += X[b][m] * W[m][n]
    return answer(y, (B, N), x, w)


def naive_dense_input_gradient(dy: ArrayLike, w: ArrayLike) -> Array:
    """dy (B, N), w (M, N) -> dx (B, M)."""
    dy, w = rank("dy", dy, "B N"), rank("w", w, "M N")
    agree("output channels", ("dy", dy.shape[1]), ("w", w.shape[1]))
    (B, N), M = dy.shape, w.shape[0]
    dx, DY, W = zeros(B, M), dy.tolist(), w.tolist()
    for b, m, n in np.ndindex(B, M, N):
        dx[b][m] += DY[b][n] * W[m][n]
    return answer(dx, (B, M), dy, w)


def naive_dense_filter_gradient(dy: ArrayLike, x: ArrayLike) -> Array:
    """dy (B, N), x (B, M) -> dw (M, N)."""
    dy, x = rank("dy", dy, "B N"), rank("x", x, "B M")
    agree("images", ("dy", dy.shape[0]), ("x", x.shape[0]))
    (B, N), M = dy.shape, x.shape[1]
    dw, DY, X = zeros(M, N), dy.tolist(), x.tolist()
    for b, m, n in np.ndindex(B, M, N):
        dw[m][n] += DY[b][n] * X[b][m]
    return answer(dw, (M, N), dy, x)


def naive_softmax(z: ArrayLike) -> Array:
    """z (B, N) -> p (B, N): `exp(z[n]) / sum of exp(z)`, each row shifted by its largest entry first."""
    z = rank("z", z, "B N")
    return answer([_softmax_row(row) for row in z.tolist()], z.shape, z)


def naive_softmax_gradient(dp: ArrayLike, z: ArrayLike) -> Array:
    """dp, z (B, N) -> dz (B, N), by the Jacobian `dp_i / dz_j = p_i * ((i == j) - p_j)`."""
    dp, z = rank("dp", dp, "B N"), rank("z", z, "B N")
    dz = zeros(*z.shape)
    for b, (grads, row) in enumerate(zip(dp.tolist(), z.tolist(), strict=True)):
        p = _softmax_row(row)
        for i, j in np.ndindex(len(row), len(row)):
            dz[b][j] += grads[i] * p[i] * ((i == j) - p[j])
    return answer(dz, z.shape, z)


def naive_softmax_cross_entropy(z: ArrayLike, targets: ArrayLike) -> Array:
    """z, targets (B, N) -> losses (B,): `-sum over n of targets[n] * log p[n]` with p the softmax of z."""
    z, targets = rank("z", z, "B N"), rank("targets", targets, "B N")
    losses = zeros(z.shape[0])
    for b, (row, wanted) in enumerate(zip(z.tolist(), targets.tolist(), strict=True)):
        for logit, target in zip(row, wanted, strict=True):
            losses[b] += target * (_log_sum_exp(row) - logit)
    return answer(losses, z.shape[:1], z)


def naive_softmax_cross_entropy_gradient(dlosses: ArrayLike, z: ArrayLike, targets: ArrayLike) -> Array:
    """dlosses (B,), z, targets (B, N) -> dz (B, N): `dloss * (p * sum of targets - targets)`."""
    dlosses, z, targets = rank("dlosses", dlosses, "B"), rank("z", z, "B N"), rank("targets", targets, "B N")
    dz = zeros(*z.shape)
    for b, (g, row, wanted) in enumerate(zip(dlosses.tolist(), z.tolist(), targets.tolist(), strict=True)):
        p = _softmax_row(row)
        for n in range(len(row)):
            dz[b][n] = g * (p[n] * math.fsum(wanted) - wanted[n])
    return answer(dz, z.shape, z)


def _rows(array: Array) -> Any:
    """The array as a list of rows of M channels."""
    return array.reshape(array.size // max(1, array.shape[-1]), array.shape[-1]).tolist()


def _each(rule: Callable[..., Any], *arrays: ArrayLike) -> Array:
    """`rule` on the entries of equally shaped arrays."""
    found = [np.asarray(array) for array in arrays]
    if any(array.shape != found[0].shape for array in found):
        raise ValueError(f"wanted arrays of one shape, got {' and '.join(str(a.shape) for a in found)}")
    flat = [array.ravel().tolist() for array in found]
    return answer([rule(*entries) for entries in zip(*flat, strict=True)], found[0].shape, *found)


def _log_sum_exp(row: list[float]) -> float:
    largest = max(row)
    return largest + math.log(math.fsum(math.exp(logit - largest) for logit in row))


def _softmax_row(row: list[float]) -> list[float]:
    largest = max(row)
    powers = [math.exp(logit - largest) for logit in row]
    total = math.fsum(powers)
    return [power / total for power in powers]
