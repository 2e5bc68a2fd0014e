"""Standard convolution: filters and combines in one step (V1 eq. (1) and (2)).

    B images · H, W rows and columns in · OH, OW rows and columns out · M channels in · N channels out
    KH, KW taps of the filter

    x (B, H, W, M)    w (KH, KW, M, N)    y (B, OH, OW, N)    dx, dw, dy: gradients, shaped like x, w, y

    b image · oy, ox output pixel · ky, kx tap · iy, ix the input pixel under that tap · m, n channels
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
def conv2d_forward(x: Array, w: Array, stride: Pair, dilation: Pair, pads: Pads) -> Array:
    """V1 eq. (1): `y[b,oy,ox,n] = sum over ky,kx,m of x[b,iy,ix,m] * w[ky,kx,m,n]`

    with `iy = oy*stride_y + ky*dilation_y - top`, `ix` alike; a tap on the padding contributes nothing.

    Shapes: x (B, H, W, M), w (KH, KW, M, N) -> y (B, OH, OW, N). Cost: KH*KW * M * N * OH*OW multiply-adds per
    image, eq. (2). Backward needs x and w.
    """
    B, H, W, M = x.shape
    KH, KW, M, N = w.shape
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
                            for m in range(M):
                                for n in range(N):
                                    y[b, oy, ox, n] += x[b, iy, ix, m] * w[ky, kx, m, n]
    return y.astype(x.dtype)


@jit(REASSOCIATE)
def conv2d_input_gradient(
    dy: Array, w: Array, input_hw: Pair, stride: Pair, dilation: Pair, pads: Pads
) -> Array:
    """Each product of the forward pass, differentiated by x: `dx[b,iy,ix,m] += dy[b,oy,ox,n] * w[ky,kx,m,n]`.

    Shapes: dy (B, OH, OW, N), w (KH, KW, M, N), input_hw (H, W) -> dx (B, H, W, M). Cost: as forward.
    """
    B, OH, OW, N = dy.shape
    KH, KW, M, N = w.shape
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
                                for n in range(N):
                                    dx[b, iy, ix, m] += dy[b, oy, ox, n] * w[ky, kx, m, n]
    return dx.astype(dy.dtype)


@jit(CONTRACT)
def conv2d_filter_gradient(
    dy: Array, x: Array, filter_hw: Pair, stride: Pair, dilation: Pair, pads: Pads
) -> Array:
    """Each product of the forward pass, differentiated by w: `dw[ky,kx,m,n] += dy[b,oy,ox,n] * x[b,iy,ix,m]`.

    Shapes: dy (B, OH, OW, N), x (B, H, W, M), filter_hw (KH, KW) -> dw (KH, KW, M, N). Cost: as forward.
    """
    B, OH, OW, N = dy.shape
    B, H, W, M = x.shape
    KH, KW = filter_hw
    top, bottom, left, right = pads
    dw = np.zeros((KH, KW, M, N), np.float64)
    for b in range(B):
        for oy in range(OH):
            for ox in range(OW):
                for ky in range(KH):
                    iy = oy * stride[0] + ky * dilation[0] - top
                    for kx in range(KW):
                        ix = ox * stride[1] + kx * dilation[1] - left
                        if 0 <= iy < H and 0 <= ix < W:
                            for m in range(M):
                                for n in range(N):
                                    dw[ky, kx, m, n] += dy[b, oy, ox, n] * x[b, iy, ix, m]
    return dw.astype(x.dtype)


@jit
def conv2d_backward(
    dy: Array, x: Array, w: Array, stride: Pair, dilation: Pair, pads: Pads
) -> tuple[Array, Array]:
    """Both gradients: dy (B, OH, OW, N) -> dx like x (B, H, W, M), dw like w (KH, KW, M, N). Cost: twice forward."""
    dx = conv2d_input_gradient(dy, w, x.shape[1:3], stride, dilation, pads)
    dw = conv2d_filter_gradient(dy, x, w.shape[:2], stride, dilation, pads)
    return dx, dw
