"""Crop and resize: against matrices of weights, gradients by differences, and boxes of every kind."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refnet import kernels
from refnet.testing import check_gradients, naive_crop_and_resize, naive_crop_and_resize_gradient

ROUNDING = {"float64": 1e-13, "float32": 2e-7}  # of the largest number: one rounding, of sums in float64
SEEDS = st.integers(0, 2**16)
SIZES = st.tuples(st.integers(1, 6), st.integers(1, 6))
dtypes = pytest.mark.parametrize("dtype", ROUNDING)


def drawn(seed, dtype, batch, hw, crop_hw, regions=3, channels=2):
    """x, boxes and dy. Edges are eighths from -1/2 to 3/2, so that points on pixels and on borders are frequent."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((batch, *hw, channels))
    boxes = rng.integers(-4, 13, (batch, regions, 4)) / 8
    dy = rng.standard_normal((batch, regions, *crop_hw, channels))
    return [array.astype(dtype) for array in (x, boxes, dy)]


def assert_close(found, wanted, scale):
    assert found.shape == wanted.shape
    np.testing.assert_allclose(found, wanted, rtol=0, atol=ROUNDING[str(found.dtype)] * max(scale, 1))


@dtypes
@given(batch=st.integers(0, 2), hw=SIZES, crop_hw=SIZES, seed=SEEDS)
def test_against_matrices(dtype, batch, hw, crop_hw, seed):
    x, boxes, dy = drawn(seed, dtype, batch, hw, crop_hw)
    y = kernels.crop_and_resize_forward(x, boxes, crop_hw)
    dx, dboxes = kernels.crop_and_resize_backward(dy, x, boxes)
    assert y.dtype == dx.dtype == dboxes.dtype == dtype
    largest = float(np.abs(x).max(initial=0)), float(np.abs(dy).max(initial=0))
    assert_close(y, naive_crop_and_resize(x, boxes, crop_hw), largest[0])
    wanted = naive_crop_and_resize_gradient(dy, x, boxes)
    points = 3 * crop_hw[0] * crop_hw[1]
    assert_close(dx, wanted[0], largest[1] * points)
    assert_close(dboxes, wanted[1], largest[0] * largest[1] * points * 2 * 4 * max(hw))


@pytest.mark.parametrize(("hw", "crop_hw"), [((6, 7), (3, 4)), ((5, 4), (1, 1)), ((3, 4), (5, 1)), ((4, 1), (3, 2))])
def test_gradients_by_differences(hw, crop_hw):
    """Boxes from within the map to beyond it, every point away from whole pixels and borders by more than the step."""
    rng = np.random.default_rng(1)
    x = rng.standard_normal((2, *hw, 2))
    boxes = away_from_pixels(rng, hw, crop_hw)
    check_gradients(
        lambda x, boxes: kernels.crop_and_resize_forward(x, boxes, crop_hw),
        lambda dy, x, boxes: kernels.crop_and_resize_backward(dy, x, boxes),
        [x, boxes],
        names=("x", "boxes"),
        linear=False,
        step=1e-4,
        relative=1e-8,
    )


def away_from_pixels(rng, hw, crop_hw, distance=0.01):
    """Boxes (2, 2, 4) none of whose points lies within this distance of a whole number of pixels."""
    while True:
        first, second = rng.uniform(-0.1, 0.4, (2, 2, 2)), rng.uniform(0.6, 1.1, (2, 2, 2))
        boxes = np.concatenate([first, second], axis=2)
        points = np.concatenate([points_of(boxes, axis, hw, crop_hw).ravel() for axis in (0, 1) if hw[axis] > 1])
        if (abs(points - np.round(points)) > distance).all():
            return boxes


def points_of(boxes, axis, hw, crop_hw):
    count = crop_hw[axis]
    shares = np.arange(count) / (count - 1) if count > 1 else np.array([0.5])
    return (boxes[..., axis, None] * (1 - shares) + boxes[..., axis + 2, None] * shares) * (hw[axis] - 1)


def test_x_gradient_is_the_exact_adjoint_where_the_weights_are_quarters():
    boxes = np.array([[[0, 0, 1, 1], [0.25, 0.75, 0.5, 1.5]]])
    rng = np.random.default_rng(2)
    x, dy = 4.0 * rng.integers(-4, 5, (1, 5, 5, 2)), 4.0 * rng.integers(-4, 5, (1, 2, 3, 3, 2))
    y = kernels.crop_and_resize_forward(x, boxes, (3, 3))
    dx, _ = kernels.crop_and_resize_backward(dy, x, boxes)
    assert np.vdot(dy, y) == np.vdot(dx, x)


# Boxes of every kind, by stated value. x is 10 * row + column on 4 x 5 pixels.

X = np.add.outer(10.0 * np.arange(4), np.arange(5.0)).reshape(1, 4, 5, 1)


def crop(box, crop_hw, x=X):
    return kernels.crop_and_resize_forward(x, np.array([[box]], x.dtype), crop_hw)[0, 0, :, :, 0]


@dtypes
def test_the_whole_map_at_its_own_size_is_itself_to_the_last_bit(dtype):
    x = np.random.default_rng(0).standard_normal((1, 50, 7, 1)).astype(dtype)
    np.testing.assert_array_equal(crop((0, 0, 1, 1), (50, 7), x), x[0, :, :, 0])


