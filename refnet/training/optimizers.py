"""RMSProp, which is three algorithms, and SGD: one pass over the numbers, in place.

    w a weight    g its gradient    s running mean of squared gradients    v velocity
    rate, decay, momentum, eps, weight_decay as in the formulas

    slope = g + weight_decay * w                            in both: L2 as a term of the gradient
    s     = decay * s + (1 - decay) * slope**2

                  s begins at    v                                                      w
    tensorflow    1              momentum * v + rate * slope / sqrt(s + eps)            w - v
    keras         0              momentum * v + rate * slope / sqrt(s + eps)            w - v
    pytorch       0              momentum * v + slope / (sqrt(s) + eps)                 w - rate * v

Sources: `ApplyRMSProp` in tensorflow/core/kernels/training_ops.cc and `RMSPropOptimizer` in tensorflow/python/training/
rmsprop.py, whose slot begins at 1; `RMSprop` of keras/src/optimizers/rmsprop.py; the documentation of
torch.optim.RMSprop. Where a schedule changes the rate, a velocity that holds it keeps the old one for a while.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from typing import ClassVar, NamedTuple

import numpy as np

from ..kernels.jit import jit
from ..layers.base import Array, check_choice, check_like
from .numbers import check_number


class Flavor(NamedTuple):
    """first: what s begins at. inside: whether eps stands inside the root and the rate inside the velocity.

    eps: the default. TensorFlow's own is 1e-10, but that of the program that trained MobileNets is 1
    (research/slim/train_image_classifier.py, opt_epsilon).
    """

    first: float
    inside: bool
    eps: float


FLAVORS = {
    "tensorflow": Flavor(1.0, True, 1.0),
    "pytorch": Flavor(0.0, False, 1e-8),
    "keras": Flavor(0.0, True, 1e-7),
}


class Optimizer(ABC):
    """Changes the weights that it was made for, which must stay the same arrays.

    weights: key -> array, those to train. decayed: keys whose gradient gets weight_decay * w; all by default.
    Raises ValueError for a weight that cannot be changed in place, and for numbers out of range.
    """

    parts: ClassVar[tuple[str, ...]]  # the running values that it keeps for each weight

    def __init__(
        self, weights: Mapping[str, Array], weight_decay: float = 0.0, decayed: Collection[str] | None = None
    ) -> None:
        for key, w in weights.items():
            if not (w.flags.c_contiguous and w.flags.writeable and w.flags.aligned):
                raise ValueError(f"weights[{key!r}]: wanted a contiguous array that can be written to")
        self.weight_decay = check_number(weight_decay, "weight_decay")
        self.decayed = frozenset(weights if decayed is None else decayed)
        self._kept = {part: {key: np.zeros(w.size, w.dtype) for key, w in weights.items()} for part in self.parts}

    def step(self, weights: Mapping[str, Array], gradients: Mapping[str, Array], rate: float) -> None:
        """Change each weight that has a gradient. Raises ValueError for a rate that is no finite number from 0 on."""
        rate = check_number(rate, "rate")
        for key, g in gradients.items():
            w = weights[key]
            check_like(g, w.shape, w.dtype, f"gradients[{key!r}]")
            kept = [self._kept[part][key] for part in self.parts]
            self._update(w.reshape(-1), g.reshape(-1), kept, rate, self.weight_decay if key in self.decayed else 0.0)

    @abstractmethod
    def _update(self, w: Array, g: Array, kept: list[Array], rate: float, weight_decay: float) -> None: ...

    def state(self) -> dict[str, Array]:
        """part/key -> running values, flat: these very arrays."""
        return {f"{part}/{key}": array for part, kept in self._kept.items() for key, array in kept.items()}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Go on from what `state` gave. Raises ValueError or TypeError where a value is missing or does not fit."""
        own = self.state()
        if missing := [name for name in own if name not in state]:
            raise ValueError(f"state: wanted {len(own)} arrays, {len(missing)} missing, first {missing[0]!r}")
        for name, array in own.items():
            check_like(state[name], array.shape, array.dtype, f"state[{name!r}]")
            array[:] = state[name]


