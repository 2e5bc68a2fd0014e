"""Which taps meet which pixels, along one axis: forward, and read backwards for the gradient of the input.

    iy = oy*stride + ky*dilation - before        the input pixel under tap ky of output pixel oy

    forward      output pixel oy meets tap ky at the input pixel iy
    backwards    input pixel iy meets tap ky at the output pixel oy, where (iy + before - ky*dilation) is a multiple of
                 the stride

Pixels that meet the same taps form a group, and for a group the taps lie at fixed steps from each other, as in a window
that slides. Forward, a group is the inside of a map or one of its edges; backwards, one for each phase of the stride.
So neither direction needs a loop of its own: a table of windows and one of steps say it all.
"""

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Meetings(NamedTuple):
    """at[i, k]: the pixel of the source that pixel i meets under tap k; meets[i, k]: whether they meet."""

    at: Array
    meets: Array

    def inside(self, size: int) -> "Meetings":
        """Those with a pixel of the map, and not of the padding around it."""
        return Meetings(self.at, self.meets & (self.at >= 0) & (self.at < size))

    def border(self, size: int) -> tuple[int, int]:
        """Pixels of padding, before and after, that all others meet."""
        met = self.at[self.meets]
        return max(0, -met.min(initial=0)), max(0, met.max(initial=0) - (size - 1))


class Group(NamedTuple):
    """Pixels that meet the same taps. begins: the source's pixel under the first of them; steps: from there to each."""

    pixels: Array
    taps: Array
    begins: Array
    steps: Array


def forward(outputs: int, filter: int, stride: int, dilation: int, before: int) -> Meetings:
    """Output pixels with input pixels.

    >>> forward(2, 3, stride=2, dilation=1, before=1).at.tolist()
    [[-1, 0, 1], [1, 2, 3]]
    """
    at = np.arange(outputs)[:, None] * stride + np.arange(filter) * dilation - before
    return Meetings(at, np.ones(at.shape, bool))


def backwards(inputs: int, filter: int, stride: int, dilation: int, before: int) -> Meetings:
    """Input pixels with output pixels.

    >>> backwards(3, 3, stride=2, dilation=1, before=1).meets.astype(int).tolist()
    [[0, 1, 0], [1, 0, 1], [0, 1, 0]]
    """
    reach = np.arange(inputs)[:, None] + before - np.arange(filter) * dilation
    return Meetings(reach // stride, reach % stride == 0)


class Axis(NamedTuple):
    """One axis of a layer that slides: `direction` is `forward` or `backwards`, `source` the pixels that are met."""

    direction: Callable[[int, int, int, int, int], Meetings]
    pixels: int
    filter: int
    stride: int
    dilation: int
    before: int
    source: int

    def groups(self) -> "list[Group]":
        """Those of the meetings inside of the source."""
        return groups(self.direction(*self[1:6]).inside(self.source))


def groups(meetings: Meetings) -> list[Group]:
    """Every pixel is in one group; those that meet no tap are in one without taps."""
    kinds, kind_of = np.unique(meetings.meets, axis=0, return_inverse=True)
    found = []
    for kind, meets in enumerate(kinds):
        pixels, taps = np.flatnonzero(kind_of.ravel() == kind), np.flatnonzero(meets)
        at = meetings.at[pixels][:, taps]
        begins = at[:, 0] if taps.size else np.zeros(pixels.size, np.int64)
        found.append(Group(pixels, taps, begins, at[0] - at[0, :1]))
    return found


def pairs(y: list[Group], x: list[Group]) -> Iterator[tuple[Group, Group]]:
    """Each group along y with each along x: together they are every pixel of a map once."""
    return product(y, x)
