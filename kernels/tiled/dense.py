"""Dense (fully connected) layer by tiles: a pointwise convolution of 1 x 1 maps, `kernels/dense.py` at machine speed.

    B images · M inputs · N outputs        x (B, M)    w (M, N)    y (B, N)    dx, dw, dy: shaped like x, w, y

Sums accumulate in the dtype of the arrays.
"""

from typing import Any

from numpy.typing import NDArray

from .pointwise import (
    pointwise_conv2d_filter_gradient,
    pointwise_conv2d_forward,
    pointwise_conv2d_input_gradient,
)

Array = NDArray[Any]


def dense_forward(x: Array, w: Array) -> Array:
    """`y[b,n] = sum over m of x[b,m] * w[m,n]`. Shapes: x (B, M), w (M, N) -> y (B, N). Cost: M * N per image."""
    return pointwise_conv2d_forward(_maps(x), w)[:, 0, 0]


def dense_input_gradient(dy: Array, w: Array) -> Array:
    """`dx[b,m] = sum over n of dy[b,n] * w[m,n]`. Shapes: dy (B, N), w (M, N) -> dx (B, M). Cost: as forward."""
    return pointwise_conv2d_input_gradient(_maps(dy), w)[:, 0, 0]


def dense_filter_gradient(dy: Array, x: Array) -> Array:
    """`dw[m,n] = sum over b of dy[b,n] * x[b,m]`. Shapes: dy (B, N), x (B, M) -> dw (M, N). Cost: as forward."""
    return pointwise_conv2d_filter_gradient(_maps(dy), _maps(x))


def dense_backward(dy: Array, x: Array, w: Array) -> tuple[Array, Array]:
    """Both gradients: dy (B, N) -> dx like x (B, M), dw like w (M, N). Cost: twice forward."""
    return dense_input_gradient(dy, w), dense_filter_gradient(dy, x)


def _maps(x: Array) -> Array:
    """(B, M) as (B, 1, 1, M)."""
    return x[:, None, None]
