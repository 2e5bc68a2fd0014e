"""Dense layer and bias."""

from dataclasses import dataclass
from math import prod
from typing import Any

from ..counting import Terms
from .base import Array, Gradients, Layer, Shape, Weights, check_count


@dataclass(frozen=True)
class Dense(Layer):
    """Fully connected layer without bias: (M,) -> (units,); kernel (M, units)."""

    units: int

    def __post_init__(self) -> None:
        check_count(self.units, "units")

    def out_shape(self, *shapes: Shape) -> Shape:
        self._inputs(shapes[0])
        return (self.units,)

    def parameters(self, *shapes: Shape) -> dict[str, Shape]:
        return {"kernel": (self._inputs(shapes[0]), self.units)}

    def cost(self, *shapes: Shape) -> Terms:
        M = self._inputs(shapes[0])
        madds = M * self.units
        return Terms(self.operation, M, self.units, products=M, madds=madds, madds_inside=madds, weights=madds)

    def _inputs(self, shape: Shape) -> int:
        if len(shape) != 1:
            raise ValueError(f"{self}: wanted features (channels,), got {shape}")
        return shape[0]

    def _forward(self, kernels: Any, weights: Weights, xs: tuple[Array, ...]) -> Array:
        y: Array = kernels.dense_forward(xs[0], weights["kernel"])
        return y

    def _backward(self, kernels: Any, weights: Weights, saved: Any, dy: Array, input_gradient: bool) -> Gradients:
        dw = kernels.dense_filter_gradient(dy, saved[0])
        dxs = (kernels.dense_input_gradient(dy, weights["kernel"]),) if input_gradient else ()
        return dxs, {"kernel": dw}


@dataclass(frozen=True)
class BiasAdd(Layer):
    """One number per channel, added everywhere: (..., M) -> (..., M); bias (M,)."""

    def out_shape(self, *shapes: Shape) -> Shape:
        return shapes[0]

    def parameters(self, *shapes: Shape) -> dict[str, Shape]:
        return {"bias": shapes[0][-1:]}

    def cost(self, *shapes: Shape) -> Terms:
        return Terms(self.operation, prod(shapes[0]), prod(shapes[0]), biases=shapes[0][-1])

    def _forward(self, kernels: Any, weights: Weights, xs: tuple[Array, ...]) -> Array:
        y: Array = kernels.bias_add_forward(xs[0], weights["bias"])
        return y

    saves = "nothing"

    def _saved(self, xs: tuple[Array, ...], y: Array) -> Any:
        return None

    def _backward(self, kernels: Any, weights: Weights, saved: Any, dy: Array, input_gradient: bool) -> Gradients:
        dx, db = kernels.bias_add_backward(dy)
        return (dx,), {"bias": db}
