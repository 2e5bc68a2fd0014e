"""Matrix products within the cache: pixels that a thread has in its scratch, times weights packed for tiles.

    y[pixel, n] = sum over k of a[pixel, k] * w[k, n]            forward, and the input's gradient
    dw[k, n]    = sum over pixels of a[pixel, k] * d[pixel, n]   the filter's gradient

    K rows of a weight matrix · N columns, a multiple of the vector width

Two shapes of tile cover any N: wide ones of two vectors, and where one vector is left over, narrow ones.
"""

import functools
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ..jit import inner, jit
from .normalised import PixelTiles, Scratch
from .register_tile import apart, load, multiply_add, store, zero
from .row_operations import rows_of
from .shapes import MATRIX_ROWS, TileShape, lanes, vectors_here
from .teamwork import Memory

Array = NDArray[Any]


SOME_PIXELS = 4


class Tiles(NamedTuple):
    """The shapes of a training step's tiles: for products, two vectors to a row or one; for what is done by pixel."""

    wide: TileShape
    narrow: TileShape
    pixels: PixelTiles


class Panels(NamedTuple):
    """A (K, N) matrix: strips of columns as wide as a tile, each stored row by row."""

    values: Array
    depth: int
    columns: int


@functools.cache
def tiles(dtype: DTypeLike) -> Tiles:
    """Those for this processor."""
    wide, narrow, some, one = shapes(np.dtype(dtype))
    return Tiles(wide, narrow, PixelTiles(some, one))


@functools.cache
def shapes(dtype: DTypeLike) -> tuple[TileShape, TileShape, TileShape, TileShape]:
    """The shapes of all tiles one by one: a kernel that is called with tuples of them takes longer to begin."""
    rows, width, name = MATRIX_ROWS[vectors_here().registers], lanes(dtype), np.dtype(dtype).name
    sizes = ((rows[2], 2), (rows[1], 1), (SOME_PIXELS, 1), (1, 1))
    wide, narrow, some, one = (TileShape(height, vectors, width, name) for height, vectors in sizes)
    return wide, narrow, some, one


def panels(w: Array, depth: int, columns: int, turned: bool, memory: Memory) -> Panels:
    """w (K, N), or w (N, K) turned around, with zeros up to (depth, columns), packed into memory to be given back."""
    wide = tiles(w.dtype).wide.channels
    values = memory.take(depth * columns, w.dtype)
    if w.shape != ((columns, depth) if turned else (depth, columns)):
        values[:] = 0
    fill_panels(w, turned, depth, columns, wide, values)
    return Panels(values, depth, columns)


@jit
def fill_panels(w: Array, turned: bool, depth: int, columns: int, wide: int, values: Array) -> None:
    """Put w (K, N), or w (N, K) turned around, into panels of so many columns -> values."""
    K, N = w.shape[::-1] if turned else w.shape
    for begin in range(0, min(columns, N), wide):
        strip, width = begin * depth, min(wide, columns - begin)
        present = min(wide, N - begin)
        if turned:
            for n in range(present):
                for k in range(K):
                    values[strip + k * width + n] = w[begin + n, k]
        else:
            for k in range(K):
                for n in range(present):
                    values[strip + k * width + n] = w[k, begin + n]


@jit
def products(tiles: Tiles, a: Scratch, pixels: int, w: Panels, y: Scratch, first: int) -> None:
    """`y[first + p, n] = sum over k of a[p, k] * w[k, n]`. Shapes: a (pixels, K), w (K, N) -> y (.., N)."""
    edge = w.columns // tiles.wide.channels * tiles.wide.channels
    for n in range(0, edge, tiles.wide.channels):
        strip(tiles.wide, a, pixels, w, y, first, n)
    if edge < w.columns:
        strip(tiles.narrow, a, pixels, w, y, first, edge)


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


@jit
def outer_products(
    tiles: Tiles, a: Scratch, d: Scratch, pixels: int, dw: Array, size: tuple[int, int], go_on: bool
) -> None:
    """`dw[k, n] = sum over p of a[p, k] * d[p, n]`, added to what is there if it is to go on.

    Shapes: a (pixels, K), d (pixels, N), size (K, N) -> dw flat.
    """
    edge = size[1] // tiles.wide.channels * tiles.wide.channels
    outer_strips(tiles.wide, a, d, pixels, dw, size, (0, edge), go_on)
    if edge < size[1]:
        outer_strips(tiles.narrow, a, d, pixels, dw, size, (edge, size[1]), go_on)


@inner
def outer_strips(
    shape: TileShape,
    a: Scratch,
    d: Scratch,
    pixels: int,
    dw: Array,
    size: tuple[int, int],
    columns: tuple[int, int],
    go_on: bool,
) -> None:
    """The columns from columns[0] to columns[1]: shapes as in `outer_products` -> dw."""
    apart(shape)
    for k in range(0, size[0], shape.rows):
        inputs = rows_of(shape, k, size[0] - 1, 1)
        places = rows_of(shape, k, size[0] - 1, size[1])
        for n in range(columns[0], columns[1], shape.channels):
            tile = load(shape, dw, places, n) if go_on else zero(shape)
            for p in range(pixels):
                tile = multiply_add(tile, a.values, inputs, p * a.pitch, d.values, p * d.pitch + n)
            store(tile, dw, places, n)
