"""Bias: one number per channel, added to every pixel.

    x (..., M) a map (B, H, W, M) or features (B, M)    b (M,)    y like x    dx, db, dy: gradients
    m channel · p pixel, all leading axes taken as one
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .jit import jit

Array = NDArray[Any]


@jit
def bias_add_forward(x: Array, b: Array) -> Array:
    """`y[p,m] = x[p,m] + b[m]`. Shapes: x (..., M), b (M,) -> y like x. No multiply-adds. Backward needs neither."""
    y = np.empty(x.shape, x.dtype)
    pixels, out = np.ascontiguousarray(x).reshape(-1, b.size), y.reshape(-1, b.size)
    for p in range(pixels.shape[0]):
        for m in range(b.size):
            out[p, m] = pixels[p, m] + b[m]
    return y


@jit
def bias_add_backward(dy: Array) -> tuple[Array, Array]:
    """`dx = dy`, `db[m] = sum over p of dy[p,m]`, accumulated in float64.

    Shapes: dy (..., M) -> dx like dy, db (M,).
    """
    M = dy.shape[-1]
    pixels = np.ascontiguousarray(dy).reshape(-1, M)
    db = np.zeros(M, np.float64)
    for p in range(pixels.shape[0]):
        for m in range(M):
            db[m] += pixels[p, m]
    return dy.copy(), db.astype(dy.dtype)
