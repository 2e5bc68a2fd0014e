"""The depthwise filter of a program: it slides over a band of padded rows in scratch memory.

    y[oy, ox, m] = bias[m] + sum over ky, kx of x[oy*stride + ky*dilation, ox*stride + kx*dilation, m] * w[ky, kx, m]

clamped. The rows of x, with their borders of zeros, were put there by `filling.py`; or they are those of the map, and
what lies outside of it is left out. m runs over the channels of a slab.

A tile holds some neighbouring pixels of an output row, one vector of channels each. The filters of neighbours overlap:
of three taps, seven outputs meet nine inputs, and each of those is read once. Every row of outputs is covered by long
tiles and middling ones, the last of which lies partly over the one before; what both compute is equal.

One vector of channels is done for all pixels of the band before the next: so the weights, and all that is known of
where pixels lie, stay where they are. The other way round, channels inside, took half as long again.
"""

from typing import Any, NamedTuple

from ..jit import inlined, inner
from .products import Arrays
from .register_tile import apart, at_least, at_most, repeat, slide, store_row
from .shapes import Slides, TileShape


class Goal(NamedTuple):
    """The output rows of a band: where they begin, how far rows and pixels are apart, how many there are of each."""

    start: int
    row: int
    apart: int
    rows: int
    width: int


class Columns(NamedTuple):
    """The pixels of an output row from `first` to `stop`."""

    first: int
    stop: int


class Lines(NamedTuple):
    """The input under a band.

    The line under the first tap of the first row begins at start + first, and is line `top` of `height`; the next ones
    lie `pitch` further each, and behind the last of the lines that are held, `ring` numbers further, comes the first
    one again. Of each, `inputs` pixels are there, `step` apart; the first window begins `left` pixels before them.
    What is not there is zeros: a line is left out, a pixel is read from `zeros`. Of a window of three taps, one pixel
    may be missing on each side; of others none.
    """

    start: int
    first: int
    ring: int
    pitch: int
    step: int
    top: int
    height: int
    left: int
    inputs: int
    zeros: int


ENDLESS = 1 << 60


class Filter(NamedTuple):
    """Taps, and where their weights lie: that of tap (ky, kx) for channel m at start + (ky*KW + kx)*channels + m."""

    height: int
    width: int
    stride_y: int
    stride_x: int
    dilation_y: int
    dilation_x: int
    start: int
    channels: int
    bias: int
    low: float
    high: float


@inner
def slide_over(slides: Slides, goal: Goal, lines: Lines, filter: Filter, channels: int, arrays: Arrays) -> None:
    """All output rows of a band, their first `channels` channels. Shapes: as the tuples say -> memory."""
    apart(slides.single)
    if filter.height == 3 and filter.width == 3 and filter.dilation_x == 1 and filter.stride_x == 1:
        rows_of_tiles(slides.long_1, slides.middling_1, slides.short, goal, lines, filter, channels, arrays)
    elif filter.height == 3 and filter.width == 3 and filter.dilation_x == 1 and filter.stride_x == 2:
        rows_of_tiles(slides.long_2, slides.middling_2, slides.short, goal, lines, filter, channels, arrays)
    else:
        rows_of_tiles(slides.long, slides.single, slides.single, goal, lines, filter, channels, arrays)


@inlined
def rows_of_tiles(
    long: TileShape,
    middling: TileShape,
    short: TileShape,
    goal: Goal,
    lines: Lines,
    filter: Filter,
    channels: int,
    arrays: Arrays,
) -> None:
    """Long tiles, and a middling one if that is enough for the rest of a row -> memory."""
    width = goal.width
    rest = width % long.rows
    stop = width - rest if rest <= middling.rows else width
    if width < long.rows:
        stop = 0
    if stop > 0:
        columns(long, goal, lines, filter, channels, arrays, Columns(0, stop))
    if stop < width and width >= middling.rows:
        columns(middling, goal, lines, filter, channels, arrays, Columns(min(stop, width - middling.rows), width))
    elif stop < width:
        columns(short, goal, lines, filter, channels, arrays, Columns(stop, width))


@inner
def columns(
    shape: TileShape, goal: Goal, lines: Lines, filter: Filter, channels: int, arrays: Arrays, span: Columns
) -> None:
    """Some output pixels of all rows; a row's last tile may lie partly over the one before.

    Shapes: as slide_over.
    """
    apart(shape)
    for m in range(0, channels, shape.channels):
        line, iy = lines.first, lines.top
        for i in range(goal.rows):
            target = goal.start + i * goal.row + m
            for begin in range(span.first, span.stop, shape.rows):
                ox = min(begin, span.stop - shape.rows)
                tile = repeat(shape, arrays.weights, filter.bias + m)
                tile = taps(shape, tile, lines, filter, arrays, ox, line, iy, m)
                tile = at_most(at_least(tile, filter.low), filter.high)
                store_row(tile, arrays.memory, target + ox * goal.apart, goal.apart)
            line, iy = below(lines, filter.stride_y, line), iy + filter.stride_y


@inlined
def taps(
    shape: TileShape, tile: Any, lines: Lines, filter: Filter, arrays: Arrays, ox: int, line: int, iy: int, m: int
) -> Any:
    """The filter's lines, the first of which is `line`: three taps at once, if the shape knows of them and of the
    stride; else tap by tap.

    Shapes: as slide_over.
    """
    # The compiler writes loops of known length out, and takes all sums of offsets out of the loop over pixels.
    height, width = (shape.taps, shape.taps) if shape.taps > 1 else (filter.height, filter.width)
    apart = lines.step if shape.taps > 1 else lines.step * filter.stride_x
    ix, w = ox * filter.stride_x - lines.left, filter.start + m
    last = (shape.rows - 1) * shape.stride + shape.taps - 1
    for ky in range(height):
        if 0 <= iy + ky * filter.dilation_y < lines.height:
            for kx in range(0, width, shape.taps):
                x = lines.start + m + line + (ix + kx * filter.dilation_x) * lines.step
                left = lines.zeros if shape.taps > 1 and ix < 0 else x
                right = lines.zeros if shape.taps > 1 and ix + last >= lines.inputs else x + last * apart
                n = w + (ky * width + kx) * filter.channels
                tile = slide(tile, arrays.memory, x, apart, left, right, arrays.weights, n, filter.channels)
        line = below(lines, filter.dilation_y, line)
    return tile


@inlined
def below(lines: Lines, count: int, line: int) -> int:
    """A line -> the one so many lines below it, if so many are held."""
    line += count * lines.pitch
    return line - lines.ring if line >= lines.ring else line
