"""The torch twin of a training run: same network, first weights, batches, dropout masks, recipe; torch does the work.

    held   key of a weight -> torch's parameter or buffer that holds it, in torch's layout
    s, v   running mean square and velocity, as in `refnet.training.optimizers`, whose formulas are stated here anew

Batch norm, convolutions, losses, gradients, label smoothing and PyTorch's own RMSprop and SGD are torch's. It has no
RMSProp as TensorFlow and Keras have it, nor such averages: those are written with its tensors.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..graph import Graph
from ..layers.base import Array
from ..training.evaluation import ranks
from ..training.groups import decayed
from ..training.recipes import Recipe
from ..training.trainer import DROPOUT, NotFinite, Step, Trainer
from .engines import load
from .torch_engine import in_format, tensors
from .torch_module import from_torch, module_of

Tensor = Any
LAYOUTS = ("NHWC", "NCHW")


class Twin(Trainer):
    """As `Trainer`, with torch's work in `advance`. layout: of torch's tensors, NHWC is its channels_last.

    What it kept cannot be gone on from. Raises ImportError that names the extra without torch.
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
        layout: str = "NHWC",
    ) -> None:
        self._torch, self._layout = load("torch"), layout
        super().__init__(net, recipe, per_epoch, steps, seed, threads, weights)

    def _prepare(self, threads: int | None) -> None:
        """Make torch's module, optimizer and averages in place of refnet's."""
        if threads is not None:
            self._torch.set_num_threads(threads)
        self._module = _with_given_masks(self._torch, module_of(self.net, self.weights), self)
        self._module = in_format(self._torch, self._module, self._layout).train()
        self.masks = np.random.default_rng(0)
        self._held = _held(self._module)
        self._update = _update(self._torch, self.net, self.recipe, self._held)
        averaged = self._held if self.recipe.average is not None else {}
        self._averages = {key: t.detach().clone() for key, t in averaged.items()}

    @property
    def best_weights(self) -> Mapping[str, Array]:
        return self._as_ours(self._averages or self._held)

    def advance(self, images: Array, labels: Array) -> Step:
        """One step, as `Trainer.advance`."""
        rate, self.masks = self._rates(self.step), np.random.default_rng((self.seed, self.step, DROPOUT))
        (name,) = self.net.inputs
        logits = self._module(tensors(self._torch, {name: images}, self._layout))[self.net.outputs[0]]
        cross_entropy = self._torch.nn.functional.cross_entropy
        loss = cross_entropy(logits, self._torch.from_numpy(labels), label_smoothing=self.recipe.smoothing)
        if not np.isfinite(loss.item()):
            raise NotFinite(f"step {self.step + 1}: torch's loss is {loss.item()}")
        self._module.zero_grad(set_to_none=True)
        loss.backward()
        with self._torch.no_grad():
            self._update(rate)
            self._go_into_averages()
        self.step += 1
        return Step(loss.item(), int((ranks(logits.detach().numpy(), labels) < 1).sum()), len(labels), rate)

    def _go_into_averages(self) -> None:
        if self.recipe.average is not None:
            share = min(self.recipe.average, (1 + self.step) / (10 + self.step))
            for key, t in self._averages.items():
                t.mul_(share).add_(self._held[key], alpha=1 - share)

    def check_finite(self) -> None:
        self.weights.update(self._as_ours(self._held))
        super().check_finite()

    def state(self) -> dict[str, Array]:
        """The weights, and the averages if there are any: what can be evaluated."""
        state = {f"weights/{key}": w for key, w in self._as_ours(self._held).items()}
        averages = self._as_ours(self._averages) if self._averages else {}
        return state | {f"average/{key}": w for key, w in averages.items()}

    def restore(self, state: Mapping[str, Array], step: int) -> None:
        raise ValueError("the torch twin cannot go on from a checkpoint: wanted a new folder")

    def _as_ours(self, held: Mapping[str, Tensor]) -> dict[str, Array]:
        """By key in refnet's layout, in the order of refnet's weights; copies."""
        shapes = self.net.parameters()
        return {key: np.array(from_torch(held[key].detach().numpy(), each.shape)) for key, each in shapes.items()}


def _held(module: Any) -> dict[str, Tensor]:
    parts = ((part, getattr(part, "keys", None)) for part in module.modules())
    return {key: getattr(part, name) for part, keys in parts if isinstance(keys, dict) for name, key in keys.items()}


def _with_given_masks(torch: Any, module: Any, twin: Twin) -> Any:
    """torch's dropout with masks as refnet's layer draws them, from the twin's generator."""

    class Masked(torch.nn.Module):  # type: ignore[misc]  # torch is loaded when it is needed
        def __init__(self, rate: float) -> None:
            super().__init__()
            self.rate = rate

        def forward(self, x: Tensor) -> Tensor:
            shape = tuple(x.shape) if x.ndim != 4 else (x.shape[0], *x.shape[2:], x.shape[1])
            mask = torch.from_numpy(twin.masks.random(shape) >= self.rate)
            return x * (mask if x.ndim != 4 else mask.permute(0, 3, 1, 2)) / (1 - self.rate)

    for i, part in enumerate(module.steps):
        if isinstance(part, torch.nn.Dropout):
            module.steps[i] = Masked(part.p)
    return module


def _update(torch: Any, net: Graph, recipe: Recipe, held: Mapping[str, Tensor]) -> Any:
    """The optimizer: a function of the rate that changes the parameters by their gradients."""
    group, trained = decayed(net, recipe.depthwise_decay), {key: t for key, t in held.items() if t.requires_grad}
    if recipe.optimizer == "rmsprop" and recipe.flavor != "pytorch":
        return _inside_the_root(torch, recipe, {key: (t, key in group) for key, t in trained.items()})
    parts = [
        {"params": [t for key, t in trained.items() if (key in group) == decays], "weight_decay": amount}
        for decays, amount in ((True, recipe.weight_decay), (False, 0.0))
    ]
    more = {"momentum": recipe.momentum, "lr": recipe.rate}
    if recipe.optimizer == "sgd":
        optimizer = torch.optim.SGD(parts, **more)
    else:
        optimizer = torch.optim.RMSprop(parts, alpha=recipe.decay, eps=recipe.eps, **more)

    def update(rate: float) -> None:
        for part in optimizer.param_groups:
            part["lr"] = rate
        optimizer.step()

    return update


def _inside_the_root(torch: Any, recipe: Recipe, trained: Mapping[str, tuple[Tensor, bool]]) -> Any:
    """TensorFlow's RMSProp and Keras', which differ in where s begins."""
    first = torch.ones_like if recipe.flavor == "tensorflow" else torch.zeros_like
    states = {key: (first(t), torch.zeros_like(t)) for key, (t, _) in trained.items()}

    def update(rate: float) -> None:
        for key, (w, decays) in trained.items():
            s, v = states[key]
            slope = w.grad + recipe.weight_decay * w if decays else w.grad
            s += (slope.square() - s) * (1 - recipe.decay)
            v.mul_(recipe.momentum).add_(rate * slope / (s + recipe.eps).sqrt())
            w -= v

    return update
