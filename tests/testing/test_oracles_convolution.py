"""The convolution oracles against numbers worked out by hand, against each other, and by counting."""

import numpy as np
import pytest

from refnet.testing import (
    Tally,
    count_multiplications,
    counting,
    naive_conv2d,
    naive_conv2d_filter_gradient,
    naive_conv2d_input_gradient,
    naive_depthwise_conv2d,
    naive_depthwise_conv2d_filter_gradient,
    naive_depthwise_conv2d_input_gradient,
    naive_grouped_conv2d,
    naive_grouped_conv2d_filter_gradient,
    naive_grouped_conv2d_input_gradient,
    naive_pointwise_conv2d,
    naive_pointwise_conv2d_filter_gradient,
    naive_pointwise_conv2d_input_gradient,
    pad_image,
)

IMAGE = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]]).reshape(1, 3, 3, 1)
FILTER = np.array([[10, 1], [100, 1000]]).reshape(2, 2, 1, 1)


def one_channel(array):
    return array[0, :, :, 0].tolist()


def integers(rng, *shape):
    return rng.integers(-4, 5, shape)


def test_two_by_two_filter_by_hand():
    # top left: 10*1 + 1*2 + 100*4 + 1000*5
    assert one_channel(naive_conv2d(IMAGE, FILTER)) == [[5412, 6523], [8745, 9856]]


def test_padding_is_top_bottom_left_right():
    # one row above and two columns to the right: the first output sees only the lower taps, of 1 and 2
    y = naive_conv2d(IMAGE, FILTER, pads=(1, 0, 0, 2))
    assert one_channel(y) == [
        [2100, 3200, 300, 0],
        [5412, 6523, 630, 0],
        [8745, 9856, 960, 0],
    ]


def test_stride_and_dilation_are_y_then_x():
    assert one_channel(naive_conv2d(IMAGE, FILTER, stride=(1, 2))) == [[5412], [8745]]
    assert one_channel(naive_conv2d(IMAGE, FILTER, stride=(2, 1))) == [[5412, 6523]]
    # dilation 2 along y: rows 0 and 2. 10*1 + 1*2 + 100*7 + 1000*8
    assert one_channel(naive_conv2d(IMAGE, FILTER, dilation=(2, 1))) == [[8712, 9823]]
    # dilation 2 along x: columns 0 and 2. 10*1 + 1*3 + 100*4 + 1000*6
    assert one_channel(naive_conv2d(IMAGE, FILTER, dilation=(1, 2))) == [[6413], [9746]]


def test_channels_by_hand():
    x = np.array([2, 3]).reshape(1, 1, 1, 2)
    w = np.array([[10, 100, 1000], [1, 2, 3]]).reshape(1, 1, 2, 3)
    assert naive_conv2d(x, w).ravel().tolist() == [23, 206, 2009]
    assert naive_pointwise_conv2d(x, w[0, 0]).ravel().tolist() == [23, 206, 2009]
    assert naive_depthwise_conv2d(x, np.array([[[10, 100]]])).ravel().tolist() == [20, 300]


def test_groups_are_runs_of_channels():
    x = np.array([1, 2, 3, 4]).reshape(1, 1, 1, 4)
    w = np.array([[1, 10, 100, 1000], [2, 20, 200, 2000]]).reshape(1, 1, 2, 4)
    # outputs 0, 1 read inputs 1, 2; outputs 2, 3 read inputs 3, 4
    assert naive_grouped_conv2d(x, w, groups=2).ravel().tolist() == [5, 50, 1100, 11000]


def test_gradients_by_hand():
    dy = np.array([[1, 10], [100, 1000]]).reshape(1, 2, 2, 1)
    # each pixel collects the outputs that it reached, times the tap
    assert one_channel(naive_conv2d_input_gradient(dy, FILTER, (3, 3))) == [
        [10, 101, 10],
        [1100, 12100, 11000],
        [10000, 200000, 1000000],
    ]
    # each tap collects its pixel times dy: tap (0, 0) saw 1, 2, 4, 5
    assert naive_conv2d_filter_gradient(dy, IMAGE, (2, 2))[..., 0, 0].tolist() == [[5421, 6532], [8754, 9865]]


def test_every_image_is_its_own():
    rng = np.random.default_rng(0)
    x, w = integers(rng, 3, 4, 4, 2), integers(rng, 3, 3, 2, 2)
    together = naive_conv2d(x, w, pads=(1, 1, 1, 1))
    for b in range(3):
        np.testing.assert_array_equal(together[b], naive_conv2d(x[b : b + 1], w, pads=(1, 1, 1, 1))[0])


