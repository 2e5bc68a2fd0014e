"""Concatenation along the last axis: the branches of a block side by side (GoogLeNet's Inception, Figure 2).

    xs, a tuple of arrays (..., M1), (..., M2), ... that agree in all other axes    y (..., N), N = M1 + M2 + ...

    dy: gradient, shaped like y    start, stop  the channels of y that one part fills
    row  all axes but the last, taken as one · m channel of a part

The parts are of one dtype and of one number of axes: maps (B, H, W, M) or features (B, M).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .jit import jit

Array = NDArray[Any]


@jit
def concat_forward(xs: tuple[Array, ...]) -> Array:
    """`y[row,start+m] = x[row,m]` for each x of xs, where start is the sum of the last axes before it.

    Shapes: xs (..., M1), (..., M2), ... -> y (..., M1+M2+...). No multiply-adds. Backward needs start and stop.
    """
    N = 0
    for x in xs:
        N += x.shape[-1]
    y = np.empty(xs[0].shape[:-1] + (N,), xs[0].dtype)
    rows = y.size // N
    out = y.reshape(rows, N)
    start = 0
    for x in xs:
        M = x.shape[-1]
        values = x.reshape(rows, M)
        for row in range(rows):
            for m in range(M):
                out[row, start + m] = values[row, m]
        start += M
    return y


@jit
def concat_backward(dy: Array, start: int, stop: int) -> Array:
    """`dx[row,m] = dy[row,start+m]`: a part's gradient is the piece that it filled.

    Shapes: dy (..., N) -> dx (..., stop-start).
    """
    N, M = dy.shape[-1], stop - start
    dx = np.empty(dy.shape[:-1] + (M,), dy.dtype)
    rows = dy.size // N
    grads, out = dy.reshape(rows, N), dx.reshape(rows, M)
    for row in range(rows):
        for m in range(M):
            out[row, m] = grads[row, start + m]
    return dx
