"""What padding does to numbers that are not finite: it is zeros in a standard convolution, and nothing in the others.

0 * inf is NaN. A plain kernel skips the taps on the padding; the tiled standard convolution multiplies them, as if the
map were larger. So an infinite weight shows at the border too. Where all is finite there is no difference.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refnet import kernels
from refnet.kernels import tiled
from refnet.testing import Limits, conv2d_cases, depthwise_conv2d_cases, pointwise_conv2d_cases

pytestmark = pytest.mark.jit

LIMITS = Limits(values="integers", memory_order="C", max_channels=9, max_size=6, filter_size=(1, 2, 3))
SPECIAL = (np.inf, -np.inf, np.nan)
few = settings(max_examples=40)
places = st.lists(st.tuples(st.integers(0, 9999), st.sampled_from(SPECIAL)), min_size=1, max_size=3)


def with_special(array, places):
    """A copy, with some of its numbers not finite."""
    array = array.copy()
    for place, value in places:
        array.flat[place % array.size] = value
    return array


def padded(x, top, bottom, left, right):
    return np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)))


@few
@given(conv2d_cases(LIMITS), places)
def test_a_standard_convolution_is_that_of_a_map_with_a_border_of_zeros(case, places):
    w = with_special(case.w, places)
    found = tiled.conv2d_forward(case.x, w, *case.settings)
    wanted = kernels.conv2d_forward(padded(case.x, *case.pads), w, case.stride, case.dilation, (0, 0, 0, 0))
    np.testing.assert_array_equal(found, wanted)
    plain = kernels.conv2d_forward(case.x, w, *case.settings)
    same = (found == plain) | (np.isnan(found) & np.isnan(plain))
    assert np.isnan(found[~same]).all(), "what padding adds is NaN"


@few
@given(conv2d_cases(LIMITS), places)
def test_its_filter_gradient_too(case, places):
    dy = with_special(case.dy, places)
    found = tiled.conv2d_filter_gradient(dy, case.x, case.geometry.filter_hw, *case.settings)
    x, filter_hw = padded(case.x, *case.pads), case.geometry.filter_hw
    wanted = kernels.conv2d_filter_gradient(dy, x, filter_hw, case.stride, case.dilation, (0, 0, 0, 0))
    np.testing.assert_array_equal(found, wanted)


@few
@given(conv2d_cases(LIMITS), places)
def test_its_input_gradient_is_that_of_outputs_with_a_border_of_zeros(case, places):
    """Outputs before the first and after the last, which the same taps would meet."""
    w, beyond = with_special(case.w, places), 20
    found = tiled.conv2d_input_gradient(case.dy, w, case.geometry.input_hw, *case.settings)
    (y, x), (top, bottom, left, right) = case.stride, case.pads
    moved = (top + beyond * y, bottom, left + beyond * x, right)
    wide = padded(case.dy, *[beyond] * 4)
    wanted = kernels.conv2d_input_gradient(wide, w, case.geometry.input_hw, case.stride, case.dilation, moved)
    np.testing.assert_array_equal(found, wanted)


def test_an_infinite_weight_at_the_border_by_hand():
    x, w = np.ones((1, 3, 3, 1)), np.ones((3, 3, 1, 1))
    w[0, 0] = np.inf
    window = ((1, 1), (1, 1), (1, 1, 1, 1))
    inf, nan = np.inf, np.nan
    assert kernels.conv2d_forward(x, w, *window)[0, ..., 0].tolist() == [[4, 6, 4], [6, inf, inf], [4, inf, inf]]
    found = tiled.conv2d_forward(x, w, *window)[0, ..., 0]
    np.testing.assert_array_equal(found, [[nan, nan, nan], [nan, inf, inf], [nan, inf, inf]])


def answers(space, case, x, w, dy):
    """y, dx, dw"""
    y = getattr(space, f"{case.operation}_forward")(x, w, *case.settings)
    return y, *getattr(space, f"{case.operation}_backward")(dy, x, w, *case.settings)


@few
@given(st.one_of(depthwise_conv2d_cases(LIMITS), pointwise_conv2d_cases(LIMITS)), places)
def test_the_others_are_the_plain_kernels_whatever_the_numbers(case, places):
    for special in ("x", "w", "dy"):
        arrays = {name: getattr(case, name) for name in ("x", "w", "dy")}
        arrays[special] = with_special(arrays[special], places)
        for found, wanted in zip(answers(tiled, case, **arrays), answers(kernels, case, **arrays), strict=True):
            np.testing.assert_array_equal(found, wanted)
