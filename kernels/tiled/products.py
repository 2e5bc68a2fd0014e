"""The matrix product of a program: sums over the window of each pixel, straight from and into one memory.

    y[pixel, n] = bias[n] + sum over the window's numbers k of x[pixel, k] * w[k, n]      (+ residual), clamped

    memory   all maps and all scratch of a program     weights   all of its packed weights
    tables   offsets: of pixels, and of the runs of a window
    K numbers of a window · N channels out             strip     columns of w that one tile covers

A pointwise layer, a standard convolution, and the expansion and projection of a bottleneck differ only in where their
pixels lie, and in what a window is. Sums are in the dtype of the arrays, and go on in the order of the window.
"""

from typing import Any, NamedTuple

from numpy.typing import NDArray

from ..jit import inlined, inner
from .register_tile import (
    add,
    apart,
    at_least,
    at_most,
    fetch,
    load,
    multiply_add,
    multiply_add_evenly,
    repeat,
    rows_at,
    rows_of,
    rows_up_to,
    store,
    zero,
)
from .shapes import FEW, WIDEST, Rows, Shapes, TileShape, Widths
from .shapes import strip_of as strip_in_python

Array = NDArray[Any]


class Arrays(NamedTuple):
    """All that a program works with, flat: its memory, its packed weights, its tables of offsets (int64).

    Below `program.run`, pointers to them.
    """

    memory: Array
    weights: Array
    tables: Array


class Pixels(NamedTuple):
    """Pixel i begins at start + tables[table + i]."""

    start: int
    table: int


class Spaced(NamedTuple):
    """Pixel i begins at start + i*step."""

    start: int
    step: int


class Window(NamedTuple):
    """The numbers of a pixel's window: `runs` runs of `length` numbers side by side.

    Run i begins tables[table + i] behind the pixel's beginning.
    """

    runs: int
    table: int
    length: int


class Panels(NamedTuple):
    """Packed columns of a (depth, columns) matrix from `start` on; a product takes the rows from `first` on."""

    start: int
    depth: int
    first: int
    columns: int


class Ending(NamedTuple):
    """How sums begin and end. bias: where it lies, or NOTHING, or GO_ON from what the target holds.

    residual: added at the end, unless its start is NOTHING. Then no sum is less than low, or more than high.
    """

    bias: int
    residual: Pixels
    low: float
    high: float


class Soon(NamedTuple):
    """What will be read next: the numbers from start to stop, more or less. Meanwhile they come into the cache."""

    start: int
    stop: int


class Product(NamedTuple):
    """One matrix product: the windows of `pixels` pixels of the source times the panels -> the target."""

    source: Spaced
    window: Window
    panels: Panels
    target: Pixels
    pixels: int
    ending: Ending
    soon: Soon


NOTHING = -1
GO_ON = -2
NOTHING_SOON = Soon(0, 0)  # one line, asked for again and again, takes less time than to ask whether to ask

strip_of = inlined(strip_in_python)


@inlined
def share(total: int, parts: int, part: int) -> tuple[int, int]:
    """A part of a whole -> where it begins and ends: parts are as even as whole numbers can be."""
    return total * part // parts, total * (part + 1) // parts