@pytest.mark.parametrize("count", range(2, 60))
def test_the_last_point_of_the_whole_map_is_not_rounded_out_of_it(count):
    assert crop((0, 0, 1, 1), (count, count))[-1, -1] == X[0, -1, -1, 0]
    assert crop((0.1, 0.3, 1, 1), (count, count))[-1, -1] == X[0, -1, -1, 0]


@pytest.mark.parametrize(
    ("box", "crop_hw", "wanted"),
    [
        ((0, 0, 1, 1), (2, 2), [[0, 4], [30, 34]]),
        ((0, 0.25, 1, 0.75), (2, 3), [[1, 2, 3], [31, 32, 33]]),
        ((0.5, 0.5, 0.5, 0.5), (2, 2), [[17, 17], [17, 17]]),  # no extent: the same point everywhere
        ((0, 0, 1, 1), (1, 1), [[17]]),  # one point: the middle
        ((0, 0, 0, 1), (1, 2), [[0, 4]]),
        ((1, 1, 0, 0), (2, 2), [[34, 30], [4, 0]]),  # edges the other way round: the sample is turned
        ((0, 1, 1, 0), (1, 3), [[19, 17, 15]]),
        ((2, 2, 3, 3), (2, 2), [[0, 0], [0, 0]]),  # outside
        ((-1, 0, 1, 1), (3, 2), [[0, 0], [0, 4], [30, 34]]),  # points at rows -3, 0 and 3
        ((0, -0.25, 1, 1.25), (2, 4), [[0, 1, 3, 0], [0, 31, 33, 0]]),
        ((0, 1, 1, 1), (2, 1), [[4], [34]]),  # on the last column
    ],
)
def test_boxes_by_stated_value(box, crop_hw, wanted):
    np.testing.assert_allclose(crop(box, crop_hw), wanted, rtol=1e-15)


@pytest.mark.parametrize("hw", [(1, 1), (1, 4), (3, 1)])
def test_an_axis_of_one_pixel_has_one_place(hw):
    """(H - 1) is 0, so that every box lies on the one pixel; no edge moves anything along that axis."""
    x = np.full((1, *hw, 1), 7.0)
    boxes = np.array([[[0.25, 0.25, 0.75, 0.75]]])
    y = kernels.crop_and_resize_forward(x, boxes, (2, 3))
    np.testing.assert_array_equal(y, np.full((1, 1, 2, 3, 1), 7.0))
    dx, dboxes = kernels.crop_and_resize_backward(np.ones_like(y), x, boxes)
    assert dx.sum() == pytest.approx(6)
    np.testing.assert_array_equal(dboxes, 0 * boxes)


def test_points_outside_have_no_gradient():
    boxes, dy = np.array([[[1.5, 1.5, 2, 2]]]), np.ones((1, 1, 2, 2, 1))
    dx, dboxes = kernels.crop_and_resize_backward(dy, X, boxes)
    assert not dx.any()
    assert not dboxes.any()


@pytest.mark.parametrize(
    ("place", "slope"),
    [(0.0, 1), (0.25, 2), (0.5, 4), (0.75, 8), (1.0, 8)],
)
def test_slope_at_whole_pixels(place, slope):
    """Towards the next pixel; on the last one from the pixel before."""
    x = np.array([0.0, 1, 3, 7, 15]).reshape(1, 1, 5, 1)  # slopes 1, 2, 4, 8
    boxes = np.array([[[0, place, 0, place]]])
    _, dboxes = kernels.crop_and_resize_backward(np.ones((1, 1, 1, 1, 1)), x, boxes)
    assert dboxes.ravel().tolist() == [0, 4 * slope / 2, 0, 4 * slope / 2]


def test_overlapping_boxes_add_up_and_images_stay_apart():
    x, boxes = np.concatenate([X, 100 + X]), np.array([[[0, 0, 1, 1]] * 3, [[0, 0, 1, 1], [2, 2, 2, 2], [2, 2, 2, 2]]])
    y = kernels.crop_and_resize_forward(x, boxes.astype(float), (4, 5))
    np.testing.assert_array_equal(y[0], np.broadcast_to(X[0], (3, 4, 5, 1)))
    np.testing.assert_array_equal(y[1], np.stack([100 + X[0], 0 * X[0], 0 * X[0]]))
    dx, _ = kernels.crop_and_resize_backward(np.ones_like(y), x, boxes.astype(float))
    np.testing.assert_allclose(dx[0], np.full((4, 5, 1), 3.0))
    np.testing.assert_allclose(dx[1], np.ones((4, 5, 1)))


def test_boxes_that_are_not_numbers_lie_outside():
    with np.errstate(invalid="ignore"):
        for bad in (np.nan, np.inf, -np.inf):
            np.testing.assert_array_equal(crop((0, bad, 1, bad), (2, 2)), np.zeros((2, 2)))


def test_gradients_keep_their_sum_in_float64():
    """2^24 + 1 + 1 + 2: a sum in float32 would lose the ones."""
    x, boxes = np.ones((1, 1, 1, 1), np.float32), np.zeros((1, 4, 4), np.float32)
    dy = np.array([2.0**24, 1, 1, 2], np.float32).reshape(1, 4, 1, 1, 1)
    dx, _ = kernels.crop_and_resize_backward(dy, x, boxes)
    assert dx.item() == 2**24 + 4
