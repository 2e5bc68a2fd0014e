"""Standard convolution by tiles: `kernels/standard.py` at machine speed.

    B images · H, W rows and columns in · OH, OW rows and columns out · M channels in · N channels out
    KH, KW taps of the filter

    x (B, H, W, M)    w (KH, KW, M, N)    y (B, OH, OW, N)    dx, dw, dy: gradients, shaped like x, w, y

    stride, dilation (y, x)    pads (top, bottom, left, right)

It is a matrix product: a window's KH*KW*M numbers times the weights as a (KH*KW*M, N) matrix. The windows are never
copied out of the image; a table says where they begin. Without dilation along x, the KW taps of a filter's row lie
side by side in memory and are one run. Sums accumulate in the dtype of the arrays.

The padding is real zeros around a copy of x (of dy, for the input's gradient), which are multiplied: the result is that
of a larger map. 0 * inf is NaN, so where a weight (or dy, for the filter's gradient) is not finite, a sum that meets it
on the padding is NaN, and the plain kernel's is not. Where all numbers are finite there is no difference.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..geometry import output_size
from .matmul import filter_gradient, multiply
from .meetings import backwards, groups, pairs
from .packing import Source, Target, empty_map, pack_map, unpack_map

Array = NDArray[Any]
Pair = tuple[int, int]
Pads = tuple[int, int, int, int]


def conv2d_forward(x: Array, w: Array, stride: Pair, dilation: Pair, pads: Pads) -> Array:
    """V1 eq. (1): `y[b,oy,ox,n] = sum over ky,kx,m of x[b,iy,ix,m] * w[ky,kx,m,n]`.

    Shapes: x (B, H, W, M), w (KH, KW, M, N) -> y (B, OH, OW, N). Cost: KH*KW * M * N * OH*OW multiply-adds per
    image, eq. (2).
    """
    B, H, W, M = x.shape
    KH, KW, M, N = w.shape
    OH = output_size(H, KH, stride[0], dilation[0], pads[0], pads[1])
    OW = output_size(W, KW, stride[1], dilation[1], pads[2], pads[3])
    packed, y = pack_map(x, pads, M), empty_map(B, OH, OW, N, x.dtype)
    side_by_side = KW if dilation[1] == 1 else 1
    runs = packed.steps(np.arange(KH) * dilation[0], np.arange(0, KW, side_by_side) * dilation[1])
    source = Source(packed.values, packed.windows((OH, OW), stride), runs, side_by_side * M)
    multiply(source, w.reshape(KH * KW * M, N), Target(y.values, y.all_beginnings()))
    return unpack_map(y, N)


def conv2d_input_gradient(
    dy: Array, w: Array, input_hw: Pair, stride: Pair, dilation: Pair, pads: Pads
) -> Array:
    """`dx[b,iy,ix,m] = sum over ky,kx,n of dy[b,oy,ox,n] * w[ky,kx,m,n]`, for each phase of the stride.

    Shapes: dy (B, OH, OW, N), w (KH, KW, M, N), input_hw (H, W) -> dx (B, H, W, M). Cost: as forward.
    """
    B, OH, OW, N = dy.shape
    KH, KW, M, N = w.shape
    y, x = (backwards(*axis) for axis in zip(input_hw, (KH, KW), stride, dilation, pads[::2], strict=True))
    (top, bottom), (left, right) = y.border(OH), x.border(OW)
    packed, dx = pack_map(dy, (top, bottom, left, right), N), empty_map(B, *input_hw, M, dy.dtype)
    for one, other in pairs(groups(y), groups(x)):
        pixels = packed.beginnings(one.begins + top, other.begins + left)
        source = Source(packed.values, pixels, packed.steps(one.steps, other.steps), N)
        turned = w[one.taps][:, other.taps].transpose(0, 1, 3, 2).reshape(-1, M)
        multiply(source, turned, Target(dx.values, dx.beginnings(one.pixels, other.pixels)))
    return unpack_map(dx, M)


def conv2d_filter_gradient(
    dy: Array, x: Array, filter_hw: Pair, stride: Pair, dilation: Pair, pads: Pads
) -> Array:
    """`dw[ky,kx,m,n] = sum over b,oy,ox of dy[b,oy,ox,n] * x[b,iy,ix,m]`.

    Shapes: dy (B, OH, OW, N), x (B, H, W, M), filter_hw (KH, KW) -> dw (KH, KW, M, N). Cost: as forward.
    """
    M, N = x.shape[3], dy.shape[3]
    packed = pack_map(x, pads, M)
    taps = packed.steps(np.arange(filter_hw[0]) * dilation[0], np.arange(filter_hw[1]) * dilation[1])
    inputs = (taps[:, None] + np.arange(M)).ravel()
    source = Source(packed.values, packed.windows(dy.shape[1:3], stride), inputs, 1)
    return filter_gradient(source, dy).reshape(*filter_hw, M, N)


def conv2d_backward(
    dy: Array, x: Array, w: Array, stride: Pair, dilation: Pair, pads: Pads
) -> tuple[Array, Array]:
    """Both gradients: dy (B, OH, OW, N) -> dx like x (B, H, W, M), dw like w (KH, KW, M, N). Cost: twice forward."""
    dx = conv2d_input_gradient(dy, w, x.shape[1:3], stride, dilation, pads)
    return dx, conv2d_filter_gradient(dy, x, w.shape[:2], stride, dilation, pads)
