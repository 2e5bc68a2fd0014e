"""Global average pooling: each channel's mean over all pixels (V1 Table 1, "Avg Pool").

    B images · H, W rows and columns · M channels

    x (B, H, W, M)    y (B, M)    dx, dy: gradients    b image · iy, ix pixel · m channel
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .jit import jit

Array = NDArray[Any]
Pair = tuple[int, int]


@jit
def global_average_pool_forward(x: Array) -> Array:
    """`y[b,m] = sum over iy,ix of x[b,iy,ix,m] / (H*W)`, accumulated in float64.

    Shapes: x (B, H, W, M) -> y (B, M). No multiply-adds. Backward needs H and W.
    """
    B, H, W, M = x.shape
    total = np.zeros((B, M), np.float64)
    for b in range(B):
        for iy in range(H):
            for ix in range(W):
                for m in range(M):
                    total[b, m] += x[b, iy, ix, m]
    y: Array = (total / (H * W)).astype(x.dtype)
    return y


@jit
def global_average_pool_backward(dy: Array, input_hw: Pair) -> Array:
    """`dx[b,iy,ix,m] = dy[b,m] / (H*W)`: every pixel had the same weight.

    Shapes: dy (B, M), input_hw (H, W) -> dx (B, H, W, M).
    """
    B, M = dy.shape
    H, W = input_hw
    dx = np.empty((B, H, W, M), dy.dtype)
    for b in range(B):
        for iy in range(H):
            for ix in range(W):
                for m in range(M):
                    dx[b, iy, ix, m] = dy[b, m] / (H * W)
    return dx
