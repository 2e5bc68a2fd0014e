"""Kernels that do too much or too little, in the shapes they should: execution finds each, and says where."""

import numpy as np
import pytest
from counts.small_network import page, small, with_kernels

from refnet import kernels as K
from refnet.papers.executed import ModelCount, NodeCount, execute_counts, execute_models, exit_status
from refnet.papers.executed_page import to_json


def extra_tap(x, w, stride, dilation, pads):
    """The tap in the middle is added once more for the first output pixel."""
    y = K.depthwise_conv2d_forward(x, w, stride, dilation, pads)
    y[:, 0, 0] += x[:, 0, 0] * w[1, 1]
    return y


def tap_beyond_the_filter(x, w, stride, dilation, pads):
    """Each filter has one row of taps too many, where the map leaves room for it."""
    top, bottom, left, right = pads
    taller = np.concatenate([w, w[-1:]])
    return K.depthwise_conv2d_forward(x, taller, stride, dilation, (top, bottom + dilation[0], left, right))


def skipped_row(x, w, stride, dilation, pads):
    """The last row of the output is never computed."""
    y = K.conv2d_forward(x, w, stride, dilation, pads)
    y[:, -1] = 0
    return y


def clamped_edge(x, w, stride, dilation, pads):
    """A tap on the padding reads the nearest pixel: as many products inside as there are taps."""
    top, bottom, left, right = pads
    framed = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)), mode="edge")
    return K.depthwise_conv2d_forward(framed, w, stride, dilation, (0, 0, 0, 0))


def channel_twice(x, w):
    """The first input channel enters every sum twice."""
    return K.pointwise_conv2d_forward(x, w) + x[..., :1] * w[:1].reshape(1, 1, 1, -1)


def channel_twice_in_dx(dy, w):
    return K.pointwise_conv2d_input_gradient(dy, w) + dy[..., :1] * w[:, 0]


def skipped_row_in_dw(dy, x, filter_hw, stride, dilation, pads):
    y = dy.copy()
    y[:, 0] = 0
    return K.conv2d_filter_gradient(y, x, filter_hw, stride, dilation, pads)


def missing_tap_in_dx(dy, w, input_hw, stride, dilation, pads):
    fewer = w.copy()
    fewer[0, 0] = 0
    return K.depthwise_conv2d_input_gradient(dy, fewer, input_hw, stride, dilation, pads)


def image_twice(x, w):
    return 2 * K.dense_forward(x, w)


def not_a_number(x, w):
    return np.full_like(K.dense_forward(x, w), np.nan)


def half_a_product(x, w):
    return K.dense_forward(x, w) + np.float32(0.5)


def too_small(x, w):
    """An output without its last row, which is a wrong shape too."""
    return K.pointwise_conv2d_forward(x, w)[:, :-1]


MISTAKES = [
    ("depthwise_conv2d_forward", extra_tap, "depthwise", {"executed", "inside"}),
    ("depthwise_conv2d_forward", tap_beyond_the_filter, "depthwise", {"executed", "inside"}),
    ("depthwise_conv2d_forward", clamped_edge, "depthwise", {"inside"}),
    ("conv2d_forward", skipped_row, "first", {"executed", "inside"}),
    ("pointwise_conv2d_forward", channel_twice, "pointwise", {"executed", "inside"}),
    ("pointwise_conv2d_forward", too_small, "pointwise", {"executed", "inside"}),
    ("pointwise_conv2d_input_gradient", channel_twice_in_dx, "pointwise", {"dx"}),
    ("conv2d_filter_gradient", skipped_row_in_dw, "first", {"dw"}),
    ("depthwise_conv2d_input_gradient", missing_tap_in_dx, "depthwise", {"dx"}),
    ("dense_forward", image_twice, "classifier", {"executed", "inside"}),
    ("dense_forward", not_a_number, "classifier", {"executed", "inside"}),
    ("dense_forward", half_a_product, "classifier", {"executed", "inside"}),
]
IDS = [mistake.__name__ for _, mistake, _, _ in MISTAKES]


@pytest.mark.parametrize(("kernel", "mistake", "node", "wrong"), MISTAKES, ids=IDS)
def test_planted(kernel, mistake, node, wrong):
    """Exactly the counts that the mistake concerns differ, and the audit fails."""
    right = {count.node: count for count in execute_counts(small())}
    results = execute_models([small()], kernels=with_kernels(**{kernel: mistake}))
    for count in results[0].nodes:
        differing = {name for name in vars(count) if getattr(count, name) != getattr(right[count.node], name)}
        assert differing == (wrong if count.node == node else set())
        assert count.ok == (count.node != node)
    assert exit_status(results) == 1
    assert [each["node"] for each in to_json(results)["disagreements"]] == [node]
    assert f" {node} " in page(results)


@pytest.mark.parametrize("column", ["formula", "graph", "executed", "graph_inside", "inside", "dx", "dw"])
def test_a_difference_of_one_in_any_column_is_a_disagreement(column):
    numbers = {"formula": 9, "graph": 9, "executed": 9, "graph_inside": 4, "inside": 4, "dx": 4, "dw": 4}
    assert NodeCount("n", **numbers).ok
    wrong = NodeCount("n", **(numbers | {column: numbers[column] + 1}))
    assert not wrong.ok
    assert exit_status([ModelCount("m", (wrong,))]) == 1


def test_nothing_counted_is_not_a_success():
    assert exit_status([]) == 1
    assert exit_status([ModelCount("empty", ())]) == 1
