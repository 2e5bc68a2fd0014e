"""Leaky ReLU, local response and L2 normalisation, factors per channel: against oracles and by differences."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refnet import kernels
from refnet.testing import (
    check_gradients,
    naive_channel_scale,
    naive_channel_scale_gradient,
    naive_l2_normalize,
    naive_l2_normalize_gradient,
    naive_leaky_relu,
    naive_leaky_relu_gradient,
    naive_local_response_norm,
    naive_local_response_norm_gradient,
)

DTYPES = {"float64": 1e-13, "float32": 1e-6}
SHAPES = st.one_of(
    st.tuples(st.integers(0, 2), st.integers(1, 3), st.integers(1, 2), st.integers(1, 7)),
    st.tuples(st.integers(0, 3), st.integers(1, 7)),
)
SEEDS = st.integers(0, 2**16)
KINKS = [-np.inf, -7, -1e-30, -0.0, 0, 1e-30, 3, np.inf, np.nan]


def integers(seed, dtype, *shapes):
    rng = np.random.default_rng(seed)
    return [rng.integers(-4, 5, shape).astype(dtype) for shape in shapes]


def drawn(seed, dtype, *shapes):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(shape).astype(dtype) for shape in shapes]


def assert_close(found, wanted, dtype):
    """Relative to the largest entry: the kernels compute in float64 and round once."""
    assert found.dtype == dtype
    assert found.shape == wanted.shape
    scale = float(np.abs(wanted).max(initial=0))
    np.testing.assert_allclose(found, wanted, rtol=0, atol=DTYPES[dtype] * scale)


# Leaky ReLU.


@pytest.mark.parametrize("dtype", DTYPES)
@given(shape=SHAPES, seed=SEEDS)
def test_leaky_relu_is_exact_where_the_slope_is_a_power_of_two(dtype, shape, seed):
    x, dy = integers(seed, dtype, shape, shape)
    y, dx = kernels.leaky_relu_forward(x, 0.25), kernels.leaky_relu_backward(dy, x, 0.25)
    np.testing.assert_array_equal(y, naive_leaky_relu(x, 0.25))
    np.testing.assert_array_equal(dx, naive_leaky_relu_gradient(dy, x, 0.25))
    assert y.dtype == dx.dtype == dtype


@pytest.mark.parametrize("dtype", DTYPES)
def test_leaky_relu_at_and_around_its_kink(dtype):
    """At exactly 0 the gradient is the slope; NaN goes through."""
    x = np.array(KINKS, dtype)
    dy = 8 * np.arange(1, len(x) + 1).astype(dtype)
    y, dx = kernels.leaky_relu_forward(x, 0.125), kernels.leaky_relu_backward(dy, x, 0.125)
    np.testing.assert_array_equal(y, np.where(x > 0, x, x / 8))
    np.testing.assert_array_equal(dx, [1, 2, 3, 4, 5, 48, 56, 64, 9])


def test_the_slope_is_not_rounded_to_the_arrays_dtype():
    x = np.array([-3.0], np.float32)
    assert kernels.leaky_relu_forward(x, 0.1).item() == np.float32(-0.3)
    assert kernels.leaky_relu_backward(x, x, 0.1).item() == np.float32(-0.3)


# Local response normalisation.

RESPONSE = st.tuples(
    st.sampled_from([1, 3, 5, 9]), st.floats(1e-4, 2), st.sampled_from([0.5, 0.75, 1.0, 2.0]), st.floats(0.5, 2)
)


@pytest.mark.parametrize("dtype", DTYPES)
@given(shape=SHAPES, setting=RESPONSE, seed=SEEDS)
def test_local_response_norm(dtype, shape, setting, seed):
    x, dy = drawn(seed, dtype, shape, shape)
    y, dx = kernels.local_response_norm_forward(x, *setting), kernels.local_response_norm_backward(dy, x, *setting)
    wide = dy.astype(float), x.astype(float)
    assert_close(y, naive_local_response_norm(wide[1], *setting), dtype)
    assert_close(dx, naive_local_response_norm_gradient(*wide, *setting), dtype)


def test_local_response_norm_by_hand():
    """A one in the middle of seven channels is a neighbour of the five around it; at the ends fewer count."""
    x = np.array([2, 2, 2, 2, 2, 2, 2.0]).reshape(1, 1, 1, 7)
    y = kernels.local_response_norm_forward(x, 5, 0.25, 1.0, 1.0)
    np.testing.assert_array_equal(y.ravel(), [2 / 4, 2 / 5, 2 / 6, 2 / 6, 2 / 6, 2 / 5, 2 / 4])
    one = np.array([0, 0, 0, 2, 0, 0, 0.0]).reshape(1, 1, 1, 7)
    dx = kernels.local_response_norm_backward(np.ones_like(one), one, 5, 0.25, 1.0, 1.0)
    # at the neighbours y = x / scale with x = 0 and scale = 2; in the middle scale - 2 * alpha * x**2 = 0
    np.testing.assert_array_equal(dx.ravel(), [1, 0.5, 0.5, 0, 0.5, 0.5, 1])


def test_one_channel_is_normalised_by_itself():
    (x,) = drawn(1, "float64", (2, 3, 4))
    y = kernels.local_response_norm_forward(x, 1, 0.5, 0.5, 2.0)
    np.testing.assert_allclose(y, x / np.sqrt(2 + 0.5 * x**2), rtol=1e-14)


# L2 normalisation.


@pytest.mark.parametrize("dtype", DTYPES)
@given(shape=SHAPES, eps=st.sampled_from([1e-12, 1.0, 3.0]), seed=SEEDS)
def test_l2_normalize(dtype, shape, eps, seed):
    """eps is below the lengths, among them, and above most."""
    x, dy = drawn(seed, dtype, shape, shape)
    y, dx = kernels.l2_normalize_forward(x, eps), kernels.l2_normalize_backward(dy, x, eps)
    wide = dy.astype(float), x.astype(float)
    assert_close(y, naive_l2_normalize(wide[1], eps), dtype)
    wanted = naive_l2_normalize_gradient(*wide, eps)
    assert dx.dtype == dtype
    # the two terms of the gradient cancel: the error is relative to dy / length
    length = max(float(np.sqrt((wide[1] ** 2).sum(-1)).min(initial=np.inf)), eps)
    np.testing.assert_allclose(dx, wanted, rtol=0, atol=DTYPES[dtype] * np.abs(wide[0]).max(initial=0) / length)


def test_l2_normalize_by_hand():
    x = np.array([[3.0, 4], [0, 0], [0.25, 0]])
    np.testing.assert_array_equal(kernels.l2_normalize_forward(x, 0.5), [[0.6, 0.8], [0, 0], [0.5, 0]])
    dx = kernels.l2_normalize_backward(np.array([[3.0, 4], [1, 2], [1, 2]]), x, 0.5)
    np.testing.assert_allclose(dx, [[0, 0], [2, 4], [2, 4]], atol=1e-15)  # dy along x changes no direction


def test_l2_normalize_where_the_length_is_exactly_eps():
    """The length counts as a variable there, as above it."""
    x, dy = np.array([[2.0, 0]]), np.array([[1.0, 1]])
    np.testing.assert_array_equal(kernels.l2_normalize_backward(dy, x, 2.0), [[0, 0.5]])
    np.testing.assert_array_equal(naive_l2_normalize_gradient(dy, x, 2.0), [[0, 0.5]])


def test_squares_do_not_overflow_in_float32():
    x = np.float32(2) ** 100 * np.array([[3, 4]], np.float32)
    np.testing.assert_array_equal(kernels.l2_normalize_forward(x, 1e-12), np.float32([[0.6, 0.8]]))
    y = kernels.local_response_norm_forward(np.array([[3e30]], np.float32), 1, 1.0, 0.5, 1.0)
    assert y.item() == 1


# Factors per channel.


@pytest.mark.parametrize("dtype", DTYPES)
@given(shape=SHAPES, seed=SEEDS)
def test_channel_scale(dtype, shape, seed):
    x, dy, scale = integers(seed, dtype, shape, shape, shape[-1:])
    y, (dx, dscale) = kernels.channel_scale_forward(x, scale), kernels.channel_scale_backward(dy, x, scale)
    np.testing.assert_array_equal(y, naive_channel_scale(x, scale))
    for found, wanted in zip((dx, dscale), naive_channel_scale_gradient(dy, x, scale), strict=True):
        np.testing.assert_array_equal(found, wanted)
        assert found.dtype == dtype
    assert y.dtype == dtype


def test_channel_scale_keeps_its_sum_in_float64():
    dy = np.array([[2.0**24], [1], [1], [2]], np.float32)
    dscale = kernels.channel_scale_backward(dy, np.ones_like(dy), np.ones(1, np.float32))[1]
    assert dscale.item() == 2**24 + 4


# All of them.


def test_gradients_by_differences():
    x, scale = np.random.default_rng(4).standard_normal((2, 2, 3, 6)), np.linspace(0.5, 2, 6)
    x += np.where(x > 0, 0.1, -0.1)  # away from leaky ReLU's kink; each pixel is longer than eps
    pairs = {
        "leaky_relu": (0.3,),
        "local_response_norm": (3, 0.7, 0.75, 1.5),
        "l2_normalize": (1e-12,),
    }
    for name, setting in pairs.items():
        forward, backward = getattr(kernels, f"{name}_forward"), getattr(kernels, f"{name}_backward")
        check_gradients(
            lambda x, f=forward, s=setting: f(x, *s),
            lambda dy, x, f=backward, s=setting: f(dy, x, *s),
            [x],
            linear=False,
            relative=1e-9,
            names=[name],
        )
    check_gradients(kernels.channel_scale_forward, kernels.channel_scale_backward, [x, scale], linear=True)


def test_the_oracles_gradients_by_differences():
    x = np.random.default_rng(5).standard_normal((3, 6))
    x += np.where(x > 0, 0.1, -0.1)
    for forward, backward, setting in [
        (naive_local_response_norm, naive_local_response_norm_gradient, (5, 0.7, 0.75, 1.5)),
        (naive_l2_normalize, naive_l2_normalize_gradient, (1e-12,)),
        (naive_l2_normalize, naive_l2_normalize_gradient, (9.0,)),
        (naive_leaky_relu, naive_leaky_relu_gradient, (0.3,)),
    ]:
        check_gradients(
            lambda x, f=forward, s=setting: f(x, *s),
            lambda dy, x, f=backward, s=setting: f(dy, x, *s),
            [x],
            linear=False,
            relative=1e-9,
        )


@pytest.mark.parametrize(
    ("name", "setting", "reach"),
    [
        ("leaky_relu", (0.1,), [2]),
        ("local_response_norm", (3, 0.5, 0.75, 1.0), [1, 2, 3]),
        ("l2_normalize", (1e-12,), [0, 1, 2, 3, 4]),
    ],
)
def test_a_nan_stays_among_its_neighbours(name, setting, reach):
    x = np.arange(1.0, 16).reshape(3, 5)
    x[1, 2] = np.nan
    y = getattr(kernels, f"{name}_forward")(x, *setting)
    assert np.argwhere(np.isnan(y)).tolist() == [[1, m] for m in reach]
