"""One trainable factor per channel, as behind L2 normalisation (ParseNet section 3.3; SSD section 3.1).

    M channels · P pixels of all images

    x (..., M)    scale (M,)    y, dx, dy like x    dscale like scale
    p pixel, all leading axes taken as one · m channel
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .jit import jit

Array = NDArray[Any]


@jit
def channel_scale_forward(x: Array, scale: Array) -> Array:
    """`y[p,m] = x[p,m] * scale[m]`. Shapes: x (..., M), scale (M,) -> y like x. Backward needs both."""
    M = scale.size
    values = np.ascontiguousarray(x).reshape(-1, M)
    y = np.empty(x.shape, x.dtype)
    out = y.reshape(-1, M)
    for p in range(values.shape[0]):
        for m in range(M):
            out[p, m] = values[p, m] * scale[m]
    return y


@jit
def channel_scale_backward(dy: Array, x: Array, scale: Array) -> tuple[Array, Array]:
    """`dx[p,m] = dy[p,m] * scale[m]`, `dscale[m] = sum over p of dy[p,m] * x[p,m]`, accumulated in float64.

    Shapes: dy, x (..., M), scale (M,) -> dx like x, dscale (M,).
    """
    M = scale.size
    values, grads = np.ascontiguousarray(x).reshape(-1, M), np.ascontiguousarray(dy).reshape(-1, M)
    dx, dscale = np.empty(x.shape, x.dtype), np.zeros(M, np.float64)
    out = dx.reshape(-1, M)
    for p in range(values.shape[0]):
        for m in range(M):
            out[p, m] = grads[p, m] * scale[m]
            dscale[m] += grads[p, m] * values[p, m]
    return dx, dscale.astype(scale.dtype)
