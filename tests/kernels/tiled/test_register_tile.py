"""Each operation of the register tile against one line of NumPy, in the middle of memory that must stay as it is.

    x, w numbers    rows, places offsets of a tile's rows in x and y    n, k further offsets
"""

import math
import re
import types
from dataclasses import replace

import numba
import numpy as np
import pytest
from numba.core.errors import TypingError

from refnet.kernels.jit import jit
from refnet.kernels.tiled import register_tile
from refnet.kernels.tiled.instructions import pointer
from refnet.kernels.tiled.register_tile import (
    add,
    add_row,
    apart,
    at_least,
    at_most,
    fetch,
    load,
    load_row,
    multiply_add,
    multiply_add_evenly,
    multiply_add_lanes,
    repeat,
    rows_at,
    rows_from,
    rows_of,
    rows_up_to,
    slide,
    store,
    store_row,
    zero,
)
from refnet.kernels.tiled.shapes import TileShape, lanes, matrix_strips

pytestmark = pytest.mark.jit

CANARY = -1e30
SHAPES = (matrix_strips(1000, np.float32)[0].shape, TileShape(3, 1, lanes(np.float64), "float64"))
shapes = pytest.mark.parametrize("shape", SHAPES, ids=str)
HALVED = tuple(replace(shape, halved=True) for shape in SHAPES)  # of an even and of an odd number of rows
shapes_and_halved = pytest.mark.parametrize("shape", SHAPES + HALVED, ids=str)


@jit
def zeroed(shape, y, places):
    store(zero(shape), y, rows_from(shape, places, 0), 0)


@jit
def loaded(shape, x, rows, n, y, places, m):
    store(load(shape, x, rows_from(shape, rows, 0), n), y, rows_from(shape, places, 0), m)


@jit
def multiplied(shape, x, rows, k, w, n, y, places):
    where = rows_from(shape, places, 0)
    tile = multiply_add(load(shape, y, where, 0), x, rows_from(shape, rows, 0), k, w, n)
    store(tile, y, where, 0)


@jit
def multiplied_evenly(shape, x, first, step, w, n, y, places):
    where = rows_from(shape, places, 0)
    store(multiply_add_evenly(load(shape, y, where, 0), x, first, step, w, n), y, where, 0)


@jit
def multiplied_lanes(shape, x, rows, k, w, n, y, places):
    where = rows_from(shape, places, 0)
    tile = multiply_add_lanes(load(shape, y, where, 0), x, rows_from(shape, rows, 0), k, w, n)
    store(tile, y, where, 0)


@jit
def added(shape, x, rows, n, y, places):
    where = rows_from(shape, places, 0)
    store(add(load(shape, y, where, 0), x, rows_from(shape, rows, 0), n), y, where, 0)


@jit
def clamped(shape, low, high, y, places):
    where = rows_from(shape, places, 0)
    store(at_most(at_least(load(shape, y, where, 0), low), high), y, where, 0)


@jit
def gathered(shape, table, first, x, y, places):
    store(load(shape, x, rows_from(shape, table, first), 0), y, rows_from(shape, places, 0), 0)


@jit
def gathered_at(shape, table, first, x, y, places):
    store(load(shape, x, rows_at(shape, table, first), 0), y, rows_from(shape, places, 0), 0)


@jit
def gathered_up_to(shape, table, first, last, x, y, places):
    store(load(shape, x, rows_up_to(shape, table, first, last), 0), y, rows_from(shape, places, 0), 0)


@jit
def gathered_of(shape, first, last, step, x, y, places):
    store(load(shape, x, rows_of(shape, first, last, step), 0), y, rows_from(shape, places, 0), 0)


@jit
def repeated(shape, x, n, y, places):
    store(repeat(shape, x, n), y, rows_from(shape, places, 0), 0)


@jit
def slid(shape, x, first, step, left, right, w, n, next, y, places):
    where = rows_from(shape, places, 0)
    store(slide(load(shape, y, where, 0), x, first, step, left, right, w, n, next), y, where, 0)


