"""The depthwise filter of a program: it slides over a band of padded rows in scratch memory.

    y[oy, ox, m] = bias[m] + sum over ky, kx of x[oy*stride + ky*dilation, ox*stride + kx*dilation, m] * w[ky, kx, m]

clamped. The rows of x, with their borders of zeros, were put there by `block.py`; m runs over the channels of a slab.

A tile holds some neighbouring pixels of an output row, one vector of channels each. The filters of neighbours overlap:
of three taps, seven outputs meet nine inputs, and each of those is read once. Every row of outputs is covered by long
tiles and middling ones, the last of which lies partly over the one before; what both compute is equal.
"""

from typing import Any, NamedTuple

from ..jit import inlined, inner
from .products import Arrays
from .register_tile import apart, at_least, at_most, repeat, slide, store_row
from .shapes import Slides, TileShape


class Lines(NamedTuple):
    """One output row: where it begins, how far its pixels are apart; and the input under it.

    The line under the first tap begins at start + first; the next ones `pitch` further each, and behind the last of the
    lines that are held, `ring` numbers further, comes the first one again.
    """

    target: int
    apart: int
    width: int
    start: int
    first: int
    ring: int
    pitch: int
    step: int


class Filter(NamedTuple):
    """Taps, and where their weights lie: that of tap (ky, kx) for channel m at start + (ky*KW + kx)*channels + m."""

    height: int
    width: int
    stride: int
    dilation_y: int
    dilation_x: int
    start: int
    channels: int
    bias: int
    low: float
    high: float


@inner
def slide_row(slides: Slides, lines: Lines, filter: Filter, channels: int, arrays: Arrays) -> None:
    """One output row, all its `channels` channels. Shapes: as the tuples say -> memory."""
    apart(slides.single)
    if filter.height == 3 and filter.width == 3 and filter.dilation_x == 1 and filter.stride == 1:
        row_of_tiles(slides.long_1, slides.middling_1, slides.short, lines, filter, channels, arrays)
    elif filter.height == 3 and filter.width == 3 and filter.dilation_x == 1 and filter.stride == 2:
        row_of_tiles(slides.long_2, slides.middling_2, slides.short, lines, filter, channels, arrays)
    else:
        row_of_tiles(slides.long, slides.single, slides.single, lines, filter, channels, arrays)


@inlined
def row_of_tiles(
    long: TileShape,
    middling: TileShape,
    short: TileShape,
    lines: Lines,
    filter: Filter,
    channels: int,
    arrays: Arrays,
) -> None:
    """Long tiles, and a middling one if that is enough for the rest of the row -> memory."""
    width = lines.width
    rest = width % long.rows
    stop = width - rest if rest <= middling.rows else width
    if width < long.rows:
        stop = 0
    if stop > 0:
        pixels(long, lines, filter, channels, arrays, 0, stop)
    if stop < width and width >= middling.rows:
        pixels(middling, lines, filter, channels, arrays, min(stop, width - middling.rows), width)
    elif stop < width:
        pixels(short, lines, filter, channels, arrays, stop, width)


@inner
def pixels(
    shape: TileShape, lines: Lines, filter: Filter, channels: int, arrays: Arrays, first: int, stop: int
) -> None:
    """The output pixels from `first` to `stop`; the last tile may lie partly over the one before.

    Shapes: as slide_row.
    """
    apart(shape)
    ox, m = first, 0
    for _ in range(-(-(stop - first) // shape.rows) * (channels // shape.channels)):
        tile = repeat(shape, arrays.weights, filter.bias + m)
        x = lines.start + ox * filter.stride * lines.step + m
        tile = taps(shape, tile, lines, filter, arrays, x, filter.start + m)
        tile = at_most(at_least(tile, filter.low), filter.high)
        store_row(tile, arrays.memory, lines.target + ox * lines.apart + m, lines.apart)
        m += shape.channels
        if m >= channels:
            m = 0
            ox = min(ox + shape.rows, stop - shape.rows)


@inlined
def taps(shape: TileShape, tile: Any, lines: Lines, filter: Filter, arrays: Arrays, x: int, w: int) -> Any:
    """The filter's lines: three taps at once, if the shape knows of them and of the stride; else tap by tap.

    Shapes: as slide_row.
    """
    line, apart = lines.first, lines.step if shape.taps > 1 else lines.step * filter.stride
    for _ in range(filter.height):
        for kx in range(0, filter.width, shape.taps):
            tap = x + line + kx * filter.dilation_x * lines.step
            tile = slide(tile, arrays.memory, tap, apart, arrays.weights, w, filter.channels)
            w += shape.taps * filter.channels
        line = below(lines, filter, line)
    return tile


@inlined
def below(lines: Lines, filter: Filter, line: int) -> int:
    """A line -> the line under the next tap."""
    line += filter.dilation_y * lines.pitch
    return line - lines.ring if line >= lines.ring else line
