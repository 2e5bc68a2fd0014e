"""Convolutions: standard, depthwise, pointwise and grouped.

    (H, W, M) rows, columns, channels in    (OH, OW, N) out    kernel sizes, stride, dilation: an int or a pair (y, x)
"""

from abc import abstractmethod
from dataclasses import dataclass
from math import prod
from typing import Any

from ..counting import Terms
from .base import Array, Gradients, Layer, Shape, Weights, check_count, check_map
from .window import Padding, Pair, Window

Size = int | Pair


class _Windowed(Layer):
    """What convolutions with a window share: shape, cost, and how a kernel pair is called.

    A subclass says which channels an output channel sees, the shape of its kernel, and the functions that compute it.
    """

    kernel: Size
    stride: Size
    dilation: Size
    padding: Padding

    def __post_init__(self) -> None:
        self.window()

    def window(self) -> Window:
        """The window with canonical hyper-parameters. Raises ValueError for bad ones."""
        return Window.of(self.kernel, self.stride, self.dilation, self.padding)

    @abstractmethod
    def channels(self, channels: int) -> tuple[int, int]:
        """(input channels that one output channel sees, output channels)."""

    def out_shape(self, *shapes: Shape) -> Shape:
        height, width, channels = check_map(shapes[0], self)
        try:
            return *self.window().output(height, width), self.channels(channels)[1]
        except ValueError as error:
            raise ValueError(f"{self}: {error}") from None

    def cost(self, *shapes: Shape) -> Terms:
        height, width, channels = check_map(shapes[0], self)
        window, (seen, filters) = self.window(), self.channels(channels)
        products, outputs = prod(window.kernel) * seen, prod(self.out_shape(*shapes))
        return Terms(
            self.operation,
            inputs=prod(shapes[0]),
            outputs=outputs,
            products=products,
            madds=products * outputs,
            madds_inside=window.taps_inside(height, width) * seen * filters,
            weights=products * filters,
            madds_padded_grid=products * (self._padded_grid(*shapes) - outputs),
        )

    def _padded_grid(self, *shapes: Shape) -> int:
        """Output values on a grid padded up to multiples of the dilation (SpaceToBatch, VALID, BatchToSpace)."""
        height, width, filters = self.out_shape(*shapes)
        along_y, along_x = self.window().dilation
        return -(-height // along_y) * along_y * -(-width // along_x) * along_x * filters

    def setting(self, shape: Shape) -> tuple[Any, ...]:
        """Stride, dilation and pads for an input (B, H, W, M), as the kernels take them."""
        window = self.window()
        return window.stride, window.dilation, window.pads(shape[1], shape[2])

    def gradients(
        self, kernels: Any, family: str, saved: tuple[Array, ...], w: Array, dy: Array, input_gradient: bool, *more: int
    ) -> Gradients:
        """Call `<family>_filter_gradient` and, if wanted, `<family>_input_gradient`."""
        (x,) = saved
        setting = (*self.setting(x.shape), *more)
        dw = getattr(kernels, f"{family}_filter_gradient")(dy, x, w.shape[:2], *setting)
        if not input_gradient:
            return (), {"kernel": dw}
        dx = getattr(kernels, f"{family}_input_gradient")(dy, w, x.shape[1:3], *setting)
        return (dx,), {"kernel": dw}


@dataclass(frozen=True)
class Conv2d(_Windowed):
    """Standard convolution (V1 eq. (1)): (H, W, M) -> (OH, OW, filters); kernel (KH, KW, M, filters)."""

    filters: int
    kernel: Size
    stride: Size = 1
    dilation: Size = 1
    padding: Padding = "same"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_count(self.filters, "filters")

    def channels(self, channels: int) -> tuple[int, int]:
        return channels, self.filters

    def parameters(self, *shapes: Shape) -> dict[str, Shape]:
        _, _, channels = check_map(shapes[0], self)
        return {"kernel": (*self.window().kernel, channels, self.filters)}

    def _forward(self, kernels: Any, weights: Weights, xs: tuple[Array, ...]) -> Array:
        y: Array = kernels.conv2d_forward(xs[0], weights["kernel"], *self.setting(xs[0].shape))
        return y

    def _backward(self, kernels: Any, weights: Weights, saved: Any, dy: Array, input_gradient: bool) -> Gradients:
        return self.gradients(kernels, "conv2d", saved, weights["kernel"], dy, input_gradient)


@dataclass(frozen=True)
class DepthwiseConv2d(_Windowed):
    """Depthwise convolution (V1 eq. (3)): (H, W, M) -> (OH, OW, M); kernel (KH, KW, M)."""

    kernel: Size
    stride: Size = 1
    dilation: Size = 1
    padding: Padding = "same"

    def channels(self, channels: int) -> tuple[int, int]:
        return 1, channels

    def parameters(self, *shapes: Shape) -> dict[str, Shape]:
        _, _, channels = check_map(shapes[0], self)
        return {"kernel": (*self.window().kernel, channels)}

    def _forward(self, kernels: Any, weights: Weights, xs: tuple[Array, ...]) -> Array:
        y: Array = kernels.depthwise_conv2d_forward(xs[0], weights["kernel"], *self.setting(xs[0].shape))
        return y

    def _backward(self, kernels: Any, weights: Weights, saved: Any, dy: Array, input_gradient: bool) -> Gradients:
        return self.gradients(kernels, "depthwise_conv2d", saved, weights["kernel"], dy, input_gradient)


@dataclass(frozen=True)
class GroupedConv2d(_Windowed):
    """Convolution within each of `groups` slices of the channels; kernel (KH, KW, M / groups, filters).

    With groups = M and filters = M * multiplier it is a depthwise convolution with a channel multiplier.
    """

    filters: int
    kernel: Size
    groups: int
    stride: Size = 1
    dilation: Size = 1
    padding: Padding = "same"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_count(self.filters, "filters")
        if self.filters % check_count(self.groups, "groups"):
            raise ValueError(f"filters: wanted a multiple of groups={self.groups}, got {self.filters}")

    def channels(self, channels: int) -> tuple[int, int]:
        if channels % self.groups:
            raise ValueError(f"wanted channels in a multiple of groups={self.groups}, got {channels}")
        return channels // self.groups, self.filters

    def parameters(self, *shapes: Shape) -> dict[str, Shape]:
        _, _, channels = check_map(shapes[0], self)
        return {"kernel": (*self.window().kernel, *self.channels(channels))}

    def _forward(self, kernels: Any, weights: Weights, xs: tuple[Array, ...]) -> Array:
        setting = self.setting(xs[0].shape)
        y: Array = kernels.grouped_conv2d_forward(xs[0], weights["kernel"], *setting, self.groups)
        return y

    def _backward(self, kernels: Any, weights: Weights, saved: Any, dy: Array, input_gradient: bool) -> Gradients:
        return self.gradients(kernels, "grouped_conv2d", saved, weights["kernel"], dy, input_gradient, self.groups)


@dataclass(frozen=True)
class PointwiseConv2d(Layer):
    """1x1 convolution (second term of V1 eq. (5)): (H, W, M) -> (H, W, filters); kernel (M, filters)."""

    filters: int

    def __post_init__(self) -> None:
        check_count(self.filters, "filters")

    def out_shape(self, *shapes: Shape) -> Shape:
        height, width, _ = check_map(shapes[0], self)
        return height, width, self.filters

    def parameters(self, *shapes: Shape) -> dict[str, Shape]:
        return {"kernel": (check_map(shapes[0], self)[2], self.filters)}

    def cost(self, *shapes: Shape) -> Terms:
        height, width, channels = check_map(shapes[0], self)
        madds = channels * self.filters * height * width
        return Terms(
            self.operation,
            inputs=prod(shapes[0]),
            outputs=height * width * self.filters,
            products=channels,
            madds=madds,
            madds_inside=madds,
            weights=channels * self.filters,
        )

    def _forward(self, kernels: Any, weights: Weights, xs: tuple[Array, ...]) -> Array:
        y: Array = kernels.pointwise_conv2d_forward(xs[0], weights["kernel"])
        return y

    def _backward(self, kernels: Any, weights: Weights, saved: Any, dy: Array, input_gradient: bool) -> Gradients:
        dw = kernels.pointwise_conv2d_filter_gradient(dy, saved[0])
        dxs = (kernels.pointwise_conv2d_input_gradient(dy, weights["kernel"]),) if input_gradient else ()
        return dxs, {"kernel": dw}
