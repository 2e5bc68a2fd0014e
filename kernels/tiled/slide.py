"""The depthwise filter of a program: it slides over a band of padded rows in scratch memory.

    y[oy, ox, m] = bias[m] + sum over ky, kx of x[oy*stride + ky*dilation, ox*stride + kx*dilation, m] * w[ky, kx, m]

clamped. The rows of x, with their borders of zeros, were put there by `block.py`; m runs over the channels of a slab.

A tile holds some neighbouring pixels of an output row, one vector of channels each. The filters of neighbours overlap:
of three taps, seven outputs meet nine inputs, and each of those is read once. Every row of outputs is covered by long
tiles and middling ones, the last of which lies partly over the one before; what both compute is equal.
"""

from typing import Any, NamedTuple

from numpy.typing import NDArray

from ..jit import inlined, jit
from .register_tile import apart, at_least, at_most, repeat, slide, store_row
from .shapes import Slides, TileShape

Array = NDArray[Any]


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


@jit
def slide_row(slides: Slides, lines: Lines, filter: Filter, channels: int, arrays: Any) -> None:
    """One output row, all its `channels` channels. Shapes: arrays are memory, weights, tables, all flat -> memory."""
    apart(slides.single)
    nine = filter.height == 3 and filter.width == 3 and filter.dilation_x == 1 and filter.stride <= 2
    long, middling = slides.long.rows, slides.middling_1.rows
    ox = 0
    while ox < lines.width:
        if lines.width >= long and lines.width - ox != middling:
            ox = min(ox, lines.width - long)
            if not nine:
                any_taps(slides.long, lines, filter, channels, arrays, ox)
            elif filter.stride == 1:
                nine_taps(slides.long_1, lines, filter, channels, arrays, ox)
            else:
                nine_taps(slides.long_2, lines, filter, channels, arrays, ox)
            ox += long
        elif lines.width >= middling and nine:
            ox = min(ox, lines.width - middling)
            if filter.stride == 1:
                nine_taps(slides.middling_1, lines, filter, channels, arrays, ox)
            else:
                nine_taps(slides.middling_2, lines, filter, channels, arrays, ox)
            ox += middling
        else:
            if nine:
                nine_taps(slides.short, lines, filter, channels, arrays, ox)
            else:
                any_taps(slides.single, lines, filter, channels, arrays, ox)
            ox += 1


@jit
def nine_taps(shape: TileShape, lines: Lines, filter: Filter, channels: int, arrays: Any, ox: int) -> None:
    """The output pixels from ox on, under a 3x3 filter: one tile after another along the channels.

    Shapes: as slide_row.
    """
    apart(shape)
    memory, weights, _ = arrays
    step, next, x = lines.step, filter.channels, lines.start + ox * filter.stride * lines.step
    first = x + lines.first
    second = x + below(lines, filter, lines.first)
    third = x + below(lines, filter, below(lines, filter, lines.first))
    target = lines.target + ox * lines.apart
    for m in range(0, channels, shape.channels):
        w = filter.start + m
        tile = repeat(shape, weights, filter.bias + m)
        tile = slide(tile, memory, first + m, step, weights, w, next)
        tile = slide(tile, memory, second + m, step, weights, w + 3 * next, next)
        tile = slide(tile, memory, third + m, step, weights, w + 6 * next, next)
        store_row(at_most(at_least(tile, filter.low), filter.high), memory, target + m, lines.apart)


@jit
def any_taps(shape: TileShape, lines: Lines, filter: Filter, channels: int, arrays: Any, ox: int) -> None:
    """The same for a filter of any size, stride and dilation: tap by tap, so the shape's taps and stride are 1.

    Shapes: as slide_row.
    """
    apart(shape)
    memory, weights, _ = arrays
    step, target = lines.step * filter.stride, lines.target + ox * lines.apart
    for m in range(0, channels, shape.channels):
        tile = repeat(shape, weights, filter.bias + m)
        line, w = lines.first, filter.start + m
        for _ in range(filter.height):
            x = lines.start + line + ox * step + m
            for _ in range(filter.width):
                tile = slide(tile, memory, x, step, weights, w, 0)
                x += filter.dilation_x * lines.step
                w += filter.channels
            line = below(lines, filter, line)
        store_row(at_most(at_least(tile, filter.low), filter.high), memory, target + m, lines.apart)


@inlined
def below(lines: Lines, filter: Filter, line: int) -> int:
    """The line under the next tap."""
    line += filter.dilation_y * lines.pitch
    return line - lines.ring if line >= lines.ring else line
