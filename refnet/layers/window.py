"""A window sliding over a map: kernel size, stride, dilation and padding on both axes, as plain integers.

Padding by name: "same" is TensorFlow's SAME (the odd pixel goes bottom and right), "symmetric" is
dilation * (kernel - 1) // 2 on every side (torchvision's), "valid" is none, "ceil" as much at the bottom and right as
the window needs to reach the last pixel (Caffe's pooling), or four integers (top, bottom, left, right). "same" and
"symmetric" differ for even sizes with stride 2; pretrained weights are bound to one of them.
"""

from dataclasses import dataclass
from typing import Any

from ..kernels.geometry import ceil_padding, output_size, same_padding, symmetric_padding, taps_inside
from .base import check_count

Pair = tuple[int, int]
Pads = tuple[int, int, int, int]
Padding = str | Pads

PADDINGS = ("same", "symmetric", "valid", "ceil")


def pair(value: Any, what: str) -> Pair:
    """An int for both axes, or a pair (y, x), of positive integers."""
    values = tuple(value) if isinstance(value, (tuple, list)) else (value, value)
    if len(values) != 2:
        raise ValueError(f"{what}: wanted an integer or a pair (y, x), got {value!r}")
    return check_count(values[0], what), check_count(values[1], what)


def padding(value: Any, what: str = "padding") -> Padding:
    """A padding by name, or four integers of at least 0."""
    if isinstance(value, str) and value in PADDINGS:
        return value
    if isinstance(value, (tuple, list)) and len(value) == 4:
        top, bottom, left, right = (check_count(each, what, least=0) for each in value)
        return top, bottom, left, right
    raise ValueError(f"{what}: wanted {', '.join(PADDINGS)} or four integers (top, bottom, left, right), got {value!r}")


@dataclass(frozen=True)
class Window:
    """The window of one convolution, with its hyper-parameters in canonical form."""

    kernel: Pair
    stride: Pair
    dilation: Pair
    padding: Padding

    @classmethod
    def of(cls, kernel: Any, stride: Any, dilation: Any, pad: Any) -> "Window":
        """Check what a user wrote. Raises ValueError that names the argument."""
        return cls(pair(kernel, "kernel"), pair(stride, "stride"), pair(dilation, "dilation"), padding(pad))

    def pads(self, height: int, width: int) -> Pads:
        """(top, bottom, left, right) for a map of this size."""
        if not isinstance(self.padding, str):
            return self.padding
        return *self._along(0, height), *self._along(1, width)

    def _along(self, axis: int, size: int) -> Pair:
        if self.padding == "same":
            return same_padding(size, self.kernel[axis], self.stride[axis], self.dilation[axis])
        if self.padding == "ceil":
            return ceil_padding(size, self.kernel[axis], self.stride[axis], self.dilation[axis])
        return symmetric_padding(self.kernel[axis], self.dilation[axis]) if self.padding == "symmetric" else (0, 0)

    def _axes(self, height: int, width: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The arguments of the functions in geometry.py, for y and for x."""
        top, bottom, left, right = self.pads(height, width)
        return (
            (height, self.kernel[0], self.stride[0], self.dilation[0], top, bottom),
            (width, self.kernel[1], self.stride[1], self.dilation[1], left, right),
        )

    def output(self, height: int, width: int) -> Pair:
        """(OH, OW). Raises ValueError if the window does not fit even once."""
        along_y, along_x = self._axes(height, width)
        out = output_size(*along_y), output_size(*along_x)
        if min(out) < 1:
            raise ValueError(
                f"a {self.kernel[0]}x{self.kernel[1]} kernel with dilation {self.dilation} and padding {self.padding} "
                f"does not fit into a {height}x{width} map"
            )
        return out

    def taps_inside(self, height: int, width: int) -> int:
        """Pairs (output pixel, tap) that read a pixel of the image and not of the padding."""
        along_y, along_x = self._axes(height, width)
        return taps_inside(*along_y) * taps_inside(*along_x)

    def always_inside(self, height: int, width: int) -> bool:
        """Whether every position of the window reads at least one pixel of the image."""
        return all(
            -(position * stride - before) < dilation * (taps - 1) + 1 and position * stride - before < size
            for size, taps, stride, dilation, before, after in self._axes(height, width)
            for position in (0, output_size(size, taps, stride, dilation, before, after) - 1)
        )
