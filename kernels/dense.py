"""Dense (fully connected) layer: every output sees every input (the hand notes' Ci and Co; V1 Table 1, "FC").

    B images · M inputs (Ci) · N outputs (Co)

    x (B, M)    w (M, N)    y (B, N)    dx, dw, dy: gradients, shaped like x, w, y

    b image · m input · n output    The bias is an operation of its own (bias.py).

Products are taken in the dtype of the arrays; their sums accumulate in float64 and are rounded once.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .jit import CONTRACT, REASSOCIATE, jit

Array = NDArray[Any]


@jit(CONTRACT)
def dense_forward(x: Array, w: Array) -> Array:
    """`y[b,n] = sum over m of x[b,m] * w[m,n]`.

    Shapes: x (B, M), w (M, N) -> y (B, N). Cost: M * N multiply-adds per image. Backward needs x and w.
    """
    B, M = x.shape
    M, N = w.shape
    y = np.zeros((B, N), np.float64)
    for b in range(B):
        for m in range(M):
            for n in range(N):
                y[b, n] += x[b, m] * w[m, n]
    return y.astype(x.dtype)


@jit(REASSOCIATE)
def dense_input_gradient(dy: Array, w: Array) -> Array:
    """Each product of the forward pass, differentiated by x: `dx[b,m] += dy[b,n] * w[m,n]`.

    Shapes: dy (B, N), w (M, N) -> dx (B, M). Cost: as forward.
    """
    B, N = dy.shape
    M, N = w.shape
    dx = np.zeros((B, M), np.float64)
    for b in range(B):
        for m in range(M):
            for n in range(N):
                dx[b, m] += dy[b, n] * w[m, n]
    return dx.astype(dy.dtype)


@jit(CONTRACT)
def dense_filter_gradient(dy: Array, x: Array) -> Array:
    """Each product of the forward pass, differentiated by w: `dw[m,n] += dy[b,n] * x[b,m]`.

    Shapes: dy (B, N), x (B, M) -> dw (M, N). Cost: as forward.
    """
    B, N = dy.shape
    B, M = x.shape
    dw = np.zeros((M, N), np.float64)
    for b in range(B):
        for m in range(M):
            for n in range(N):
                dw[m, n] += dy[b, n] * x[b, m]
    return dw.astype(x.dtype)


@jit
def dense_backward(dy: Array, x: Array, w: Array) -> tuple[Array, Array]:
    """Both gradients: dy (B, N) -> dx like x (B, M), dw like w (M, N). Cost: twice forward."""
    return dense_input_gradient(dy, w), dense_filter_gradient(dy, x)
