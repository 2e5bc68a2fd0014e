"""One training run's state, and one step of it: forward, loss, backward, optimizer, averages.

    B images of a batch    step steps done so far

All that a step depends on is its state, its batch, and dropout's mask, which the seed and the number of the step
determine: a run that goes on from a saved state takes the same steps, bit for bit.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from ..graph import Graph
from ..layers.base import Array
from ..rewrites.fusion import fuse
from ..running import maps_in_training
from .averages import ExponentialMovingAverage
from .recipes import Recipe
from .task import Classification, Lesson, Task

DROPOUT = 2  # keeps dropout's random numbers apart from those of the batch of the same step (refnet.data.batches)


class NotFinite(ArithmeticError):
    """The loss or a weight is no finite number any more."""


class Step(NamedTuple):
    """What a step tells. loss: with smoothing, mean over the batch. correct: how much of the images was right."""

    loss: float
    correct: float
    images: int
    rate: float


class Trainer:
    """net: a network that can learn the task. weights: changed in place; fresh ones from the seed else.

    per_epoch, steps: of the whole run, for the schedule. threads: as for `refnet.fuse`; they change no bit.
    task: what is learnt, made for a network. Raises ValueError for a network or a recipe that cannot learn it.
    """

    def __init__(
        self,
        net: Graph,
        recipe: Recipe,
        per_epoch: int,
        steps: int,
        seed: int = 0,
        threads: int | None = None,
        weights: dict[str, Array] | None = None,
        task: Callable[[Graph], Task] = Classification,
    ) -> None:
        self.task = task(net)
        if recipe.smoothing and not self.task.smooths:
            given = f"labels of {self.task.name} are not smoothed, got {recipe.smoothing}"
            raise ValueError(f"smoothing: wanted 0, for {given}")
        self.net, self.recipe, self.seed, self.step = recipe.network(net), recipe, seed, 0
        self.weights = net.init(seed) if weights is None else weights
        self._rates = recipe.rates(per_epoch, steps)
        self._prepare(threads)

    def _prepare(self, threads: int | None) -> None:
        """Make what does the steps: the fused network, the optimizer, the averages."""
        self._fused = fuse(self.net, threads)
        self._optimizer = self.recipe.optimizer_of(self.net, self.weights)
        decay = self.recipe.average
        self._average = None if decay is None else ExponentialMovingAverage(self.weights, decay)

    @property
    def best_weights(self) -> Mapping[str, Array]:
        """Those to evaluate and to keep: the averages if the recipe has them."""
        return self.weights if self._average is None else self._average.weights

    def advance(self, images: Array, answers: Any) -> Step:
        """One step. Shapes: images (B, H, W, M). answers: the task's. Raises NotFinite, the weights unchanged then."""
        rate, random = self._rates(self.step), np.random.default_rng((self.seed, self.step, DROPOUT))
        outputs, tape = self._fused.train_forward(self.weights, images, random)
        loss, gradient, correct = self.lesson(images, answers, outputs)
        if not np.isfinite(loss):
            raise NotFinite(f"step {self.step + 1}: the loss is {loss}; {self._culprit(images)}")
        _, gradients = self._fused.backward(tape, gradient, input_gradient=False)
        self.weights.update(tape.updates)
        self._optimizer.step(self.weights, gradients, rate)
        if self._average is not None:
            self._average.update(self.weights)
        self.step += 1
        return Step(loss, correct, len(images), rate)

    def lesson(self, images: Array, answers: Any, outputs: Any) -> Lesson:
        """The task's, unless a subclass learns from something else."""
        return self.task.lesson(outputs, answers, self.recipe.smoothing)

    def _culprit(self, images: Array) -> str:
        return first_not_finite(self.net, self.weights, images) or "all maps before it are finite numbers"

    def check_finite(self) -> None:
        """Raises NotFinite that names the first weight that is none: before a state is kept that nobody can use."""
        for key, w in self.weights.items():
            if not np.isfinite(w).all():
                raise NotFinite(f"step {self.step}: weight {key!r} is not finite any more")

    def state(self) -> dict[str, Array]:
        """All arrays of the run by name: `weights/...`, `optimizer/...`, `average/...`."""
        parts = {"weights": self.weights, "optimizer": self._optimizer.state()}
        if self._average is not None:
            parts["average"] = self._average.weights
        return {f"{part}/{key}": array for part, arrays in parts.items() for key, array in arrays.items()}

    def restore(self, state: Mapping[str, Array], step: int) -> None:
        """Go on behind this step. Raises ValueError or TypeError where an array is missing or does not fit."""
        weights = part_of(state, "weights")
        self.net.check_weights(weights, next(iter(self.weights.values())).dtype)
        for key, w in self.weights.items():
            w[...] = weights[key]
        self._optimizer.restore(part_of(state, "optimizer"))
        if self._average is not None:
            self._average.restore(part_of(state, "average"), step)
        self.step = step


def part_of(state: Mapping[str, Array], part: str) -> dict[str, Array]:
    """The arrays whose names begin with the part, under the rest of their names."""
    return {name[len(part) + 1 :]: array for name, array in state.items() if name.startswith(f"{part}/")}


def first_not_finite(net: Graph, weights: Mapping[str, Array], images: Array) -> str | None:
    """The first of images, weights and maps, in the order in which a training step reads them, that is not finite."""
    (name,) = net.inputs
    if not np.isfinite(images).all():
        return f"the first tensor that is not finite: {name}"
    from .. import kernels  # plain ones: this is about one step, and happens once

    for node, own, y in maps_in_training(net.nodes, weights, {name: images}, kernels):
        for role, w in own.items():
            if not np.isfinite(w).all():
                return f"the first tensor that is not finite: weight {node.key(role)!r}"
        if not np.isfinite(y).all():
            return f"the first tensor that is not finite: the output of {node.name!r}"
    return None
