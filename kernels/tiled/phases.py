"""The gradient of a convolution's input as convolutions of stride 1: one for each phase of the stride.

    iy = oy*stride + ky*dilation - before        the input pixel under tap ky of output pixel oy, along one axis

Read backwards: input pixel iy meets tap ky where (iy + before - ky*dilation) is a multiple of the stride, which
depends on iy modulo the stride alone. So the pixels of one phase (every stride-th) all meet the same taps, and their
neighbours' output pixels are neighbours: a window over dy, with some of the taps. A phase without taps gets zeros.
"""

from collections.abc import Iterator
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Pair = tuple[int, int]


class Axis(NamedTuple):
    """One axis of a convolution: its pixels in and out, taps, stride, dilation, and padding before."""

    inputs: int
    outputs: int
    filter: int
    stride: int
    dilation: int
    before: int

    def border(self) -> Pair:
        """Pixels that dy needs before and after, so that every window of every phase lies inside.

        >>> Axis(inputs=224, outputs=112, filter=3, stride=2, dilation=1, before=0).border()
        (1, 0)
        """
        lowest = (self.before - self.dilation * (self.filter - 1)) // self.stride
        highest = (self.inputs - 1 + self.before) // self.stride
        return max(0, -lowest), max(0, highest - (self.outputs - 1))

    def phase(self, first: int) -> "Phase":
        """That of the input pixel `first` and every stride-th after it."""
        reach = first + self.before - np.arange(self.filter) * self.dilation
        taps = np.flatnonzero(reach % self.stride == 0)
        return Phase(np.arange(first, self.inputs, self.stride), taps, reach[taps] // self.stride)


class Phase(NamedTuple):
    """Input pixels, the taps that they meet, and the output pixel under each of these taps of the first pixel."""

    pixels: Array
    taps: Array
    windows: Array


class Phases(NamedTuple):
    """Both axes."""

    y: Axis
    x: Axis

    def pads(self) -> tuple[int, int, int, int]:
        """The border of dy: top, bottom, left, right."""
        return (*self.y.border(), *self.x.border())

    def pairs(self) -> Iterator[tuple[Phase, Phase]]:
        """Each phase along y with each along x; together they are every input pixel once."""
        for first_y, first_x in product(*(range(min(axis.stride, axis.inputs)) for axis in self)):
            yield self.y.phase(first_y), self.x.phase(first_x)


def phases(
    inputs: Pair, outputs: Pair, filter: Pair, stride: Pair, dilation: Pair, before: Pair
) -> Phases:
    """Those of a convolution; each argument is a pair (y, x).

    >>> [(y.pixels.tolist(), y.taps.tolist(), y.windows.tolist()) for y, _ in phases(
    ...     inputs=(4, 1), outputs=(1, 1), filter=(3, 1), stride=(2, 1), dilation=(1, 1), before=(0, 0)).pairs()]
    [([0, 2], [0, 2], [0, -1]), ([1, 3], [1], [0])]
    """
    y, x = (Axis(*each) for each in zip(inputs, outputs, filter, stride, dilation, before, strict=True))
    return Phases(y, x)
