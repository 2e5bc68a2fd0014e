"""The register tile: a small matrix of sums that lives in the processor's vector registers, and the operations on it.

Why a tile
    A core can start two vector multiply-adds per cycle, each of which takes some four cycles, on registers that hold
    4, 8 or 16 float32. To keep it busy, a loop needs about ten sums that do not wait for each other, and for each
    multiply-add much less than one number from memory. A tile of `rows` x `vectors` registers has both. One step of
    a matrix product reads `rows` scalars and `vectors` vectors, and multiplies each with each:

                          w[n]      w[n + lanes]
        x[rows[0] + k]    tile[0,0]  tile[0,1]         tile[r,v] += x[rows[r] + k] * w[n + v*lanes]
        x[rows[1] + k]    tile[1,0]  tile[1,1]
        ...               ...

    A 6 x 2 tile reads 8 times for 12 multiply-adds. All of it must fit: 12 registers of sums, 2 for w, 1 for the
    scalar are 15 of the 16 that AVX2 has; a larger tile would be spilled to memory. `shapes.py` holds the best shapes.

How Numba learns what a tile is stands in `tile_types.py`, how an operation is written in `instructions.py`.

Three kinds of values
    shape    how large a tile is: rows, vectors, lanes, dtype. Known to the compiler, so that it costs nothing at run
             time and every tile size is machine code of its own; a kernel reads shape.rows and shape.channels
    rows     one offset for each row of a tile, taken from a table: where a row finds its numbers, or puts them. Past
             the end of the table of `rows_from` its last entry is repeated: no code for the rest of a division
    tile     the sums

    All arrays are flat and contiguous, indices count numbers, vectors need no alignment, and nothing is checked.
    Of a halved shape, a row ends with half a vector. One register holds those of two rows, and is multiplied with
    half a vector of weights, twice, times the numbers of both rows. What lies behind such a half is not touched.

The operations stand below, each with its formula: r is the row, v the vector, and `n + v` short for the `lanes` numbers
from `n + v*lanes` on. Under NUMBA_DISABLE_JIT=1 there are none of them, and the plain kernels run.
"""

from typing import Any

from numba import types

from .instructions import Array, Code, Rows, Tile, operation
from .tile_types import RowsType, TileType


@operation(TileType)
def zero(code: Code, shape: Any) -> Tile:
    """Sums of nothing yet."""
    return [[code.nothing()] * width for width in code.shape.widths]


@operation(RowsType)
def rows_from(code: Code, shape: Any, table: Array, first: Any) -> Rows:
    """rows[r] = table[min(first + r, last)], where `last` is the table's end"""
    return [code.number(table, i) for i in code.up_to(first, code.add(table.nitems, code.constant(-1)))]


@operation(RowsType)
def rows_up_to(code: Code, shape: Any, table: Array, first: Any, last: Any) -> Rows:
    """rows[r] = table[min(first + r, last)]"""
    return [code.number(table, i) for i in code.up_to(first, last)]


@operation(types.none)
def fetch(code: Code, shape: Any, x: Array, n: Any) -> None:
    """Nothing but this: the cache line of x[n], which will be read before long, is on its way; n may be anything"""
    code.fetch(x, n)


@operation(types.none)
def apart(code: Code, shape: Any) -> None:
    """Nothing at run time: the kernel that says this stays out of its callers, whose numbers need registers."""
    code.builder.function.attributes.add("noinline")


@operation(RowsType)
def rows_at(code: Code, shape: Any, table: Array, first: Any) -> Rows:
    """rows[r] = table[first + r]"""
    return [code.number(table, first, code.constant(r)) for r in range(code.shape.rows)]


@operation(RowsType)
def rows_of(code: Code, shape: Any, first: Any, last: Any, step: Any) -> Rows:
    """rows[r] = min(first + r, last) * step"""
    return [code.builder.mul(i, step) for i in code.up_to(first, last)]


@operation(TileType)
def repeat(code: Code, shape: Any, b: Array, n: Any) -> Tile:
    """tile[r,v] = b[n + v]"""
    vectors = code.weights(b, n)
    return [vectors[:width] for width in code.shape.widths]