SETTINGS = [
    {"stride": 1, "dilation": 1, "pads": (0, 0, 0, 0)},
    {"stride": (2, 1), "dilation": (1, 2), "pads": (1, 0, 2, 1)},
    {"stride": (1, 3), "dilation": (2, 1), "pads": (0, 2, 1, 3)},
]


@pytest.mark.parametrize("settings", SETTINGS)
def test_the_four_operations_agree_where_they_meet(settings):
    rng = np.random.default_rng(1)
    x, w = integers(rng, 2, 5, 6, 4), integers(rng, 3, 2, 4, 4)
    y = naive_conv2d(x, w, **settings)
    np.testing.assert_array_equal(y, naive_grouped_conv2d(x, w, **settings, groups=1))
    dy = integers(rng, *y.shape)
    np.testing.assert_array_equal(
        naive_conv2d_input_gradient(dy, w, (5, 6), **settings),
        naive_grouped_conv2d_input_gradient(dy, w, (5, 6), **settings, groups=1),
    )
    np.testing.assert_array_equal(
        naive_conv2d_filter_gradient(dy, x, (3, 2), **settings),
        naive_grouped_conv2d_filter_gradient(dy, x, (3, 2), **settings, groups=1),
    )
    own = w[:, :, 0]
    np.testing.assert_array_equal(
        naive_depthwise_conv2d(x, own, **settings), naive_grouped_conv2d(x, w[:, :, :1], **settings, groups=4)
    )
    np.testing.assert_array_equal(
        naive_depthwise_conv2d_input_gradient(dy, own, (5, 6), **settings),
        naive_grouped_conv2d_input_gradient(dy, w[:, :, :1], (5, 6), **settings, groups=4),
    )
    np.testing.assert_array_equal(
        naive_depthwise_conv2d_filter_gradient(dy, x, (3, 2), **settings),
        naive_grouped_conv2d_filter_gradient(dy, x, (3, 2), **settings, groups=4)[:, :, 0],
    )


def test_depthwise_is_a_standard_convolution_with_a_diagonal_filter():
    rng = np.random.default_rng(2)
    x, w = integers(rng, 1, 5, 5, 3), integers(rng, 3, 3, 3)
    full = np.zeros((3, 3, 3, 3), int)
    full[:, :, range(3), range(3)] = w
    np.testing.assert_array_equal(naive_depthwise_conv2d(x, w), naive_conv2d(x, full))


def test_pointwise_is_a_standard_convolution_with_one_tap():
    rng = np.random.default_rng(3)
    x, w, dy = integers(rng, 2, 3, 4, 5), integers(rng, 5, 2), integers(rng, 2, 3, 4, 2)
    one_tap = w[None, None]
    np.testing.assert_array_equal(naive_pointwise_conv2d(x, w), naive_conv2d(x, one_tap))
    np.testing.assert_array_equal(
        naive_pointwise_conv2d_input_gradient(dy, w), naive_conv2d_input_gradient(dy, one_tap, (3, 4))
    )
    np.testing.assert_array_equal(
        naive_pointwise_conv2d_filter_gradient(dy, x), naive_conv2d_filter_gradient(dy, x, (1, 1))[0, 0]
    )


def test_gradients_are_adjoints():
    rng = np.random.default_rng(4)
    settings = {"stride": (2, 1), "dilation": (1, 2), "pads": (1, 0, 2, 1)}
    x, w = integers(rng, 2, 5, 6, 4), integers(rng, 3, 2, 2, 6)
    y = naive_grouped_conv2d(x, w, **settings, groups=2)
    dy, x2, w2 = (integers(rng, *a.shape) for a in (y, x, w))
    dx = naive_grouped_conv2d_input_gradient(dy, w, (5, 6), **settings, groups=2)
    dw = naive_grouped_conv2d_filter_gradient(dy, x, (3, 2), **settings, groups=2)
    assert np.vdot(dy, naive_grouped_conv2d(x2, w, **settings, groups=2)) == np.vdot(dx, x2) != 0
    assert np.vdot(dy, naive_grouped_conv2d(x, w2, **settings, groups=2)) == np.vdot(dw, w2) != 0


