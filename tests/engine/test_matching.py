"""Which nodes become one operation, and which must not."""

from dataclasses import dataclass

import pytest
from programs import inverted_residual, weights_of
from small_models import small

from refnet import Graph, Node, mobilenet_v1, mobilenet_v2, models
from refnet.engine.matching import UNLIMITED, needed, operations, regions
from refnet.layers import (
    Add,
    BiasAdd,
    Conv2d,
    CropAndResize,
    Dense,
    DepthwiseConv2d,
    Dropout,
    Each,
    Flatten,
    GlobalAveragePool,
    LeakyRelu,
    MaxPool2d,
    PointwiseConv2d,
    Relu,
    Relu6,
)
from refnet.rewrites import fold_batch_norm


def graph(*nodes, outputs=(), shape=(6, 6, 8)):
    return Graph("g", {"x": shape}, nodes, outputs)


def found(net, **settings):
    """Kind and nodes of each operation."""
    listed = operations(net, group=8, **settings)
    return [(each.kind, *(node.name for node in each.nodes)) for each in listed]


def folded(net):
    return fold_batch_norm(net, weights_of(net))[0]


def test_an_inverted_residual_is_one_operation():
    assert [each[:2] for each in found(folded(inverted_residual()))] == [
        ("window", "first"),
        ("block", "b/expand"),
        ("mean", "pool"),
        ("alias", "dropout"),
        ("matrix", "classifier"),
    ]
    block = operations(folded(inverted_residual()), group=8)[1]
    assert [stage.role for stage in block.stages] == ["matrix", "depthwise", "matrix"]
    assert [stage.limits for stage in block.stages] == [(0, 6), (0, 6), UNLIMITED]
    assert (block.inputs, block.shortcut, block.output) == (("first_relu", "first_relu"), "first_relu", "b/add")


def test_mobilenet_v2_is_21_operations():
    kinds = [kind for kind, *_ in found(folded(mobilenet_v2()))]
    assert kinds == [*["block"] * 17, "matrix", "mean", "alias", "matrix"]


def test_mobilenet_v1_is_16_operations():
    kinds = [kind for kind, *_ in found(folded(mobilenet_v1()))]
    assert kinds == [*["block"] * 13, "mean", "alias", "matrix"]


def test_a_first_convolution_is_one_operation_with_the_depthwise_layer_behind_it():
    for net in (mobilenet_v1(), mobilenet_v2()):
        first = operations(folded(net), group=8)[0]
        assert [stage.role for stage in first.stages] == ["window", "depthwise", "matrix"]
        assert first.inputs == tuple(net.inputs)


@pytest.mark.parametrize("tap", ["b/expand_relu6", "b/depthwise_bn", "b/depthwise_relu6"])
def test_what_an_output_reads_ends_an_operation(tap):
    listed = found(folded(inverted_residual(outputs=("classifier", tap))))
    assert any(each[-1] == tap for each in listed)
    assert ("block", "b/expand") not in [each[:2] for each in listed] or tap.startswith("b/depthwise")


def test_what_two_nodes_read_ends_an_operation():
    first = [Node("a", PointwiseConv2d(8)), Node("b", Relu6())]
    nodes = [*first, Node("c", DepthwiseConv2d(3)), Node("d", Add(), ("b", "c"))]
    assert found(graph(*nodes)) == [("matrix", "a", "b"), ("block", "c"), ("add", "d")]


def test_a_value_that_one_node_reads_twice_is_read_twice():
    nodes = [Node("a", PointwiseConv2d(8)), Node("twice", Add(), ("a", "a"))]
    assert found(graph(*nodes)) == [("matrix", "a"), ("add", "twice")]


def test_a_sum_joins_the_later_of_its_terms_with_its_activation():
    nodes = [
        Node("first", Conv2d(8, 3)),
        Node("short", PointwiseConv2d(8), ("first",)),
        Node("long", Conv2d(8, 3), ("first",)),
        Node("sum", Add(), ("long", "short")),
        Node("end", Relu()),
    ]
    first, short, joined = operations(graph(*nodes), group=8)
    assert [node.name for node in joined.nodes] == ["long", "sum", "end"]
    assert (joined.inputs, joined.shortcut, joined.limits) == (("first", "short"), "short", (0, float("inf")))
    assert joined.stages[-1].limits == UNLIMITED


