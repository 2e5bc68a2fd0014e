"""ReLU: the rectifier, `max(x, 0)`.

    x any shape    y, dx, dy like x    i element, all axes taken as one
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .jit import jit

Array = NDArray[Any]


@jit
def relu_forward(x: Array) -> Array:
    """`y[i] = max(x[i], 0)`; NaN goes through. Shapes: y like x. No multiply-adds. Backward needs x."""
    y = np.empty(x.shape, x.dtype)
    values, out = x.ravel(), y.ravel()
    for i in range(values.size):
        v = values[i]
        out[i] = 0 if v <= 0 else v
    return y


@jit
def relu_backward(dy: Array, x: Array) -> Array:
    """`dx[i] = dy[i] where x[i] > 0, else 0`; the gradient at exactly 0 is 0. Shapes: dx like x.

    NaN in x passes the gradient on.
    """
    dx = np.empty(dy.shape, dy.dtype)
    values, grads, out = x.ravel(), dy.ravel(), dx.ravel()
    for i in range(values.size):
        out[i] = 0 if values[i] <= 0 else grads[i]
    return dx
