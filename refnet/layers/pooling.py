"""Pooling: over the whole map, and over windows (largest value, mean)."""

from dataclasses import dataclass
from typing import Any

from .base import Array, Gradients, Layer, Shape, Weights, check_flag, check_map
from .window import Padding, Pair, Window

Size = int | Pair


@dataclass(frozen=True)
class GlobalAveragePool(Layer):
    """(H, W, M) -> (M,): each channel's mean over all pixels; (1, 1, M) with keep_map."""

    keep_map: bool = False

    def __post_init__(self) -> None:
        check_flag(self.keep_map, "keep_map")

    def out_shape(self, *shapes: Shape) -> Shape:
        features = check_map(shapes[0], self)[2:]
        return (1, 1, *features) if self.keep_map else features

    def _forward(self, kernels: Any, weights: Weights, xs: tuple[Array, ...]) -> Array:
        y: Array = kernels.global_average_pool_forward(xs[0])
        return y[:, None, None] if self.keep_map else y

    saves = "nothing"

    def _saved(self, xs: tuple[Array, ...], y: Array) -> Any:
        return xs[0].shape[1:3]

    def _backward(self, kernels: Any, weights: Weights, saved: Any, dy: Array, input_gradient: bool) -> Gradients:
        return (kernels.global_average_pool_backward(dy.reshape(len(dy), dy.shape[-1]), saved),), {}


class _Pool(Layer):
    """What pooling windows share."""

    kernel: Size
    stride: Size
    padding: Padding

    def __post_init__(self) -> None:
        self.window()

    def window(self) -> Window:
        """The window with canonical hyper-parameters. Raises ValueError for bad ones."""
        return Window.of(self.kernel, self.stride, 1, self.padding)

    def out_shape(self, *shapes: Shape) -> Shape:
        height, width, channels = check_map(shapes[0], self)
        window = self.window()
        try:
            out = window.output(height, width)
        except ValueError as error:
            raise ValueError(f"{self}: {error}") from None
        if not window.always_inside(height, width):
            raise ValueError(f"{self}: wanted a pixel of the {height}x{width} map in every window")
        return *out, channels

    def setting(self, shape: Shape) -> tuple[Any, ...]:
        """Window, stride and pads for an input (B, H, W, M), as the kernels take them."""
        window = self.window()
        return window.kernel, window.stride, window.pads(shape[1], shape[2])


@dataclass(frozen=True)
class MaxPool2d(_Pool):
    """(H, W, M) -> (OH, OW, M): the largest value in each window; padding never wins, ties go to the first tap."""

    kernel: Size
    stride: Size = 1
    padding: Padding = "same"

    def _forward(self, kernels: Any, weights: Weights, xs: tuple[Array, ...]) -> Array:
        y: Array = kernels.max_pool_forward(xs[0], *self.setting(xs[0].shape))
        return y

    def _backward(self, kernels: Any, weights: Weights, saved: Any, dy: Array, input_gradient: bool) -> Gradients:
        (x,) = saved
        return (kernels.max_pool_backward(dy, x, *self.setting(x.shape)),), {}


@dataclass(frozen=True)
class AveragePool2d(_Pool):
    """(H, W, M) -> (OH, OW, M): the mean of each window.

    count_padding: divide by the window's size everywhere (Caffe, torch), or by the pixels inside the map (TensorFlow).
    What "ceil" pads counts as well then; Caffe and torch never count it.
    """

    kernel: Size
    stride: Size = 1
    padding: Padding = "same"
    count_padding: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        check_flag(self.count_padding, "count_padding")

    def _forward(self, kernels: Any, weights: Weights, xs: tuple[Array, ...]) -> Array:
        y: Array = kernels.average_pool_forward(xs[0], *self.setting(xs[0].shape), bool(self.count_padding))
        return y

    saves = "nothing"

    def _saved(self, xs: tuple[Array, ...], y: Array) -> Any:
        return xs[0].shape

    def _backward(self, kernels: Any, weights: Weights, saved: Any, dy: Array, input_gradient: bool) -> Gradients:
        setting = (*self.setting(saved), bool(self.count_padding))
        return (kernels.average_pool_backward(dy, saved[1:3], *setting),), {}
