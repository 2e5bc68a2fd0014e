"""The matrix product of a program: sums over the window of each pixel, straight from and into one memory.

    y[pixel, n] = bias[n] + sum over the window's numbers k of x[pixel, k] * w[k, n]      (+ residual), clamped

    memory   all maps and all scratch of a program     weights   all of its packed weights
    K numbers of a window · N channels out             strip     columns of w that one tile covers

Nothing is looked up in a table: where a pixel lies follows from its number (`Pixels`), and which numbers it reads from
the shape of a window (`Window`). A pointwise layer, a standard convolution, and the expansion and projection of a
bottleneck differ in these alone.
"""

from typing import Any, NamedTuple

from numpy.typing import NDArray

from ..jit import inlined, jit
from .register_tile import add, apart, at_least, at_most, load, multiply_add, repeat, rows_at, store, zero
from .shapes import Rows, Shapes, TileShape, Widths

Array = NDArray[Any]


class Pixels(NamedTuple):
    """Pixel i begins at start + tables[table + i]."""

    start: int
    table: int


class Window(NamedTuple):
    """The numbers of a pixel's window: `runs` runs of `length` numbers side by side.

    Run i begins tables[table + i] behind the pixel's beginning.
    """

    runs: int
    table: int
    length: int


class Panels(NamedTuple):
    """Packed columns of a (depth, columns) matrix from `start` on, of which a product takes the rows from `first` on."""

    start: int
    depth: int
    first: int
    columns: int


class Ending(NamedTuple):
    """How sums begin and end. bias: where it lies, or NOTHING, or GO_ON from what the target holds.

    residual: its grid's start is NOTHING where there is none.
    """

    bias: int
    residual: Pixels
    low: float
    high: float


NOTHING = -1
GO_ON = -2


@jit
def product(
    shapes: Shapes, source: Pixels, window: Window, panels: Panels, target: Pixels, pixels: int, ending: Ending, arrays: Any
) -> None:
    """The sums of `pixels` pixels over their windows -> the target. arrays: memory, weights, tables."""
    apart(shapes.half_slides.single)
    if panels.columns % shapes.products.lanes == 0:
        strips(shapes.products, source, window, panels, target, pixels, ending, arrays)
    else:
        strips(shapes.half_products, source, window, panels, target, pixels, ending, arrays)


@inlined
def strips(
    widths: Widths, source: Pixels, window: Window, panels: Panels, target: Pixels, pixels: int, ending: Ending, arrays: Any
) -> None:
    """Strip by strip of the columns: as few as possible, as even as possible, the wide ones first."""
    vectors = panels.columns // widths.lanes
    tiles = -(-vectors // widths.widest)
    for i in range(tiles):
        n = (vectors // tiles * i + min(i, vectors % tiles)) * widths.lanes
        size = vectors // tiles + (i < vectors % tiles)
        if size == 1:
            strip(widths.one, source, window, panels, target, pixels, ending, arrays, n)
        elif size == 2:
            strip(widths.two, source, window, panels, target, pixels, ending, arrays, n)
        else:
            strip(widths.three, source, window, panels, target, pixels, ending, arrays, n)


@jit
def strip(
    rows: Rows, source: Pixels, window: Window, panels: Panels, target: Pixels, pixels: int, ending: Ending, arrays: Any, n: int
) -> None:
    """One strip's columns from n on, for all pixels: first tall tiles, then short ones, then row by row."""
    apart(rows.tall)
    height = rows.tall.rows
    tiles = -(-pixels // height)
    missing = tiles * height - pixels
    tall = tiles - missing if missing <= tiles else pixels // height
    short = tall * height + (missing * (height - 1) if missing <= tiles else 0)
    for first in range(0, tall * height, height):
        tile_of_sums(rows.tall, source, window, panels, target, ending, arrays, n, first)
    for first in range(tall * height, short, height - 1):
        tile_of_sums(rows.short, source, window, panels, target, ending, arrays, n, first)
    for first in range(short, pixels):
        tile_of_sums(rows.single, source, window, panels, target, ending, arrays, n, first)


@jit
def tile_of_sums(
    shape: TileShape,
    source: Pixels,
    window: Window,
    panels: Panels,
    target: Pixels,
    ending: Ending,
    arrays: Any,
    n: int,
    first: int,
) -> None:
    """The sums of the pixels from `first` on, for the columns of one strip -> one tile of the target."""
    memory, weights, tables = arrays
    places = rows_at(shape, tables, target.table + first)
    at = target.start + n
    if ending.bias >= 0:
        tile = repeat(shape, weights, ending.bias + n)
    elif ending.bias == GO_ON:
        tile = load(shape, memory, places, at)
    else:
        tile = zero(shape)
    rows = rows_at(shape, tables, source.table + first)
    w = panels.start + panels.depth * n + panels.first * shape.channels
    for run in range(window.runs):
        begin = source.start + tables[window.table + run]
        for k in range(begin, begin + window.length):
            tile = multiply_add(tile, memory, rows, k, weights, w)
            w += shape.channels
    residual = ending.residual
    if residual.start >= 0:
        there = rows_at(shape, tables, residual.table + first)
        tile = add(tile, memory, there, residual.start + n)
    store(at_most(at_least(tile, ending.low), ending.high), memory, places, at)
