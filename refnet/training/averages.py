"""A moving average of the weights: what is evaluated and kept where a recipe wants it.

    a average    w weight    n updates before this one

    rest = 1 - min(decay, (1 + n) / (10 + n))
    a    = a + rest * (w - a),    a begins as w

As tf.train.ExponentialMovingAverage with num_updates: without the warm-up by n, an average with decay 0.9999 would
still be made of the fresh weights after thousands of steps. As in research/slim/train_image_classifier.py, which
averages all variables of the model, batch norm's moving statistics are averaged too.
"""

from collections.abc import Mapping

from ..kernels.jit import jit
from ..layers.base import Array, check_like
from .numbers import check_number


class ExponentialMovingAverage:
    """weights: key -> averages, arrays of its own. updates: how many went in."""

    def __init__(self, weights: Mapping[str, Array], decay: float) -> None:
        self.decay = check_number(decay, "decay", below=1)
        self.weights = {key: w.copy() for key, w in weights.items()}
        self.updates = 0

    def update(self, weights: Mapping[str, Array]) -> None:
        """Let the weights of one more step go in."""
        rest = 1 - min(self.decay, (1 + self.updates) / (10 + self.updates))
        for key, a in self.weights.items():
            w = weights[key]
            check_like(w, a.shape, a.dtype, f"weights[{key!r}]")
            approach(a.reshape(-1), w.reshape(-1), a.dtype.type(rest))
        self.updates += 1

    def restore(self, weights: Mapping[str, Array], updates: int) -> None:
        """Go on from averages of so many updates. Raises ValueError or TypeError where one is missing or misfits."""
        if missing := [key for key in self.weights if key not in weights]:
            wanted = f"wanted {len(self.weights)} arrays, {len(missing)} missing"
            raise ValueError(f"average: {wanted}, first {missing[0]!r}")
        for key, a in self.weights.items():
            check_like(weights[key], a.shape, a.dtype, f"weights[{key!r}]")
            a[...] = weights[key]
        self.updates = updates


@jit
def approach(a: Array, w: Array, rest: float) -> None:
    """`a += rest * (w - a)`. Shapes: a, w (N,) -> a changed in place."""
    for i in range(a.size):
        a[i] += rest * (w[i] - a[i])
