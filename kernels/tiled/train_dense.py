"""A dense layer of a training step: a 1x1 convolution whose pixels are the images.

    B images · M features in, N out; in memory K and C, padded to the vector width

    x (B, M)    w (M, N)    y (B, N)    dx, dw, dy: gradients, shaped like x, w, y

For a single image the weights would be read once, and packing them for tiles would not pay; for the images of a
training step it does. Sums accumulate in the dtype of the arrays.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .moments import as_normalised
from .normalised import Gradient, Normalised
from .teamwork import Team
from .train_pointwise import pointwise_backward, pointwise_forward

Array = NDArray[Any]


def dense_forward(x: Array, w: Array, team: Team) -> Array:
    """`y[b,n] = sum over m of x[b,m] * w[m,n]`. Shapes: x (B, M), w (M, N) -> y (B, N)."""
    z, _ = pointwise_forward(_as_pixels(x), w, team)
    y = np.array(z.reshape(len(x), -1)[:, : w.shape[1]])
    team.memory.give(z)
    return y


def dense_backward(
    dy: Array, x: Array, w: Array, input_gradient: bool, team: Team
) -> tuple[Array, Array]:
    """`dx[b,m] = sum over n of dy[b,n] * w[m,n]`, `dw[m,n] = sum over b of x[b,m] * dy[b,n]`.

    Shapes: dy (B, N), x (B, M), w (M, N) -> dx like x, dw like w. dx is empty if input_gradient is false.
    """
    z, one, nothing, _, _ = _as_pixels(dy)
    dv, _, dw = pointwise_backward(Gradient(z, z, one, nothing, nothing), _as_pixels(x), w, input_gradient, team)
    dx = np.array(dv.reshape(len(x), -1)[:, : x.shape[1]]) if input_gradient else dv
    team.memory.give(dv)
    return dx, dw


def _as_pixels(x: Array) -> Normalised:
    """Features (B, M) as a map of B pixels that is read as it is."""
    return as_normalised(x[:, None, None])
