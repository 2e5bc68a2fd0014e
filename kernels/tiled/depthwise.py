"""Depthwise convolution by tiles: `kernels/depthwise.py` at machine speed.

    B images · H, W rows and columns in · OH, OW rows and columns out · M channels · KH, KW taps of the filter
    C channels in memory: M, padded to the vector width

    x (B, H, W, M)    w (KH, KW, M)    y (B, OH, OW, M)    dx, dw, dy: gradients, shaped like x, w, y

    stride, dilation (y, x)    pads (top, bottom, left, right)

The padding is real zeros around a copy of x, which are multiplied too: weights are to be finite. Sums accumulate in
the dtype of the arrays.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..geometry import output_size
from .packing import NO_PADS, Source, Target, empty_map, pack_map, pad_columns, unpack_map, zero_matrix
from .phases import phases
from .shapes import depthwise_shape, padded, taps_shape
from .taps import tap_products, tap_sums

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
    packed, y = pack_map(x, pads, padded(M, x.dtype)), empty_map(B, OH, OW, M, x.dtype)
    taps = packed.steps(np.arange(KH) * dilation[0], np.arange(KW) * dilation[1])
    source = Source(packed.values, packed.windows((OH, OW), stride), taps, packed.channels)
    filters = pad_columns(w.reshape(KH * KW, M)).ravel()
    tap_sums(depthwise_shape(x.dtype), source, filters, Target(y.values, y.all_beginnings()))
    return unpack_map(y, M)


def depthwise_conv2d_input_gradient(
    dy: Array, w: Array, input_hw: Pair, stride: Pair, dilation: Pair, pads: Pads
) -> Array:
    """`dx[b,iy,ix,m] = sum over ky,kx of dy[b,oy,ox,m] * w[ky,kx,m]`: a window over dy, phase by phase.

    Shapes: dy (B, OH, OW, M), w (KH, KW, M), input_hw (H, W) -> dx (B, H, W, M). Cost: as forward.
    """
    B, OH, OW, M = dy.shape
    both = phases(input_hw, (OH, OW), w.shape[:2], stride, dilation, (pads[0], pads[2]))
    packed, dx = pack_map(dy, both.pads(), padded(M, dy.dtype)), empty_map(B, *input_hw, M, dy.dtype)
    for y, x in both.pairs():
        taps = packed.steps(y.windows + both.pads()[0], x.windows + both.pads()[2])
        source = Source(packed.values, packed.windows((y.pixels.size, x.pixels.size), (1, 1)), taps, packed.channels)
        filters = pad_columns(w[y.taps][:, x.taps].reshape(taps.size, M)).ravel()
        tap_sums(depthwise_shape(dy.dtype), source, filters, Target(dx.values, dx.beginnings(y.pixels, x.pixels)))
    return unpack_map(dx, M)


def depthwise_conv2d_filter_gradient(
    dy: Array, x: Array, filter_hw: Pair, stride: Pair, dilation: Pair, pads: Pads
) -> Array:
    """`dw[ky,kx,m] = sum over b,oy,ox of dy[b,oy,ox,m] * x[b,iy,ix,m]`.

    Shapes: dy (B, OH, OW, M), x (B, H, W, M), filter_hw (KH, KW) -> dw (KH, KW, M). Cost: as forward.
    """
    M = x.shape[3]
    packed, grads = (pack_map(each, border, padded(M, x.dtype)) for each, border in ((x, pads), (dy, NO_PADS)))
    taps = packed.steps(np.arange(filter_hw[0]) * dilation[0], np.arange(filter_hw[1]) * dilation[1])
    source = Source(packed.values, packed.windows(dy.shape[1:3], stride), taps, packed.channels)
    dw = zero_matrix(taps.size, M, x.dtype)
    tap_products(taps_shape(x.dtype), source, Target(grads.values, grads.all_beginnings()), dw)
    return np.ascontiguousarray(dw.values.reshape(*filter_hw, packed.channels)[..., :M])


def depthwise_conv2d_backward(
    dy: Array, x: Array, w: Array, stride: Pair, dilation: Pair, pads: Pads
) -> tuple[Array, Array]:
    """Both gradients: dy (B, OH, OW, M) -> dx like x (B, H, W, M), dw like w (KH, KW, M). Cost: twice forward."""
    dx = depthwise_conv2d_input_gradient(dy, w, x.shape[1:3], stride, dilation, pads)
    return dx, depthwise_conv2d_filter_gradient(dy, x, w.shape[:2], stride, dilation, pads)
