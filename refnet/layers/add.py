"""Addition of two maps: the shortcut of a residual block (V2 section 3.3)."""

from dataclasses import dataclass
from typing import Any

from .base import Array, Gradients, Layer, Shape, Weights


@dataclass(frozen=True)
class Add(Layer):
    """Two maps of one shape -> their sum."""

    @property
    def arity(self) -> int:
        return 2

    def out_shape(self, *shapes: Shape) -> Shape:
        if len(shapes) != 2 or shapes[0] != shapes[1]:
            raise ValueError(f"{self}: wanted two inputs of one shape, got {' and '.join(map(str, shapes))}")
        return shapes[0]

    def _forward(self, kernels: Any, weights: Weights, xs: tuple[Array, ...]) -> Array:
        y: Array = kernels.add_forward(*xs)
        return y

    saves = "nothing"

    def _saved(self, xs: tuple[Array, ...], y: Array) -> Any:
        return None

    def _backward(self, kernels: Any, weights: Weights, saved: Any, dy: Array, input_gradient: bool) -> Gradients:
        return tuple(kernels.add_backward(dy)), {}
