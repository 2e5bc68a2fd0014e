"""How a filter goes over a map, as a program's table has it: columns of a row, and tables of offsets.

    M channels of the map · padded lines: its lines between zeros, as far as windows reach, without padded channels
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..geometry import output_size

Array = NDArray[Any]
Pair = tuple[int, int]
Pads = tuple[int, int, int, int]
Row = dict[str, int | float]


class Slide(NamedTuple):
    """Stride, dilation, and pads: top, bottom, left, right."""

    stride: Pair
    dilation: Pair
    pads: Pads


class Sliding(NamedTuple):
    """A filter of KH x KW that goes over a map of H x W."""

    size: Pair
    filter: Pair
    slide: Slide

    @property
    def outputs(self) -> Pair:
        """Rows and columns of the result."""
        (H, W), (KH, KW), (stride, dilation, pads) = self
        height = output_size(H, KH, stride[0], dilation[0], pads[0], pads[1])
        return height, output_size(W, KW, stride[1], dilation[1], pads[2], pads[3])

    @property
    def columns(self) -> int:
        """Pixels of a padded line."""
        return self._reach(1, self.outputs[1])

    @property
    def left(self) -> int:
        """Those before the first one of the map."""
        return min(self.slide.pads[2], self.columns)

    @property
    def inside(self) -> int:
        """Those that are the map's."""
        return min(self.size[1], self.columns - self.left)

    @property
    def direct(self) -> bool:
        """Whether the tiles for 3 x 3 taps can go over the map as it lies: at most one pixel is missing on a side."""
        stride, dilation, (_, _, left, right) = self.slide
        return self.filter == (3, 3) and stride[1] in (1, 2) and dilation[1] == 1 and max(left, right) <= 1

    def lines(self, rows: int) -> int:
        """Padded lines under so many rows of the result."""
        return self._reach(0, rows)

    def _reach(self, axis: int, outputs: int) -> int:
        stride, dilation, _ = self.slide
        return (outputs - 1) * stride[axis] + (self.filter[axis] - 1) * dilation[axis] + 1

    @property
    def row(self) -> Row:
        """Columns of the table."""
        stride, dilation, pads = self.slide
        return {
            "height": self.size[0],
            "width": self.size[1],
            "out_height": self.outputs[0],
            "out_width": self.outputs[1],
            "filter_height": self.filter[0],
            "filter_width": self.filter[1],
            "stride_y": stride[0],
            "stride_x": stride[1],
            "dilation_y": dilation[0],
            "dilation_x": dilation[1],
            "top": pads[0],
            "left": self.left,
            "columns": self.inside,
        }

    def runs(self, channels: int) -> Row:
        """A window of the padded lines: how many runs of numbers it is, and how long they are."""
        (KH, KW), M = self.filter, channels
        return {"runs": KH, "length": KW * M} if self._one_run else {"runs": KH * KW, "length": M}

    def run_offsets(self, channels: int) -> Array:
        """Where a window's runs begin, from its first number on. Shapes: (runs,), int64."""
        (KH, KW), (down, right) = self.filter, self.slide.dilation
        lines = np.arange(KH)[:, None] * down * self.columns
        found: Array = (lines + np.arange(1 if self._one_run else KW) * right).ravel() * channels
        return found

    @property
    def _one_run(self) -> bool:
        return self.slide.dilation[1] == 1


def offsets(lines: int, width: int, line: int, step: int) -> Array:
    """A table of pixels: `lines` lines of `width` pixels."""
    table: Array = (np.arange(lines)[:, None] * line + np.arange(width) * step).ravel()
    return table
