"""Concatenation, channel shuffle and space to depth: they move numbers, so that every comparison is exact."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refnet import kernels
from refnet.testing import (
    check_gradients,
    naive_channel_shuffle,
    naive_channel_shuffle_gradient,
    naive_concat,
    naive_concat_gradient,
    naive_space_to_depth,
    naive_space_to_depth_gradient,
)

DTYPES = ("float64", "float32")
SEEDS = st.integers(0, 2**16)
SIZES = st.integers(1, 4)


def integers(seed, dtype, shape):
    return np.random.default_rng(seed).integers(-4, 5, shape).astype(dtype)


# Concatenation.


# Each number of parts and of axes compiles anew, so that few of them are drawn.


@given(
    leading=st.sampled_from([(0,), (3,), (1, 2, 2), (2, 3, 1), (0, 2, 2)]),
    channels=st.lists(SIZES, min_size=2, max_size=3),
    seed=SEEDS,
)
def test_concat(leading, channels, seed):
    xs = tuple(integers(seed + i, "float64", (*leading, M)) for i, M in enumerate(channels))
    y = kernels.concat_forward(xs)
    np.testing.assert_array_equal(y, naive_concat(xs))
    dy = integers(seed, "float64", y.shape)
    bounds = np.cumsum([0, *channels])
    for i, wanted in enumerate(naive_concat_gradient(dy, channels)):
        dx = kernels.concat_backward(dy, int(bounds[i]), int(bounds[i + 1]))
        np.testing.assert_array_equal(dx, wanted)
        assert dx.shape == xs[i].shape
        assert not np.shares_memory(dx, dy)


def test_concat_in_float32_of_one_part_and_of_three_axes():
    x = integers(0, "float32", (2, 3, 4))
    y = kernels.concat_forward((x,))
    np.testing.assert_array_equal(y, x)
    dx = kernels.concat_backward(y, 1, 3)
    np.testing.assert_array_equal(dx, x[..., 1:3])
    assert y.dtype == dx.dtype == np.float32
    assert not np.shares_memory(y, x)


def test_concat_keeps_the_order_of_its_parts():
    a, b, c = np.array([[1.0, 2]]), np.array([[3.0]]), np.array([[4.0, 5, 6]])
    assert kernels.concat_forward((a, b, c)).tolist() == [[1, 2, 3, 4, 5, 6]]
    assert kernels.concat_forward((c, a, b)).tolist() == [[4, 5, 6, 1, 2, 3]]


def test_concat_is_adjoint_to_its_backward():
    def backward(dy, *xs):
        return [kernels.concat_backward(dy, 0, 2), kernels.concat_backward(dy, 2, 5)]

    # one part at a time: the sum with the other, held at zero, would not be linear in each
    for i, shape in enumerate([(2, 3, 3, 2), (2, 3, 3, 3)]):
        other = np.zeros((2, 3, 3, 5 - shape[3]))
        check_gradients(
            lambda x, i=i, other=other: kernels.concat_forward((x, other) if i == 0 else (other, x)),
            lambda dy, x, i=i: backward(dy)[i],
            [np.zeros(shape)],
            linear=True,
        )


# Channel shuffle.


@pytest.mark.parametrize("dtype", DTYPES)
@given(batch=st.integers(0, 2), H=SIZES, W=SIZES, groups=SIZES, each=SIZES, seed=SEEDS)
def test_channel_shuffle(dtype, batch, H, W, groups, each, seed):
    x = integers(seed, dtype, (batch, H, W, groups * each))
    dy = integers(seed + 1, dtype, x.shape)
    y, dx = kernels.channel_shuffle_forward(x, groups), kernels.channel_shuffle_backward(dy, groups)
    np.testing.assert_array_equal(y, naive_channel_shuffle(x, groups))
    np.testing.assert_array_equal(dx, naive_channel_shuffle_gradient(dy, groups))
    assert y.dtype == dx.dtype == dtype
    assert not np.shares_memory(y, x)
    np.testing.assert_array_equal(kernels.channel_shuffle_forward(y, each), x)
    np.testing.assert_array_equal(kernels.channel_shuffle_backward(y, groups), x)


def test_channel_shuffle_by_figure_1():
    """Three groups of two channels: the first of every group, then the second of every group."""
    x = np.array([10, 11, 20, 21, 30, 31.0]).reshape(1, 1, 1, 6)
    assert kernels.channel_shuffle_forward(x, 3).ravel().tolist() == [10, 20, 30, 11, 21, 31]
    assert kernels.channel_shuffle_forward(x, 1).ravel().tolist() == x.ravel().tolist()
    assert kernels.channel_shuffle_forward(x, 6).ravel().tolist() == x.ravel().tolist()


def test_channel_shuffle_is_adjoint_to_its_backward():
    check_gradients(
        lambda x: kernels.channel_shuffle_forward(x, 3),
        lambda dy, x: kernels.channel_shuffle_backward(dy, 3),
        [np.zeros((2, 2, 3, 6))],
        linear=True,
    )


# Space to depth.


@pytest.mark.parametrize("dtype", DTYPES)
@given(batch=st.integers(0, 2), OH=SIZES, OW=SIZES, block=st.integers(1, 3), M=SIZES, seed=SEEDS)
def test_space_to_depth(dtype, batch, OH, OW, block, M, seed):
    x = integers(seed, dtype, (batch, OH * block, OW * block, M))
    y = kernels.space_to_depth_forward(x, block)
    np.testing.assert_array_equal(y, naive_space_to_depth(x, block))
    assert y.shape == (batch, OH, OW, block * block * M)
    dy = integers(seed + 1, dtype, y.shape)
    dx = kernels.space_to_depth_backward(dy, block)
    np.testing.assert_array_equal(dx, naive_space_to_depth_gradient(dy, block))
    assert y.dtype == dx.dtype == dtype
    np.testing.assert_array_equal(kernels.space_to_depth_backward(y, block), x)
    assert not np.shares_memory(y, x)


def test_space_to_depth_takes_rows_before_columns_before_channels():
    x = np.arange(8.0).reshape(1, 2, 2, 2)  # pixel (ky, kx), channel m: 4 * ky + 2 * kx + m
    assert kernels.space_to_depth_forward(x, 2).ravel().tolist() == list(range(8))
    wide = np.arange(8.0).reshape(1, 2, 4, 1)  # 0 1 2 3 above 4 5 6 7
    assert kernels.space_to_depth_forward(wide, 2).tolist() == [[[[0, 1, 4, 5], [2, 3, 6, 7]]]]


def test_space_to_depth_is_adjoint_to_its_backward():
    check_gradients(
        lambda x: kernels.space_to_depth_forward(x, 2),
        lambda dy, x: kernels.space_to_depth_backward(dy, 2),
        [np.zeros((2, 4, 6, 3))],
        linear=True,
    )


# The oracles refuse what does not fit; kernels are unchecked.


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: naive_channel_shuffle(np.zeros((1, 1, 1, 6)), 4), "groups: wanted a divisor of 6, got 4"),
        (lambda: naive_channel_shuffle(np.zeros((1, 6)), 2), r"x: wanted shape \(B, H, W, M\), got \(1, 6\)"),
        (lambda: naive_space_to_depth(np.zeros((1, 4, 3, 1)), 2), "block: wanted a divisor of 3, got 2"),
        (lambda: naive_space_to_depth(np.zeros((1, 4, 3, 1)), 0), "block: wanted a divisor of 4, got 0"),
        (lambda: naive_space_to_depth_gradient(np.zeros((1, 1, 1, 6)), 2), r"block \* block: wanted a divisor of 6"),
        (lambda: naive_concat_gradient(np.zeros((1, 6)), [2, 3]), r"wanted a sum of 6, as dy has, got \[2, 3\]"),
    ],
)
def test_oracles_say_what_does_not_fit(call, message):
    with pytest.raises(ValueError, match=message):
        call()
