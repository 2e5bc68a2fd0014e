"""check_* lets right kernels pass, in every layout and dtype, and finds and names planted mistakes."""

import numpy as np
import pytest
import sample_kernels as sample

from refnet.testing import (
    Expected,
    Limits,
    check_conv2d,
    check_conv2d_backward,
    check_depthwise_conv2d,
    check_depthwise_conv2d_backward,
    check_grouped_conv2d,
    check_grouped_conv2d_backward,
    check_pointwise_conv2d,
    check_pointwise_conv2d_backward,
    check_relu6,
    check_relu6_backward,
    expected_gradients,
)

SUMS = {"float64": np.float64, "float32": np.float32, "float16": np.float32, "int8": np.int32}


def in_dtype(function, dtype):
    return lambda *arguments: function(*arguments, sums=SUMS[dtype])


@pytest.mark.parametrize("dtype", SUMS)
def test_right_kernels_pass_in_every_dtype(dtype):
    check_conv2d(in_dtype(sample.conv2d, dtype), dtype=dtype, max_examples=60)
    check_depthwise_conv2d(in_dtype(sample.depthwise_conv2d, dtype), dtype=dtype, max_examples=60)
    check_pointwise_conv2d(in_dtype(sample.pointwise_conv2d, dtype), dtype=dtype, max_examples=60)
    check_grouped_conv2d(in_dtype(sample.grouped_conv2d, dtype), dtype=dtype, max_examples=60)


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_right_backward_passes(dtype):
    check_conv2d_backward(sample.conv2d_backward, dtype=dtype, max_examples=40)
    check_depthwise_conv2d_backward(sample.depthwise_conv2d_backward, dtype=dtype, max_examples=40)
    check_pointwise_conv2d_backward(sample.pointwise_conv2d_backward, dtype=dtype, max_examples=40)
    check_grouped_conv2d_backward(sample.grouped_conv2d_backward, dtype=dtype, max_examples=40)


def test_three_lines_are_enough():
    def my_forward(x, w, stride, dilation, pads):
        assert x.dtype == np.float16
        assert x.shape[1] % 8 == w.shape[0] % 8 == w.shape[1] % 8 == 0
        assert dilation == (1, 1)
        assert set(stride) <= {1, 2}
        return sample.nchw(sample.conv2d, (3, 2, 0, 1))(x, w, stride, dilation, pads)

    limits = Limits(stride=(1, 2), dilation=1, channels_multiple=8, groups=False)
    check_conv2d(
        my_forward, layout="NCHW", dtype="float16", accumulate="float32", limits=limits, max_examples=50
    )


@pytest.mark.parametrize(
    ("layout", "filter_layout", "axes"),
    [("NCHW", None, (3, 2, 0, 1)), ("NCHW", "HWIO", (0, 1, 2, 3)), ("NCHW", "OHWI", (3, 0, 1, 2))],
)
def test_filter_layouts_of_standard_kernels(layout, filter_layout, axes):
    check_conv2d(sample.nchw(sample.conv2d, axes), layout, filter_layout, max_examples=40)


def test_filter_layouts_of_depthwise_kernels():
    def c1hw(x, w, *settings):
        return sample.nchw(sample.depthwise_conv2d, (2, 0, 1))(x, w[:, 0], *settings)

    check_depthwise_conv2d(c1hw, layout="NCHW", max_examples=40)
    check_depthwise_conv2d(
        lambda x, w, *s: sample.depthwise_conv2d(x, w[..., 0], *s), filter_layout="HWC1", max_examples=40
    )


def test_filter_layouts_of_pointwise_kernels():
    check_pointwise_conv2d(sample.nchw(sample.pointwise_conv2d, (1, 0)), layout="NCHW", max_examples=40)
    check_pointwise_conv2d(
        lambda x, w: sample.pointwise_conv2d(x, w[:, :, 0, 0].T), filter_layout="OIHW", max_examples=40
    )


