"""Global average pooling."""

from dataclasses import dataclass
from typing import Any

from .base import Array, Gradients, Layer, Shape, Weights, check_map


@dataclass(frozen=True)
class GlobalAveragePool(Layer):
    """(H, W, M) -> (M,): each channel's mean over all pixels."""

    def out_shape(self, *shapes: Shape) -> Shape:
        return check_map(shapes[0], self)[2:]

    def _forward(self, kernels: Any, weights: Weights, xs: tuple[Array, ...]) -> Array:
        y: Array = kernels.global_average_pool_forward(xs[0])
        return y

    def _saved(self, xs: tuple[Array, ...], y: Array) -> Any:
        return xs[0].shape[1:3]

    def _backward(self, kernels: Any, weights: Weights, saved: Any, dy: Array, input_gradient: bool) -> Gradients:
        return (kernels.global_average_pool_backward(dy, saved),), {}
