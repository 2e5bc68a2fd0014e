"""Dropout: some values are set to zero, the others scaled up so that the expected value stays.

    x any shape    mask like x, True where the value is kept    rate the share that is dropped, 0 <= rate < 1
    y, dx, dy like x    i element, all axes taken as one

The layer draws the mask; a kernel has no randomness.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .jit import jit

Array = NDArray[Any]


@jit
def dropout_forward(x: Array, mask: Array, rate: float) -> Array:
    """`y[i] = x[i] / (1 - rate) where mask[i], else 0`. Shapes: y like x. Backward needs the mask."""
    y = np.empty(x.shape, x.dtype)
    values, kept, out = x.ravel(), mask.ravel(), y.ravel()
    for i in range(values.size):
        out[i] = values[i] / (1 - rate) if kept[i] else 0
    return y


@jit
def dropout_backward(dy: Array, mask: Array, rate: float) -> Array:
    """`dx[i] = dy[i] / (1 - rate) where mask[i], else 0`. Shapes: dx like dy."""
    dx = np.empty(dy.shape, dy.dtype)
    grads, kept, out = dy.ravel(), mask.ravel(), dx.ravel()
    for i in range(grads.size):
        out[i] = grads[i] / (1 - rate) if kept[i] else 0
    return dx
