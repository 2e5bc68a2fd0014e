"""Max pooling, average pooling and padding: exact against the oracles on integers, and by their adjoints.

    setting  of a window on one map: window, stride, pads
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refnet import kernels
from refnet.testing import (
    check_gradients,
    naive_average_pool,
    naive_average_pool_gradient,
    naive_max_pool,
    naive_max_pool_gradient,
    naive_pad,
    naive_pad_gradient,
)

DTYPES = ("float64", "float32")
SEEDS = st.integers(0, 2**16)
BATCHES = st.integers(0, 2)
FOR_ANY_COUNT = 144  # a multiple of each number of pixels that a window of up to 4x4 taps can see


@st.composite
def along_an_axis(draw):
    """(size, taps, stride, before, after) with a pixel of the map in every window."""
    taps, stride = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    before, after = draw(st.integers(0, taps - 1)), draw(st.integers(0, taps - 1))
    return draw(st.integers(max(1, taps - before - after), 6)), taps, stride, before, after


@st.composite
def windows(draw):
    """((H, W), window, stride, pads)."""
    (H, KH, sy, top, bottom), (W, KW, sx, left, right) = draw(along_an_axis()), draw(along_an_axis())
    return (H, W), (KH, KW), (sy, sx), (top, bottom, left, right)


def integers(seed, dtype, *shapes):
    rng = np.random.default_rng(seed)
    return [rng.integers(-4, 5, shape).astype(dtype) for shape in shapes]


def assert_same(found, wanted, dtype):
    np.testing.assert_array_equal(found, wanted)
    assert found.dtype == dtype
    assert found.flags.c_contiguous


# Max pooling.


@pytest.mark.parametrize("dtype", DTYPES)
@given(window=windows(), batch=BATCHES, seed=SEEDS)
def test_max_pool(dtype, window, batch, seed):
    """Nine integers on up to 36 pixels: ties are everywhere."""
    (H, W), *setting = window
    (x,) = integers(seed, dtype, (batch, H, W, 2))
    y = kernels.max_pool_forward(x, *setting)
    assert_same(y, naive_max_pool(x, *setting), dtype)
    (dy,) = integers(seed + 1, dtype, y.shape)
    assert_same(kernels.max_pool_backward(dy, x, *setting), naive_max_pool_gradient(dy, x, *setting), dtype)


def test_padding_never_wins():
    x = np.array([-5.0, -3, -np.inf, -7]).reshape(1, 1, 4, 1)
    y = kernels.max_pool_forward(x, (3, 2), (1, 2), (1, 1, 1, 1))
    assert y.ravel().tolist() == [-5, -3, -7]
    dx = kernels.max_pool_backward(np.array([1.0, 2, 4]).reshape(y.shape), x, (3, 2), (1, 2), (1, 1, 1, 1))
    assert dx.ravel().tolist() == [1, 2, 0, 4]
    low = np.full((1, 2, 2, 1), -np.inf)
    assert kernels.max_pool_forward(low, (2, 2), (1, 1), (0, 0, 0, 0)).item() == -np.inf
    dx = kernels.max_pool_backward(np.ones((1, 1, 1, 1)), low, (2, 2), (1, 1), (0, 0, 0, 0))
    assert dx.ravel().tolist() == [1, 0, 0, 0]


def test_the_first_of_equals_takes_the_gradient_row_by_row():
    x = np.array([[0, 2, 2], [2, 0, 2]], float).reshape(1, 2, 3, 1)
    dx = kernels.max_pool_backward(np.full((1, 1, 1, 1), 5.0), x, (2, 3), (1, 1), (0, 0, 0, 0))
    assert dx[0, :, :, 0].tolist() == [[0, 5, 0], [0, 0, 0]]


def test_a_pixel_that_wins_twice_has_the_sum_of_both_gradients():
    x = np.array([1.0, 3, 2]).reshape(1, 1, 3, 1)
    dx = kernels.max_pool_backward(np.array([10.0, 20]).reshape(1, 1, 2, 1), x, (1, 2), (1, 1), (0, 0, 0, 0))
    assert dx.ravel().tolist() == [0, 30, 0]


@pytest.mark.parametrize("dtype", DTYPES)
@given(window=windows(), seed=SEEDS)
def test_a_nan_wins_and_takes_the_gradient(dtype, window, seed):
    (H, W), *setting = window
    (x,) = integers(seed, dtype, (1, H, W, 1))
    x[np.random.default_rng(seed).random(x.shape) < 0.2] = np.nan
    y = kernels.max_pool_forward(x, *setting)
    np.testing.assert_array_equal(y, naive_max_pool(x, *setting))
    (dy,) = integers(seed + 1, dtype, y.shape)
    assert_same(kernels.max_pool_backward(dy, x, *setting), naive_max_pool_gradient(dy, x, *setting), dtype)


def test_max_pool_gradient_by_differences():
    """Distinct values, further apart than the step: no window changes its winner."""
    x = 0.1 * np.random.default_rng(0).permutation(2 * 5 * 6 * 2).reshape(2, 5, 6, 2)
    for setting in [((3, 3), (2, 2), (0, 1, 1, 1)), ((2, 3), (1, 3), (1, 0, 0, 2))]:
        check_gradients(
            lambda x, setting=setting: kernels.max_pool_forward(x, *setting),
            lambda dy, x, setting=setting: kernels.max_pool_backward(dy, x, *setting),
            [x],
            linear=False,
        )


# Average pooling.


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("count_padding", [False, True])
@given(window=windows(), batch=BATCHES, seed=SEEDS)
def test_average_pool(dtype, count_padding, window, batch, seed):
    """Forward rounds once, backward adds quotients of integers that have no remainder."""
    (H, W), *setting = window
    (x,) = integers(seed, dtype, (batch, H, W, 2))
    y = kernels.average_pool_forward(x, *setting, count_padding)
    assert_same(y, naive_average_pool(x, *setting, count_padding), dtype)
    dy = FOR_ANY_COUNT * integers(seed + 1, dtype, y.shape)[0]
    dx = kernels.average_pool_backward(dy, (H, W), *setting, count_padding)
    assert_same(dx, naive_average_pool_gradient(dy, (H, W), *setting, count_padding), dtype)


@pytest.mark.parametrize("count_padding", [False, True])
@given(window=windows(), seed=SEEDS)
def test_average_pool_is_adjoint_to_its_backward(count_padding, window, seed):
    (H, W), *setting = window
    (x,) = integers(seed, "float64", (2, H, W, 2))
    x *= FOR_ANY_COUNT
    y = kernels.average_pool_forward(x, *setting, count_padding)
    dy = FOR_ANY_COUNT * integers(seed + 1, "float64", y.shape)[0]
    assert np.vdot(dy, y) == np.vdot(kernels.average_pool_backward(dy, (H, W), *setting, count_padding), x)


def test_what_padding_counts():
    """A map of ones, 3x3 windows: a corner window has 4 pixels of 9."""
    x = np.ones((1, 3, 3, 1))
    setting = (3, 3), (1, 1), (1, 1, 1, 1)
    assert (kernels.average_pool_forward(x, *setting, False) == 1).all()
    counted = 9 * kernels.average_pool_forward(x, *setting, True)[0, :, :, 0]
    np.testing.assert_allclose(counted, [[4, 6, 4], [6, 9, 6], [4, 6, 4]], rtol=1e-15)


def test_average_pool_keeps_its_sums_in_float64():
    # 2^24 + 1 + 1 + 2: a sum in float32 would lose the ones
    x = np.array([2.0**24, 1, 1, 2], np.float32).reshape(1, 2, 2, 1)
    assert kernels.average_pool_forward(x, (2, 2), (1, 1), (0, 0, 0, 0), False).item() == 2**22 + 1
    dy = np.array([2.0**24, 1, 1], np.float32).reshape(1, 1, 3, 1)
    dx = kernels.average_pool_backward(dy, (1, 3), (1, 3), (1, 1), (0, 0, 1, 1), False)
    wanted = np.float32([2**23 + 1 / 3, 2**23 + 1 / 3 + 0.5, 1 / 3 + 0.5])
    np.testing.assert_array_equal(dx.ravel(), wanted)


@pytest.mark.parametrize("pool", ["max", "average"])
def test_a_window_as_large_as_the_map_is_global(pool):
    (x,) = integers(3, "float64", (2, 4, 2, 3))
    setting = (4, 2), (1, 1), (0, 0, 0, 0)
    if pool == "max":
        np.testing.assert_array_equal(kernels.max_pool_forward(x, *setting)[:, 0, 0], x.max((1, 2)))
    else:
        y = kernels.average_pool_forward(x, *setting, False)
        np.testing.assert_array_equal(y[:, 0, 0], kernels.global_average_pool_forward(x))


# Padding.

SIDES = st.tuples(*[st.integers(-2, 3)] * 4)


@pytest.mark.parametrize("dtype", DTYPES)
@given(pads=SIDES, H=st.integers(1, 5), W=st.integers(1, 5), batch=BATCHES, seed=SEEDS)
def test_pad(dtype, pads, H, W, batch, seed):
    cropped = [max(0, -number) for number in pads]
    H, W = H + sum(cropped[:2]), W + sum(cropped[2:])  # so that a pixel of the map remains
    (x,) = integers(seed, dtype, (batch, H, W, 2))
    y = kernels.pad_forward(x, pads)
    assert_same(y, naive_pad(x, pads), dtype)
    (dy,) = integers(seed + 1, dtype, y.shape)
    dx = kernels.pad_backward(dy, pads)
    assert_same(dx, naive_pad_gradient(dy, pads), dtype)
    assert dx.shape == x.shape
    assert np.vdot(dy, y) == np.vdot(dx, x)


def test_pads_reach_the_sides_they_are_named_after():
    x = np.ones((1, 1, 1, 1))
    y = kernels.pad_forward(x, (1, 2, 3, 4))[0, :, :, 0]
    assert y.shape == (4, 8)
    assert np.argwhere(y).tolist() == [[1, 3]]
    numbered = np.arange(12.0).reshape(1, 3, 4, 1)
    assert kernels.pad_forward(numbered, (-1, 0, 0, -3))[0, :, :, 0].tolist() == [[4], [8]]
    assert kernels.pad_forward(numbered, (1, -2, -3, 0))[0, :, :, 0].tolist() == [[0], [3]]


def test_arguments_stay_and_answers_are_fresh():
    (x,) = integers(5, "float64", (1, 4, 4, 2))
    before, window = x.copy(), ((2, 2), (2, 2), (0, 0, 0, 0))
    answers = [
        kernels.max_pool_forward(x, *window),
        kernels.max_pool_backward(x[:, :2, :2].copy(), x, *window),
        kernels.average_pool_forward(x, (1, 1), (1, 1), (0, 0, 0, 0), False),
        kernels.pad_forward(x, (0, 0, 0, 0)),
        kernels.pad_backward(x, (0, 0, 0, 0)),
    ]
    assert not any(np.shares_memory(answer, x) for answer in answers)
    np.testing.assert_array_equal(x, before)