def test_empty_batch_and_one_pixel():
    w = np.ones((3, 3, 2, 4))
    assert naive_conv2d(np.ones((0, 5, 5, 2)), w).shape == (0, 3, 3, 4)
    assert naive_conv2d_input_gradient(np.ones((0, 3, 3, 4)), w, (5, 5)).shape == (0, 5, 5, 2)
    assert not naive_conv2d_filter_gradient(np.ones((0, 3, 3, 4)), np.ones((0, 5, 5, 2)), (3, 3)).any()
    assert naive_conv2d(np.ones((1, 1, 1, 2)), w, pads=(1, 1, 1, 1)).ravel().tolist() == [2] * 4


def test_dtype_is_kept_and_rounded_once():
    # 2048 + 1 + 1 is 2048 when each float16 sum is rounded, and 2050 when the answer is
    x = np.array([2048, 1, 1], np.float16).reshape(1, 1, 1, 3)
    y = naive_pointwise_conv2d(x, np.ones((3, 1), np.float16))
    assert y.dtype == np.float16
    assert y.item() == 2050
    assert naive_pointwise_conv2d(x.astype(np.float32), np.ones((3, 1), np.float32)).dtype == np.float32
    edge = np.full((1, 1, 1, 3), -128, np.int8)
    assert naive_pointwise_conv2d(edge, edge.reshape(3, 1)).item() == 3 * 128 * 128


def test_a_tap_outside_is_not_multiplied():
    x = np.full((1, 1, 1, 1), 2.0)
    w = np.full((3, 3, 1, 1), np.inf)
    w[1, 1] = 3
    assert naive_conv2d(x, w, pads=(1, 1, 1, 1)).item() == 6


@pytest.mark.parametrize(
    ("stride", "outputs", "inside"), [(1, 5, (5 * 3 - 2) ** 2), (2, 3, (3 * 3 - 2) ** 2)]
)
def test_multiplications_counted_by_doing(stride, outputs, inside):
    x, w = np.ones((1, 5, 5, 2), int), np.ones((3, 3, 2, 4), int)
    settings = {"stride": stride, "pads": (1, 1, 1, 1)}
    assert count_multiplications(naive_conv2d, x, w, **settings) == inside * 2 * 4
    wide = pad_image(x, (1, 1, 1, 1))
    assert count_multiplications(naive_conv2d, wide, w, stride=stride) == outputs**2 * 9 * 2 * 4
    assert count_multiplications(naive_depthwise_conv2d, wide, w[..., 0], stride=stride) == outputs**2 * 9 * 2
    assert count_multiplications(naive_pointwise_conv2d, x, w[0, 0]) == 25 * 2 * 4


def test_counting_numbers_compute_as_well():
    rng = np.random.default_rng(5)
    x, w = integers(rng, 1, 3, 3, 2), integers(rng, 2, 2, 2, 3)
    tally = Tally()
    y = naive_conv2d(counting(x, tally), counting(w, tally))
    np.testing.assert_array_equal(y, naive_conv2d(x, w))
    assert tally == Tally(multiplications=4 * 3 * 8, additions=4 * 3 * 7)


def test_ones_count_taps_inside():
    x, w = np.ones((1, 5, 4, 2)), np.ones((3, 3, 2, 4))
    settings = {"stride": 2, "pads": (0, 1, 1, 1)}
    assert naive_conv2d(x, w, **settings).sum() == count_multiplications(naive_conv2d, x, w, **settings)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: naive_conv2d(np.ones((3, 3, 1)), FILTER),
            r"x: wanted shape \(B, H, W, M\), got \(3, 3, 1\)",
        ),
        (lambda: naive_conv2d(np.ones((1, 3, 3, 2)), FILTER), "wanted as many in x as in w, got 2 and 1"),
        (lambda: naive_conv2d(IMAGE, FILTER, stride=0), "stride: wanted an int or a pair .* got 0"),
        (lambda: naive_conv2d(IMAGE, FILTER, dilation=(1, 2, 3)), r"dilation: .* got \(1, 2, 3\)"),
        (lambda: naive_conv2d(IMAGE, FILTER, pads=(1, 1)), r"pads: wanted four counts .* got \(1, 1\)"),
        (lambda: naive_conv2d(IMAGE, FILTER, dilation=3), "wanted a filter that fits into the padded image"),
        (lambda: naive_grouped_conv2d(IMAGE, FILTER, groups=2), "groups: wanted w of shape"),
        (lambda: naive_conv2d_input_gradient(IMAGE, FILTER, (3, 3)), "dy: wanted 2 rows and 2 columns"),
    ],
)
def test_wrong_arguments_say_wanted_and_got(call, message):
    with pytest.raises(ValueError, match=message):
        call()