@operation(TileType)
def slide(
    code: Code, tile: Tile, x: Array, first: Any, step: Any, left: Any, right: Any, w: Array, n: Any, next: Any
) -> Tile:
    """tile[r,v] += sum over taps t of x[pixel(r*stride + t) + v] * w[n + t*next + v]

    pixel(p) = first + p*step, but that of the first one is `left`, and that of the last one `right`: they may lie
    elsewhere, outside of a map. A pixel is read once for all the rows and taps that meet it.
    """
    taps, stride = code.shape.taps, code.shape.stride
    last = (len(tile) - 1) * stride + taps - 1
    ends = {last: right, 0: left}
    weights = [code.vectors(w, n, code.builder.mul(next, code.constant(t))) for t in range(taps)]
    sums = [list(row) for row in tile]
    for pixel, place in enumerate(code.evenly(x, first, step, last + 1)):
        meetings = [(t, r) for t in range(taps) for r in range(len(tile)) if r * stride + t == pixel]
        if meetings:
            numbers = code.vectors(x, ends[pixel]) if pixel in ends else code.vectors(place)
        for t, r in meetings:
            sums[r] = [code.multiply_add(*each) for each in zip(numbers, weights[t], sums[r], strict=True)]
    return sums


@operation(TileType)
def load(code: Code, shape: Any, x: Array, rows: Rows, n: Any) -> Tile:
    """tile[r,v] = x[rows[r] + n + v]"""
    return code.read_map([code.at(x, row, n) for row in rows])


@operation(TileType)
def load_row(code: Code, shape: Any, x: Array, first: Any, step: Any) -> Tile:
    """tile[r,v] = x[first + r*step + v]"""
    return code.read_map(code.evenly(x, first, step, code.shape.rows))


@operation(TileType)
def multiply_add(code: Code, tile: Tile, x: Array, rows: Rows, k: Any, w: Array, n: Any) -> Tile:
    """tile[r,v] += x[rows[r] + k] * w[n + v]"""
    return code.products(tile, [code.number(x, row, k) for row in rows], code.weights(w, n))


@operation(TileType)
def multiply_add_evenly(code: Code, tile: Tile, x: Array, first: Any, step: Any, w: Array, n: Any) -> Tile:
    """tile[r,v] += x[first + r*step] * w[n + v]"""
    return code.products(tile, map(code.number, code.evenly(x, first, step, len(tile))), code.weights(w, n))


@operation(TileType)
def multiply_add_lanes(code: Code, tile: Tile, x: Array, rows: Rows, k: Any, w: Array, n: Any) -> Tile:
    """tile[r,v] += x[rows[r] + k + v] * w[n + v]"""
    vectors = code.vectors(w, n)
    return [
        [code.multiply_add(*each) for each in zip(code.vectors(x, start, k), vectors, row, strict=True)]
        for start, row in zip(rows, tile, strict=True)
    ]


@operation(TileType)
def add(code: Code, tile: Tile, x: Array, rows: Rows, n: Any) -> Tile:
    """tile[r,v] += x[rows[r] + n + v]"""
    return code.sum(tile, code.read_map([code.at(x, row, n) for row in rows]))


@operation(TileType)
def add_row(code: Code, tile: Tile, x: Array, first: Any, step: Any) -> Tile:
    """tile[r,v] += x[first + r*step + v]"""
    return code.sum(tile, code.read_map(code.evenly(x, first, step, len(tile))))


@operation(TileType)
def at_least(code: Code, tile: Tile, limit: Any) -> Tile:
    """tile[r,v] = max(tile[r,v], limit); NaN stays NaN"""
    return code.unless("<", tile, limit)


@operation(TileType)
def at_most(code: Code, tile: Tile, limit: Any) -> Tile:
    """tile[r,v] = min(tile[r,v], limit); NaN stays NaN"""
    return code.unless(">", tile, limit)


@operation(types.none)
def store(code: Code, tile: Tile, y: Array, rows: Rows, n: Any) -> None:
    """y[rows[r] + n + v] = tile[r,v]"""
    code.write_map(tile, [code.at(y, row, n) for row in rows])


@operation(types.none)
def store_row(code: Code, tile: Tile, y: Array, first: Any, step: Any) -> None:
    """y[first + r*step + v] = tile[r,v]"""
    code.write_map(tile, code.evenly(y, first, step, len(tile)))