def test_a_standard_kernel_may_read_the_groups_from_the_shapes():
    def forward(x, w, stride, dilation, pads):
        return sample.grouped_conv2d(x, w, stride, dilation, pads, x.shape[3] // w.shape[2])

    check_conv2d(forward, limits=Limits(groups=True), max_examples=60)
    with pytest.raises(AssertionError, match="check_conv2d: the function raised"):
        check_conv2d(sample.conv2d, limits=Limits(groups=(2, 3)))


def message(check, function, **options):
    """The whole failure. That there is one is part of every test that uses this."""
    with pytest.raises(AssertionError) as failure:
        check(function, **options)
    return str(failure.value)


def transposed(w):
    if w.shape[0] == w.shape[1]:
        return w.swapaxes(0, 1)
    return w.reshape(w.shape[1], w.shape[0], *w.shape[2:]).swapaxes(0, 1)


def scaled(array, axis, place, factor):
    changed = array.copy()
    changed[(slice(None),) * axis + (place,)] *= factor
    return changed


def corner(large, right):
    """The first corner of a larger output, of the right one's size."""
    return large[:, : right.shape[1], : right.shape[2]]


def same_with_the_odd_pixel_first(x, w, stride, dilation, pads):
    totals = pads[0] + pads[1], pads[2] + pads[3]
    first = [total - total // 2 for total in totals]
    return sample.conv2d(x, w, stride, dilation, (first[0], totals[0] // 2, first[1], totals[1] // 2))


# what the message must contain -> a standard convolution with that mistake
FORWARD_MISTAKES = {
    "transposed": lambda x, w, s, d, p: sample.conv2d(x, transposed(w), s, d, p),
    "flipped in both": lambda x, w, s, d, p: sample.conv2d(x, w[::-1, ::-1], s, d, p),
    "flipped left to right": lambda x, w, s, d, p: sample.conv2d(x, w[:, ::-1], s, d, p),
    "swapped pads: top with bottom and left with right": (
        lambda x, w, s, d, p: sample.conv2d(x, w, s, d, (p[1], p[0], p[3], p[2]))
    ),
    "swapped pads: left with right": lambda x, w, s, d, p: sample.conv2d(
        x, w, s, d, (p[0], p[1], p[3], p[2])
    ),
    "swapped pads: (left, right) is used along y": lambda x, w, s, d, p: sample.conv2d(
        x, w, s, d, p[2:] + p[:2]
    ),
    "the pads are ignored": lambda x, w, s, d, p: sample.conv2d(x, w, s, d, (0, 0, 0, 0)),
    "stride is used as (x, y)": lambda x, w, s, d, p: sample.conv2d(x, w, s[::-1], d, p),
    "dilation is used as (x, y)": lambda x, w, s, d, p: sample.conv2d(x, w, s, d[::-1], p),
    "stride is ignored (in an output of the right size)": (
        lambda x, w, s, d, p: corner(sample.conv2d(x, w, (1, 1), d, p), sample.conv2d(x, w, s, d, p))
    ),
    "dilation is ignored (in an output of the right size)": (
        lambda x, w, s, d, p: corner(sample.conv2d(x, w, s, (1, 1), p), sample.conv2d(x, w, s, d, p))
    ),
    "stride is ignored": lambda x, w, s, d, p: sample.conv2d(x, w, (1, 1), d, p),
    "dilation is ignored": lambda x, w, s, d, p: sample.conv2d(x, w, s, (1, 1), p),
    "the last row of taps is skipped": lambda x, w, s, d, p: sample.conv2d(x, scaled(w, 0, -1, 0), s, d, p),
    "the last input channel is counted twice": lambda x, w, s, d, p: sample.conv2d(
        x, scaled(w, 2, -1, 2), s, d, p
    ),
    "the last row of y is left at zero": lambda x, w, s, d, p: scaled(sample.conv2d(x, w, s, d, p), 1, -1, 0),
    "the last row of y is missing": lambda x, w, s, d, p: sample.conv2d(x, w, s, d, p)[:, :-1],
    "the last channel of y is left at zero": lambda x, w, s, d, p: scaled(
        sample.conv2d(x, w, s, d, p), 3, -1, 0
    ),
    "every image is read from the first": lambda x, w, s, d, p: sample.conv2d(x[[0] * len(x)], w, s, d, p),
    "the filter's memory is read as OIHW": (
        lambda x, w, s, d, p: sample.conv2d(
            x, w.reshape(w.shape[3], w.shape[2], *w.shape[:2]).transpose(2, 3, 1, 0), s, d, p
        )
    ),
}


@pytest.mark.parametrize("named", FORWARD_MISTAKES)
def test_each_mistake_is_found_and_named_first(named):
    text = message(check_conv2d, FORWARD_MISTAKES[named])
    assert named in text.split("likely mistake: ")[1].split("\n")[0]


@pytest.mark.parametrize("named", ["stride is ignored", "dilation is ignored"])
def test_a_larger_output_is_told_from_one_of_the_right_size(named):
    larger, right = named, f"{named} (in an output of the right size)"
    for words, other in ((larger, right), (right, larger)):
        lines = message(check_conv2d, FORWARD_MISTAKES[words]).splitlines()
        assert f"  likely mistake: {words}" in lines
        assert f"  or: {other}" not in lines


@pytest.mark.parametrize("seed", range(1, 6))
@pytest.mark.parametrize(
    "named", ["transposed", "swapped pads: left with right", "the last row of y is left at zero"]
)
def test_mistakes_are_found_whatever_the_seed(named, seed):
    assert f"likely mistake: {named}" in message(check_conv2d, FORWARD_MISTAKES[named], seed=seed).replace(
        "the filter is ", ""
    )


def test_odd_pixel_first_is_named_where_only_same_is_drawn():
    text = message(check_conv2d, same_with_the_odd_pixel_first, limits=Limits(padding="same"))
    assert "likely mistake: odd pixel first" in text
    assert "odd pixel first" in message(check_conv2d, same_with_the_odd_pixel_first)


def test_a_crash_shows_the_case_and_the_mistake_that_shows_elsewhere():
    def forward(x, w, stride, dilation, pads):
        swapped = [[w[kx, ky] for kx in range(w.shape[1])] for ky in range(w.shape[0])]
        return sample.conv2d(x, np.array(swapped), stride, dilation, pads)

    text = message(check_conv2d, forward)
    assert "the function raised IndexError: index 1 is out of bounds" in text
    assert "likely mistake: the filter is transposed (ky and kx are swapped) (seen in other cases" in text


def test_a_message_shows_case_place_taps_wanted_and_got():
    text = message(
        check_conv2d,
        sample.nchw(FORWARD_MISTAKES["transposed"], (3, 2, 0, 1)),
        layout="NCHW",
        limits=Limits(
            filter_size=2, padding="valid", stride=1, dilation=1, values="integers", memory_order="C"
        ),
    )
    assert text.split("seed")[0].rstrip() == (
        "check_conv2d: wrong answer\n"
        "  case: Case(conv2d: x (1, 2, 2, 1), w (2, 2, 1, 1), stride (1, 1), dilation (1, 1), "
        "pads (0, 0, 0, 0) (valid), float32, integers, memory order C,"
    )
    assert "called with: x (1, 1, 2, 2) NCHW, w (1, 1, 2, 2) OIHW, (1, 1), (1, 1), (0, 0, 0, 0)" in text
    assert "the first at image 0, y 0, x 0, channel 0: y[0, 0, 0, 0] in NCHW" in text
    assert text.count(" * ") == 4
    products = [float(line.split(" = ")[1]) for line in text.splitlines() if " * " in line]
    assert float(text.split("wanted: ")[1].split()[0]) == sum(products)
    assert float(text.split("got: ")[1].split()[0]) != sum(products)


@pytest.mark.parametrize(
    ("function", "complaint"),
    [
        (lambda *a: sample.conv2d(*a).astype(np.float64), "y: wanted dtype float32, got float64"),
        (lambda *a: sample.conv2d(*a)[0], r"y: wanted shape \(1, 1, 1, 1\) in NHWC, got \(1, 1, 1\)"),
        (lambda *a: sample.conv2d(*a).tolist(), "y: wanted a NumPy array, got list"),
        (lambda *a: None, "y: wanted a NumPy array, got NoneType"),
        (lambda *a: sample.conv2d(*a) * np.float32(np.nan), "got: nan"),
        (lambda *a: sample.conv2d(*a) + np.float32(1), "wrong: 1 of 1 entries of y"),
        (lambda *a: np.zeros_like(sample.conv2d(*a)), "likely mistake: y is left at zero"),
    ],
)
def test_answers_of_the_wrong_kind(function, complaint):
    with pytest.raises(AssertionError, match=complaint):
        check_conv2d(function)


def test_arguments_must_stay_as_they_were():
    def forward(x, w, *settings):
        y = sample.conv2d(x, w, *settings)
        x *= 2
        return y

    assert "the function changed its argument x" in message(check_conv2d, forward)


def test_a_function_that_ignores_strides_in_memory():
    def forward(x, w, *settings):
        memory = x.base if x.base is not None else x
        return sample.conv2d(memory.ravel(order="K")[: x.size].reshape(x.shape), w, *settings)

    assert "likely mistake: the array's strides are ignored" in message(check_conv2d, forward)
    check_conv2d(forward, limits=Limits(memory_order="C"), max_examples=30)


def test_refusing_an_order_in_memory_is_no_wrong_answer():
    def forward(x, w, *settings):
        if not (x.flags.c_contiguous and w.flags.c_contiguous):
            raise TypeError("wanted C-contiguous arrays")
        return sample.conv2d(x, w, *settings)

    check_conv2d(forward, max_examples=60)

    def never(*arguments):
        raise TypeError("not today")

    assert "the function raised TypeError: not today" in message(check_conv2d, never)


def test_answers_that_change_from_call_to_call():
    calls = iter(range(10**6))
    with pytest.raises(AssertionError, match="answered the same case differently the second time"):
        check_conv2d(lambda *a: sample.conv2d(*a) + np.float32(next(calls) == 20))


def test_sums_kept_too_short_are_found_by_the_real_cases():
    def forward(*arguments):
        return sample.conv2d(*arguments, sums=np.float16)

    text = message(check_conv2d, forward, dtype="float16", accumulate="float32")
    assert "likely mistake: sums are kept in float16, not in float32" in text
    check_conv2d(forward, dtype="float16", accumulate="float16", max_examples=60)
    check_conv2d(forward, dtype="float16", limits=Limits(values="integers"), max_examples=60)


@pytest.mark.parametrize(
    ("named", "sums"),
    [("wraps around in 16 bits", np.int16), ("wraps around in 8 bits", np.int8)],
)
def test_int8_sums_need_32_bits(named, sums):
    assert named in message(check_conv2d, lambda *a: sample.conv2d(*a, sums=sums), dtype="int8")


def test_numbers_read_without_sign():
    def forward(x, w, *settings):
        return sample.conv2d(x.view(np.uint8).astype(np.int32), w.view(np.uint8).astype(np.int32), *settings)

    assert "read without their sign" in message(
        check_conv2d, forward, dtype="int8", limits=Limits(memory_order="C")
    )


def test_mistakes_of_the_other_operations():
    text = message(check_depthwise_conv2d, lambda x, w, *s: sample.depthwise_conv2d(x, w[::-1, ::-1], *s))
    assert "likely mistake: the filter is flipped in both" in text
    text = message(
        check_pointwise_conv2d, lambda x, w: sample.pointwise_conv2d(x, w.reshape(w.shape[::-1]).T)
    )
    assert "input and output channels are swapped" in text
    text = message(
        check_grouped_conv2d,
        lambda x, w, s, d, p, g: sample.grouped_conv2d(
            x, w[..., np.argsort(np.arange(w.shape[3]).reshape(-1, g).T.ravel())], s, d, p, g
        ),
    )
    assert "wrong answer" in text


def changed_dx(change):
    def backward(*arguments):
        dx, dw = sample.conv2d_backward(*arguments)
        return change(dx), dw

    return backward


def changed_dw(change):
    def backward(*arguments):
        dx, dw = sample.conv2d_backward(*arguments)
        return dx, change(dw)

    return backward


def overwritten_dx(dy, x, w, stride, dilation, pads):
    dx, dw = np.zeros_like(x), sample.conv2d_backward(dy, x, w, stride, dilation, pads)[1]
    for b, oy, ox, ky, kx in np.ndindex(*dy.shape[:3], *w.shape[:2]):
        iy, ix = oy * stride[0] + ky * dilation[0] - pads[0], ox * stride[1] + kx * dilation[1] - pads[2]
        if 0 <= iy < x.shape[1] and 0 <= ix < x.shape[2]:
            dx[b, iy, ix] = w[ky, kx] @ dy[b, oy, ox]
    return dx, dw


def overwritten_dw(dy, x, *settings):
    dx = sample.conv2d_backward(dy, x, *settings)[0]
    return dx, sample.conv2d_backward(dy[-1:], x[-1:], *settings)[1]


def with_stride_ignored(dy, x, w, stride, dilation, pads):
    larger = np.zeros_like(sample.conv2d(x, w, (1, 1), dilation, pads))
    corner(larger, dy)[...] = dy
    return sample.conv2d_backward(larger, x, w, (1, 1), dilation, pads)


BACKWARD_MISTAKES = {
    "stride is ignored (in an output of the right size)": with_stride_ignored,
    "dx is overwritten instead of accumulated (over outputs)": overwritten_dx,
    "dw is overwritten instead of accumulated over images": overwritten_dw,
    "the filter is flipped in both": (
        lambda dy, x, w, *s: (
            sample.conv2d_backward(dy, x, w[::-1, ::-1], *s)[0],
            sample.conv2d_backward(dy, x, w, *s)[1],
        )
    ),
    "the filter is transposed": lambda dy, x, w, *s: (
        sample.conv2d_backward(dy, x, transposed(w), *s)[0],
        sample.conv2d_backward(dy, x, w, *s)[1],
    ),
    "swapped pads: top with bottom and left with right": (
        lambda dy, x, w, s, d, p: sample.conv2d_backward(dy, x, w, s, d, (p[1], p[0], p[3], p[2]))
    ),
    "dx is computed as if dy were all ones": lambda dy, *a: sample.conv2d_backward(np.ones_like(dy), *a),
    "the last row of dx is left at zero": changed_dx(lambda dx: scaled(dx, 1, -1, 0)),
    "the last input channel of dw is left at zero": changed_dw(lambda dw: scaled(dw, 2, -1, 0)),
    "(a true convolution; the papers' formula does not flip), in dw itself": (
        changed_dw(lambda dw: dw[::-1, ::-1])
    ),
    "dw has the wrong sign": changed_dw(np.negative),
}


@pytest.mark.parametrize("named", BACKWARD_MISTAKES)
def test_each_backward_mistake_is_found_and_named(named):
    text = message(check_conv2d_backward, BACKWARD_MISTAKES[named], limits=Limits(values="integers"))
    assert named in text.split("likely mistake: ")[1].split("\n")[0]


@pytest.mark.parametrize(("place", "name"), [(0, "dx"), (1, "dw")])
def test_a_gradient_oracle_that_errs_as_the_kernel_does_is_no_excuse(monkeypatch, place, name):
    """The adjoint identity is checked against the forward oracle: one wrong gradient oracle cannot hide."""

    def negated(arrays, change):
        return tuple(change(array) if i == place else array for i, array in enumerate(arrays))

    def wrong_oracle(case):
        return negated(expected_gradients(case), lambda e: Expected(e.name, -e.value, e.bound))

    monkeypatch.setattr("refnet.testing.checks.expected_gradients", wrong_oracle)
    with pytest.raises(AssertionError, match=f"{name} is not the adjoint of the forward pass: wanted vdot"):
        check_conv2d_backward(lambda *a: negated(sample.conv2d_backward(*a), np.negative))


def test_backward_answers_of_the_wrong_kind():
    assert "wanted the pair dx, dw, got one array of shape" in message(
        check_conv2d_backward, lambda *a: sample.conv2d_backward(*a)[0]
    )
    text = message(check_conv2d_backward, lambda *a: sample.conv2d_backward(*a)[::-1])
    assert "likely mistake: dx and dw are returned in the wrong order" in text
    shorter = changed_dx(lambda dx: dx[:, :-1])
    assert "dx: wanted shape (1, 1, 1, 1) in NHWC, got (1, 0, 1, 1)" in message(
        check_conv2d_backward, shorter
    )


NCHW_KERNELS = {
    check_conv2d: sample.nchw(sample.conv2d, (3, 2, 0, 1)),
    check_depthwise_conv2d: lambda x, w, *s: sample.nchw(sample.depthwise_conv2d, (2, 0, 1))(x, w[:, 0], *s),
    check_pointwise_conv2d: sample.nchw(sample.pointwise_conv2d, (1, 0)),
    check_grouped_conv2d: sample.nchw(sample.grouped_conv2d, (3, 2, 0, 1)),
}


@pytest.mark.parametrize("check", NCHW_KERNELS)
def test_a_kernel_checked_in_the_wrong_layout_is_told_the_right_one(check):
    text = message(check, NCHW_KERNELS[check])
    assert text.endswith('\n  likely mistake: the function seems to take NCHW: pass layout="NCHW"')
    check(NCHW_KERNELS[check], layout="NCHW", max_examples=30)


def test_the_other_layout_is_named_with_its_filters_where_theirs_were_declared():
    text = message(check_conv2d, NCHW_KERNELS[check_conv2d], filter_layout="OHWI")
    assert text.endswith('seems to take NCHW: pass layout="NCHW", filter_layout="OIHW"')
    text = message(check_conv2d, sample.conv2d, layout="NCHW")
    assert text.endswith('seems to take NHWC: pass layout="NHWC"')
    text = message(check_conv2d_backward, sample.conv2d_backward, layout="NCHW")
    assert text.endswith('seems to take NHWC: pass layout="NHWC"')


@pytest.mark.parametrize("check", [*NCHW_KERNELS, check_conv2d_backward, check_relu6, check_relu6_backward])
def test_what_is_no_function_is_refused(check):
    with pytest.raises(TypeError, match=r"^function: wanted a callable, got 3$"):
        check(3)


def test_wrong_options_say_wanted_and_got():
    for options, text in (
        ({"layout": "CHWN"}, "layout: wanted NHWC or NCHW, got 'CHWN'"),
        ({"filter_layout": "HWC"}, "filter_layout: wanted the letters HWIO .* got 'HWC'"),
        ({"dtype": "bfloat16"}, "dtype: wanted one of float64, .* got 'bfloat16'"),
        ({"dtype": "int8", "accumulate": "int16"}, "accumulate: wanted one of int32, got 'int16'"),
    ):
        with pytest.raises(ValueError, match=text):
            check_conv2d(sample.conv2d, **options)
    with pytest.raises(ValueError, match="wanted a float dtype for a backward pass, got int8"):
        check_conv2d_backward(sample.conv2d_backward, dtype="int8")
