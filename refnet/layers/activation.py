"""Activations: ReLU, ReLU6, leaky ReLU, softmax. Shapes stay as they are."""

from dataclasses import dataclass
from typing import Any

from .base import Array, Gradients, Layer, Shape, Weights, is_number


@dataclass(frozen=True)
class Relu(Layer):
    """`max(x, 0)`."""

    def out_shape(self, *shapes: Shape) -> Shape:
        return shapes[0]

    def _forward(self, kernels: Any, weights: Weights, xs: tuple[Array, ...]) -> Array:
        y: Array = kernels.relu_forward(xs[0])
        return y

    def _backward(self, kernels: Any, weights: Weights, saved: Any, dy: Array, input_gradient: bool) -> Gradients:
        return (kernels.relu_backward(dy, saved[0]),), {}


@dataclass(frozen=True)
class Relu6(Layer):
    """`min(max(x, 0), 6)` (V2 section 4); the gradient at exactly 0 and 6 is 0."""

    def out_shape(self, *shapes: Shape) -> Shape:
        return shapes[0]

    def _forward(self, kernels: Any, weights: Weights, xs: tuple[Array, ...]) -> Array:
        y: Array = kernels.relu6_forward(xs[0])
        return y

    def _backward(self, kernels: Any, weights: Weights, saved: Any, dy: Array, input_gradient: bool) -> Gradients:
        return (kernels.relu6_backward(dy, saved[0]),), {}


@dataclass(frozen=True)
class LeakyRelu(Layer):
    """`x` above 0, `slope * x` at and below it."""

    slope: float = 0.1

    def __post_init__(self) -> None:
        if not is_number(self.slope) or not 0 <= self.slope < 1:
            raise ValueError(f"slope: wanted a number from 0 to below 1, got {self.slope!r}")

    def out_shape(self, *shapes: Shape) -> Shape:
        return shapes[0]

    def _forward(self, kernels: Any, weights: Weights, xs: tuple[Array, ...]) -> Array:
        y: Array = kernels.leaky_relu_forward(xs[0], float(self.slope))
        return y

    def _backward(self, kernels: Any, weights: Weights, saved: Any, dy: Array, input_gradient: bool) -> Gradients:
        return (kernels.leaky_relu_backward(dy, saved[0], float(self.slope)),), {}


@dataclass(frozen=True)
class Softmax(Layer):
    """(N,) logits -> (N,) probabilities."""

    def out_shape(self, *shapes: Shape) -> Shape:
        if len(shapes[0]) != 1:
            raise ValueError(f"{self}: wanted logits (classes,), got {shapes[0]}")
        return shapes[0]

    def _forward(self, kernels: Any, weights: Weights, xs: tuple[Array, ...]) -> Array:
        y: Array = kernels.softmax_forward(xs[0])
        return y

    saves = "output"

    def _saved(self, xs: tuple[Array, ...], y: Array) -> Any:
        return y

    def _backward(self, kernels: Any, weights: Weights, saved: Any, dy: Array, input_gradient: bool) -> Gradients:
        return (kernels.softmax_backward(dy, saved),), {}
