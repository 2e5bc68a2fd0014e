"""Matrix products within the cache: pixels that a thread has in its scratch, times weights packed for tiles.

    y[pixel, n] = sum over k of a[pixel, k] * w[k, n]            forward, and the input's gradient
    dw[k, n]    = sum over pixels of a[pixel, k] * d[pixel, n]   the filter's gradient

    K rows of a weight matrix · N columns, a multiple of the vector width

Columns are covered by strips of one, two or three vectors, as in a program (`products.py`).
"""

from typing import Any, NamedTuple

from numpy.typing import NDArray

from ..jit import inlined, inner
from .normalised import Scratch
from .products import strip_of
from .register_tile import apart, load, multiply_add, rows_of, store, zero
from .shapes import WIDEST, Tiles, TileShape, lanes
from .teamwork import Memory

Array = NDArray[Any]


class Panels(NamedTuple):
    """A (K, N) matrix: strips of columns, each stored row by row; and the weights that are to be packed so.

    source: w (K, N), or (N, K) if it is to be turned around.
    """

    source: Array
    turned: bool
    values: Array
    depth: int
    columns: int


def panels(w: Array, depth: int, columns: int, turned: bool, memory: Memory) -> Panels:
    """Room for w, with zeros up to (depth, columns), in memory to be given back: `pack_strip` fills it."""
    return Panels(w, turned, memory.take(depth * columns, w.dtype), depth, columns)


def strips(w: Panels) -> int:
    """How many strips there are, or one without columns."""
    vectors = w.columns // lanes(w.values.dtype)
    return max(1, -(-vectors // WIDEST))


@inner
def pack_strip(tiles: Tiles, w: Panels, i: int) -> None:
    """One strip of the weights, padded with zeros -> w.values."""
    if w.columns == 0:
        return
    N, lanes = w.source.shape[0 if w.turned else 1], tiles.one.lanes
    first, size = strip_of(w.columns // lanes, i)
    begin, end = first * lanes, (first + size) * lanes
    panel = w.values[begin * w.depth : end * w.depth].reshape(w.depth, end - begin)
    if w.source.size < w.depth * w.columns:
        panel[:] = 0
    if w.turned:
        transpose(w.source[begin : min(end, N)], panel)
    else:
        for k in range(w.source.shape[0]):
            copy(w.source[k][begin : min(end, N)], panel[k])


@inlined
def copy(source: Array, target: Array) -> None:
    """All numbers of the source -> target, which may be longer. Shapes: (n,), (m,)."""
    for i in range(source.size):
        target[i] = source[i]


@inner
def transpose(source: Array, target: Array) -> None:
    """The source turned around, a few columns at a time, which stay in cache: (N, K) -> target (K, .)."""
    for first in range(0, source.shape[1], 16):
        for i in range(source.shape[0]):
            row = source[i][first : first + 16]
            for j in range(row.size):
                target[first + j, i] = row[j]


@inner
def products(tiles: Tiles, a: Scratch, pixels: int, w: Panels, y: Scratch, first: int) -> None:
    """`y[first + p, n] = sum over k of a[p, k] * w[k, n]`. Shapes: a (pixels, K), w (K, N) -> y (.., N)."""
    lanes = tiles.one.lanes
    vectors = w.columns // lanes
    for i in range(-(-vectors // WIDEST)):
        n, size = strip_of(vectors, i)
        if size == 3:
            strip(tiles.three, a, pixels, w, y, first, n * lanes)
        elif size == 2:
            strip(tiles.two, a, pixels, w, y, first, n * lanes)
        else:
            strip(tiles.one, a, pixels, w, y, first, n * lanes)


@inner
def strip(shape: TileShape, a: Scratch, pixels: int, w: Panels, y: Scratch, first: int, n: int) -> None:
    """The columns of one strip, from n on: shapes as in `products` -> y."""
    apart(shape)
    for p in range(0, pixels, shape.rows):
        rows = rows_of(shape, p, pixels - 1, a.pitch)
        tile = zero(shape)
        at = n * w.depth
        for k in range(w.depth):
            tile = multiply_add(tile, a.values, rows, k, w.values, at)
            at += shape.channels
        store(tile, y.values, rows_of(shape, first + p, first + pixels - 1, y.pitch), n)


@inner
def outer_products(
    tiles: Tiles, a: Scratch, d: Scratch, pixels: int, dw: Array, size: tuple[int, int], go_on: bool
) -> None:
    """`dw[k, n] = sum over p of a[p, k] * d[p, n]`, added to what is there if it is to go on.

    Shapes: a (pixels, K), d (pixels, N), size (K, N) -> dw flat.
    """
    lanes = tiles.one.lanes
    vectors = size[1] // lanes
    for i in range(-(-vectors // WIDEST)):
        n, width = strip_of(vectors, i)
        if width == 3:
            outer_strip(tiles.three, a, d, pixels, dw, size, n * lanes, go_on)
        elif width == 2:
            outer_strip(tiles.two, a, d, pixels, dw, size, n * lanes, go_on)
        else:
            outer_strip(tiles.one, a, d, pixels, dw, size, n * lanes, go_on)


@inner
def outer_strip(
    shape: TileShape, a: Scratch, d: Scratch, pixels: int, dw: Array, size: tuple[int, int], n: int, go_on: bool
) -> None:
    """The columns of one strip, from n on: shapes as in `outer_products` -> dw."""
    apart(shape)
    for k in range(0, size[0], shape.rows):
        inputs, places = rows_of(shape, k, size[0] - 1, 1), rows_of(shape, k, size[0] - 1, size[1])
        tile = load(shape, dw, places, n) if go_on else zero(shape)
        for p in range(pixels):
            tile = multiply_add(tile, a.values, inputs, p * a.pitch, d.values, p * d.pitch + n)
        store(tile, dw, places, n)
