"""Depthwise convolution: one filter per channel; it filters and does not combine (V1 eq. (3) and (4)).

    B images · H, W rows and columns in · OH, OW rows and columns out · M channels · KH, KW taps of the filter

    x (B, H, W, M)    w (KH, KW, M)    y (B, OH, OW, M)    dx, dw, dy: gradients, shaped like x, w, y

    b image · oy, ox output pixel · ky, kx tap · iy, ix the input pixel under that tap · m channel
    stride, dilation (y, x)    pads (top, bottom, left, right)

Products are taken in the dtype of the arrays; their sums accumulate in float64 and are rounded once.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .geometry import output_size
from .jit import CONTRACT, jit

Array = NDArray[Any]
Pair = tuple[int, int]
Pads = tuple[int, int, int, int]


@jit(CONTRACT)
def depthwise_conv2d_forward(x: Array, w: Array, stride: Pair, dilation: Pair, pads: Pads) -> Array:
    """V1 eq. (3): `y[b,oy,ox,m] = sum over ky,kx of x[b,iy,ix,m] * w[ky,kx,m]`

    with `iy = oy*stride_y + ky*dilation_y - top`, `ix` alike; a tap on the padding contributes nothing. (The paper
    prints the filter as K[i,j]; it has a channel index too, as the sentence below the equation says.)

    Shapes: x (B, H, W, M), w (KH, KW, M) -> y (B, OH, OW, M). Cost: KH*KW * M * OH*OW multiply-adds per image, eq. (4).
    Backward needs x and w.
    """
    B, H, W, M = x.shape
    KH, KW, M = w.shape
    top, bottom, left, right = pads
    OH = output_size(H, KH, stride[0], dilation[0], top, bottom)
    OW = output_size(W, KW, stride[1], dilation[1], left, right)
    y = np.zeros((B, OH, OW, M), np.float64)
    for b in range(B):
        for oy in range(OH):
            for ox in range(OW):
                for ky in range(KH):
                    iy = oy * stride[0] + ky * dilation[0] - top
                    for kx in range(KW):
                        ix = ox * stride[1] + kx * dilation[1] - left
                        if 0 <= iy < H and 0 <= ix < W:
                            for m in range(M):
                                y[b, oy, ox, m] += x[b, iy, ix, m] * w[ky, kx, m]
    return y.astype(x.dtype)


@jit(CONTRACT)
def depthwise_conv2d_input_gradient(
    dy: Array, w: Array, input_hw: Pair, stride: Pair, dilation: Pair, pads: Pads
) -> Array:
    """Each product of the forward pass, differentiated by x: `dx[b,iy,ix,m] += dy[b,oy,ox,m] * w[ky,kx,m]`.

    Shapes: dy (B, OH, OW, M), w (KH, KW, M), input_hw (H, W) -> dx (B, H, W, M). Cost: as forward.
    """
    B, OH, OW, M = dy.shape
    KH, KW, M = w.shape
    H, W = input_hw
    top, bottom, left, right = pads
    dx = np.zeros((B, H, W, M), np.float64)
    for b in range(B):
        for oy in range(OH):
            for ox in range(OW):
                for ky in range(KH):
                    iy = oy * stride[0] + ky * dilation[0] - top
                    for kx in range(KW):
                        ix = ox * stride[1] + kx * dilation[1] - left
                        if 0 <= iy < H and 0 <= ix < W:
                            for m in range(M):
                                dx[b, iy, ix, m] += dy[b, oy, ox, m] * w[ky, kx, m]
    return dx.astype(dy.dtype)


@jit(CONTRACT)
def depthwise_conv2d_filter_gradient(
    dy: Array, x: Array, filter_hw: Pair, stride: Pair, dilation: Pair, pads: Pads
) -> Array:
    """Each product of the forward pass, differentiated by w: `dw[ky,kx,m] += dy[b,oy,ox,m] * x[b,iy,ix,m]`.

    Shapes: dy (B, OH, OW, M), x (B, H, W, M), filter_hw (KH, KW) -> dw (KH, KW, M). Cost: as forward.
    """
    B, OH, OW, M = dy.shape
    B, H, W, M = x.shape
    KH, KW = filter_hw
    top, bottom, left, right = pads
    dw = np.zeros((KH, KW, M), np.float64)
    for b in range(B):
        for oy in range(OH):
            for ox in range(OW):
                for ky in range(KH):
                    iy = oy * stride[0] + ky * dilation[0] - top
                    for kx in range(KW):
                        ix = ox * stride[1] + kx * dilation[1] - left
                        if 0 <= iy < H and 0 <= ix < W:
                            for m in range(M):
                                dw[ky, kx, m] += dy[b, oy, ox, m] * x[b, iy, ix, m]
    return dw.astype(x.dtype)


@jit
def depthwise_conv2d_backward(
    dy: Array, x: Array, w: Array, stride: Pair, dilation: Pair, pads: Pads
) -> tuple[Array, Array]:
    """Both gradients: dy (B, OH, OW, M) -> dx like x (B, H, W, M), dw like w (KH, KW, M). Cost: twice forward."""
    dx = depthwise_conv2d_input_gradient(dy, w, x.shape[1:3], stride, dilation, pads)
    dw = depthwise_conv2d_filter_gradient(dy, x, w.shape[:2], stride, dilation, pads)
    return dx, dw
