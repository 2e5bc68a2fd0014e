"""Which part of a map a thread has in its scratch while a depthwise filter slides over it, with the padding around it.

    band    R rows of outputs, and the R * stride rows of inputs in the same place
    frame   rows and columns of a map that a band meets; what lies outside of the map is zeros
    H, W rows and columns of the input · OH, OW of the output · C channels in memory, of which a frame has some

    x frame    the inputs that the band's outputs meet            tables: OUTPUTS, PRODUCTS
    dz frame   the band's outputs, and those that its inputs meet tables: INPUTS, PRODUCTS

All bands but the last have the same tables (`taps.py`), as each begins a whole number of strides after the one before.
"""

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..geometry import output_size
from ..jit import inner
from .meetings import Meetings, backwards, forward, groups, pairs
from .normalised import Block, Gradient, Normalised, Scratch, read, read_gradient
from .packing import Map
from .shapes import TileShape
from .taps import Windows, bounds, joined

Array = NDArray[Any]
Pair = tuple[int, int]
Pads = tuple[int, int, int, int]

NUMBERS = 1 << 16  # of all frames of a thread: half of a small second-level cache
LEAST_ROWS = 2  # of a band's outputs


OUTPUTS, INPUTS, PRODUCTS, LAST = 0, 1, 2, 3  # tables of a band, see `table`


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
    """How a map is walked: so many bands, rows of outputs and inputs in each, channels in a frame.

    tables: six sets of them, in one array, as a kernel with 36 arrays takes long to compile (`table` takes one out).
    """

    bands: int
    rows: Pair
    width: int
    x: Frame
    dz: Frame
    tables: Array


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


