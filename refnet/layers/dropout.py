"""Dropout. The layer draws the mask, from the generator that the caller passed; the kernel applies it."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from .base import Array, Gradients, Layer, Shape, Weights, is_number


@dataclass(frozen=True)
class Dropout(Layer):
    """In training each value is dropped with probability `rate`, the others divided by 1 - rate; else the identity."""

    rate: float

    def __post_init__(self) -> None:
        if not is_number(self.rate) or not 0 <= self.rate < 1:
            raise ValueError(f"rate: wanted the share to drop, from 0 to below 1, got {self.rate!r}")

    def out_shape(self, *shapes: Shape) -> Shape:
        return shapes[0]

    def _forward(self, kernels: Any, weights: Weights, xs: tuple[Array, ...]) -> Array:
        return xs[0]

    saves = "nothing"

    def _train_forward(
        self, kernels: Any, weights: Weights, xs: tuple[Array, ...], rng: np.random.Generator, statistics: str
    ) -> tuple[Array, Any, dict[str, Array]]:
        mask = rng.random(xs[0].shape) >= self.rate
        return kernels.dropout_forward(xs[0], mask, float(self.rate)), mask, {}

    def _backward(self, kernels: Any, weights: Weights, saved: Any, dy: Array, input_gradient: bool) -> Gradients:
        return (kernels.dropout_backward(dy, saved, float(self.rate)),), {}
