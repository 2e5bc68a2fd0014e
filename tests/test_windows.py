"""Padding that rounds up, counts on a padded grid, and inputs beside images: by counting on real grids.

    seen  for each position of a window along one axis, the pixels of the map under it
"""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view

from refnet import Graph, Node, kernels
from refnet.kernels.geometry import ceil_padding
from refnet.layers import (
    Add,
    AveragePool2d,
    Concat,
    Conv2d,
    CropAndResize,
    DepthwiseConv2d,
    Each,
    Flatten,
    GlobalAveragePool,
    GroupedConv2d,
    MaxPool2d,
)


def seen(size, taps, stride, dilation, before, after):
    """By laying the window on a row of numbered pixels, 0 being padding."""
    row = np.pad(np.arange(1, size + 1), (before, after))
    views = sliding_window_view(row, dilation * (taps - 1) + 1)[::stride, ::dilation]
    return [[pixel for pixel in view.tolist() if pixel] for view in views]


AXES = st.tuples(st.integers(1, 40), st.integers(1, 5), st.integers(1, 5), st.integers(1, 3))

# Padding "ceil".


@given(AXES)
def test_ceil_covers_every_pixel_and_begins_each_window_inside(axis):
    size, taps, stride, dilation = axis
    before, after = ceil_padding(*axis)
    if before + size + after < dilation * (taps - 1) + 1:
        return  # a map smaller than the window: refused by the layers
    positions = seen(*axis, before, after)
    assert before == 0
    assert all(view and view[0] == 1 + i * stride for i, view in enumerate(positions))
    if dilation == 1 and stride <= taps:
        assert set(sum(positions, [])) == set(range(1, size + 1))
    # no padding without need: one pixel less would lose the last position
    assert after == 0 or len(seen(*axis, 0, after - 1)) == len(positions) - 1


@given(AXES)
def test_ceil_rounds_the_number_of_positions_up(axis):
    """The formula of Caffe and torch, with the last window left out if it would begin behind the map."""
    size, taps, stride, dilation = axis
    span = dilation * (taps - 1) + 1
    if size < span:
        return
    wanted = -(-(size - span) // stride) + 1
    wanted -= (wanted - 1) * stride >= size
    assert len(seen(*axis, *ceil_padding(*axis))) == wanted
    assert DepthwiseConv2d(taps, stride, dilation, "ceil").out_shape((size, size, 1)) == (wanted, wanted, 1)


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "out"), [(54, 3, 2, 27), (109, 3, 2, 54), (112, 3, 2, 56), (4, 1, 2, 2), (5, 2, 3, 2)]
)
def test_sizes_of_ceil(size, kernel, stride, out):
    assert MaxPool2d(kernel, stride, "ceil").out_shape((size, size, 3)) == (out, out, 3)


def test_ceil_counts_no_padding_unless_asked():
    x = np.ones((1, 4, 4, 1))
    plain, counted = (AveragePool2d(3, 2, "ceil", count_padding=which) for which in (False, True))
    assert (plain.forward(kernels, {}, x) == 1).all()
    expected = np.array([[9, 6], [6, 4]]) / 9
    np.testing.assert_allclose(counted.forward(kernels, {}, x)[0, :, :, 0], expected, rtol=1e-15)


# MADD-S2B: space to batch, a convolution without dilation or padding, batch to space.


def multiplications_on_batches(size, kernel, dilation, seen_channels, filters):
    """Each of the dilation**2 sub-maps of a padded map is convolved: count its windows, times what each multiplies."""
    padded = []
    for axis in (0, 1):
        total = dilation[axis] * (kernel[axis] - 1)  # SAME
        short = -(size[axis] + total) % dilation[axis]  # up to a multiple, so that all sub-maps are equally large
        padded.append(size[axis] + total + short)
    grid = np.zeros(padded)
    windows = 0
    for y in range(dilation[0]):
        for x in range(dilation[1]):
            views = sliding_window_view(grid[y :: dilation[0], x :: dilation[1]], kernel)
            windows += views.shape[0] * views.shape[1]
    return windows * kernel[0] * kernel[1] * seen_channels * filters


@given(
    size=st.tuples(st.integers(1, 20), st.integers(1, 20)),
    kernel=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    dilation=st.tuples(st.integers(1, 6), st.integers(1, 6)),
)
def test_the_padded_grid_by_building_it(size, kernel, dilation):
    for layer, per_filter, filters in [
        (Conv2d(5, kernel, dilation=dilation), 4, 5),
        (DepthwiseConv2d(kernel, dilation=dilation), 1, 4),
        (GroupedConv2d(6, kernel, 2, dilation=dilation), 2, 6),
    ]:
        terms = layer.cost((*size, 4))
        wanted = multiplications_on_batches(size, kernel, dilation, per_filter, filters)
        assert terms.madds + terms.madds_padded_grid == wanted


# What a graph takes beside images.


def second_stage():
    nodes = [
        Node("crop", CropAndResize(2), ("images", "boxes")),
        Node("pool", Each(MaxPool2d(2, 2, "ceil"))),
        Node("flatten", Each(Flatten())),
        Node("mean", GlobalAveragePool(keep_map=True), ("images",)),
    ]
    return Graph("two stages", {"images": (6, 5, 2), "boxes": (3, 4)}, nodes, ("flatten", "mean"))


def test_an_input_of_two_axes():
    net = second_stage()
    assert net.shapes["boxes"] == (3, 4)
    assert net.shapes["flatten"] == (3, 2)
    assert net.at(8, 9).inputs == {"images": (8, 9, 2), "boxes": (3, 4)}
    images, boxes = np.random.default_rng(0).random((4, 6, 5, 2)), np.tile([0.0, 0, 1, 1], (4, 3, 1))
    y, tape = net.train_forward({}, {"images": images, "boxes": boxes}, 0)
    corners = images[:, [0, 0, -1, -1], [0, -1, 0, -1]]
    np.testing.assert_array_equal(y["flatten"], np.repeat(corners.max(1)[:, None], 3, 1))
    np.testing.assert_allclose(y["mean"], images.mean((1, 2), keepdims=True), rtol=1e-13)
    dx, _ = net.backward(tape, y)
    assert [dx[name].shape for name in ("images", "boxes")] == [images.shape, boxes.shape]
    message = "boxes: wanted shape (batch, 3, 4), got (4, 2, 4)"
    with pytest.raises(ValueError, match=re.escape(message)):
        net.forward({}, {"images": images, "boxes": boxes[:, :2].copy()})


@pytest.mark.parametrize(
    ("layer", "shapes"),
    [(Add(), [(4,), (4,)]), (Concat(3), [(2, 2, 1), (2, 2, 3), (2, 2, 1)]), (CropAndResize(2), [(4, 4, 1), (3, 4)])],
)
def test_further_inputs_have_the_first_ones_batch_and_dtype(layer, shapes):
    xs = [np.zeros((2, *shape)) for shape in shapes]
    layer.forward(kernels, {}, *xs)
    for i in range(1, len(xs)):
        short = [*xs[:i], xs[i][:1], *xs[i + 1 :]]
        message = f"{layer}: further input: wanted shape {xs[i].shape}, got {short[i].shape}"
        with pytest.raises(ValueError, match=re.escape(message)):
            layer.forward(kernels, {}, *short)
        narrow = [*xs[:i], xs[i].astype(np.float32), *xs[i + 1 :]]
        with pytest.raises(TypeError, match="further input: wanted dtype float64, got float32"):
            layer.forward(kernels, {}, *narrow)
