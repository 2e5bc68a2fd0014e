"""The compiled part of a program: all operations in one table, and flat arrays for what they read.

    row      what the interpreter in `kernels/tiled/program.py` reads of one operation: sizes, and addresses in numbers
    arrays   memory (the arena), weights (packed), tables (offsets of pixels)
    chunks   of a row: pieces of work that threads claim
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..garbage import no_garbage_collection
from ..kernels import cache
from ..kernels.tiled.claims import Serials
from ..kernels.tiled.lowering import Lowered
from ..kernels.tiled.packing import CACHE_LINE, empty
from ..kernels.tiled.products import Arrays
from ..kernels.tiled.program import OPERATION, run
from ..kernels.tiled.shapes import program_shapes
from ..kernels.tiled.threads import run_together
from ..kernels.tiled.tile_types import COMPILES
from .matching import Operation
from .planning import Plan, up

Array = NDArray[Any]


def compiles() -> bool:
    """Whether there are fast kernels: not under NUMBA_DISABLE_JIT=1."""
    return bool(COMPILES)


def build() -> str:
    """For which processor, by which compiler and from which kernels a table was made: another's would be misread."""
    return " ".join((*cache.build(), cache.source_digest()))


def most_chunks(lowered: Sequence[Lowered | None]) -> int:
    """Of one row."""
    return max((int(row["chunks"]) for made in lowered if made for row in made.rows), default=0)


class FastStep:
    """Operations that follow each other, in one call of compiled code for each thread.

    Numba looks at the types of all arguments in each call, which takes longer than a small layer, and they are the same
    ones always: so the first call asks for the machine code of these types, and all calls go there directly.
    """

    def __init__(self, table: Array, chunks: Array) -> None:
        self.table, self.chunks = table, chunks
        self._compiled: Callable[..., None] | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return FastStep, (self.table, self.chunks)

    def run(self, arrays: Arrays, serials: Serials, threads: int) -> None:
        state, first = serials.begin(self.chunks.size)
        before, shapes = (self.table, arrays, self.chunks, state, first), program_shapes(arrays.memory.dtype)
        compiled = self._compiled = self._compiled or machine_code(*before, 0, shapes)
        run_together(threads, lambda thread: compiled(*before, thread, shapes), state)


def machine_code(*arguments: Any) -> Callable[..., None]:
    """The compiled `run` for arguments of these types, which are not looked at again."""
    dispatcher: Any = run
    with no_garbage_collection():  # a compiler makes millions of objects, and needs them all to the end
        found: Callable[..., None] = dispatcher.compile(tuple(map(dispatcher.typeof_pyval, arguments)))
    return found


class Packed(NamedTuple):
    """rows: for each operation, its slice of the table."""

    table: Array
    weights: Array
    tables: Array
    rows: tuple[slice, ...]

    def step(self, start: int, stop: int) -> FastStep:
        """The step made of these rows."""
        table = self.table[start:stop]
        return FastStep(table, np.ascontiguousarray(table["chunks"]))


class _Pieces:
    """Arrays that will lie one behind the other, each from a cache line on."""

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self.dtype, self.line = dtype, CACHE_LINE // dtype.itemsize
        self.pieces, self.size = list[tuple[int, Array]](), 0

    def add(self, piece: Array) -> int:
        """-> where it will lie."""
        start = self.size
        self.pieces.append((start, piece))
        self.size += up(piece.size, self.line)
        return start

    def together(self) -> Array:
        found = empty(self.size, self.dtype)
        for start, piece in self.pieces:
            stop = start + piece.size
            found[start:stop] = piece
            found[stop : up(stop, self.line)] = 0
        return found


def pack(
    operations: Sequence[Operation], lowered: Sequence[Lowered | None], plan: Plan, dtype: np.dtype[Any]
) -> Packed:
    """All fast operations as one table. lowered: for each operation, None for one that is not fast."""
    weights, tables = _Pieces(dtype), _Pieces(np.dtype(np.int64))
    filled: list[dict[str, Any]] = []
    rows = []
    for at, (operation, made) in enumerate(zip(operations, lowered, strict=True)):
        start = len(filled)
        if made is not None:
            addresses = _addresses(operation, plan, at)
            addresses["scratch_step"] = up(made.scratch, weights.line)
            addresses |= {column: weights.add(piece) for column, piece in made.weights.items()}
            addresses |= {column: tables.add(piece) for column, piece in made.tables.items()}
            filled.extend(row | addresses for row in made.rows)
        rows.append(slice(start, len(filled)))
    table = np.zeros(len(filled), OPERATION)
    for row, columns in zip(table, filled, strict=True):
        for column, number in columns.items():
            row[column] = number
    return Packed(table, weights.together(), tables.together(), tuple(rows))


def _addresses(operation: Operation, plan: Plan, at: int) -> dict[str, int]:
    """Column -> where in the arena. A sum's second term is its shortcut."""
    shortcut = operation.inputs[1] if operation.kind == "add" else operation.shortcut
    return {
        "x": plan.places[operation.inputs[0]].offset,
        "y": plan.places[operation.output].offset,
        "residual": -1 if shortcut is None else plan.places[shortcut].offset,
        "scratch": plan.scratch[at],
        "shared": plan.shared[at],
    }
