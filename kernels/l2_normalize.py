"""L2 normalisation: each pixel's features, divided by their length, become a unit vector (ParseNet section 3.3).

    M features · P pixels of all images

    x (..., M)    y, dx, dy like x    p pixel, all leading axes taken as one · m feature
    length of x[p]: the root of the sum of squares, or eps if that is larger

ParseNet and SSD multiply by a trainable number per channel next: `channel_scale.py`.
All is computed in float64 and rounded once.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .jit import jit

Array = NDArray[Any]


@jit
def l2_normalize_forward(x: Array, eps: float) -> Array:
    """`y[p,m] = x[p,m] / length`, `length = max(sqrt(sum over m of x[p,m] ** 2), eps)`; a NaN makes its pixel NaN.

    Shapes: y like x (..., M). No multiply-adds, as they are counted. Backward needs x.
    """
    M = x.shape[-1]
    values = np.ascontiguousarray(x).reshape(-1, M)
    y = np.empty(x.shape, x.dtype)
    out = y.reshape(-1, M)
    for p in range(values.shape[0]):
        row = values[p].astype(np.float64)
        root = np.sqrt(_dot(row, row))
        length = eps if root < eps else root
        for m in range(M):
            out[p, m] = row[m] / length
    return y


@jit
def l2_normalize_backward(dy: Array, x: Array, eps: float) -> Array:
    """The length depends on every x, so the part of dy along the unit vector y is lost:

    `dx[p,m] = (dy[p,m] - y[p,m] * sum over m of y[p,m] * dy[p,m]) / length`, or `dy[p,m] / eps` where eps is larger.

    Shapes: dy, x (..., M) -> dx like x.
    """
    M = x.shape[-1]
    values, grads = np.ascontiguousarray(x).reshape(-1, M), np.ascontiguousarray(dy).reshape(-1, M)
    dx = np.empty(x.shape, x.dtype)
    out = dx.reshape(-1, M)
    for p in range(values.shape[0]):
        row, drow = values[p].astype(np.float64), grads[p].astype(np.float64)
        root = np.sqrt(_dot(row, row))
        length = eps if root < eps else root
        along = 0.0 if root < eps else _dot(row, drow) / length
        for m in range(M):
            out[p, m] = (drow[m] - row[m] / length * along) / length
    return dx


@jit
def _dot(a: Array, b: Array) -> float:
    """`sum over m of a[m] * b[m]`: a, b (M,) -> a number."""
    total = 0.0
    for m in range(a.size):
        total += a[m] * b[m]
    return total
