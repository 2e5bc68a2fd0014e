"""Batch normalisation; and what older networks have: responses divided by their neighbours or by their length."""

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from ..counting import Terms
from .base import STATISTICS, Array, Gradients, Layer, Shape, Weights, check_channels, check_count, is_number

VECTORS = ("gamma", "beta", *STATISTICS)


@dataclass(frozen=True)
class BatchNorm(Layer):
    """(..., M) -> (..., M); gamma, beta, moving_mean, moving_variance (M,).

    decay: the share of the old moving statistics that stays in one training step (what some call 1 - momentum, others
    momentum). eps: added to the variance before the root; part of a model's definition.
    """

    decay: float = 0.997
    eps: float = 1e-3

    def __post_init__(self) -> None:
        if not is_number(self.decay) or not 0 <= self.decay <= 1:
            raise ValueError(f"decay: wanted a number from 0 to 1, got {self.decay!r}")
        if not is_number(self.eps) or not 0 <= self.eps < float("inf"):
            raise ValueError(f"eps: wanted a finite number of at least 0, got {self.eps!r}")

    def out_shape(self, *shapes: Shape) -> Shape:
        return shapes[0]

    def parameters(self, *shapes: Shape) -> dict[str, Shape]:
        return dict.fromkeys(VECTORS, shapes[0][-1:])

    def cost(self, *shapes: Shape) -> Terms:
        values = prod(shapes[0])
        return Terms(self.operation, values, values, bn_channels=shapes[0][-1], bn_outputs=values)

    def _forward(self, kernels: Any, weights: Weights, xs: tuple[Array, ...]) -> Array:
        y: Array = kernels.batch_norm_inference_forward(xs[0], *(weights[role] for role in VECTORS), float(self.eps))
        return y

    def _train_forward(
        self, kernels: Any, weights: Weights, xs: tuple[Array, ...], rng: np.random.Generator, statistics: str
    ) -> tuple[Array, Any, dict[str, Array]]:
        if statistics == "stored":
            return self._forward(kernels, weights, xs), (xs[0],), {}
        (x,) = xs
        values = prod(x.shape[:-1])
        if values < 2:
            raise ValueError(
                f"{self}: wanted at least two values per channel for batch statistics, got {values} (input {x.shape})"
            )
        y, mean, inv_std, moving_mean, moving_variance = kernels.batch_norm_train_forward(
            x, *(weights[role] for role in VECTORS), float(self.decay), float(self.eps)
        )
        return y, (x, mean, inv_std), dict(zip(STATISTICS, (moving_mean, moving_variance), strict=True))

    def _backward(self, kernels: Any, weights: Weights, saved: Any, dy: Array, input_gradient: bool) -> Gradients:
        gamma = weights["gamma"]
        if len(saved) == 3:  # batch statistics were saved: they depend on x
            dx, dgamma, dbeta = kernels.batch_norm_train_backward(dy, saved[0], gamma, *saved[1:])
        else:
            stored = (weights[role] for role in STATISTICS)
            dx, dgamma, dbeta = kernels.batch_norm_inference_backward(dy, saved[0], gamma, *stored, float(self.eps))
        return (dx,), {"gamma": dgamma, "beta": dbeta}


@dataclass(frozen=True)
class LocalResponseNorm(Layer):
    """`x[m] / (bias + alpha * (sum of x[j]**2 over the `size` channels around m)) ** beta` (AlexNet, section 3.3).

    Other libraries divide alpha by size.
    """

    size: int = 5
    alpha: float = 1e-4
    beta: float = 0.75
    bias: float = 2.0

    def __post_init__(self) -> None:
        if check_count(self.size, "size") % 2 == 0:
            raise ValueError(f"size: wanted an odd number of channels, got {self.size}")
        for name in ("alpha", "beta", "bias"):
            value = getattr(self, name)
            if not is_number(value) or not 0 < value < float("inf"):
                raise ValueError(f"{name}: wanted a finite number above 0, got {value!r}")

    def out_shape(self, *shapes: Shape) -> Shape:
        return check_channels(shapes[0], self)

    def _setting(self) -> tuple[int, float, float, float]:
        return int(self.size), float(self.alpha), float(self.beta), float(self.bias)

    def _forward(self, kernels: Any, weights: Weights, xs: tuple[Array, ...]) -> Array:
        y: Array = kernels.local_response_norm_forward(xs[0], *self._setting())
        return y

    def _backward(self, kernels: Any, weights: Weights, saved: Any, dy: Array, input_gradient: bool) -> Gradients:
        return (kernels.local_response_norm_backward(dy, saved[0], *self._setting()),), {}


@dataclass(frozen=True)
class L2Normalize(Layer):
    """`x / max(length of x over the channels, eps)`: each pixel's (or each image's) features become a unit vector."""

    eps: float = 1e-12

    def __post_init__(self) -> None:
        if not is_number(self.eps) or not 0 < self.eps < float("inf"):
            raise ValueError(f"eps: wanted a finite number above 0, got {self.eps!r}")

    def out_shape(self, *shapes: Shape) -> Shape:
        return check_channels(shapes[0], self)

    def _forward(self, kernels: Any, weights: Weights, xs: tuple[Array, ...]) -> Array:
        y: Array = kernels.l2_normalize_forward(xs[0], float(self.eps))
        return y

    def _backward(self, kernels: Any, weights: Weights, saved: Any, dy: Array, input_gradient: bool) -> Gradients:
        return (kernels.l2_normalize_backward(dy, saved[0], float(self.eps)),), {}


@dataclass(frozen=True)
class ChannelScale(Layer):
    """One trainable factor per channel: (..., M) -> (..., M); scale (M,), all of them `initial` at first."""

    initial: float = 1.0

    def __post_init__(self) -> None:
        if not is_number(self.initial) or not abs(self.initial) < float("inf"):
            raise ValueError(f"initial: wanted a finite number, got {self.initial!r}")

    def out_shape(self, *shapes: Shape) -> Shape:
        return check_channels(shapes[0], self)

    def parameters(self, *shapes: Shape) -> dict[str, Shape]:
        return {"scale": shapes[0][-1:]}

    def first_values(self) -> dict[str, float]:
        return {"scale": float(self.initial)}

    def cost(self, *shapes: Shape) -> Terms:
        return Terms(self.operation, prod(shapes[0]), prod(shapes[0]), scales=shapes[0][-1])

    def _forward(self, kernels: Any, weights: Weights, xs: tuple[Array, ...]) -> Array:
        y: Array = kernels.channel_scale_forward(xs[0], weights["scale"])
        return y

    def _backward(self, kernels: Any, weights: Weights, saved: Any, dy: Array, input_gradient: bool) -> Gradients:
        dx, dscale = kernels.channel_scale_backward(dy, saved[0], weights["scale"])
        return (dx,), {"scale": dscale}
