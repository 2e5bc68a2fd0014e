"""One operation of a program, run in memory that is poisoned everywhere, with canaries around each piece of it.

    x, residual   maps (B, H, W, M) of the operation    y   what it wrote, (B, OH, OW, N)
"""

import math

import numpy as np

from refnet.kernels.tiled.claims import Serials
from refnet.kernels.tiled.products import Arrays
from refnet.kernels.tiled.program import OPERATION, run
from refnet.kernels.tiled.shapes import program_channels, program_shapes
from refnet.kernels.tiled.threads import run_together

GUARD = 301  # numbers on each side of a piece; odd, so that no vector is aligned
POISON = np.nan


def flat(x, room):
    """x (..., M), with zeros behind its channels and poison behind those, up to `room`, in a row."""
    wide = np.full((*x.shape[:-1], room), POISON, x.dtype)
    wide[..., : program_channels(x.shape[-1], x.dtype)] = 0
    wide[..., : x.shape[-1]] = x
    return wide.ravel()


def laid_out(pieces, dtype, canary):
    """All pieces in one row, canaries between them -> memory, name -> where it begins, where canaries are."""
    memory = np.full(GUARD + sum(piece.size + GUARD for piece in pieces.values()), canary, dtype)
    around, places, at = np.ones(memory.size, bool), {}, GUARD
    for name, piece in pieces.items():
        memory[at : at + piece.size], around[at : at + piece.size] = piece, False
        places[name] = at
        at += piece.size + GUARD
    return memory, places, around


def table_of(lowered, *places):
    """The rows, with all addresses."""
    table = np.zeros(len(lowered.rows), OPERATION)
    table["residual"] = -1
    for row, columns in zip(table, lowered.rows, strict=True):
        for column, number in {**columns, **dict(item for each in places for item in each.items())}.items():
            if column in OPERATION.names:
                row[column] = number
    return table


def outcome(lowered, x, shape, residual=None, threads=1):
    """Run it -> y of this shape. Fails if more than y and scratch was written, or y's padded channels are not zero.

    Where y's pixels lie farther apart, nothing is written between them.
    """
    dtype, first = x.dtype, lowered.rows[0]
    columns = first.get("out_channels", first["channels"])
    room = first.get("out_step", columns)
    pieces = {"x": flat(x, first["channels"]), "y": np.full(math.prod(shape[:-1]) * room, POISON, dtype)}
    if residual is not None:
        pieces["residual"] = flat(residual, room)
    scratch = [f"scratch of {thread}" for thread in range(threads)]
    pieces |= dict.fromkeys(scratch, np.full(lowered.scratch, POISON, dtype))
    pieces["shared"] = np.full(lowered.shared, POISON, dtype)
    memory, places, around = laid_out(pieces, dtype, POISON)
    weights, weight_places, _ = laid_out(lowered.weights, dtype, POISON)
    tables, table_places, _ = laid_out(lowered.tables, np.int64, -GUARD // 2)
    places |= {"scratch": places[scratch[0]], "scratch_step": lowered.scratch + GUARD}
    table = table_of(lowered, places, weight_places, table_places)
    before = memory.copy(), weights.copy(), tables.copy(), table.copy()
    _run(table, Arrays(memory, weights, tables), threads)
    for name in pieces.keys() & {"x", "residual"}:
        around[places[name] :][: pieces[name].size] = True
    np.testing.assert_array_equal(memory[around], before[0][around], "written outside")
    for array, copy in zip((weights, tables, table), before[1:], strict=True):
        np.testing.assert_array_equal(array, copy, "a constant was written")
    y = memory[places["y"] :][: pieces["y"].size].reshape(*shape[:-1], room)
    np.testing.assert_array_equal(y[..., shape[-1] : columns], 0, "padded channels are zero")
    np.testing.assert_array_equal(y[..., columns:], POISON, "written behind the channels")
    return y[..., : shape[-1]].copy()


def _run(table, arrays, threads):
    chunks = np.ascontiguousarray(table["chunks"])
    assert chunks.min() >= 1
    state, serial = Serials().begin(chunks.size)
    shapes = program_shapes(arrays.memory.dtype)
    run_together(threads, lambda thread: run(table, arrays, chunks, state, serial, thread, shapes))