def test_a_sum_joins_no_term_with_an_activation_and_no_depthwise_one():
    nodes = [
        Node("a", PointwiseConv2d(8)),
        Node("a_relu", Relu()),
        Node("b", DepthwiseConv2d(3), ("x",)),
        Node("sum", Add(), ("a_relu", "b")),
    ]
    assert found(graph(*nodes)) == [("matrix", "a", "a_relu"), ("block", "b"), ("add", "sum")]


def test_two_sums_make_one_join_each():
    nodes = [
        Node("a", PointwiseConv2d(8)),
        Node("one", Add(), ("x", "a")),
        Node("b", PointwiseConv2d(8)),
        Node("two", Add(), ("b", "one")),
        Node("three", Add(), ("two", "x")),
    ]
    assert found(graph(*nodes)) == [("matrix", "a", "one"), ("matrix", "b", "two"), ("add", "three")]


def test_one_bias_and_one_activation_ride_on_a_store():
    biases = [Node("b", BiasAdd()), Node("c", BiasAdd())]
    nodes = [Node("a", PointwiseConv2d(8)), *biases, Node("d", Relu()), Node("e", Relu6())]
    kinds = [("matrix", "a", "b"), ("plain", "c"), ("plain", "d"), ("plain", "e")]
    assert found(graph(*nodes)) == kinds
    assert found(graph(nodes[0], *nodes[3:])) == [("matrix", "a", "d"), ("plain", "e")]


def test_a_1x1_convolution_is_a_matrix_product_and_a_strided_or_padded_one_is_not():
    for layer, kind in (
        (Conv2d(4, 1), "matrix"),
        (Conv2d(4, 1, dilation=2), "matrix"),
        (Conv2d(4, 1, stride=2), "window"),
        (Conv2d(4, 1, padding=(1, 0, 0, 0)), "window"),
    ):
        assert found(graph(Node("a", layer))) == [(kind, "a")]


@pytest.mark.parametrize(("shape", "kind"), [((2, 2, 8), "alias"), ((2, 2, 6), "plain"), ((1, 1, 6), "alias")])
def test_a_map_is_flattened_in_place_where_nothing_is_padded(shape, kind):
    assert found(graph(Node("flat", Flatten()), shape=shape)) == [(kind, "flat")]


def test_layers_for_each_region_are_the_same_operations():
    nodes = [
        Node("crops", CropAndResize(4), ("x", "boxes")),
        Node("a", Each(Conv2d(8, 3))),
        Node("b", Each(Relu())),
        Node("c", Each(GlobalAveragePool())),
        Node("d", Each(Dense(3))),
    ]
    net = Graph("g", {"x": (6, 6, 8), "boxes": (5, 4)}, nodes)
    assert [each[0] for each in found(net)] == ["plain", "window", "mean", "matrix"]
    assert regions(Each(Each(Dense(3))), (2, 5, 8)) == (10, (8,))
    assert regions(Dense(3), (8,)) == (1, (8,))


def test_layers_without_a_fast_kernel_are_plain():
    nodes = [Node("a", PointwiseConv2d(8)), Node("b", LeakyRelu()), Node("c", MaxPool2d(2)), Node("d", Dropout(0.5))]
    assert found(graph(*nodes)) == [("matrix", "a"), ("plain", "b"), ("plain", "c"), ("alias", "d")]


@dataclass(frozen=True)
class Doubled(PointwiseConv2d):
    """A layer of a user's own, which computes something else than the one that it is derived from."""

    def _forward(self, kernels, weights, xs):
        return 2 * super()._forward(kernels, weights, xs)


def test_a_class_derived_from_a_layer_is_plain():
    assert found(graph(Node("a", Doubled(3)))) == [("plain", "a")]


def test_nothing_is_fast_where_nothing_compiles():
    kinds = {kind for kind, *_ in found(folded(inverted_residual()), fast=False)}
    assert kinds == {"plain", "alias"}


def test_what_no_output_needs_is_left_out():
    nodes = [Node("a", PointwiseConv2d(4)), Node("dead", Relu()), Node("b", Relu6(), ("a",))]
    assert [node.name for node in needed(graph(*nodes)).nodes] == ["a", "b"]
    assert found(needed(graph(*nodes))) == [("matrix", "a", "b")]


@pytest.mark.parametrize("name", models.__all__)
def test_every_node_of_every_model_is_in_one_operation_and_reads_what_came_before(name):
    net = folded(small(name))
    listed = operations(net, group=8)
    assert sorted(node.name for each in listed for node in each.nodes) == sorted(node.name for node in net.nodes)
    known = set(net.inputs)
    for each in listed:
        assert known.issuperset(each.inputs)
        known.add(each.output)
    assert known.issuperset(net.outputs)
