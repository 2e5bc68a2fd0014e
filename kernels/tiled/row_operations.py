"""Operations on tiles that a training step needs besides those of `register_tile.py`: one pixel's channels at a time.

    tile    r is the row (a pixel), v the vector, and `n + v` short for the `lanes` numbers from `n + v*lanes` on

A loop over channels in plain Python becomes vector code only if the compiler can prove that no two of its arrays
overlap; with seven arrays it gives up without a word, and the loop takes eight times as long. Written with these
operations it is vector code because it says so.
"""

from typing import Any

from .instructions import Array, Code, Rows, Tile, operation
from .tile_types import RowsType, TileType


@operation(RowsType)
def row(code: Code, shape: Any, first: Any) -> Rows:
    """rows[r] = first"""
    return [first] * code.shape.rows


@operation(TileType)
def scale_shift(code: Code, tile: Tile, w: Array, b: Array, n: Any) -> Tile:
    """tile[r,v] = tile[r,v] * w[n + v] + b[n + v]"""
    scales, shifts = code.vectors(w, n), code.vectors(b, n)
    return [[code.multiply_add(*each) for each in zip(row, scales, shifts, strict=True)] for row in tile]


@operation(TileType)
def where_between(code: Code, tile: Tile, b: Array, x: Array, rows: Rows, n: Any) -> Tile:
    """tile[r,v] = 0 if tile[r,v] <= b[0] or tile[r,v] >= b[1] else x[rows[r] + n + v]; where it is NaN, x passes"""
    low, high = (code.everywhere(code.number(b, code.constant(i))) for i in range(2))
    nothing = code.nothing()

    def kept(value: Any, number: Any) -> Any:
        outside = (code.builder.fcmp_ordered("<=", value, low), code.builder.fcmp_ordered(">=", value, high))
        return code.builder.select(code.builder.or_(*outside), nothing, number)

    return [
        [kept(*each) for each in zip(row, code.vectors(x, start, n), strict=True)]
        for start, row in zip(rows, tile, strict=True)
    ]


@operation(TileType)
def minus(code: Code, tile: Tile, b: Array, n: Any) -> Tile:
    """tile[r,v] -= b[n + v]"""
    vectors = code.vectors(b, n)
    return [[code.builder.fsub(*each) for each in zip(row, vectors, strict=True)] for row in tile]


@operation(TileType)
def plus(code: Code, tile: Tile, term: Tile) -> Tile:
    """tile[r,v] += term[r,v]"""
    return code.sum(tile, term)


@operation(TileType)
def times_plus(code: Code, tile: Tile, factor: Tile, term: Tile) -> Tile:
    """tile[r,v] = tile[r,v] * factor[r,v] + term[r,v]"""
    rows = zip(tile, factor, term, strict=True)
    return [[code.multiply_add(*each) for each in zip(*row, strict=True)] for row in rows]
