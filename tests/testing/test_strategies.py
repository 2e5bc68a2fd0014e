"""The strategies draw what they promise, stay within the limits, and keep integer sums exact."""

import numpy as np
import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from refnet.testing import (
    Limits,
    conv2d_cases,
    depthwise_conv2d_cases,
    expected_forward,
    expected_gradients,
    grouped_conv2d_cases,
    pointwise_conv2d_cases,
)

QUICK = settings(max_examples=3000, database=None, derandomize=True)
PROMISES = {
    "an even size with stride 2 and SAME's odd pixel at the bottom": lambda c: (
        c.geometry.padding == "same"
        and c.x.shape[1] % 2 == 0
        and c.stride[0] == 2
        and c.pads[1] == c.pads[0] + 1
    ),
    "an odd size with stride 2": lambda c: c.x.shape[2] % 2 == 1 and c.x.shape[2] > 1 and c.stride[1] == 2,
    "symmetric padding that differs from SAME": lambda c: (
        c.geometry.padding == "symmetric" and c.x.shape[1] % 2 == 0 and c.stride[0] == 2 and c.pads[0] == 1
    ),
    "four pads that SAME would not choose": lambda c: (
        c.geometry.padding == "explicit" and len(set(c.pads)) == 4 and abs(c.pads[0] - c.pads[1]) > 1
    ),
    "one pixel": lambda c: c.x.shape[1:3] == (1, 1) and c.w.shape[0] > 1,
    "an even filter": lambda c: c.w.shape[0] == 4,
    "a rectangular filter": lambda c: c.w.shape[0] != c.w.shape[1] and min(c.w.shape[:2]) > 1,
    "strides that differ": lambda c: c.stride == (3, 1),
    "dilations that differ": lambda c: c.dilation == (1, 3) and c.w.shape[1] > 1,
    "Fortran order": lambda c: c.order == "F" and c.x.size > 4 and not c.x.flags.c_contiguous,
    "gaps in memory": lambda c: c.order == "strided" and not c.x.flags.forc and c.x.size > 4,
    "negative strides": lambda c: min(c.x.strides) < 0 and min(c.w.strides) < 0,
    "integer values": lambda c: c.values == "integers" and c.x.size > 4,
    "real values": lambda c: c.values == "reals" and bool((c.x % 1).any()),
    "several images": lambda c: len(c.x) == 3,
}


@pytest.mark.parametrize("promise", PROMISES)
def test_what_is_promised_is_drawn(promise):
    find(conv2d_cases(), PROMISES[promise], settings=QUICK)


def test_an_empty_batch_is_drawn_where_it_is_allowed():
    case = find(conv2d_cases(Limits(batch=(1, 0))), lambda c: len(c.x) == 0, settings=QUICK)
    assert expected_forward(case).value.shape == case.geometry.y_shape
    assert not expected_gradients(case)[1].value.any()


def test_cases_shrink_to_the_simplest():
    case = find(conv2d_cases(), lambda c: True, settings=QUICK)
    assert repr(case) == (
        "Case(conv2d: x (1, 1, 1, 1), w (1, 1, 1, 1), stride (1, 1), dilation (1, 1), "
        "pads (0, 0, 0, 0) (same), float32, integers, memory order C, seed 0)"
    )


@given(
    conv2d_cases(
        Limits(
            stride=(1, 2),
            dilation=1,
            filter_size=3,
            batch=2,
            channels_multiple=8,
            max_size=5,
            padding="symmetric",
            memory_order="C",
            square=True,
            values="integers",
        ),
        dtype="float16",
    )
)
def test_limits_hold(case):
    assert case.stride in ((1, 1), (2, 2))
    assert case.dilation == (1, 1)
    assert case.w.shape[:2] == (3, 3)
    assert case.w.shape[2] % 8 == case.w.shape[3] % 8 == 0 < case.x.shape[3] <= 16
    assert len(case.x) == 2
    assert max(case.x.shape[1:3]) <= 5
    assert case.pads == (1, 1, 1, 1)
    assert case.x.flags.c_contiguous
    assert case.x.dtype == case.w.dtype == case.dy.dtype == np.float16
    assert not (case.x % 1).any()


OPERATIONS = [conv2d_cases, depthwise_conv2d_cases, pointwise_conv2d_cases, grouped_conv2d_cases]
LARGE = Limits(values="integers", channels_multiple=64, max_size=20, batch=4)


@given(st.one_of([cases(Limits(values="integers"), "float16") for cases in OPERATIONS]))
def test_sums_of_integers_are_exact_in_any_order(case):
    """The sum of absolute products bounds every partial sum, in any order: it must fit the format."""
    absolute = type(case)(
        case.geometry,
        case.formats,
        case.values,
        case.order,
        case.seed,
        abs(case.x),
        abs(case.w),
        abs(case.dy),
    )
    answers = (expected_forward(absolute), *expected_gradients(absolute))
    assert all(answer.value.max(initial=0) <= 2**11 for answer in answers)


@settings(max_examples=10)
@given(depthwise_conv2d_cases(LARGE, "float16"))
def test_sums_over_many_pixels_are_exact_as_well(case):
    assert abs(case.dy).astype(float).sum() * abs(case.x).max() <= 2**11 or case.dy.size * 16 <= 2**11


@given(st.one_of([cases(Limits(), "int8") for cases in OPERATIONS]))
def test_int8_sums_fit_32_bits(case):
    assert case.x.dtype == case.w.dtype == np.int8
    assert abs(expected_forward(case).value).max(initial=0) < 2**31
    assert case.values == "integers"


def test_int8_reaches_the_edges():
    find(
        conv2d_cases(dtype="int8"),
        lambda c: c.x.min() == c.w.min() == -128 and c.x.max() == 127,
        settings=QUICK,
    )


@given(grouped_conv2d_cases(Limits(groups=(2, 3))))
def test_groups_split_the_channels(case):
    assert case.groups in (2, 3)
    assert case.w.shape[2] * case.groups == case.x.shape[3]
    assert case.w.shape[3] % case.groups == 0


def test_the_same_seed_gives_the_same_arrays():
    drawn = [find(conv2d_cases(), PROMISES["real values"], settings=QUICK) for _ in range(2)]
    np.testing.assert_array_equal(drawn[0].x, drawn[1].x)
    np.testing.assert_array_equal(drawn[0].dy, drawn[1].dy)


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"stride": 0}, "stride: wanted whole numbers of at least 1, got 0"),
        ({"dilation": ()}, r"dilation: wanted whole numbers of at least 1, got \(\)"),
        ({"padding": "reflect"}, "padding: wanted some of same, symmetric, valid, explicit, got 'reflect'"),
        ({"memory_order": "K"}, "memory_order: wanted some of C, F, strided, negative, got 'K'"),
        ({"values": ("integers", "complex")}, "values: wanted some of integers, reals"),
        (
            {"channels_multiple": 8, "max_channels": 4},
            "max_channels: wanted at least channels_multiple = 8, got 4",
        ),
        ({"batch": -1}, "batch: wanted whole numbers of at least 0, got -1"),
        ({"groups": 0}, "groups: wanted whole numbers of at least 1, got 0"),
        ({"max_size": 2.5}, r"max_size: wanted whole numbers of at least 1, got \(2.5,\)"),
    ],
)
def test_wrong_limits_say_wanted_and_got(limits, message):
    with pytest.raises(ValueError, match=message):
        Limits(**limits)


def test_limits_print_what_was_changed():
    assert str(Limits(stride=2, square=True)) == "Limits(stride=2, square=True)"
