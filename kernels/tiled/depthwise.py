"""Depthwise convolution by tiles: `kernels/depthwise.py` at machine speed.

    B images · H, W rows and columns in · OH, OW rows and columns out · M channels · KH, KW taps of the filter
    C channels in memory: M, padded to the vector width

    x (B, H, W, M)    w (KH, KW, M)    y (B, OH, OW, M)    dx, dw, dy: gradients, shaped like x, w, y

    stride, dilation (y, x)    pads (top, bottom, left, right)

A tap on the padding contributes nothing. Sums accumulate in the dtype of the arrays.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..geometry import output_size
from .meetings import Axis, backwards, forward
from .packing import NO_PADS, Map, empty_map, pack_map, pad_columns, unpack_map, zero_matrix
from .shapes import depthwise_shape, padded, taps_shape
from .taps import tap_products, tap_sums, windows

Array = NDArray[Any]
Pair = tuple[int, int]
Pads = tuple[int, int, int, int]


def depthwise_conv2d_forward(x: Array, w: Array, stride: Pair, dilation: Pair, pads: Pads) -> Array:
    """V1 eq. (3): `y[b,oy,ox,m] = sum over ky,kx of x[b,iy,ix,m] * w[ky,kx,m]`.

    Shapes: x (B, H, W, M), w (KH, KW, M) -> y (B, OH, OW, M). Cost: KH*KW * M * OH*OW multiply-adds per image, eq. (4).
    """
    B, H, W, M = x.shape
    KH, KW, M = w.shape
    OH = output_size(H, KH, stride[0], dilation[0], pads[0], pads[1])
    OW = output_size(W, KW, stride[1], dilation[1], pads[2], pads[3])
    packed, y = pack_channels(x), empty_map(B, OH, OW, M, x.dtype)
    slide(packed, w, axes(forward, (OH, OW), (KH, KW), stride, dilation, pads, (H, W)), y)
    return unpack_map(y, M)


def depthwise_conv2d_input_gradient(
    dy: Array, w: Array, input_hw: Pair, stride: Pair, dilation: Pair, pads: Pads
) -> Array:
    """`dx[b,iy,ix,m] = sum over ky,kx of dy[b,oy,ox,m] * w[ky,kx,m]`: the same loop, other tables.

    Shapes: dy (B, OH, OW, M), w (KH, KW, M), input_hw (H, W) -> dx (B, H, W, M). Cost: as forward.
    """
    B, OH, OW, M = dy.shape
    packed, dx = pack_channels(dy), empty_map(B, *input_hw, M, dy.dtype)
    slide(packed, w, axes(backwards, input_hw, w.shape[:2], stride, dilation, pads, (OH, OW)), dx)
    return unpack_map(dx, M)


def depthwise_conv2d_filter_gradient(
    dy: Array, x: Array, filter_hw: Pair, stride: Pair, dilation: Pair, pads: Pads
) -> Array:
    """`dw[ky,kx,m] = sum over b,oy,ox of dy[b,oy,ox,m] * x[b,iy,ix,m]`.

    Shapes: dy (B, OH, OW, M), x (B, H, W, M), filter_hw (KH, KW) -> dw (KH, KW, M). Cost: as forward.
    """
    M = x.shape[3]
    packed, grads = pack_channels(x), pack_channels(dy)
    both = axes(forward, dy.shape[1:3], filter_hw, stride, dilation, pads, x.shape[1:3])
    dw = zero_matrix(filter_hw[0] * filter_hw[1], M, x.dtype).values
    tables = windows(packed.size, grads.size, *both)
    tap_products(taps_shape(x.dtype), packed.values, dw, tables, grads.values, packed.channels)
    return np.ascontiguousarray(dw.reshape(*filter_hw, packed.channels)[..., :M])


def depthwise_conv2d_backward(
    dy: Array, x: Array, w: Array, stride: Pair, dilation: Pair, pads: Pads
) -> tuple[Array, Array]:
    """Both gradients: dy (B, OH, OW, M) -> dx like x (B, H, W, M), dw like w (KH, KW, M). Cost: twice forward."""
    dx = depthwise_conv2d_input_gradient(dy, w, x.shape[1:3], stride, dilation, pads)
    return dx, depthwise_conv2d_filter_gradient(dy, x, w.shape[:2], stride, dilation, pads)


def pack_channels(x: Array) -> Map:
    """x (B, H, W, M) with channels padded to the vector width: x itself if they fit."""
    return pack_map(x, NO_PADS, padded(x.shape[3], x.dtype))


def axes(
    direction: Any, pixels: Pair, filter: Pair, stride: Pair, dilation: Pair, pads: Pads, source: Pair
) -> tuple[Axis, Axis]:
    """Along y and along x: which of the source's pixels each pixel meets."""
    y, x = zip(pixels, filter, stride, dilation, pads[::2], source, strict=True)
    return Axis(direction, *y), Axis(direction, *x)


def slide(source: Map, w: Array, both: tuple[Axis, Axis], target: Map) -> None:
    """Sums over the taps that each pixel meets: w (KH, KW, M) -> target.values."""
    filters = pad_columns(w.reshape(-1, w.shape[2])).ravel()
    tables = windows(source.size, target.size, *both)
    tap_sums(depthwise_shape(w.dtype), source.values, filters, tables, target.values, source.channels)
