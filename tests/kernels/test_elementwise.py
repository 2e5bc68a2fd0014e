"""ReLU6, ReLU, bias, addition, dropout, pooling, the fully connected layer: against oracles and adjoints."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refnet import kernels
from refnet.testing import (
    check_gradients,
    check_relu6,
    check_relu6_backward,
    naive_bias_add,
    naive_bias_add_gradient,
    naive_dense,
    naive_dense_filter_gradient,
    naive_dense_input_gradient,
    naive_global_average_pool,
    naive_global_average_pool_gradient,
    naive_relu,
    naive_relu_gradient,
)

DTYPES = ("float64", "float32")
SHAPES = st.tuples(st.integers(0, 3), *[st.integers(1, 4)] * 3)
SEEDS = st.integers(0, 2**16)
KINKS = [-np.inf, -7, -1, -1e-30, -0.0, 0, 1e-30, 3, 6, 7, np.inf, np.nan]


def integers(seed, dtype, *shapes):
    rng = np.random.default_rng(seed)
    return [rng.integers(-4, 5, shape).astype(dtype) for shape in shapes]


@pytest.mark.parametrize("dtype", DTYPES)
def test_relu6(dtype):
    check_relu6(kernels.relu6_forward, dtype=dtype, max_examples=80)
    check_relu6_backward(kernels.relu6_backward, dtype=dtype, max_examples=80)


@pytest.mark.parametrize("dtype", DTYPES)
def test_relu6_by_stated_value(dtype):
    below, above = np.nextafter(np.array([6, 6], dtype), np.array([0, 9], dtype))
    x = np.array([-1, 0, 3, below, 6, above, np.nan], dtype)
    dy = np.array([1, 2, 3, 4, 5, 6, 7], dtype)
    np.testing.assert_array_equal(kernels.relu6_forward(x), np.array([0, 0, 3, below, 6, 6, np.nan], dtype))
    np.testing.assert_array_equal(kernels.relu6_backward(dy, x)[:6], [0, 0, 3, 4, 0, 0])


@pytest.mark.parametrize("dtype", DTYPES)
def test_relu_at_and_around_its_kink(dtype):
    x = np.array(KINKS, dtype)
    dy = np.arange(1, len(x) + 1).astype(dtype)
    y, dx = kernels.relu_forward(x), kernels.relu_backward(dy, x)
    np.testing.assert_array_equal(y, naive_relu(x))
    np.testing.assert_array_equal(dx[:-1], naive_relu_gradient(dy, x)[:-1])
    assert y.dtype == dx.dtype == dtype


@pytest.mark.parametrize("dtype", DTYPES)
@given(shape=SHAPES, seed=SEEDS)
def test_bias_add(dtype, shape, seed):
    x, b, dy = integers(seed, dtype, shape, shape[3:], shape)
    np.testing.assert_array_equal(kernels.bias_add_forward(x, b), naive_bias_add(x, b))
    dx, db = kernels.bias_add_backward(dy)
    np.testing.assert_array_equal(dx, dy)
    np.testing.assert_array_equal(db, naive_bias_add_gradient(dy))
    assert dx.dtype == db.dtype == dtype
    assert not np.shares_memory(dx, dy)


@given(shape=SHAPES, seed=SEEDS)
def test_add(shape, seed):
    x1, x2, dy = integers(seed, "float32", shape, shape, shape)
    np.testing.assert_array_equal(kernels.add_forward(x1, x2), x1 + x2)
    gradients = kernels.add_backward(dy)
    for gradient in gradients:
        np.testing.assert_array_equal(gradient, dy)
        assert not np.shares_memory(gradient, dy)
    assert not np.shares_memory(*gradients)


@pytest.mark.parametrize("dtype", DTYPES)
@given(shape=SHAPES, seed=SEEDS)
def test_dropout_is_exact_where_the_rate_is_a_power_of_two(dtype, shape, seed):
    x, dy = integers(seed, dtype, shape, shape)
    mask = np.random.default_rng(seed).random(shape) < 0.75
    y, dx = kernels.dropout_forward(x, mask, 0.75), kernels.dropout_backward(dy, mask, 0.75)
    np.testing.assert_array_equal(y, np.where(mask, 4 * x, 0))
    np.testing.assert_array_equal(dx, np.where(mask, 4 * dy, 0))
    assert y.dtype == dx.dtype == dtype


def test_dropout_leaves_no_nan_where_it_drops():
    x = np.array([np.nan, np.nan, 1.0])
    np.testing.assert_array_equal(
        kernels.dropout_forward(x, np.array([False, True, True]), 0.5), [0, np.nan, 2]
    )


@pytest.mark.parametrize("dtype", DTYPES)
@given(batch=st.integers(0, 3), channels=st.integers(1, 4), seed=SEEDS)
def test_pooling_is_exact_over_a_power_of_two_of_pixels(dtype, batch, channels, seed):
    for H, W in ((1, 1), (2, 4), (8, 1)):
        x, dy = integers(seed, dtype, (batch, H, W, channels), (batch, channels))
        y, dx = kernels.global_average_pool_forward(x), kernels.global_average_pool_backward(dy, (H, W))
        np.testing.assert_array_equal(y, naive_global_average_pool(x))
        np.testing.assert_array_equal(dx, naive_global_average_pool_gradient(dy, (H, W)))
        assert y.dtype == dx.dtype == dtype


def test_pooling_keeps_its_sum_in_float64():
    # 2^24 + 1 + 1 + 1: a sum in float32 would lose the ones
    x = np.array([2.0**24, 1, 1, 2], np.float32).reshape(1, 2, 2, 1)
    assert kernels.global_average_pool_forward(x).item() == 2**22 + 1


@pytest.mark.parametrize("dtype", DTYPES)
@given(batch=st.integers(0, 4), M=st.integers(1, 5), N=st.integers(1, 5), seed=SEEDS)
def test_dense(dtype, batch, M, N, seed):
    x, w, dy = integers(seed, dtype, (batch, M), (M, N), (batch, N))
    np.testing.assert_array_equal(kernels.dense_forward(x, w), naive_dense(x, w))
    dx, dw = kernels.dense_backward(dy, x, w)
    np.testing.assert_array_equal(dx, naive_dense_input_gradient(dy, w))
    np.testing.assert_array_equal(dw, naive_dense_filter_gradient(dy, x))
    np.testing.assert_array_equal(dx, kernels.dense_input_gradient(dy, w))
    np.testing.assert_array_equal(dw, kernels.dense_filter_gradient(dy, x))
    assert dx.dtype == dw.dtype == dtype


def test_linear_kernels_are_adjoint_to_their_backward():
    check_gradients(
        kernels.dense_forward, kernels.dense_backward, [np.zeros((3, 4)), np.zeros((4, 5))], linear=True
    )
    mask = np.random.default_rng(0).random((2, 3, 3, 2)) < 0.5
    check_gradients(
        lambda x: kernels.dropout_forward(x, mask, 0.5),
        lambda dy, x: kernels.dropout_backward(dy, mask, 0.5),
        [np.zeros(mask.shape)],
        linear=True,
    )
    check_gradients(
        kernels.global_average_pool_forward,
        lambda dy, x: kernels.global_average_pool_backward(dy, (2, 4)),
        [np.zeros((3, 2, 4, 2))],
        linear=True,
    )
    check_gradients(
        kernels.add_forward, lambda dy, *xs: kernels.add_backward(dy), [np.zeros((2, 3)), np.zeros((2, 3))]
    )
