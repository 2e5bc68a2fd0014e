"""Counts by execution agree with formula, graph, and numbers that count their own multiplications."""

import subprocess
import sys

import numpy as np
import pytest
from counts.small_network import BY_HAND, small, with_kernels

import refnet.kernels
from refnet import Graph, Node, mobilenet_v1, mobilenet_v2
from refnet.layers import Dense, GroupedConv2d, PointwiseConv2d
from refnet.papers import executed
from refnet.papers.executed import execute, execute_counts, execute_models, exit_status, table_models
from refnet.testing import (
    count_multiplications,
    naive_conv2d,
    naive_dense,
    naive_depthwise_conv2d,
    naive_grouped_conv2d,
    naive_pointwise_conv2d,
    pad_image,
)

ORACLES = {
    "first": naive_conv2d,
    "depthwise": naive_depthwise_conv2d,
    "grouped": naive_grouped_conv2d,
    "pointwise": naive_pointwise_conv2d,
    "classifier": naive_dense,
}


def test_small_network_by_hand():
    counts = {count.node: count for count in execute_counts(small())}
    assert list(counts) == list(BY_HAND)
    for node, (every_tap, inside) in BY_HAND.items():
        count = counts[node]
        assert (count.formula, count.graph, count.executed) == (every_tap,) * 3, node
        assert (count.graph_inside, count.inside, count.dx, count.dw) == (inside,) * 4, node
        assert count.ok


@pytest.mark.parametrize("padding", ["same", "symmetric", (2, 0, 1, 3)])
def test_numbers_that_count_themselves_agree_with_formula_graph_and_execution(padding):
    net = small(padding)
    layers = {node.name: (node.layer, net.shapes[node.inputs[0]]) for node in net.nodes}
    for count in execute_counts(net):
        layer, shape = layers[count.node]
        x, w = np.ones((1, *shape), int), np.ones(layer.parameters(shape)["kernel"], int)
        oracle, settings, pads = ORACLES[count.node], {}, (0, 0, 0, 0)
        if hasattr(layer, "window"):
            window = layer.window()
            settings, pads = {"stride": window.stride, "dilation": window.dilation}, window.pads(*shape[:2])
        if isinstance(layer, GroupedConv2d):
            settings["groups"] = layer.groups
        padded = pad_image(x, pads) if len(shape) == 3 else x
        assert count_multiplications(oracle, padded, w, **settings) == count.executed == count.formula
        inside = {"pads": pads} if "stride" in settings else {}
        tally = count_multiplications(oracle, x, w, **settings, **inside)
        assert tally == count.inside == count.graph_inside == count.dx == count.dw


def test_the_tables_have_16_and_21_models_and_two_bodies():
    names = [net.name for net in table_models()]
    assert len(names) == len(set(names)) == 39
    assert sum(name.startswith("mobilenet_v1-") for name in names) == 16
    assert sum(name.startswith("mobilenet_v2-") for name in names) == 21
    assert {"conv_mobilenet-1.0-224", "shallow_mobilenet-1.0-224", "mobilenet_v2-1.4-224"} < set(names)


@pytest.mark.jit
def test_models_at_other_sizes_too():
    names = []
    models = [mobilenet_v1(0.25, 128), mobilenet_v1(1.0, 32), mobilenet_v2(0.35, 96), mobilenet_v2(0.35, 97)]
    results = execute_models(models, progress=names.append)
    assert names == [result.model for result in results] == [net.name for net in models]
    assert [len(result.nodes) for result in results] == [28, 28, 53, 53]
    assert exit_status(results) == 0
    assert results[0].total("executed") == results[0].total("formula") == 13_570_048
    assert results[2].total("executed") == 11_934_128
    assert results[2].total("inside") == results[2].total("dx") == results[2].total("dw") == 11_756_256


@pytest.mark.jit
def test_all_models_of_the_tables():
    results = execute_models()
    assert exit_status(results) == 0
    madds = {result.model: result.total("executed") for result in results}
    assert madds["mobilenet_v1-1.0-224"] == 568_740_352
    assert madds["conv_mobilenet-1.0-224"] == 4_867_293_184
    assert madds["mobilenet_v2-1.0-224"] == 300_774_272


def test_a_layer_met_again_in_the_same_shape_runs_once():
    calls = []

    def forward(x, w):
        calls.append((x.shape, w.shape))
        return refnet.kernels.pointwise_conv2d_forward(x, w)

    nodes = [Node(name, PointwiseConv2d(4)) for name in ("a", "b", "c")]
    net = Graph("three", {"images": (2, 2, 4)}, nodes)
    results = execute_models([net, net], kernels=with_kernels(pointwise_conv2d_forward=forward))
    assert [len(result.nodes) for result in results] == [3, 3]
    assert exit_status(results) == 0
    assert calls == [((1, 2, 2, 4), (4, 4))]


def test_ones_are_float64_where_a_count_could_leave_float32(monkeypatch):
    dtypes = []

    def forward(x, w):
        dtypes.append(x.dtype)
        return refnet.kernels.dense_forward(x, w)

    below, limit = np.float32(executed.FLOAT32_COUNTS - 1), np.float32(executed.FLOAT32_COUNTS)
    assert (below + np.float32(1), limit + np.float32(1)) == (limit, limit)
    monkeypatch.setattr(executed, "FLOAT32_COUNTS", 12)
    for inputs in (3, 4):  # 9 and 12 weights
        assert execute(Dense(3), (inputs,), with_kernels(dense_forward=forward)) == (inputs * 3,) * 4
    assert dtypes == [np.float32, np.float64]


def test_importing_loads_no_compiler():
    code = (
        "import sys, refnet.papers.executed, refnet.papers.executed_page as page;"
        "refnet.papers.executed.table_models();"
        "sys.exit(str([name for name in ('numba', 'llvmlite') if name in sys.modules] or ''))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr.strip() == ""
