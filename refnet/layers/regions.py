"""Sampling between pixels, and regions of a map: bilinear resizing, crop-and-resize, a layer for each region."""

from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np

from ..counting import Terms
from .base import Array, Gradients, Layer, Shape, Weights, check_flag, check_map
from .window import Pair, pair


@dataclass(frozen=True)
class ResizeBilinear(Layer):
    """A map (h, w, M), and a second one (H, W, any) that only gives the size -> (H, W, M).

    align_corners: the corner pixels keep their places (TensorFlow 1's DeepLab); else pixels are squares, and their
    centres scale.
    """

    align_corners: bool = True

    def __post_init__(self) -> None:
        check_flag(self.align_corners, "align_corners")

    @property
    def arity(self) -> int:
        return 2

    def out_shape(self, *shapes: Shape) -> Shape:
        height, width, _ = check_map(shapes[1], self)
        return height, width, check_map(shapes[0], self)[2]

    def cost(self, *shapes: Shape) -> Terms:
        return Terms(self.operation, prod(shapes[0]), prod(self.out_shape(*shapes)))  # the second is not read

    def _forward(self, kernels: Any, weights: Weights, xs: tuple[Array, ...]) -> Array:
        y: Array = kernels.resize_bilinear_forward(xs[0], xs[1].shape[1:3], bool(self.align_corners))
        return y

    saves = "nothing"

    def _saved(self, xs: tuple[Array, ...], y: Array) -> Any:
        return xs[0].shape[1:3], xs[1].shape

    def _backward(self, kernels: Any, weights: Weights, saved: Any, dy: Array, input_gradient: bool) -> Gradients:
        input_hw, like = saved
        dx = kernels.resize_bilinear_backward(dy, input_hw, bool(self.align_corners))
        return (dx, np.zeros(like, dy.dtype)), {}


@dataclass(frozen=True)
class CropAndResize(Layer):
    """A map (H, W, M) and boxes (R, 4) -> R samples of it (R, h, w, M).

    A box is (y1, x1, y2, x2) in units of H - 1 and W - 1, its corners on the sample's corner pixels; what lies outside
    the map is 0 (as in TensorFlow's crop_and_resize).
    """

    size: int | Pair

    def __post_init__(self) -> None:
        pair(self.size, "size")

    @property
    def arity(self) -> int:
        return 2

    def out_shape(self, *shapes: Shape) -> Shape:
        channels = check_map(shapes[0], self)[2]
        if len(shapes[1]) != 2 or shapes[1][0] < 1 or shapes[1][1] != 4:
            raise ValueError(f"{self}: wanted boxes (regions, 4), got {shapes[1]}")
        return shapes[1][0], *pair(self.size, "size"), channels

    def _forward(self, kernels: Any, weights: Weights, xs: tuple[Array, ...]) -> Array:
        y: Array = kernels.crop_and_resize_forward(*xs, pair(self.size, "size"))
        return y

    def _backward(self, kernels: Any, weights: Weights, saved: Any, dy: Array, input_gradient: bool) -> Gradients:
        return tuple(kernels.crop_and_resize_backward(dy, *saved)), {}


# Fields of Terms that grow with the regions; what is left are parameters, which the regions share, and `products`.
_PER_REGION = ("inputs", "outputs", "madds", "madds_inside", "madds_padded_grid", "madds_behind", "bn_outputs")


@dataclass(frozen=True)
class Each(Layer):
    """One layer on each of R regions: (R, ...) -> (R, ...). The weights are shared; the work is done R times.

    Batch statistics are taken over all regions of all images.
    """

    layer: Layer

    def __post_init__(self) -> None:
        if not isinstance(self.layer, Layer):
            raise TypeError(f"layer: wanted a layer, got {self.layer!r}")

    @property
    def arity(self) -> int:
        return self.layer.arity

    @property
    def operation(self) -> str:
        return self.layer.operation

    def _inner(self, shapes: tuple[Shape, ...]) -> tuple[int, list[Shape]]:
        """R, and the shapes that the layer sees."""
        regions = {shape[0] for shape in shapes if len(shape) > 1 and shape[0] > 0}
        if len(regions) != 1 or any(shape[:1] != tuple(regions) or len(shape) < 2 for shape in shapes):
            raise ValueError(f"{self}: wanted (regions, ...) everywhere, got {' and '.join(map(str, shapes))}")
        return regions.pop(), [shape[1:] for shape in shapes]

    def out_shape(self, *shapes: Shape) -> Shape:
        regions, inner = self._inner(shapes)
        return regions, *self.layer.out_shape(*inner)

    def parameters(self, *shapes: Shape) -> dict[str, Shape]:
        return self.layer.parameters(*self._inner(shapes)[1])

    def first_values(self) -> dict[str, float]:
        return self.layer.first_values()

    def cost(self, *shapes: Shape) -> Terms:
        regions, inner = self._inner(shapes)
        terms = self.layer.cost(*inner)
        return replace(terms, **{name: regions * getattr(terms, name) for name in _PER_REGION})

    def _forward(self, kernels: Any, weights: Weights, xs: tuple[Array, ...]) -> Array:
        return _apart(self.layer._forward(kernels, weights, _together(xs)), xs[0].shape[:2])

    def _train_forward(
        self, kernels: Any, weights: Weights, xs: tuple[Array, ...], rng: np.random.Generator, statistics: str
    ) -> tuple[Array, Any, dict[str, Array]]:
        y, content, updates = self.layer._train_forward(kernels, weights, _together(xs), rng, statistics)
        return _apart(y, xs[0].shape[:2]), content, updates

    def _backward(self, kernels: Any, weights: Weights, saved: Any, dy: Array, input_gradient: bool) -> Gradients:
        dxs, dweights = self.layer._backward(kernels, weights, saved, _together((dy,))[0], input_gradient)
        return tuple(_apart(dx, dy.shape[:2]) for dx in dxs), dweights


def _together(xs: tuple[Array, ...]) -> tuple[Array, ...]:
    """(B, R, ...) -> (B*R, ...): regions become images."""
    return tuple(x.reshape(-1, *x.shape[2:]) for x in xs)


def _apart(y: Array, images_regions: tuple[int, ...]) -> Array:
    return y.reshape(*images_regions, *y.shape[1:])
