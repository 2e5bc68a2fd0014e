"""Leaky ReLU: the rectifier that lets a share of negative values through (Maas et al. 2013, section 2).

    x any shape    y, dx, dy like x    i element, all axes taken as one    slope: the share
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .jit import jit

Array = NDArray[Any]


@jit
def leaky_relu_forward(x: Array, slope: float) -> Array:
    """`y[i] = x[i] where x[i] > 0, else slope * x[i]`; NaN goes through.

    Shapes: y like x. No multiply-adds, as they are counted. Backward needs x.
    """
    y = np.empty(x.shape, x.dtype)
    values, out, share = x.ravel(), y.ravel(), np.float64(slope)
    for i in range(values.size):
        out[i] = values[i] if values[i] > 0 else share * values[i]
    return y


@jit
def leaky_relu_backward(dy: Array, x: Array, slope: float) -> Array:
    """`dx[i] = dy[i] where x[i] > 0, else slope * dy[i]`; the gradient at exactly 0 is slope. Shapes: dx like x."""
    dx = np.empty(dy.shape, dy.dtype)
    values, grads, out, share = x.ravel(), dy.ravel(), dx.ravel(), np.float64(slope)
    for i in range(values.size):
        out[i] = grads[i] if values[i] > 0 else share * grads[i]
    return dx
