"""Bilinear resizing: against matrices of weights, by the exact adjoint, and at its edges."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refnet import kernels
from refnet.testing import check_gradients, naive_resize_bilinear, naive_resize_bilinear_gradient

ROUNDING = {"float64": 1e-14, "float32": 2e-7}  # of the largest number: one rounding, of sums in float64
SEEDS = st.integers(0, 2**16)
SIZES = st.tuples(st.integers(1, 7), st.integers(1, 7))
ways = pytest.mark.parametrize("align_corners", [True, False], ids=["corners", "half pixels"])
dtypes = pytest.mark.parametrize("dtype", ROUNDING)


def assert_close(found, wanted, scale):
    assert found.shape == wanted.shape
    np.testing.assert_allclose(found, wanted, rtol=0, atol=ROUNDING[str(found.dtype)] * max(scale, 1))


@ways
@dtypes
@given(batch=st.integers(0, 2), hw=SIZES, output_hw=SIZES, M=st.integers(1, 3), seed=SEEDS)
def test_against_matrices(align_corners, dtype, batch, hw, output_hw, M, seed):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((batch, *hw, M)).astype(dtype)
    dy = rng.standard_normal((batch, *output_hw, M)).astype(dtype)
    y = kernels.resize_bilinear_forward(x, output_hw, align_corners)
    dx = kernels.resize_bilinear_backward(dy, hw, align_corners)
    assert y.dtype == dx.dtype == dtype
    assert_close(y, naive_resize_bilinear(x, output_hw, align_corners), np.abs(x).max(initial=0))
    terms = naive_resize_bilinear_gradient(np.abs(dy), hw, align_corners)  # sums of this size may cancel
    assert_close(dx, naive_resize_bilinear_gradient(dy, hw, align_corners), np.abs(terms).max(initial=0))


@dtypes
@pytest.mark.parametrize(
    ("hw", "output_hw", "align_corners"),
    [((3, 5), (5, 9), True), ((2, 3), (5, 3), True), ((2, 4), (4, 8), False), ((3, 2), (12, 4), False)],
)
def test_exact_where_the_weights_are_powers_of_two(dtype, hw, output_hw, align_corners):
    """On multiples of 64 every product and every sum is an integer."""
    rng = np.random.default_rng(0)
    x = 64.0 * rng.integers(-4, 5, (2, *hw, 3)).astype(dtype)
    dy = 64.0 * rng.integers(-4, 5, (2, *output_hw, 3)).astype(dtype)
    y = kernels.resize_bilinear_forward(x.astype(dtype), output_hw, align_corners)
    dx = kernels.resize_bilinear_backward(dy.astype(dtype), hw, align_corners)
    np.testing.assert_array_equal(y, naive_resize_bilinear(x, output_hw, align_corners))
    np.testing.assert_array_equal(dx, naive_resize_bilinear_gradient(dy, hw, align_corners))
    assert (y.astype(np.float64) * dy).sum() == (dx.astype(np.float64) * x).sum()  # the adjoint, exactly


@ways
@pytest.mark.parametrize(("hw", "output_hw"), [((4, 3), (7, 5)), ((7, 5), (2, 4)), ((1, 3), (4, 1))])
def test_backward_is_the_adjoint(align_corners, hw, output_hw):
    check_gradients(
        lambda x: kernels.resize_bilinear_forward(x, output_hw, align_corners),
        lambda dy, x: kernels.resize_bilinear_backward(dy, hw, align_corners),
        [np.random.default_rng(0).standard_normal((2, *hw, 2))],
        linear=False,
        relative=1e-10,
    )


@ways
@dtypes
def test_the_same_size_is_the_identity_to_the_last_bit(align_corners, dtype):
    x = np.random.default_rng(0).standard_normal((2, 5, 7, 3)).astype(dtype)
    np.testing.assert_array_equal(kernels.resize_bilinear_forward(x, (5, 7), align_corners), x)
    np.testing.assert_array_equal(kernels.resize_bilinear_backward(x, (5, 7), align_corners), x)


@ways
def test_one_pixel_fills_the_map_and_gathers_its_gradient(align_corners):
    x = np.array([[[[2.0, -3]]]])
    y = kernels.resize_bilinear_forward(x, (3, 4), align_corners)
    np.testing.assert_array_equal(y, np.broadcast_to(x, (1, 3, 4, 2)))
    np.testing.assert_array_equal(kernels.resize_bilinear_backward(y, (1, 1), align_corners), 12 * x)


def test_one_output_is_the_first_corner_or_the_middle():
    x = np.array([[1.0, 2, 4], [8, 16, 32], [64, 128, 256]]).reshape(1, 3, 3, 1)
    assert kernels.resize_bilinear_forward(x, (1, 1), True).item() == 1
    assert kernels.resize_bilinear_forward(x, (1, 1), False).item() == 16
    assert kernels.resize_bilinear_forward(x, (1, 3), False).ravel().tolist() == [8, 16, 32]


def test_by_stated_values():
    x = np.array([0.0, 12]).reshape(1, 1, 2, 1)
    assert kernels.resize_bilinear_forward(x, (1, 4), True).ravel().tolist() == [0, 4, 8, 12]
    assert kernels.resize_bilinear_forward(x, (1, 4), False).ravel().tolist() == [0, 3, 9, 12]
    assert kernels.resize_bilinear_backward(np.ones((1, 1, 4, 1)), (1, 2), True).ravel().tolist() == [2, 2]


@ways
def test_corner_pixels(align_corners):
    """Corners keep their values either way; rows do not become columns."""
    x = np.arange(24.0).reshape(1, 4, 6, 1)
    y = kernels.resize_bilinear_forward(x, (8, 9), align_corners)
    np.testing.assert_array_equal(y[:, [0, 0, -1, -1], [0, -1, 0, -1]], x[:, [0, 0, -1, -1], [0, -1, 0, -1]])
    assert (np.diff(y, axis=2) >= 0).all()
    assert (np.diff(y, axis=1) >= 0).all()


def test_gradients_keep_their_sum_in_float64():
    """2^24 + 1 + 1 + 1: a sum in float32 would lose the ones."""
    dy = np.array([2.0**24, 1, 1, 2], np.float32).reshape(1, 2, 2, 1)
    assert kernels.resize_bilinear_backward(dy, (1, 1), True).item() == 2**24 + 4
