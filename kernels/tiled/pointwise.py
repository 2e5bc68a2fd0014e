"""Pointwise (1x1) convolution by tiles: one matrix product over all pixels, `kernels/pointwise.py` at machine speed.

    B images · H, W rows and columns · M channels in · N channels out

    x (B, H, W, M)    w (M, N)    y (B, H, W, N)    dx, dw, dy: gradients, shaped like x, w, y

A pixel's window is the pixel: one run of M numbers. Sums accumulate in the dtype of the arrays.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .matmul import filter_gradient, multiply
from .packing import Source, Target, empty_map, flat, unpack_map

Array = NDArray[Any]


def pointwise_conv2d_forward(x: Array, w: Array) -> Array:
    """V1 section 3.1: `y[b,iy,ix,n] = sum over m of x[b,iy,ix,m] * w[m,n]`.

    Shapes: x (B, H, W, M), w (M, N) -> y (B, H, W, N). Cost: M * N * H*W multiply-adds per image, eq. (5).
    """
    B, H, W, M = x.shape
    N = w.shape[1]
    y = empty_map(B, H, W, N, x.dtype)
    source = Source(flat(x), np.arange(B * H * W) * M, np.zeros(1, np.int64), M)
    multiply(source, w, Target(y.values, y.all_beginnings()))
    return unpack_map(y, N)


def pointwise_conv2d_input_gradient(dy: Array, w: Array) -> Array:
    """`dx[b,iy,ix,m] = sum over n of dy[b,iy,ix,n] * w[m,n]`: the forward pass of the transposed matrix.

    Shapes: dy (B, H, W, N), w (M, N) -> dx (B, H, W, M). Cost: as forward.
    """
    return pointwise_conv2d_forward(dy, w.T)


def pointwise_conv2d_filter_gradient(dy: Array, x: Array) -> Array:
    """`dw[m,n] = sum over b, iy, ix of dy[b,iy,ix,n] * x[b,iy,ix,m]`.

    Shapes: dy (B, H, W, N), x (B, H, W, M) -> dw (M, N). Cost: as forward.
    """
    B, H, W, M = x.shape
    source = Source(flat(x), np.arange(B * H * W) * M, np.arange(M), 1)
    return filter_gradient(source, dy)


def pointwise_conv2d_backward(dy: Array, x: Array, w: Array) -> tuple[Array, Array]:
    """Both gradients: dy (B, H, W, N) -> dx like x (B, H, W, M), dw like w (M, N). Cost: twice forward."""
    return pointwise_conv2d_input_gradient(dy, w), pointwise_conv2d_filter_gradient(dy, x)
