"""Average pooling: the mean of each window (GoogLeNet Table 1; ShuffleNet Figure 2c).

    B images · H, W rows and columns in · OH, OW rows and columns out · M channels · KH, KW taps of the window

    x (B, H, W, M)    y (B, OH, OW, M)    dx, dy: gradients, shaped like x, y

    b image · oy, ox output pixel · ky, kx tap · iy, ix the input pixel under that tap · m channel
    window (KH, KW)    stride (y, x)    pads (top, bottom, left, right)
    count_padding: whether padding counts as zeros in the mean, or not at all; then each window must reach a pixel
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
def average_pool_forward(x: Array, window: Pair, stride: Pair, pads: Pads, count_padding: bool) -> Array:
    """`y[b,oy,ox,m] = sum over ky,kx of x[b,iy,ix,m] / count`, accumulated in float64,

    with `iy = oy*stride_y + ky - top`, `ix` alike, and `count = KH*KW` or the window's taps inside the map.

    Shapes: x (B, H, W, M) -> y (B, OH, OW, M). No multiply-adds. Backward needs H and W.
    """
    B, H, W, M = x.shape
    KH, KW = window
    top, bottom, left, right = pads
    OH = output_size(H, KH, stride[0], 1, top, bottom)
    OW = output_size(W, KW, stride[1], 1, left, right)
    total = np.zeros((B, OH, OW, M), np.float64)
    for b in range(B):
        for oy in range(OH):
            for ox in range(OW):
                for ky in range(KH):
                    iy = oy * stride[0] + ky - top
                    for kx in range(KW):
                        ix = ox * stride[1] + kx - left
                        if 0 <= iy < H and 0 <= ix < W:
                            for m in range(M):
                                total[b, oy, ox, m] += x[b, iy, ix, m]
                count = KH * KW
                if not count_padding:
                    count = _inside(oy, H, KH, stride[0], top) * _inside(ox, W, KW, stride[1], left)
                for m in range(M):
                    total[b, oy, ox, m] /= count
    return total.astype(x.dtype)


@jit
def average_pool_backward(
    dy: Array, input_hw: Pair, window: Pair, stride: Pair, pads: Pads, count_padding: bool
) -> Array:
    """`dx[b,iy,ix,m] += dy[b,oy,ox,m] / count`: every tap of a window had the same weight.

    Shapes: dy (B, OH, OW, M), input_hw (H, W) -> dx (B, H, W, M).
    """
    B, OH, OW, M = dy.shape
    H, W = input_hw
    KH, KW = window
    top, bottom, left, right = pads
    dx = np.zeros((B, H, W, M), np.float64)
    for b in range(B):
        for oy in range(OH):
            for ox in range(OW):
                count = np.float64(KH * KW)  # so that the quotient is one too, whatever the dtype of dy
                if not count_padding:
                    count = np.float64(_inside(oy, H, KH, stride[0], top) * _inside(ox, W, KW, stride[1], left))
                for ky in range(KH):
                    iy = oy * stride[0] + ky - top
                    for kx in range(KW):
                        ix = ox * stride[1] + kx - left
                        if 0 <= iy < H and 0 <= ix < W:
                            for m in range(M):
                                dx[b, iy, ix, m] += dy[b, oy, ox, m] / count
    return dx.astype(dy.dtype)


@jit
def _inside(output: int, size: int, taps: int, stride: int, before: int) -> int:
    """The window at an output, along one axis -> how many of its taps are on the map and not on its padding."""
    first = output * stride - before
    return min(first + taps, size) - max(first, 0)
