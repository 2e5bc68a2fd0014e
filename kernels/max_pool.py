"""Max pooling: the largest value in each window (AlexNet section 3.4; VGG section 2.1; GoogLeNet Table 1).

    B images · H, W rows and columns in · OH, OW rows and columns out · M channels · KH, KW taps of the window

    x (B, H, W, M)    y (B, OH, OW, M)    dx, dy: gradients, shaped like x, y

    b image · oy, ox output pixel · ky, kx tap · iy, ix the input pixel under that tap · m channel
    window (KH, KW)    stride (y, x)    pads (top, bottom, left, right)

Only pixels of the map are compared, so padding never wins. Each window must reach at least one.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .geometry import output_size
from .jit import jit

Array = NDArray[Any]
Pair = tuple[int, int]
Pads = tuple[int, int, int, int]


@jit
def max_pool_forward(x: Array, window: Pair, stride: Pair, pads: Pads) -> Array:
    """`y[b,oy,ox,m] = max over ky,kx of x[b,iy,ix,m]` with `iy = oy*stride_y + ky - top`, `ix` alike, inside the map.

    A NaN in the window wins. Shapes: x (B, H, W, M) -> y (B, OH, OW, M). No multiply-adds. Backward needs x.
    """
    B, H, W, M = x.shape
    KH, KW = window
    top, bottom, left, right = pads
    OH = output_size(H, KH, stride[0], 1, top, bottom)
    OW = output_size(W, KW, stride[1], 1, left, right)
    y = np.full((B, OH, OW, M), -np.inf, x.dtype)
    for b in range(B):
        for oy in range(OH):
            for ox in range(OW):
                for ky in range(KH):
                    iy = oy * stride[0] + ky - top
                    for kx in range(KW):
                        ix = ox * stride[1] + kx - left
                        if 0 <= iy < H and 0 <= ix < W:
                            for m in range(M):
                                v = x[b, iy, ix, m]
                                if v > y[b, oy, ox, m] or v != v:  # the second is true for NaN alone
                                    y[b, oy, ox, m] = v
    return y


@jit
def max_pool_backward(dy: Array, x: Array, window: Pair, stride: Pair, pads: Pads) -> Array:
    """`dx[b,iy,ix,m] += dy[b,oy,ox,m]` at the first tap that holds y[b,oy,ox,m], and at no other.

    First means row by row from the top left; a NaN that won takes the gradient. Sums accumulate in float64.

    Shapes: dy (B, OH, OW, M), x (B, H, W, M) -> dx like x.
    """
    B, H, W, M = x.shape
    B, OH, OW, M = dy.shape
    KH, KW = window
    top, bottom, left, right = pads
    y = max_pool_forward(x, window, stride, pads)
    dx = np.zeros((B, H, W, M), np.float64)
    found = np.zeros(M, np.bool_)
    for b in range(B):
        for oy in range(OH):
            for ox in range(OW):
                found[:] = False
                for ky in range(KH):
                    iy = oy * stride[0] + ky - top
                    for kx in range(KW):
                        ix = ox * stride[1] + kx - left
                        if 0 <= iy < H and 0 <= ix < W:
                            for m in range(M):
                                v = x[b, iy, ix, m]
                                if not found[m] and (v == y[b, oy, ox, m] or v != v):
                                    dx[b, iy, ix, m] += dy[b, oy, ox, m]
                                    found[m] = True
    return dx.astype(dy.dtype)
