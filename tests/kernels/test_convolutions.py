"""The four plain convolutions, forward and backward, against the oracles and against their own adjoints.

Sizes stay small: without JIT the kernels are ordinary Python.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refnet import kernels
from refnet.testing import (
    Limits,
    check_conv2d,
    check_conv2d_backward,
    check_depthwise_conv2d,
    check_depthwise_conv2d_backward,
    check_grouped_conv2d,
    check_grouped_conv2d_backward,
    check_pointwise_conv2d,
    check_pointwise_conv2d_backward,
    conv2d_cases,
    depthwise_conv2d_cases,
    expected_forward,
    expected_gradients,
    grouped_conv2d_cases,
    pointwise_conv2d_cases,
)

# The kernels take C-contiguous arrays: the layers above see to that.
LIMITS = Limits(memory_order="C", batch=(1, 0, 2), max_size=6, max_channels=3)
DTYPES = ("float64", "float32")
CHECKS = {
    "conv2d": (check_conv2d, check_conv2d_backward, conv2d_cases),
    "depthwise_conv2d": (check_depthwise_conv2d, check_depthwise_conv2d_backward, depthwise_conv2d_cases),
    "pointwise_conv2d": (check_pointwise_conv2d, check_pointwise_conv2d_backward, pointwise_conv2d_cases),
    "grouped_conv2d": (check_grouped_conv2d, check_grouped_conv2d_backward, grouped_conv2d_cases),
}


def kernel(operation, part):
    return getattr(kernels, f"{operation}_{part}")


def forward(case, x, w):
    return kernel(case.operation, "forward")(x, w, *case.settings)


def gradients(case):
    return kernel(case.operation, "backward")(case.dy, case.x, case.w, *case.settings)


def exact_cases(dtype="float32"):
    """Integer-valued cases of all four operations."""
    limits = Limits(memory_order="C", batch=(1, 0, 2), max_size=6, max_channels=3, values="integers")
    return st.one_of([cases(limits, dtype) for _, _, cases in CHECKS.values()])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("operation", CHECKS)
def test_forward(operation, dtype):
    """Exact on integers, within the bound of its sums on reals."""
    check = CHECKS[operation][0]
    check(kernel(operation, "forward"), dtype=dtype, limits=LIMITS, max_examples=120)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("operation", CHECKS)
def test_backward(operation, dtype):
    """Exact on integers, against the oracle and by the adjoint identity; within the bound on reals."""
    check = CHECKS[operation][1]
    check(kernel(operation, "backward"), dtype=dtype, limits=LIMITS, max_examples=80)


@given(exact_cases())
def test_forward_is_the_oracle_to_the_last_bit(case):
    np.testing.assert_array_equal(forward(case, case.x, case.w), expected_forward(case).value)


@given(exact_cases())
def test_the_two_gradients_are_functions_of_their_own(case):
    dx, dw = expected_gradients(case)
    size = (case.geometry.input_hw,) if case.settings else ()
    taps = (case.geometry.filter_hw,) if case.settings else ()
    found = kernel(case.operation, "input_gradient")(case.dy, case.w, *size, *case.settings)
    np.testing.assert_array_equal(found, dx.value)
    found = kernel(case.operation, "filter_gradient")(case.dy, case.x, *taps, *case.settings)
    np.testing.assert_array_equal(found, dw.value)


@given(exact_cases(), st.integers(0, 99))
def test_the_kernels_are_adjoints_of_each_other(case, seed):
    """No oracle here: vdot(dy, f(x2, w)) == vdot(dx, x2), and the same for w, on drawn integers."""
    rng = np.random.default_rng(seed)
    x2, w2 = (rng.integers(-4, 5, array.shape).astype(case.x.dtype) for array in (case.x, case.w))
    dx, dw = gradients(case)
    assert np.vdot(case.dy, forward(case, x2, case.w)) == np.vdot(dx, x2)
    assert np.vdot(case.dy, forward(case, case.x, w2)) == np.vdot(dw, w2)


@given(exact_cases("float64"), st.integers(0, 99))
def test_a_nan_reaches_the_outputs_that_see_it_and_no_others(case, seed):
    """Outputs that see a pixel: where the oracle, on an image of zeros with a one there, is not zero."""
    if case.x.size == 0:
        return
    place = np.unravel_index(seed % case.x.size, case.x.shape)
    spot, poisoned = np.zeros_like(case.x), case.x.copy()
    spot[place], poisoned[place] = 1, np.nan
    ones = np.ones_like(case.w)
    seen = expected_forward(
        type(case)(case.geometry, case.formats, "integers", "C", 0, spot, ones, case.dy)
    ).value
    np.testing.assert_array_equal(np.isnan(forward(case, poisoned, ones)), seen != 0)


@given(exact_cases())
def test_arrays_are_fresh_and_dtypes_are_kept(case):
    before = case.x.copy(), case.w.copy(), case.dy.copy()
    answers = (forward(case, case.x, case.w), *gradients(case))
    for answer, like in zip(answers, (case.dy, case.x, case.w), strict=True):
        assert answer.dtype == like.dtype
        assert answer.shape == like.shape
        assert answer.flags.c_contiguous
        assert not any(np.shares_memory(answer, array) for array in (case.x, case.w, case.dy))
    for array, copy in zip((case.x, case.w, case.dy), before, strict=True):
        np.testing.assert_array_equal(array, copy)


def test_the_last_rows_that_a_stride_skips_have_no_gradient():
    """4 rows, stride 3, one tap: rows 0 and 3 are read, the others are not."""
    x, w = np.ones((1, 4, 1, 1)), np.full((1, 1, 1, 1), 5.0)
    y = kernels.conv2d_forward(x, w, (3, 1), (1, 1), (0, 0, 0, 0))
    dx, dw = kernels.conv2d_backward(np.ones_like(y), x, w, (3, 1), (1, 1), (0, 0, 0, 0))
    assert y.ravel().tolist() == [5, 5]
    assert dx.ravel().tolist() == [5, 0, 0, 5]
    assert dw.item() == 2
