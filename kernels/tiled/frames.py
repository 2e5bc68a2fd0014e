"""Which part of a map a thread has in its scratch while a depthwise filter slides over it, with the padding around it.

    band    R rows of outputs, and the R * stride rows of inputs in the same place
    frame   rows and columns of a map that a band meets; what lies outside of the map is zeros
    H, W rows and columns of the input · OH, OW of the output · S stride · C channels in memory, of which a frame has some

    x frame    the inputs that the band's outputs meet            tables: `outputs`, `products`
    dz frame   the band's outputs, and those that its inputs meet tables: `inputs`, `products`

All bands but the last have the same tables (`taps.py`), as each begins a whole number of strides after the one before.
"""

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..geometry import output_size
from ..jit import jit
from .meetings import Meetings, backwards, forward, groups, pairs
from .normalised import Block, Gradient, Normalised, Scratch, read, read_gradient
from .packing import Map
from .shapes import TileShape
from .taps import Windows, bounds, joined

Array = NDArray[Any]
Pair = tuple[int, int]
Pads = tuple[int, int, int, int]

NUMBERS = 1 << 16  # of all frames of a thread: half of a small second-level cache
CHANNELS = 128  # bytes: as many channels of a pixel are in a frame, or fewer, if they fill whole vectors


class Frame(NamedTuple):
    """`rows` x `columns` pixels, the first of which is (top, left) of a map of height x width in the first band.

    step: rows from one band's to the next.
    """

    top: int
    rows: int
    left: int
    columns: int
    height: int
    width: int
    step: int


class Bands(NamedTuple):
    """How a map is walked: so many bands, rows of outputs and inputs in each, and tables for a whole and a last band."""

    bands: int
    rows: Pair
    x: Frame
    dz: Frame
    outputs: tuple[Windows, Windows]
    inputs: tuple[Windows, Windows]
    products: tuple[Windows, Windows]


class Axis(NamedTuple):
    """One axis of a layer that slides, for `outputs` pixels of the output in a band."""

    size: int
    filter: int
    stride: int
    dilation: int
    before: int
    outputs: int

    def met(self) -> Meetings:
        """Outputs with inputs, counted from the x frame's first."""
        return forward(self.outputs, self.filter, self.stride, self.dilation, 0)

    def reach(self) -> int:
        """Inputs in the x frame."""
        return (self.outputs - 1) * self.stride + (self.filter - 1) * self.dilation + 1

    def meeting(self, inputs: int) -> Meetings:
        """So many inputs with outputs, counted from the band's first."""
        return backwards(inputs, self.filter, self.stride, self.dilation, self.before)

    def span(self, inputs: int) -> Pair:
        """First output of the dz frame, counted from the band's first, and how many there are."""
        at, meets = self.meeting(inputs)
        first, last = at[meets].min(initial=0), at[meets].max(initial=self.outputs - 1)
        return int(first), int(last - first + 1)


def channels_of_frame(channels: int, lanes: int, itemsize: int) -> int:
    """Channels in a frame: as many vectors as divide the channels evenly and do not exceed `CHANNELS` bytes."""
    vectors, most = channels // lanes, max(1, CHANNELS // (lanes * itemsize))
    return lanes * max(size for size in range(1, most + 1) if vectors % size == 0)


