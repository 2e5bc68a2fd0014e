"""Grouped convolution: G standard convolutions side by side, each on its own slice of the channels.

The general case: G = 1 is the standard convolution, G = M with one output each is the depthwise one, and G = M with
N = M * multiplier is a depthwise convolution with a channel multiplier.

    B images · H, W rows and columns in · OH, OW rows and columns out · M channels in · N channels out
    G groups · MG = M/G and NG = N/G channels of one group · KH, KW taps of the filter

    x (B, H, W, M)    w (KH, KW, MG, N)    y (B, OH, OW, N)    dx, dw, dy: gradients, shaped like x, w, y

    b image · oy, ox output pixel · ky, kx tap · iy, ix the input pixel under that tap
    g group · m channel in, n channel out, both counted within the group
    stride, dilation (y, x)    pads (top, bottom, left, right)

Products are taken in the dtype of the arrays; their sums accumulate in float64 and are rounded once.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .geometry import output_size
from .jit import CONTRACT, REASSOCIATE, jit

Array = NDArray[Any]
Pair = tuple[int, int]
Pads = tuple[int, int, int, int]


@jit(CONTRACT)
def grouped_conv2d_forward(
    x: Array, w: Array, stride: Pair, dilation: Pair, pads: Pads, groups: int
) -> Array:
    """V1 eq. (1) within each group: `y[b,oy,ox,g*NG+n] = sum over ky,kx,m of x[b,iy,ix,g*MG+m] * w[ky,kx,m,g*NG+n]`

    with `iy = oy*stride_y + ky*dilation_y - top`, `ix` alike; a tap on the padding contributes nothing.

    Shapes: x (B, H, W, M), w (KH, KW, MG, N) -> y (B, OH, OW, N). Cost: KH*KW * MG * N * OH*OW multiply-adds per
    image. Backward needs x and w.
    """
    B, H, W, M = x.shape
    KH, KW, MG, N = w.shape
    NG = N // groups
    top, bottom, left, right = pads
    OH = output_size(H, KH, stride[0], dilation[0], top, bottom)
    OW = output_size(W, KW, stride[1], dilation[1], left, right)
    y = np.zeros((B, OH, OW, N), np.float64)
    for b in range(B):
        for oy in range(OH):
            for ox in range(OW):
                for ky in range(KH):
                    iy = oy * stride[0] + ky * dilation[0] - top
                    for kx in range(KW):
                        ix = ox * stride[1] + kx * dilation[1] - left
                        if 0 <= iy < H and 0 <= ix < W:
                            for g in range(groups):
                                for m in range(MG):
                                    for n in range(NG):
                                        y[b, oy, ox, g * NG + n] += (
                                            x[b, iy, ix, g * MG + m] * w[ky, kx, m, g * NG + n]
                                        )
    return y.astype(x.dtype)


@jit(REASSOCIATE)
def grouped_conv2d_input_gradient(
    dy: Array, w: Array, input_hw: Pair, stride: Pair, dilation: Pair, pads: Pads, groups: int
) -> Array:
    """Each product of the forward pass, differentiated by x: `dx[b,iy,ix,g*MG+m] += dy[...] * w[...]`.

    Shapes: dy (B, OH, OW, N), w (KH, KW, MG, N), input_hw (H, W) -> dx (B, H, W, M). Cost: as forward.
    """
    B, OH, OW, N = dy.shape
    KH, KW, MG, N = w.shape
    NG = N // groups
    H, W = input_hw
    top, bottom, left, right = pads
    dx = np.zeros((B, H, W, MG * groups), np.float64)
    for b in range(B):
        for oy in range(OH):
            for ox in range(OW):
                for ky in range(KH):
                    iy = oy * stride[0] + ky * dilation[0] - top
                    for kx in range(KW):
                        ix = ox * stride[1] + kx * dilation[1] - left
                        if 0 <= iy < H and 0 <= ix < W:
                            for g in range(groups):
                                for m in range(MG):
                                    for n in range(NG):
                                        dx[b, iy, ix, g * MG + m] += (
                                            dy[b, oy, ox, g * NG + n] * w[ky, kx, m, g * NG + n]
                                        )
    return dx.astype(dy.dtype)


@jit(CONTRACT)
def grouped_conv2d_filter_gradient(
    dy: Array, x: Array, filter_hw: Pair, stride: Pair, dilation: Pair, pads: Pads, groups: int
) -> Array:
    """Each product of the forward pass, differentiated by w: `dw[ky,kx,m,g*NG+n] += dy[...] * x[...]`.

    Shapes: dy (B, OH, OW, N), x (B, H, W, M), filter_hw (KH, KW) -> dw (KH, KW, MG, N). Cost: as forward.
    """
    B, OH, OW, N = dy.shape
    B, H, W, M = x.shape
    KH, KW = filter_hw
    MG = M // groups
    NG = N // groups
    top, bottom, left, right = pads
    dw = np.zeros((KH, KW, MG, N), np.float64)
    for b in range(B):
        for oy in range(OH):
            for ox in range(OW):
                for ky in range(KH):
                    iy = oy * stride[0] + ky * dilation[0] - top
                    for kx in range(KW):
                        ix = ox * stride[1] + kx * dilation[1] - left
                        if 0 <= iy < H and 0 <= ix < W:
                            for g in range(groups):
                                for m in range(MG):
                                    for n in range(NG):
                                        dw[ky, kx, m, g * NG + n] += (
                                            dy[b, oy, ox, g * NG + n] * x[b, iy, ix, g * MG + m]
                                        )
    return dw.astype(x.dtype)


@jit
def grouped_conv2d_backward(
    dy: Array, x: Array, w: Array, stride: Pair, dilation: Pair, pads: Pads, groups: int
) -> tuple[Array, Array]:
    """Both gradients: dy (B, OH, OW, N) -> dx like x (B, H, W, M), dw like w (KH, KW, MG, N). Cost: twice forward."""
    dx = grouped_conv2d_input_gradient(dy, w, x.shape[1:3], stride, dilation, pads, groups)
    dw = grouped_conv2d_filter_gradient(dy, x, w.shape[:2], stride, dilation, pads, groups)
    return dx, dw