@functools.lru_cache(maxsize=128)
def walk_over(size: Pair, filter: Pair, stride: Pair, dilation: Pair, pads: Pads, channels: int, lanes: int) -> Bands:
    """For maps of so many channels in memory. Kept, as a network asks for the same at each step."""
    OH, OW = (
        output_size(*axis) for axis in zip(size, filter, stride, dilation, pads[::2], pads[1::2], strict=True)
    )
    y, x = (
        Axis(*axis) for axis in zip(size, filter, stride, dilation, pads[::2], (OH, OW), strict=True)
    )
    y, width = _fitted(y, x, channels, lanes)
    inputs = y.outputs * y.stride
    count = max(-(-OH // y.outputs), -(-size[0] // inputs))
    (top, height), (left, across) = y.span(inputs), x.span(size[1])
    x_frame = Frame(-y.before, y.reach(), -x.before, x.reach(), *size, inputs)
    dz_frame = Frame(top, height, left, across, OH, OW, y.outputs)
    x_map, dz_map = _map(x_frame.rows, x_frame.columns, width), _map(height, across, width)
    z_map, dx_map = _map(OH, OW, channels), _map(inputs, size[1], width)
    tables: list[Windows] = []
    for rows, lines in ((y.outputs, inputs), (OH % y.outputs or y.outputs, size[0] % inputs or inputs)):
        met, meeting = (y._replace(outputs=rows).met(), x.met()), (y.meeting(lines), x.meeting(size[1]))
        outputs = _windows(met, (0, 0), x_map, (0, 0), z_map)
        products = _windows(met, (0, 0), x_map, (-top, -left), dz_map)
        tables += [outputs, _windows(meeting, (top, left), dz_map, (0, 0), dx_map), products]
    return Bands(count, (y.outputs, inputs), width, x_frame, dz_frame, _bound(tables))


def _bound(tables: Sequence[Windows]) -> Array:
    """All arrays of the tables in a row; before them, where each begins."""
    arrays = [array for windows in tables for array in windows]
    begins = len(arrays) + 1 + np.cumsum([0, *(array.size for array in arrays)])
    return np.concatenate([begins, *arrays])


@inner
def table(bands: Bands, which: int) -> Windows:
    """One set of tables -> which: OUTPUTS, INPUTS or PRODUCTS for a whole band; LAST added to it, for the last band."""
    tables, at = bands.tables, 6 * which
    return Windows(
        tables[tables[at] : tables[at + 1]],
        tables[tables[at + 1] : tables[at + 2]],
        tables[tables[at + 2] : tables[at + 3]],
        tables[tables[at + 3] : tables[at + 4]],
        tables[tables[at + 4] : tables[at + 5]],
        tables[tables[at + 5] : tables[at + 6]],
    )


def _fitted(y: Axis, x: Axis, channels: int, lanes: int) -> tuple[Axis, int]:
    """As many channels, and then as many rows of outputs, as let a band's frames fit into the cache.

    A pixel's channels are best read all at once, side by side: so a map is cut into bands before it is cut into strips
    of channels, unless bands get so low that neighbours meet the same rows again and again.
    """
    vectors = channels // lanes
    widths = [lanes * size for size in range(vectors, 0, -1) if vectors % size == 0]
    heights = [height for height in range(y.outputs, 0, -1) if height == -(-y.outputs // -(-y.outputs // height))]
    for width in widths:
        for height in heights:
            if height < min(LEAST_ROWS, y.outputs):
                break
            band = y._replace(outputs=height)
            if _numbers(band, x, width) <= NUMBERS:
                return band, width
    return y._replace(outputs=1), widths[-1]


def _map(height: int, width: int, channels: int) -> Map:
    """A map's size alone."""
    return Map(np.empty(0), 1, height, width, channels)


def _numbers(y: Axis, x: Axis, width: int) -> int:
    """In both frames of a band, and in the band's inputs."""
    inputs = y.outputs * y.stride
    outputs = y.span(inputs)[1] * x.span(x.size)[1]
    return (y.reach() * x.reach() + outputs + inputs * x.size) * width


def _windows(both: Sequence[Meetings], first: Pair, source: Map, places: Pair, target: Map) -> Windows:
    """Tables for pixels of a target that meet those of a source, which begins at `first`; `places` moves the former."""
    found, taps_of_row = [], both[1].at.shape[1]
    moved = [Meetings(each.at - begin, each.meets) for each, begin in zip(both, first, strict=True)]
    for one, other in pairs(groups(moved[0]), groups(moved[1])):
        filters = ((one.taps[:, None] * taps_of_row + other.taps) * source.channels).ravel()
        pixels = source.beginnings(one.begins, other.begins)
        at = target.beginnings(one.pixels + places[0], other.pixels + places[1])
        taps = source.steps(one.steps, other.steps)
        found.append(Windows(pixels, at, bounds([pixels]), taps, filters, bounds([taps])))
    return joined(found)


@inner
def inside(frame: Frame, band: int, row: int) -> tuple[int, int, int]:
    """Where one row of a band's frame lies in the map -> its number there, the first column, how many columns.

    No columns are inside if the row is not.
    """
    y = frame.top + band * frame.step + row
    first, end = max(frame.left, 0), min(frame.left + frame.columns, frame.width)
    return y, first, max(0, end - first) if 0 <= y < frame.height else 0


@inner
def fill(shape: TileShape, x: Normalised, frame: Frame, image: int, band: int, channels: Pair, y: Scratch) -> None:
    """Read x for a band's frame: channels (begin, end) -> y, with zeros around the map."""
    for row in range(frame.rows):
        line, first, pixels = inside(frame, band, row)
        at = clear(frame, row, first, pixels, y)
        pixel = (image * frame.height + line) * frame.width + first
        read(shape, x, Block(pixel, pixels, channels[0], channels[1]), y, at)


@inner
def fill_gradient(
    shape: TileShape, d: Gradient, frame: Frame, image: int, band: int, channels: Pair, y: Scratch
) -> None:
    """Read dz for a band's frame: channels (begin, end) -> y, with zeros around the map."""
    for row in range(frame.rows):
        line, first, pixels = inside(frame, band, row)
        at = clear(frame, row, first, pixels, y)
        pixel = (image * frame.height + line) * frame.width + first
        read_gradient(shape, d, Block(pixel, pixels, channels[0], channels[1]), y, at)


@inner
def clear(frame: Frame, row: int, first: int, pixels: int, y: Scratch) -> int:
    """Zeros in a row before and behind the columns that are inside -> where these begin in y."""
    start = row * frame.columns * y.pitch
    at = start + (first - frame.left) * y.pitch if pixels else start
    y.values[start:at] = 0
    y.values[at + pixels * y.pitch : start + frame.columns * y.pitch] = 0
    return at