@functools.lru_cache(maxsize=128)
def bands(size: Pair, filter: Pair, stride: Pair, dilation: Pair, pads: Pads, channels: int, width: int) -> Bands:
    """For maps of `channels` in memory, `width` of them in a frame. Kept: a network asks for the same at each step."""
    OH, OW = (
        output_size(*axis) for axis in zip(size, filter, stride, dilation, pads[::2], pads[1::2], strict=True)
    )
    x = Axis(size[1], filter[1], stride[1], dilation[1], pads[2], OW)
    y = Axis(size[0], filter[0], stride[0], dilation[0], pads[0], OH)
    while y.outputs > 1 and _numbers(y, x, width) > NUMBERS:
        y = y._replace(outputs=-(-y.outputs // 2))
    inputs = y.outputs * y.stride
    count = max(-(-OH // y.outputs), -(-size[0] // inputs))
    top, height = y.span(inputs)
    left, across = x.span(size[1])
    x_frame = Frame(-y.before, y.reach(), -x.before, x.reach(), *size, inputs)
    dz_frame = Frame(top, height, left, across, OH, OW, y.outputs)
    last = OH % y.outputs or y.outputs, size[0] % inputs or inputs
    whole, ends = (y.outputs, inputs), [(y.outputs, inputs), last]
    x_map, dz_map = Map(np.empty(0), 1, x_frame.rows, x_frame.columns, width), Map(np.empty(0), 1, height, across, width)
    z_map, dx_map = Map(np.empty(0), 1, OH, OW, channels), Map(np.empty(0), 1, inputs, size[1], width)
    outputs, products, backs = [], [], []
    for rows, lines in ends:
        forwards = y._replace(outputs=rows).met(), x.met()
        outputs.append(_windows(forwards, (0, 0), x_map, (0, 0), z_map))
        products.append(_windows(forwards, (0, 0), x_map, (-top, -left), dz_map))
        backs.append(_windows((y.meeting(lines), x.meeting(size[1])), (top, left), dz_map, (0, 0), dx_map))
    return Bands(count, whole, x_frame, dz_frame, tuple(outputs), tuple(backs), tuple(products))


def _numbers(y: Axis, x: Axis, width: int) -> int:
    """In both frames of a band, and in the band's inputs."""
    inputs = y.outputs * y.stride
    outputs = y.span(inputs)[1] * x.span(x.size)[1]
    return (y.reach() * x.reach() + outputs + inputs * x.size) * width


def _windows(both: Sequence[Meetings], first: Pair, source: Map, places: Pair, target: Map) -> Windows:
    """Tables for pixels of a target that meet pixels of a source, which begins at `first`; `places` moves the former."""
    found, taps_of_row = [], both[1].at.shape[1]
    moved = [Meetings(each.at - begin, each.meets) for each, begin in zip(both, first, strict=True)]
    for one, other in pairs(groups(moved[0]), groups(moved[1])):
        filters = ((one.taps[:, None] * taps_of_row + other.taps) * source.channels).ravel()
        pixels = source.beginnings(one.begins, other.begins)
        at = target.beginnings(one.pixels + places[0], other.pixels + places[1])
        taps = source.steps(one.steps, other.steps)
        found.append(Windows(pixels, at, bounds([pixels]), taps, filters, bounds([taps])))
    return joined(found)


@jit
def inside(frame: Frame, band: int, row: int) -> tuple[int, int, int]:
    """Where one row of a band's frame lies in the map -> its number there, the first column, how many columns.

    No columns are inside if the row is not.
    """
    y = frame.top + band * frame.step + row
    first, end = max(frame.left, 0), min(frame.left + frame.columns, frame.width)
    return y, first, max(0, end - first) if 0 <= y < frame.height else 0


@jit
def fill(one: TileShape, x: Normalised, frame: Frame, image: int, band: int, channels: Pair, y: Scratch) -> None:
    """Read x for a band's frame: channels (begin, end) -> y, with zeros around the map."""
    for row in range(frame.rows):
        line, first, pixels = inside(frame, band, row)
        at = clear(frame, row, first, pixels, y)
        pixel = (image * frame.height + line) * frame.width + first
        read(one, x, Block(pixel, pixels, channels[0], channels[1]), y, at)


@jit
def fill_gradient(
    one: TileShape, d: Gradient, frame: Frame, image: int, band: int, channels: Pair, y: Scratch
) -> None:
    """Read dz for a band's frame: channels (begin, end) -> y, with zeros around the map."""
    for row in range(frame.rows):
        line, first, pixels = inside(frame, band, row)
        at = clear(frame, row, first, pixels, y)
        pixel = (image * frame.height + line) * frame.width + first
        read_gradient(one, d, Block(pixel, pixels, channels[0], channels[1]), y, at)


@jit
def clear(frame: Frame, row: int, first: int, pixels: int, y: Scratch) -> int:
    """Zeros in a row before and behind the columns that are inside -> where these begin in y."""
    start = row * frame.columns * y.pitch
    at = start + (first - frame.left) * y.pitch if pixels else start
    y.values[start:at] = 0
    y.values[at + pixels * y.pitch : start + frame.columns * y.pitch] = 0
    return at
