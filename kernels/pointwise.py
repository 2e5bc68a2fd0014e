"""Pointwise (1x1) convolution: combines channels pixel by pixel, and does not filter (second term of V1 eq. (5)).

    B images · H, W rows and columns · M channels in · N channels out

    x (B, H, W, M)    w (M, N)    y (B, H, W, N)    dx, dw, dy: gradients, shaped like x, w, y

    b image · iy, ix pixel · m, n channels

Products are taken in the dtype of the arrays; their sums accumulate in float64 and are rounded once.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .jit import CONTRACT, REASSOCIATE, jit

Array = NDArray[Any]


@jit(CONTRACT)
def pointwise_conv2d_forward(x: Array, w: Array) -> Array:
    """V1 section 3.1: `y[b,iy,ix,n] = sum over m of x[b,iy,ix,m] * w[m,n]`.

    Shapes: x (B, H, W, M), w (M, N) -> y (B, H, W, N). Cost: M * N * H*W multiply-adds per image, eq. (5).
    Backward needs x and w.
    """
    B, H, W, M = x.shape
    M, N = w.shape
    y = np.zeros((B, H, W, N), np.float64)
    for b in range(B):
        for iy in range(H):
            for ix in range(W):
                for m in range(M):
                    for n in range(N):
                        y[b, iy, ix, n] += x[b, iy, ix, m] * w[m, n]
    return y.astype(x.dtype)


@jit(REASSOCIATE)
def pointwise_conv2d_input_gradient(dy: Array, w: Array) -> Array:
    """Each product of the forward pass, differentiated by x: `dx[b,iy,ix,m] += dy[b,iy,ix,n] * w[m,n]`.

    Shapes: dy (B, H, W, N), w (M, N) -> dx (B, H, W, M). Cost: as forward.
    """
    B, H, W, N = dy.shape
    M, N = w.shape
    dx = np.zeros((B, H, W, M), np.float64)
    for b in range(B):
        for iy in range(H):
            for ix in range(W):
                for m in range(M):
                    for n in range(N):
                        dx[b, iy, ix, m] += dy[b, iy, ix, n] * w[m, n]
    return dx.astype(dy.dtype)


@jit(CONTRACT)
def pointwise_conv2d_filter_gradient(dy: Array, x: Array) -> Array:
    """Each product of the forward pass, differentiated by w: `dw[m,n] += dy[b,iy,ix,n] * x[b,iy,ix,m]`.

    Shapes: dy (B, H, W, N), x (B, H, W, M) -> dw (M, N). Cost: as forward.
    """
    B, H, W, N = dy.shape
    B, H, W, M = x.shape
    dw = np.zeros((M, N), np.float64)
    for b in range(B):
        for iy in range(H):
            for ix in range(W):
                for m in range(M):
                    for n in range(N):
                        dw[m, n] += dy[b, iy, ix, n] * x[b, iy, ix, m]
    return dw.astype(x.dtype)


@jit
def pointwise_conv2d_backward(dy: Array, x: Array, w: Array) -> tuple[Array, Array]:
    """Both gradients: dy (B, H, W, N) -> dx like x (B, H, W, M), dw like w (M, N). Cost: twice forward."""
    return pointwise_conv2d_input_gradient(dy, w), pointwise_conv2d_filter_gradient(dy, x)