class RMSProp(Optimizer):
    """The formulas at the head; eps: the flavor's own by default."""

    parts = ("mean_square", "velocity")

    def __init__(
        self,
        weights: Mapping[str, Array],
        flavor: str = "tensorflow",
        decay: float = 0.9,
        momentum: float = 0.9,
        eps: float | None = None,
        weight_decay: float = 0.0,
        decayed: Collection[str] | None = None,
    ) -> None:
        super().__init__(weights, weight_decay, decayed)
        self.flavor = FLAVORS[check_choice(flavor, FLAVORS, "flavor")]
        self.decay = check_number(decay, "decay", below=1)
        self.momentum = check_number(momentum, "momentum", below=1)
        self.eps = self.flavor.eps if eps is None else check_number(eps, "eps")
        for s in self._kept["mean_square"].values():
            s[:] = self.flavor.first

    def _update(self, w: Array, g: Array, kept: list[Array], rate: float, weight_decay: float) -> None:
        kind = w.dtype.type  # numbers of another dtype would make every product one of float64
        within, beyond = (self.eps, 0.0) if self.flavor.inside else (0.0, self.eps)
        early, late = (rate, 1.0) if self.flavor.inside else (1.0, rate)
        numbers = self.decay, 1 - self.decay, self.momentum, within, beyond, early, late, weight_decay
        s, v = kept
        rmsprop_update(w, g, s, v, *map(kind, numbers))


class SGD(Optimizer):
    """`v = momentum * v + slope`, `w = w - rate * v`; Nesterov's: `w = w - rate * (slope + momentum * v)`.

    As TensorFlow's MomentumOptimizer and torch.optim.SGD have it.
    """

    parts = ("velocity",)

    def __init__(
        self,
        weights: Mapping[str, Array],
        momentum: float = 0.9,
        nesterov: bool = False,
        weight_decay: float = 0.0,
        decayed: Collection[str] | None = None,
    ) -> None:
        super().__init__(weights, weight_decay, decayed)
        self.momentum, self.nesterov = check_number(momentum, "momentum", below=1), bool(nesterov)

    def _update(self, w: Array, g: Array, kept: list[Array], rate: float, weight_decay: float) -> None:
        kind = w.dtype.type
        ahead = (1.0, self.momentum) if self.nesterov else (0.0, 1.0)
        (v,) = kept
        sgd_update(w, g, v, *map(kind, (self.momentum, *ahead, rate, weight_decay)))


@jit
def rmsprop_update(
    w: Array,
    g: Array,
    s: Array,
    v: Array,
    decay: float,
    rest: float,
    momentum: float,
    within: float,
    beyond: float,
    early: float,
    late: float,
    weight_decay: float,
) -> None:
    """All flavors in one formula: within and beyond are eps inside and outside of the root, one of them 0; early and
    late the rate inside and outside of the velocity, one of them 1; rest = 1 - decay.

    Shapes: w, g, s, v (N,) -> s, v, w changed in place.
    """
    for i in range(w.size):
        slope = g[i] + weight_decay * w[i]
        s[i] = decay * s[i] + rest * slope * slope
        v[i] = momentum * v[i] + early * slope / (np.sqrt(s[i] + within) + beyond)
        w[i] -= late * v[i]


@jit
def sgd_update(
    w: Array,
    g: Array,
    v: Array,
    momentum: float,
    ahead: float,
    along: float,
    rate: float,
    weight_decay: float,
) -> None:
    """`w -= rate * (ahead * slope + along * v)`: plain momentum has (0, 1), Nesterov's (1, momentum).

    Shapes: w, g, v (N,) -> v, w changed in place.
    """
    for i in range(w.size):
        slope = g[i] + weight_decay * w[i]
        v[i] = momentum * v[i] + slope
        w[i] -= rate * (ahead * slope + along * v[i])
