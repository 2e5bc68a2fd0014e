"""Local response normalisation: a value is divided by the size of its neighbours in channel (AlexNet section 3.3).

    M channels · P pixels of all images

    x (..., M)    y, dx, dy like x    scale (M,) of one pixel: what stands under the power
    p pixel, all leading axes taken as one · m channel · j a channel of its neighbourhood
    size: how many channels, m among them in the middle, are its neighbourhood (the paper's n, 5); an odd number
    alpha, beta, bias: the paper's alpha, beta, k

At the first and last channels the neighbourhood ends there. All is computed in float64 and rounded once.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .jit import jit

Array = NDArray[Any]


@jit
def local_response_norm_forward(x: Array, size: int, alpha: float, beta: float, bias: float) -> Array:
    """`y[p,m] = x[p,m] / scale[m] ** beta`, `scale[m] = bias + alpha * sum over j of x[p,j] ** 2`.

    Shapes: y like x (..., M). No multiply-adds, as they are counted. Backward needs x.
    """
    M = x.shape[-1]
    values = np.ascontiguousarray(x).reshape(-1, M)
    y = np.empty(x.shape, x.dtype)
    out = y.reshape(-1, M)
    for p in range(values.shape[0]):
        row = values[p].astype(np.float64)
        scale = _scale(row, size, alpha, bias)
        for m in range(M):
            out[p, m] = row[m] / scale[m] ** beta
    return y


@jit
def local_response_norm_backward(
    dy: Array, x: Array, size: int, alpha: float, beta: float, bias: float
) -> Array:
    """Each x is divided, and stands in the scale of its neighbours, whose neighbour it is:

    `dx[p,m] = dy[p,m] / scale[m] ** beta - 2*alpha*beta * x[p,m] * shared` with
    `shared = sum over j of dy[p,j] * x[p,j] / scale[j] ** (beta + 1)`.

    Shapes: dy, x (..., M) -> dx like x.
    """
    M = x.shape[-1]
    values, grads = np.ascontiguousarray(x).reshape(-1, M), np.ascontiguousarray(dy).reshape(-1, M)
    dx = np.empty(x.shape, x.dtype)
    out = dx.reshape(-1, M)
    for p in range(values.shape[0]):
        row, drow = values[p].astype(np.float64), grads[p].astype(np.float64)
        scale = _scale(row, size, alpha, bias)
        for m in range(M):
            shared = 0.0
            for j in range(max(m - size // 2, 0), min(m + size // 2 + 1, M)):
                shared += drow[j] * row[j] / scale[j] ** (beta + 1)
            out[p, m] = drow[m] / scale[m] ** beta - 2 * alpha * beta * row[m] * shared
    return dx


@jit
def _scale(row: Array, size: int, alpha: float, bias: float) -> Array:
    """`scale[m]` above, for one pixel: row (M,) -> (M,)."""
    M = row.size
    scale = np.full(M, bias)
    for m in range(M):
        for j in range(max(m - size // 2, 0), min(m + size // 2 + 1, M)):
            scale[m] += alpha * row[j] ** 2
    return scale
