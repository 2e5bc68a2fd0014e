"""Layers of a fused graph: a convolution with the batch norm and the activation behind it, and sums of two such maps.

    z   what the convolution wrote    v   z after batch norm    x   v after the activation, what the next layer reads
    dx, dv, dz   their gradients

Between two of these layers an edge of the graph carries z and says how x is read from it (`Unread`). So x is never
written: the next layer applies batch norm and activation as it reads, to as many pixels as stay in cache, and does so
again in its backward pass. The tape keeps z alone, where layers one by one keep z, v and x. Backwards the edge carries
dv, and the two sums over its pixels that batch norm's gradient needs.

With a set of kernels that has no fused ones (`kernels.fused`) these layers run those that they stand for, one by one.
"""

from abc import abstractmethod
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any, NamedTuple

import numpy as np

from ..counting import Terms
from ..layers.activation import Relu, Relu6
from ..layers.add import Add
from ..layers.base import (
    STATISTICS,
    Array,
    Gradients,
    Layer,
    Saved,
    Shape,
    Weights,
    canonical,
    check_like,
    check_statistics,
)
from ..layers.convolution import Conv2d, DepthwiseConv2d, GroupedConv2d, PointwiseConv2d
from ..layers.dense import Dense
from ..layers.normalization import VECTORS, BatchNorm
from .unread import Crew, Kept, Memory, Unread, UnreadGradient, unpacked

Convolution = Conv2d | DepthwiseConv2d | GroupedConv2d | PointwiseConv2d
OWN_KERNELS = (PointwiseConv2d, DepthwiseConv2d)  # which have fused ones
LIMITS = {Relu6: (0.0, 6.0), Relu: (0.0, np.inf), type(None): (-np.inf, np.inf)}


@dataclass(frozen=True)
class Fused(Layer):
    """A layer that can read an Unread. threads: how many share its work; None for as many as there are cores."""

    threads: int | None
    memory: Memory = field(repr=False)

    @abstractmethod
    def _fused_forward(
        self, crew: Crew, weights: Weights, xs: tuple[Unread | Array, ...], statistics: str
    ) -> tuple[Any, Any, dict[str, Array]]:
        """As `_train_forward`."""

    @abstractmethod
    def _fused_backward(self, crew: Crew, weights: Weights, kept: Any, dy: Any, input_gradient: bool) -> Gradients:
        """As `_backward`; dy is what `crew.gradient` gives for the output."""

    def _crew(self, kernels: Any, forward: bool) -> Crew:
        threads = self.threads or kernels.fused.default_threads()
        return Crew(kernels, kernels.fused.Team(threads, self.memory.of(kernels.fused, forward)))

    def train_forward(
        self, kernels: Any, weights: Weights, *xs: Any, rng: np.random.Generator, statistics: str = "batch"
    ) -> tuple[Any, Saved, dict[str, Array]]:
        if not hasattr(kernels, "fused") or not all(isinstance(x, Unread) or len(x) for x in xs):
            return super().train_forward(kernels, weights, *xs, rng=rng, statistics=statistics)
        check_statistics(statistics)
        plain = {role: canonical(weight) for role, weight in weights.items()}
        xs = tuple(x if isinstance(x, Unread) else canonical(x) for x in xs)
        y, kept, updates = self._fused_forward(self._crew(kernels, True), plain, xs, statistics)
        return y, Saved(y.shape, y.dtype, kept), updates

    def backward(
        self, kernels: Any, weights: Weights, saved: Saved, dy: Any, input_gradient: bool = True
    ) -> Gradients:
        if isinstance(saved.content, OneByOne):
            return super().backward(kernels, weights, saved, dy, input_gradient)
        if isinstance(dy, np.ndarray):
            check_like(dy, saved.shape, saved.dtype, f"{self}: dy")
            dy = canonical(dy)
        return self._fused_backward(self._crew(kernels, False), weights, saved.content, dy, input_gradient)


class OneByOne(NamedTuple):
    """What the layers of a chain saved, each for itself."""

    contents: tuple[Any, ...]


