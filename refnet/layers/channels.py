"""Moving channels about: concatenation, channel shuffle, pixels to channels, padding and cropping, flattening."""

from dataclasses import dataclass
from itertools import accumulate
from math import prod
from typing import Any

import numpy as np

from .base import Array, Gradients, Layer, Shape, Weights, check_count, check_map


@dataclass(frozen=True)
class Concat(Layer):
    """`parts` values that agree in all but their last axis -> one, channel after channel in the order given."""

    parts: int

    def __post_init__(self) -> None:
        check_count(self.parts, "parts", least=2)

    @property
    def arity(self) -> int:
        return self.parts

    def out_shape(self, *shapes: Shape) -> Shape:
        sizes = {shape[:-1] for shape in shapes}
        if len(shapes) != self.parts or len(sizes) != 1 or not all(map(prod, shapes)) or () in shapes:
            raise ValueError(f"{self}: wanted {self.parts} maps of one size, got {' and '.join(map(str, shapes))}")
        return *sizes.pop(), sum(shape[-1] for shape in shapes)

    def _forward(self, kernels: Any, weights: Weights, xs: tuple[Array, ...]) -> Array:
        y: Array = kernels.concat_forward(xs)
        return y

    saves = "nothing"

    def _saved(self, xs: tuple[Array, ...], y: Array) -> Any:
        return tuple(accumulate((x.shape[-1] for x in xs), initial=0))

    def _backward(self, kernels: Any, weights: Weights, saved: Any, dy: Array, input_gradient: bool) -> Gradients:
        bounds = zip(saved, saved[1:], strict=False)
        return tuple(kernels.concat_backward(dy, start, stop) for start, stop in bounds), {}


@dataclass(frozen=True)
class ChannelShuffle(Layer):
    """(H, W, M) -> (H, W, M): channel g*(M/groups) + i goes to i*groups + g (ShuffleNet, Figure 1)."""

    groups: int

    def __post_init__(self) -> None:
        check_count(self.groups, "groups")

    def out_shape(self, *shapes: Shape) -> Shape:
        channels = check_map(shapes[0], self)[2]
        if channels % self.groups:
            raise ValueError(f"{self}: wanted channels in a multiple of groups={self.groups}, got {channels}")
        return shapes[0]

    def _forward(self, kernels: Any, weights: Weights, xs: tuple[Array, ...]) -> Array:
        y: Array = kernels.channel_shuffle_forward(xs[0], self.groups)
        return y

    saves = "nothing"

    def _saved(self, xs: tuple[Array, ...], y: Array) -> Any:
        return None

    def _backward(self, kernels: Any, weights: Weights, saved: Any, dy: Array, input_gradient: bool) -> Gradients:
        return (kernels.channel_shuffle_backward(dy, self.groups),), {}


@dataclass(frozen=True)
class SpaceToDepth(Layer):
    """(H, W, M) -> (H/block, W/block, block*block*M): each block of pixels becomes one, its rows first."""

    block: int

    def __post_init__(self) -> None:
        check_count(self.block, "block")

    def out_shape(self, *shapes: Shape) -> Shape:
        height, width, channels = check_map(shapes[0], self)
        if height % self.block or width % self.block:
            raise ValueError(f"{self}: wanted sides in a multiple of block={self.block}, got {height}x{width}")
        return height // self.block, width // self.block, self.block**2 * channels

    def _forward(self, kernels: Any, weights: Weights, xs: tuple[Array, ...]) -> Array:
        y: Array = kernels.space_to_depth_forward(xs[0], self.block)
        return y

    saves = "nothing"

    def _saved(self, xs: tuple[Array, ...], y: Array) -> Any:
        return None

    def _backward(self, kernels: Any, weights: Weights, saved: Any, dy: Array, input_gradient: bool) -> Gradients:
        return (kernels.space_to_depth_backward(dy, self.block),), {}


@dataclass(frozen=True)
class Pad2d(Layer):
    """Rows and columns of zeros around a map; negative numbers crop. pads: (top, bottom, left, right)."""

    pads: tuple[int, int, int, int]

    def __post_init__(self) -> None:
        pads = self.pads if isinstance(self.pads, (tuple, list)) else ()
        whole = [isinstance(each, (int, np.integer)) and not isinstance(each, bool) for each in pads]
        if len(whole) != 4 or not all(whole):
            raise ValueError(f"pads: wanted four integers (top, bottom, left, right), got {self.pads!r}")

    def out_shape(self, *shapes: Shape) -> Shape:
        height, width, channels = check_map(shapes[0], self)
        top, bottom, left, right = self.pads
        out = height + top + bottom, width + left + right
        cropped = -min(top, 0) - min(bottom, 0) < height and -min(left, 0) - min(right, 0) < width
        if not cropped:
            raise ValueError(f"{self}: wanted pixels to remain, got a map of {height}x{width}")
        return *out, channels

    def _forward(self, kernels: Any, weights: Weights, xs: tuple[Array, ...]) -> Array:
        y: Array = kernels.pad_forward(xs[0], tuple(map(int, self.pads)))
        return y

    saves = "nothing"

    def _saved(self, xs: tuple[Array, ...], y: Array) -> Any:
        return None

    def _backward(self, kernels: Any, weights: Weights, saved: Any, dy: Array, input_gradient: bool) -> Gradients:
        return (kernels.pad_backward(dy, tuple(map(int, self.pads))),), {}


@dataclass(frozen=True)
class Flatten(Layer):
    """(H, W, M) -> (H*W*M,): rows, then columns, then channels, as they lie in memory. No kernel: a view."""

    def out_shape(self, *shapes: Shape) -> Shape:
        return (prod(check_map(shapes[0], self)),)

    def _forward(self, kernels: Any, weights: Weights, xs: tuple[Array, ...]) -> Array:
        return xs[0].reshape(len(xs[0]), prod(xs[0].shape[1:]))

    saves = "nothing"

    def _saved(self, xs: tuple[Array, ...], y: Array) -> Any:
        return xs[0].shape

    def _backward(self, kernels: Any, weights: Weights, saved: Any, dy: Array, input_gradient: bool) -> Gradients:
        return (dy.reshape(saved),), {}
