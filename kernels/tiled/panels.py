"""Matrix products within the cache: pixels that a thread has in its scratch, times weights packed for tiles.

    y[pixel, n] = sum over k of a[pixel, k] * w[k, n]            forward, and the input's gradient
    dw[k, n]    = sum over pixels of a[pixel, k] * d[pixel, n]   the filter's gradient

    K rows of a weight matrix · N columns, a multiple of the vector width

Columns are covered by strips of one, two or three vectors, as in a program (`products.py`).
"""

import functools
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ..jit import inlined, inner, jit
from .normalised import Scratch
from .products import strip_of
from .register_tile import apart, load, multiply_add, store, zero
from .row_operations import rows_of
from .shapes import PRODUCT_ROWS, WIDEST, TileShape, lanes, vectors_here
from .teamwork import Memory

Array = NDArray[Any]


class Tiles(NamedTuple):
    """The shapes of a training step's tiles: for products, three vectors to a row, two or one.

    pixel: one vector, for what is done with a map as it lies in memory. Processors fetch ahead of a loop that reads one
    line after another: with four pixels at a time large maps took twice as long.
    """

    three: TileShape
    two: TileShape
    one: TileShape
    pixel: TileShape


class Panels(NamedTuple):
    """A (K, N) matrix: strips of columns, each stored row by row."""

    values: Array
    depth: int
    columns: int


@functools.cache
def tiles(dtype: DTypeLike) -> Tiles:
    """Those for this processor."""
    return Tiles(*shapes(np.dtype(dtype)))


@functools.cache
def shapes(dtype: DTypeLike) -> tuple[TileShape, TileShape, TileShape, TileShape]:
    """The shapes of all tiles one by one: a kernel that is called with tuples of them takes longer to begin."""
    rows, width, name = PRODUCT_ROWS[vectors_here().registers], lanes(dtype), np.dtype(dtype).name
    three, two, one = (TileShape(rows[vectors], vectors, width, name) for vectors in (3, 2, 1))
    return three, two, one, TileShape(1, 1, width, name)


def panels(w: Array, depth: int, columns: int, turned: bool, memory: Memory) -> Panels:
    """w (K, N), or w (N, K) turned around, with zeros up to (depth, columns), packed into memory to be given back."""
    values = memory.take(depth * columns, w.dtype)
    if w.shape != ((columns, depth) if turned else (depth, columns)):
        values[:] = 0
    fill_panels(w, turned, depth, columns, lanes(w.dtype), values)
    return Panels(values, depth, columns)


@jit
def fill_panels(w: Array, turned: bool, depth: int, columns: int, lanes: int, values: Array) -> None:
    """Put w (K, N), or w (N, K) turned around, into strips of vectors of so many lanes -> values."""
    N = w.shape[0] if turned else w.shape[1]
    vectors = columns // lanes
    for i in range(-(-vectors // WIDEST)):
        first, size = strip_of(vectors, i)
        begin, end = first * lanes, (first + size) * lanes
        panel = values[begin * depth : end * depth].reshape(depth, end - begin)
        if turned:
            transpose(w[begin : min(end, N)], panel)
        else:
            for k in range(w.shape[0]):
                copy(w[k][begin : min(end, N)], panel[k])


@inlined
def copy(source: Array, target: Array) -> None:
    """target[i] = source[i] for all of the source."""
    for i in range(source.size):
        target[i] = source[i]


@inner
def transpose(source: Array, target: Array) -> None:
    """target[j, i] = source[i, j] for all of the source; a few columns at a time stay in cache."""
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
