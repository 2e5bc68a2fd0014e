"""Rows and columns of zeros around a map, or fewer rows and columns where a number is negative.

    B images · H, W rows and columns in · OH, OW rows and columns out · M channels

    x (B, H, W, M)    y (B, OH, OW, M)    dx, dy: gradients, shaped like x, y

    b image · iy, ix input pixel · oy, ox the same pixel in the output · m channel
    pads (top, bottom, left, right): negative ones crop
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .jit import jit

Array = NDArray[Any]
Pads = tuple[int, int, int, int]


@jit
def pad_forward(x: Array, pads: Pads) -> Array:
    """`y[b,oy,ox,m] = x[b,iy,ix,m]` with `oy = iy + top`, `ox = ix + left`, and 0 where no pixel comes.

    Shapes: x (B, H, W, M) -> y (B, H + top + bottom, W + left + right, M). No multiply-adds. Backward needs neither.
    """
    B, H, W, M = x.shape
    top, bottom, left, right = pads
    OH, OW = H + top + bottom, W + left + right
    y = np.zeros((B, OH, OW, M), x.dtype)
    for b in range(B):
        for iy in range(H):
            for ix in range(W):
                oy, ox = iy + top, ix + left
                if 0 <= oy < OH and 0 <= ox < OW:
                    for m in range(M):
                        y[b, oy, ox, m] = x[b, iy, ix, m]
    return y


@jit
def pad_backward(dy: Array, pads: Pads) -> Array:
    """`dx[b,iy,ix,m] = dy[b,oy,ox,m]`, and 0 where the pixel was cropped.

    Shapes: dy (B, OH, OW, M) -> dx (B, OH - top - bottom, OW - left - right, M).
    """
    B, OH, OW, M = dy.shape
    top, bottom, left, right = pads
    H, W = OH - top - bottom, OW - left - right
    dx = np.zeros((B, H, W, M), dy.dtype)
    for b in range(B):
        for iy in range(H):
            for ix in range(W):
                oy, ox = iy + top, ix + left
                if 0 <= oy < OH and 0 <= ox < OW:
                    for m in range(M):
                        dx[b, iy, ix, m] = dy[b, oy, ox, m]
    return dx