@jit
def loaded_from_a_row(shape, x, first, step, y, places):
    store(load_row(shape, x, first, step), y, rows_from(shape, places, 0), 0)


@jit
def added_from_a_row(shape, x, first, step, y, places):
    where = rows_from(shape, places, 0)
    store(add_row(load(shape, y, where, 0), x, first, step), y, where, 0)


@jit
def fetched(shape, x, n):
    fetch(shape, x, n)


@jit
def stored_in_a_row(shape, x, rows, y, first, step):
    store_row(load(shape, x, rows_from(shape, rows, 0), 0), y, first, step)


@jit
def doubled(shape, x):
    apart(shape)
    return 2 * x


@jit
def doubled_twice(shape, x):
    return doubled(shape, doubled(shape, x))


@jit
def numbers_of(shape):
    return shape.rows, shape.vectors, shape.lanes, shape.channels


class Memory:
    """Numbers to read, and a tile between canaries; its rows lie in no order, at odd addresses."""

    def __init__(self, shape, integers=False):
        rng = np.random.default_rng(7)
        self.shape, step = shape, shape.channels + 3
        self.there = shape.channels - (shape.lanes // 2 if shape.halved else 0)  # of a row's numbers, in memory
        self.rows = 1 + step * rng.permutation(shape.rows)
        self.places = 5 + step * rng.permutation(shape.rows)
        size = 16 + step * (shape.rows + 2)
        draw = rng.integers(-4, 5, (3, size)) if integers else rng.standard_normal((3, size))
        self.x, self.w, self.y = draw.astype(shape.dtype)
        self.before = self.tile(self.y, self.places)
        self.y[self.outside()] = CANARY

    def tile(self, array, rows, n=0):
        """A copy of the numbers of a tile, (rows, channels)."""
        return np.array([array[row + n : row + n + self.shape.channels] for row in rows])

    def outside(self):
        """Where the tile is not."""
        found = np.ones(self.y.size, bool)
        for place in self.places:
            found[place : place + self.there] = False
        return found

    def check(self, wanted):
        """The target holds the wanted tile, bit for bit, and nothing else has changed."""
        expected = np.full_like(self.y, CANARY)
        for place, row in zip(self.places, np.broadcast_to(wanted, self.before.shape), strict=True):
            expected[place : place + self.there] = row[: self.there]
        np.testing.assert_array_equal(self.y, expected)


@shapes_and_halved
def test_zero(shape):
    memory = Memory(shape)
    zeroed(shape, memory.y, memory.places)
    memory.check(0)


@shapes_and_halved
def test_load_and_store(shape):
    memory = Memory(shape)
    memory.y[:] = CANARY
    memory.places -= 2
    loaded(shape, memory.x, memory.rows, 3, memory.y, memory.places, 2)
    memory.places += 2
    memory.check(memory.tile(memory.x, memory.rows, 3))


@shapes_and_halved
def test_multiply_add(shape):
    memory = Memory(shape, integers=True)
    multiplied(shape, memory.x, memory.rows, 2, memory.w, 1, memory.y, memory.places)
    products = memory.x[memory.rows + 2][:, None] * memory.w[1 : 1 + shape.channels]
    memory.check(memory.before + products)


@shapes_and_halved
def test_multiply_add_evenly(shape):
    memory = Memory(shape, integers=True)
    multiplied_evenly(shape, memory.x, 2, 3, memory.w, 1, memory.y, memory.places)
    products = memory.x[2 + 3 * np.arange(shape.rows)][:, None] * memory.w[1 : 1 + shape.channels]
    memory.check(memory.before + products)


@shapes
def test_multiply_add_lanes(shape):
    memory = Memory(shape, integers=True)
    multiplied_lanes(shape, memory.x, memory.rows, 2, memory.w, 1, memory.y, memory.places)
    products = memory.tile(memory.x, memory.rows, 2) * memory.w[1 : 1 + shape.channels]
    memory.check(memory.before + products)


@shapes_and_halved
def test_add(shape):
    memory = Memory(shape)
    added(shape, memory.x, memory.rows, 3, memory.y, memory.places)
    memory.check(memory.before + memory.tile(memory.x, memory.rows, 3))


@shapes_and_halved
@pytest.mark.parametrize(("low", "high"), [(0, 6), (0, math.inf), (-1.5, -1.25)])
def test_at_least_and_at_most(shape, low, high):
    memory = Memory(shape)
    edges = [np.nan, np.inf, -np.inf, -1.5, -1.25, 0, 6, np.nextafter(6, 7), 3]
    for i, place in enumerate(memory.places):
        memory.y[place : place + 2] = np.resize(edges, 20)[i : i + 2]
    wanted = np.clip(memory.tile(memory.y, memory.places), low, high)
    assert np.isnan(wanted).any(), "NaN goes through"
    clamped(shape, low, high, memory.y, memory.places)
    memory.check(wanted)


@shapes
@pytest.mark.parametrize("first", [0, 1, 4])
def test_rows_past_the_end_of_a_table_are_the_last(shape, first):
    memory, table = Memory(shape), np.array([7, 2, 9, 4, 0])
    gathered(shape, table, first, memory.x, memory.y, memory.places)
    memory.check(memory.tile(memory.x, [table[min(first + r, 4)] for r in range(shape.rows)]))


@shapes
@pytest.mark.parametrize("first", [0, 2])
def test_rows_at(shape, first):
    memory = Memory(shape)
    table = np.random.default_rng(3).permutation(shape.rows + 2)
    gathered_at(shape, table, first, memory.x, memory.y, memory.places)
    memory.check(memory.tile(memory.x, table[first : first + shape.rows]))


@shapes
@pytest.mark.parametrize("last", [0, 2, 30])
def test_rows_up_to(shape, last):
    memory = Memory(shape)
    table = np.random.default_rng(3).permutation(40)
    gathered_up_to(shape, table, 1, last, memory.x, memory.y, memory.places)
    memory.check(memory.tile(memory.x, [table[min(1 + r, last)] for r in range(shape.rows)]))


@shapes
@pytest.mark.parametrize(("first", "last"), [(0, 20), (1, 2), (2, 1)])
def test_rows_of(shape, first, last):
    memory = Memory(shape)
    gathered_of(shape, first, last, 3, memory.x, memory.y, memory.places)
    memory.check(memory.tile(memory.x, [3 * min(first + r, last) for r in range(shape.rows)]))


@shapes_and_halved
def test_repeat(shape):
    memory = Memory(shape)
    repeated(shape, memory.x, 3, memory.y, memory.places)
    memory.check(memory.x[3 : 3 + shape.channels])


@shapes
@pytest.mark.parametrize("outside", [False, True])
@pytest.mark.parametrize(("stride", "taps"), [(1, 1), (1, 3), (2, 3), (3, 2)])
def test_slide(shape, stride, taps, outside):
    shape = replace(shape, stride=stride, taps=taps)
    memory, step, next = Memory(shape), shape.channels + 1, shape.channels + 2
    x, w = np.random.default_rng(8).integers(-4, 5, (2, 2000)).astype(shape.dtype)
    memory.y[memory.y != CANARY] = 3
    last = (shape.rows - 1) * stride + taps - 1
    places = 2 + step * np.arange(last + 1)
    if outside:  # the first pixel and the last one lie elsewhere
        places[[0, -1]] = 1900, 1800
    slid(shape, x, 2, step, places[0], places[-1], w, 5, next, memory.y, memory.places)

    def pixel(r, t):
        return x[places[r * stride + t] :][: shape.channels]

    weights = [w[5 + t * next :][: shape.channels] for t in range(taps)]
    memory.check([3 + sum(pixel(r, t) * weights[t] for t in range(taps)) for r in range(shape.rows)])


@shapes_and_halved
def test_load_row_and_add_row(shape):
    step = shape.channels + 3
    for operation, already in ((loaded_from_a_row, 0), (added_from_a_row, 1)):
        memory = Memory(shape)
        operation(shape, memory.x, 7, step, memory.y, memory.places)
        memory.check(already * memory.before + memory.tile(memory.x, 7 + step * np.arange(shape.rows)))


@shapes_and_halved
def test_store_row(shape):
    memory, step = Memory(shape), shape.channels + 3
    memory.y[:] = CANARY
    stored_in_a_row(shape, memory.x, memory.rows, memory.y, 4, step)
    memory.places = 4 + step * np.arange(shape.rows)
    memory.check(memory.tile(memory.x, memory.rows))


@shapes
@pytest.mark.parametrize("n", [0, 5, 1 << 40, -(1 << 40)])
def test_what_is_asked_for_need_not_exist(shape, n):
    memory = Memory(shape)
    before = memory.x.copy()
    fetched(shape, memory.x, n)
    np.testing.assert_array_equal(memory.x, before)


def test_a_kernel_apart_computes_the_same_and_is_called(tmp_path, monkeypatch):
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    assert doubled_twice(SHAPES[0], 3) == 12
    (llvm,) = doubled_twice.inspect_llvm().values()
    assert "noinline" in llvm


@shapes
def test_a_kernel_reads_a_shapes_numbers(shape):
    assert numbers_of(shape) == (shape.rows, shape.vectors, shape.lanes, shape.channels)


@pytest.mark.parametrize("lanes", [2, 16])
def test_lanes_need_not_be_this_processors(lanes):
    shape = TileShape(2, 2, lanes, "float32")
    memory = Memory(shape, integers=True)
    multiplied(shape, memory.x, memory.rows, 2, memory.w, 1, memory.y, memory.places)
    products = memory.x[memory.rows + 2][:, None] * memory.w[1 : 1 + shape.channels]
    memory.check(memory.before + products)


@jit
def loaded_from_pointers(shape, x, rows, n, y, places):
    tile = load(shape, pointer(x), rows_at(shape, pointer(rows), 0), n)
    store(tile, pointer(y), rows_at(shape, pointer(places), 0), 0)


@jit
def reversed_through_pointers(x, y):
    source, target = pointer(x), pointer(y)
    for i in range(x.size):
        target[x.size - 1 - i] = source[i]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_pointer_does_for_an_array(shape):
    memory = Memory(shape)
    loaded_from_pointers(shape, memory.x, memory.rows, 3, memory.y, memory.places)
    memory.check(memory.x[memory.rows[:, None] + 3 + np.arange(shape.channels)])


def test_a_pointer_is_indexed():
    x, y = np.arange(5.0), np.zeros(5)
    reversed_through_pointers(x, y)
    assert y.tolist() == [4, 3, 2, 1, 0]


@pytest.mark.parametrize("x", [np.zeros((2, 2)), np.zeros(4)[::2]], ids=["two axes", "gaps"])
def test_a_pointer_to_no_flat_array_is_refused(x):
    with pytest.raises(TypingError, match="pointer: wanted a flat and contiguous array"):
        reversed_through_pointers(x, x)


SHAPE = TileShape(2, 1, 4, "float32")
ROWS, X = np.zeros(2, np.int64), np.zeros(16, np.float32)
CONSTANT = np.zeros(16, np.float32)
CONSTANT.setflags(write=False)


@jit
def mixed(shape, other, x, rows):
    store(zero(shape), x, rows_from(other, rows, 0), 0)


WRONG = {
    "another dtype": (loaded, (SHAPE, np.zeros(16), ROWS, 0, X, ROWS, 0), "wanted an array of float32, .* for x"),
    "two axes": (loaded, (SHAPE, X.reshape(4, 4), ROWS, 0, X, ROWS, 0), "flat and contiguous for x"),
    "gaps": (loaded, (SHAPE, X[::2], ROWS, 0, X, ROWS, 0), "flat and contiguous for x"),
    "a constant target": (loaded, (SHAPE, X, ROWS, 0, CONSTANT, ROWS, 0), "store: .* for y"),
    "a float as offset": (loaded, (SHAPE, X, ROWS, 0.5, X, ROWS, 0), "load: wanted an integer for n"),
    "a pointer to another dtype": (loaded_from_pointers, (SHAPE, np.zeros(16), ROWS, 0, X, ROWS), "float32, .* for x"),
    "offsets of 32 bits": (loaded, (SHAPE, X, ROWS.astype(np.int32), 0, X, ROWS, 0), "for table"),
    "a number for a shape": (loaded, (3, X, ROWS, 0, X, ROWS, 0), "wanted .*ShapeType.* for shape"),
    "another shape's rows": (mixed, (SHAPE, TileShape(3, 1, 4, "float32"), X, ROWS), "RowsType.* for rows"),
}


@pytest.mark.parametrize("mistake", WRONG)
def test_a_wrong_argument_is_named(mistake):
    function, arguments, message = WRONG[mistake]
    with pytest.raises(TypingError, match=message):
        function(*arguments)


def compiled_anew(kernel, tmp_path, monkeypatch):
    """The same kernel, which no cache holds."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    return jit(types.FunctionType(kernel.py_func.__code__, kernel.py_func.__globals__))


def test_llvm_is_told_to_ask_ahead(tmp_path, monkeypatch):
    fresh, shape, memory = compiled_anew(fetched, tmp_path, monkeypatch), SHAPES[0], Memory(SHAPES[0])
    fresh(shape, memory.x, 5)
    (llvm,) = fresh.inspect_llvm().values()
    assert "llvm.prefetch" in llvm


def test_llvm_is_told_to_multiply_and_add_at_once_and_keeps_the_tile_in_registers(tmp_path, monkeypatch):
    """Seen in what LLVM made of a kernel; Numba shows that of fresh code alone, not of what it read from a cache."""
    fresh, shape, memory = compiled_anew(multiplied, tmp_path, monkeypatch), SHAPES[0], Memory(SHAPES[0])
    fresh(shape, memory.x, memory.rows, 2, memory.w, 1, memory.y, memory.places)
    (llvm,) = fresh.inspect_llvm().values()
    assert f"llvm.fmuladd.v{shape.lanes}f32" in llvm
    assert f"alloca [{shape.rows * shape.vectors} x <" not in llvm


@pytest.mark.skipif(lanes(np.float32) != 16, reason="instructions of AVX-512")
def test_the_addresses_of_rows_that_lie_evenly_are_not_read_from_the_stack(tmp_path, monkeypatch):
    """Twelve rows, which would want as many registers. Seen in the loop with the most products."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))

    def summed(shape, x, first, step, depth, w, y):
        tile = zero(shape)
        for k in range(depth):
            tile = multiply_add_evenly(tile, x, first + k, step, w, k * shape.channels)
        store_row(tile, y, 0, shape.channels)

    compiled, numbers = jit(summed), np.ones(999, np.float32)
    compiled(TileShape(12, 1, 16, "float32"), numbers, 0, 30, 4, numbers.copy(), numbers.copy())
    (assembly,) = compiled.inspect_asm().values()
    loop = max(re.split(r"\n(?=\.LBB)", assembly), key=lambda block: block.count("vfmadd"))
    assert loop.count("vfmadd") >= 12
    assert loop.count("rsp)") < 6  # a counter may lie there


def test_every_operation_is_tested_here():
    kind = type(zero)
    operations = {name for name, each in vars(register_tile).items() if isinstance(each, kind)}
    assert len(operations) == 20
    assert operations <= globals().keys()
