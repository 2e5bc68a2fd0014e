"""RMSProp with momentum and weight decay, as both papers train: one pass over the numbers, in place.

    w a weight   g its gradient   s running mean of squared gradients   v velocity
    slope = g + weight_decay * w
    s     = decay * s + (1 - decay) * slope**2
    v     = momentum * v + slope / (sqrt(s) + eps)
    w     = w - rate * v
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from ..kernels.jit import jit
from ..layers.base import Array


class Setting(NamedTuple):
    """V2 section 6.1; eps is that of the papers' code."""

    rate: float = 0.045
    decay: float = 0.9
    momentum: float = 0.9
    eps: float = 1.0
    weight_decay: float = 0.00004


class RMSProp:
    """Changes the weights that it was made for; they must stay the same arrays."""

    def __init__(self, weights: Mapping[str, Array], setting: Setting) -> None:
        self.setting = setting
        self.state = {key: (np.zeros(w.size, w.dtype), np.zeros(w.size, w.dtype)) for key, w in weights.items()}

    def step(self, weights: Mapping[str, Array], gradients: Mapping[str, Array]) -> None:
        for key, g in gradients.items():
            w, (s, v) = weights[key], self.state[key]
            kind = w.dtype.type  # numbers of another dtype would make every product one of float64
            rate, decay, momentum, eps, weight_decay = map(kind, self.setting)
            factors = rate, decay, kind(1 - self.setting.decay), momentum, eps, weight_decay
            update(w.reshape(-1), g.reshape(-1), s, v, *factors)


@jit
def update(
    w: Array,
    g: Array,
    s: Array,
    v: Array,
    rate: float,
    decay: float,
    rest: float,
    momentum: float,
    eps: float,
    weight_decay: float,
) -> None:
    """The formulas at the head, with rest = 1 - decay. Shapes: all (N,) -> s, v, w changed in place."""
    for i in range(w.size):
        slope = g[i] + weight_decay * w[i]
        s[i] = decay * s[i] + rest * slope * slope
        v[i] = momentum * v[i] + slope / (np.sqrt(s[i]) + eps)
        w[i] -= rate * v[i]