@dataclass(frozen=True)
class NormalisedConvolution(Fused):
    """A convolution, its batch norm and its activation as one operation: (H, W, M) -> (OH, OW, N).

    unread: whether its output goes to fused layers only, and may be left for them to read.
    """

    convolution: Convolution
    norm: BatchNorm
    activation: Relu6 | Relu | None
    unread: bool

    def out_shape(self, *shapes: Shape) -> Shape:
        return self.convolution.out_shape(*shapes)

    def parameters(self, *shapes: Shape) -> dict[str, Shape]:
        return self.convolution.parameters(*shapes) | self.norm.parameters(self.out_shape(*shapes))

    def cost(self, *shapes: Shape) -> Terms:
        norm = self.norm.cost(self.out_shape(*shapes))
        terms = self.convolution.cost(*shapes)
        return replace(terms, operation=self.operation, bn_channels=norm.bn_channels, bn_outputs=norm.bn_outputs)

    # One by one.

    def _chain(self, weights: Weights) -> list[tuple[Layer, dict[str, Array]]]:
        """Each layer with its weights."""
        norm = {role: weights[role] for role in VECTORS}
        behind: list[tuple[Layer, dict[str, Array]]] = [(self.activation, {})] if self.activation else []
        return [(self.convolution, {"kernel": weights["kernel"]}), (self.norm, norm), *behind]

    def _forward(self, kernels: Any, weights: Weights, xs: tuple[Array, ...]) -> Array:
        for layer, own in self._chain(weights):
            xs = (layer._forward(kernels, own, xs),)
        return xs[0]

    def _train_forward(
        self, kernels: Any, weights: Weights, xs: tuple[Array, ...], rng: np.random.Generator, statistics: str
    ) -> tuple[Array, Any, dict[str, Array]]:
        contents: list[Any] = []
        updates: dict[str, Array] = {}
        for layer, own in self._chain(weights):
            y, content, changed = layer._train_forward(kernels, own, xs, rng, statistics)
            contents.append(content)
            updates |= changed
            xs = (y,)
        return xs[0], OneByOne(tuple(contents)), updates

    def _backward(self, kernels: Any, weights: Weights, saved: Any, dy: Array, input_gradient: bool) -> Gradients:
        chain = self._chain(weights)
        dweights: dict[str, Array] = {}
        for at in reversed(range(len(chain))):
            layer, own = chain[at]
            dxs, gradients = layer._backward(kernels, own, saved.contents[at], dy, at > 0 or input_gradient)
            dweights |= gradients
            dy = dxs[0] if dxs else dy
        return dxs, dweights

    # Fused.

    def _fused_forward(
        self, crew: Crew, weights: Weights, xs: tuple[Unread | Array, ...], statistics: str
    ) -> tuple[Any, Any, dict[str, Array]]:
        (x,) = xs
        shape = (x.shape[0], *self.out_shape(x.shape[1:]))
        z, moments = self._convolved(crew, weights["kernel"], x)
        mean, variance, updates = self._statistics(weights, moments, statistics)
        inv_std = 1 / np.sqrt(variance + float(self.norm.eps))
        limits = LIMITS[type(self.activation)]
        read = crew.fused.affine(z, weights["gamma"], weights["beta"], mean, inv_std, limits)
        y = Unread(read, shape, z.dtype)
        return y if self.unread else crew.read(y), Kept(x, y, mean, inv_std, statistics == "batch"), updates

    def _statistics(
        self, weights: Weights, moments: Any, statistics: str
    ) -> tuple[Array, Array, dict[str, Array]]:
        """Mean and biased variance in float64, (N,) each; the new moving statistics."""
        old_mean, old_variance = (weights[role] for role in STATISTICS)
        if statistics == "stored":
            return old_mean.astype(np.float64), old_variance.astype(np.float64), {}
        if moments.values < 2:
            wanted = "at least two values per channel for batch statistics"
            raise ValueError(f"{self.norm}: wanted {wanted}, got {moments.values}")
        decay = float(self.norm.decay)
        mean, variance = (each[: old_mean.size] for each in (moments.mean, moments.variance))
        unbiased = variance * (moments.values / (moments.values - 1))
        new = decay * old_mean + (1 - decay) * mean, decay * old_variance + (1 - decay) * unbiased
        return mean, variance, {role: each.astype(old_mean.dtype) for role, each in zip(STATISTICS, new, strict=True)}

    def _convolved(self, crew: Crew, w: Array, x: Unread | Array) -> tuple[Array, Any]:
        """z, flat, and its moments."""
        layer = self.convolution
        if type(layer) is PointwiseConv2d:
            found: tuple[Array, Any] = crew.fused.pointwise_forward(crew.values(x), w, crew.team)
            return found
        if type(layer) is DepthwiseConv2d:
            window = x.shape[:3], w, *layer.setting(x.shape)
            found = crew.fused.depthwise_forward(crew.values(x), *window, crew.team)
            return found
        y = layer._forward(crew.kernels, {"kernel": w}, (crew.read(x),))
        z = crew.fused.as_normalised(y).z
        return z, crew.fused.moments(z, z.size // prod(y.shape[:3]), crew.team)

    def _fused_backward(self, crew: Crew, weights: Weights, kept: Any, dy: Any, input_gradient: bool) -> Gradients:
        if isinstance(dy, np.ndarray):
            dy = crew.gradient(kept.y, dy)
        norm = kept.y.values, weights["gamma"], kept.mean, kept.inv_std, kept.batch
        dz, dgamma, dbeta = crew.fused.gradient_of(dy.dv, dy.slopes, *norm)
        dxs, dw = self._gradients(crew, weights["kernel"], kept, dz, input_gradient)
        if type(self.convolution) in OWN_KERNELS:
            crew.team.memory.give(kept.y.values.z)
        crew.team.memory.give(dy.dv)
        return dxs, {"kernel": dw, "gamma": dgamma, "beta": dbeta}

    def _gradients(
        self, crew: Crew, w: Array, kept: Kept, dz: Any, input_gradient: bool
    ) -> tuple[tuple[Any, ...], Array]:
        """Of the input and of the kernel."""
        x, layer = kept.x, self.convolution
        if type(layer) is PointwiseConv2d:
            found = crew.fused.pointwise_backward(dz, crew.values(x), w, input_gradient, crew.team)
        elif type(layer) is DepthwiseConv2d:
            window = x.shape[:3], w, layer.setting(x.shape)
            found = crew.fused.depthwise_backward(dz, crew.values(x), *window, input_gradient, crew.team)
        else:
            flat = crew.fused.gradient(dz, crew.team)
            dy = unpacked(flat, kept.y.shape)
            dxs, dweights = layer._backward(crew.kernels, {"kernel": w}, (crew.read(x),), dy, input_gradient)
            crew.team.memory.give(flat)
            return tuple(crew.gradient(x, dx) for dx in dxs), dweights["kernel"]
        dv, slopes, dw = found
        if not input_gradient:
            return (), dw
        plain = isinstance(x, np.ndarray)
        return (unpacked(dv, x.shape) if plain else UnreadGradient(dv, slopes, x.shape, x.dtype),), dw


@dataclass(frozen=True)
class NormalisedAdd(Fused):
    """The sum of two maps of one shape, unread ones among them: a residual block's join."""

    @property
    def arity(self) -> int:
        return 2

    def out_shape(self, *shapes: Shape) -> Shape:
        return Add().out_shape(*shapes)

    def _forward(self, kernels: Any, weights: Weights, xs: tuple[Array, ...]) -> Array:
        return Add()._forward(kernels, weights, xs)

    def _saved(self, xs: tuple[Array, ...], y: Array) -> Any:
        return OneByOne(())

    def _backward(self, kernels: Any, weights: Weights, saved: Any, dy: Array, input_gradient: bool) -> Gradients:
        return Add()._backward(kernels, weights, None, dy, input_gradient)

    def _fused_forward(
        self, crew: Crew, weights: Weights, xs: tuple[Unread | Array, ...], statistics: str
    ) -> tuple[Any, Any, dict[str, Array]]:
        one, other = maps = [crew.read(x) for x in xs]
        total = one + other
        for x, found in zip(xs, maps, strict=True):
            crew.done(x, found)
        return total, tuple(x if isinstance(x, Unread) else None for x in xs), {}

    def _fused_backward(self, crew: Crew, weights: Weights, kept: Any, dy: Any, input_gradient: bool) -> Gradients:
        return tuple(dy if x is None else crew.gradient(x, dy) for x in kept), {}


@dataclass(frozen=True)
class FusedDense(Fused):
    """A dense layer whose weights are packed once for all images of a step: (M,) -> (units,)."""

    units: int

    def out_shape(self, *shapes: Shape) -> Shape:
        return Dense(self.units).out_shape(*shapes)

    def parameters(self, *shapes: Shape) -> dict[str, Shape]:
        return Dense(self.units).parameters(*shapes)

    def cost(self, *shapes: Shape) -> Terms:
        return replace(Dense(self.units).cost(*shapes), operation=self.operation)

    def _forward(self, kernels: Any, weights: Weights, xs: tuple[Array, ...]) -> Array:
        return Dense(self.units)._forward(kernels, weights, xs)

    def _saved(self, xs: tuple[Array, ...], y: Array) -> Any:
        return OneByOne(xs)

    def _backward(self, kernels: Any, weights: Weights, saved: Any, dy: Array, input_gradient: bool) -> Gradients:
        return Dense(self.units)._backward(kernels, weights, saved.contents, dy, input_gradient)

    def _fused_forward(
        self, crew: Crew, weights: Weights, xs: tuple[Unread | Array, ...], statistics: str
    ) -> tuple[Any, Any, dict[str, Array]]:
        return crew.fused.dense_forward(xs[0], weights["kernel"], crew.team), xs[0], {}

    def _fused_backward(self, crew: Crew, weights: Weights, kept: Any, dy: Any, input_gradient: bool) -> Gradients:
        dx, dw = crew.fused.dense_backward(dy, kept, weights["kernel"], input_gradient, crew.team)
        return (dx,) if input_gradient else (), {"kernel": dw}
