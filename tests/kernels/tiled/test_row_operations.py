"""Each operation that training adds to the register tile, against one line of NumPy.

    a, b, c    numbers (3, rows, channels), of which a tile is loaded    n    an offset into numbers per channel
"""

import numpy as np
import pytest

from refnet.kernels.jit import jit
from refnet.kernels.tiled import row_operations
from refnet.kernels.tiled.register_tile import load, load_row, rows_of, store_row
from refnet.kernels.tiled.row_operations import minus, plus, row, scale_shift, times_plus, where_between
from refnet.kernels.tiled.shapes import TileShape, lanes

pytestmark = pytest.mark.jit

SHAPES = (TileShape(3, 2, lanes(np.float32), "float32"), TileShape(1, 1, lanes(np.float64), "float64"))
shapes = pytest.mark.parametrize("shape", SHAPES, ids=str)


@jit
def from_one_row(shape, x, first, y):
    store_row(load(shape, x, row(shape, first), 0), y, 0, shape.channels)


@jit
def scaled(shape, x, w, b, n, y):
    store_row(scale_shift(load_row(shape, x, 0, shape.channels), w, b, n), y, 0, shape.channels)


@jit
def chosen(shape, x, limits, other, y):
    tile = load_row(shape, x, 0, shape.channels)
    store_row(where_between(tile, limits, other, rows_of(shape, 0, 9, shape.channels), 0), y, 0, shape.channels)


@jit
def reduced(shape, x, b, n, y):
    store_row(minus(load_row(shape, x, 0, shape.channels), b, n), y, 0, shape.channels)


@jit
def added(shape, x, other, y):
    step = shape.channels
    store_row(plus(load_row(shape, x, 0, step), load_row(shape, other, 0, step)), y, 0, step)


@jit
def multiplied(shape, x, other, third, y):
    step = shape.channels
    tiles = load_row(shape, other, 0, step), load_row(shape, third, 0, step)
    store_row(times_plus(load_row(shape, x, 0, step), *tiles), y, 0, step)


def numbers(shape, count=4):
    """Small integers, so that a sum of products is exact, whether it is rounded once or twice."""
    drawn = np.random.default_rng(5).integers(-4, 5, (count, 4 * shape.rows, shape.channels))
    return drawn.astype(shape.dtype)


def outcome(function, shape, *arguments):
    y = np.full(shape.rows * shape.channels, 77, shape.dtype)
    function(shape, *(each.ravel() if isinstance(each, np.ndarray) else each for each in arguments), y)
    return y.reshape(shape.rows, shape.channels)


@shapes
def test_row(shape):
    (x,) = numbers(shape, 1)
    wanted = np.broadcast_to(x.ravel()[5 : 5 + shape.channels], (shape.rows, shape.channels))
    np.testing.assert_array_equal(outcome(from_one_row, shape, x, 5), wanted)


@shapes
def test_scale_shift(shape):
    x, w, b, _ = numbers(shape)
    per_channel = slice(3, 3 + shape.channels)
    wanted = x[: shape.rows] * w.ravel()[per_channel] + b.ravel()[per_channel]
    np.testing.assert_array_equal(outcome(scaled, shape, x, w, b, 3), wanted)


@shapes
def test_where_between(shape):
    x, other, *_ = numbers(shape)
    x[0, 0], limits = np.nan, np.array((-2, 3), shape.dtype)
    outside = (x <= -2) | (x >= 3)
    wanted = np.where(outside, 0, other)[: shape.rows]
    assert outside[: shape.rows].any(), "at the limits nothing passes; NaN does"
    np.testing.assert_array_equal(outcome(chosen, shape, x, limits, other), wanted)


@shapes
def test_minus(shape):
    x, b, *_ = numbers(shape)
    wanted = x[: shape.rows] - b.ravel()[2 : 2 + shape.channels]
    np.testing.assert_array_equal(outcome(reduced, shape, x, b, 2), wanted)


@shapes
def test_plus_and_times_plus(shape):
    x, other, third, _ = numbers(shape)
    np.testing.assert_array_equal(outcome(added, shape, x, other), (x + other)[: shape.rows])
    np.testing.assert_array_equal(outcome(multiplied, shape, x, other, third), (x * other + third)[: shape.rows])


def test_every_operation_is_tested_here():
    kind = type(row)
    operations = {name for name, each in vars(row_operations).items() if isinstance(each, kind)}
    assert len(operations) == 6
    assert operations <= globals().keys()