@inner
def product(shapes: Shapes, p: Product, arrays: Arrays) -> None:
    """The sums of all pixels over their windows. Shapes: as the tuples say -> arrays.memory."""
    apart(shapes.half_slides.single)
    lanes = shapes.products.lanes
    vectors = -(-p.panels.columns // lanes)
    count = -(-vectors // WIDEST)
    for i in range(count):
        first, size = strip_of(vectors, i)
        if i < count - 1 or p.panels.columns % lanes == 0:
            strip_of_width(shapes.products, size, p, arrays, first * lanes, i)
        else:
            strip_of_width(shapes.halved, size, p, arrays, first * lanes, i)


@inlined
def strip_of_width(widths: Widths, size: int, p: Product, arrays: Arrays, n: int, i: int) -> None:
    """Strip i, of `size` vectors from column n on -> memory."""
    if size == 1:
        strip(widths.one, p, arrays, n, i)
    elif size == 2:
        strip(widths.two, p, arrays, n, i)
    else:
        strip(widths.three, p, arrays, n, i)


@inner
def strip(rows: Rows, p: Product, arrays: Arrays, n: int, i: int) -> None:
    """One strip's columns from n on, for all pixels: first tall tiles, then short ones, then very short ones.

    Shapes: as product.
    """
    apart(rows.tall)
    height = rows.tall.rows
    tiles = -(-p.pixels // height)
    missing = tiles * height - p.pixels
    exact = rows.short.rows < height and missing <= tiles
    tall = (tiles - missing if exact else p.pixels // height) * height
    short = p.pixels if exact else tall
    for first in range(0, tall, height):
        tile_of_sums(rows.tall, p, arrays, n, first, i)
    for first in range(tall, short, rows.short.rows):
        tile_of_sums(rows.short, p, arrays, n, first, i)
    for first in range(short, p.pixels, rows.few.rows):
        tile_of_sums(rows.few, p, arrays, n, first, i)


@inlined
def tile_of_sums(shape: TileShape, p: Product, arrays: Arrays, n: int, first: int, i: int) -> None:
    """The sums of the pixels from `first` on, for the columns of strip i. Shapes: as the tuples say -> memory.

    At each step of the sums of a wide tile, about one cache line more of what is read soon is asked for. The processor
    sees by itself what a loop will read if it reads one line after another. A filter that does all pixels of a band
    before the next channels does not, and with maps in memory it waited for each line.
    """
    memory, weights, tables = arrays
    at = p.target.start + n
    if p.ending.bias >= 0:
        tile = repeat(shape, weights, p.ending.bias + n)
    elif p.ending.bias == GO_ON:
        tile = load(shape, memory, pixels_from(shape, tables, p.target.table, first, p.pixels), at)
    else:
        tile = zero(shape)
    x, w = p.source.start + first * p.source.step, p.panels.start + p.panels.depth * n + p.panels.first * shape.channels
    rows = rows_of(shape, 0, p.pixels - 1 - first, p.source.step)
    steps = (i * p.pixels + first) // shape.rows * p.window.runs * p.window.length
    soon, ahead = min(p.soon.start + steps * shape.line, p.soon.stop), min(shape.line, p.soon.stop - p.soon.start)
    for run in range(p.window.runs):
        begin = x + tables[p.window.table + run]
        for k in range(begin, begin + p.window.length):
            if shape.rows > FEW:
                tile = multiply_add_evenly(tile, memory, k, p.source.step, weights, w)
            else:
                tile = multiply_add(tile, memory, rows, k, weights, w)
            w += shape.channels
            if shape.vectors > 1 and shape.rows > FEW:  # a narrow tile reads so much that there is no room for more
                fetch(shape, memory, soon)
                soon += ahead
    if p.ending.residual.start >= 0:
        there = pixels_from(shape, tables, p.ending.residual.table, first, p.pixels)
        tile = add(tile, memory, there, p.ending.residual.start + n)
    places = pixels_from(shape, tables, p.target.table, first, p.pixels)
    store(at_most(at_least(tile, p.ending.low), p.ending.high), memory, places, at)


@inlined
def pixels_from(shape: TileShape, tables: Array, table: int, first: int, pixels: int) -> Any:
    """Where a tile's pixels lie, from `first` on: one offset for each of shape.rows.

    Those of a very short one end with the last pixel, which it may hold several times: it reads all before it stores
    all, and equal sums. Shapes: tables flat, int64.
    """
    if shape.rows > FEW:
        return rows_at(shape, tables, table + first)
    return rows_up_to(shape, tables, table + first, table + pixels - 1)
