"""The graph: forks, joins and shared weights, inputs and outputs, taps, sizes, names and keys, the table."""

import re

import numpy as np
import pytest
from graph_samples import drawn, forked, shared, tail, two_by_two

from refnet import Graph, Node, conv_mobilenet, mobilenet_v1, mobilenet_v2, shallow_mobilenet
from refnet.layers import DepthwiseConv2d, PointwiseConv2d, Relu
from refnet.models import alexnet, vgg16
from refnet.testing import check_gradients

MODELS = (mobilenet_v1, conv_mobilenet, shallow_mobilenet, mobilenet_v2)


def as_function(net):
    """forward and backward of sum over all outputs, over inputs and weights, as `check_gradients` wants them."""
    inputs, keys = list(net.inputs), list(net.parameters())

    def step(arrays):
        images = dict(zip(inputs, arrays, strict=False))
        weights = dict(zip(keys, arrays[len(inputs) :], strict=True))
        outputs, tape = net.train_forward(weights, images, 0, statistics="stored")
        return outputs if len(net.outputs) > 1 else {net.outputs[0]: outputs}, tape

    def forward(*arrays):
        return np.concatenate([output.ravel() for output in step(arrays)[0].values()])

    def backward(dy, *arrays):
        outputs, tape = step(arrays)
        ends = np.cumsum([output.size for output in outputs.values()])
        parts = np.split(dy, ends[:-1])
        dys = {name: part.reshape(outputs[name].shape) for name, part in zip(outputs, parts, strict=True)}
        dx, gradients = net.backward(tape, dys)
        dxs = [dx] if len(inputs) == 1 else [dx[name] for name in inputs]
        return [*dxs, *(gradients[key] for key in keys)]

    return forward, backward, [*inputs, *keys]


# Where paths meet.


@pytest.mark.parametrize("build", [forked, shared, two_by_two])
def test_gradients_add_up_where_paths_meet(build):
    net = build()
    weights, images = drawn(net)
    forward, backward, names = as_function(net)
    check_gradients(forward, backward, [*images.values(), *weights.values()], linear=False, names=names)


def test_shared_weights_are_one_entry_and_counted_once():
    net = shared()
    assert {key: each.shape for key, each in net.parameters().items()} == {"common/kernel": (3, 3)}
    assert [row.terms.weights for row in net.cost()] == [9, 0]
    assert [row.terms.madds for row in net.cost()] == [36, 36]
    assert set(net.init(0)) == {"common/kernel"}


def test_an_output_may_be_read_further_down():
    """Its gradient is what comes in from outside, plus what comes back from its readers."""
    nodes = [Node("a", PointwiseConv2d(2)), Node("b", PointwiseConv2d(2))]
    net = Graph("chain", {"images": (1, 1, 2)}, nodes, outputs=("a", "b"))
    weights = {"a/kernel": np.eye(2), "b/kernel": 10 * np.eye(2)}
    _, tape = net.train_forward(weights, np.ones((1, 1, 1, 2)), 0)
    dx, _ = net.backward(tape, {"a": np.ones((1, 1, 1, 2)), "b": np.ones((1, 1, 1, 2))})
    np.testing.assert_array_equal(dx, np.full((1, 1, 1, 2), 11.0))


def test_what_leads_nowhere_has_zero_gradients():
    nodes = [
        Node("used", PointwiseConv2d(2), ("images",)),
        Node("loose", PointwiseConv2d(2), ("images",)),
        Node("looser", PointwiseConv2d(2), ("loose",)),
    ]
    net = Graph(
        "loose",
        {"images": (1, 1, 2), "ignored": (3,)},
        nodes,
        ("used",),
    )
    weights, images = drawn(net)
    y, tape = net.train_forward(weights, images, 0)
    dx, gradients = net.backward(tape, np.ones_like(y))
    assert set(gradients) == set(weights)
    assert gradients["used/kernel"].any()
    assert not gradients["loose/kernel"].any()
    assert not gradients["looser/kernel"].any()
    assert dx["images"].any()
    assert not dx["ignored"].any()
    assert dx["ignored"].shape == (2, 3)


def test_several_inputs_and_outputs_are_dicts():
    net = two_by_two()
    weights, images = drawn(net)
    outputs = net.forward(weights, images)
    trained, tape = net.train_forward(weights, images, 0)
    assert {name: y.shape for name, y in outputs.items()} == {"sum": (2, 2, 2, 2), "scores": (2, 3)}
    for name in outputs:
        np.testing.assert_array_equal(trained[name], outputs[name])
    dx, gradients = net.backward(tape, outputs)
    assert {name: each.shape for name, each in dx.items()} == {"x": (2, 2, 2, 3), "y": (2, 2, 2, 2)}
    assert set(gradients) == {"left/kernel", "scores/kernel"}


def test_a_dict_serves_for_one_input_and_one_output_too():
    net = tail()
    weights, images = drawn(net)
    np.testing.assert_array_equal(net.forward(weights, images), net.forward(weights, images["images"]))
    y, tape = net.train_forward(weights, images, 0)
    _, gradients = net.backward(tape, {"classifier_bias": y})
    assert gradients["conv/kernel"].any()


def test_the_first_layers_input_gradient_is_not_counted():
    assert [row.input_gradient for row in tail().cost()] == [False] + [True] * 6


# Taps, and other sizes.


def test_taps_return_the_maps_of_nodes():
    net = forked()
    weights, images = drawn(net)
    plain = net.forward(weights, images)
    y, maps = net.forward(weights, images, taps=("b", "d", "e"))
    np.testing.assert_array_equal(y, plain)
    assert list(maps) == ["b", "d", "e"]
    np.testing.assert_array_equal(maps["e"], y)
    alone = Graph("b", net.inputs, net.nodes[:2])
    np.testing.assert_array_equal(maps["b"], alone.forward(weights, images))
    assert net.forward(weights, images, taps="d")[1].keys() == {"d"}
    np.testing.assert_array_equal(net.forward(weights, images, taps=("images",))[1]["images"], images["images"])


def test_at_is_the_same_network_at_another_size():
    net = mobilenet_v2(0.35, 64, 5)
    other = net.at(96, 32)
    assert other.parameters() == net.parameters()
    assert other.shapes["conv_first"] == (48, 16, 16)
    assert [node.name for node in other.nodes] == [node.name for node in net.nodes]
    assert net.at(64, 64).shapes == net.shapes
    weights = forked().init(0)
    assert forked().at(5, 1).forward(weights, np.ones((1, 5, 1, 3), np.float32)).shape == (1, 5, 1, 2)
    for size in (0, -3, 2.5, "96", True):
        with pytest.raises(ValueError, match=f"^width: wanted an integer of at least 1, got {size!r}$"):
            net.at(32, size)


@pytest.mark.parametrize("build", [alexnet, vgg16])
def test_at_refuses_a_size_at_which_weights_have_another_shape(build):
    net = build(64)
    there = net.parameters()["fc6/kernel"].shape
    other = build(96).parameters()["fc6/kernel"].shape
    wanted = f"{net.name} at 96x96: wanted weight 'fc6/kernel' to keep its shape {there}, got {other}"
    with pytest.raises(ValueError, match=f"^{re.escape(wanted)}$"):
        net.at(96, 96)
    assert net.at(64, 64).parameters() == net.parameters()


# Names and keys: other people's weight files depend on them.

UNIT_ROLES = ("kernel", "gamma", "beta", "moving_mean", "moving_variance")


def unit_keys(name):
    """Keys of a convolution and of the batch norm behind it."""
    return [f"{name}/kernel", *(f"{name}_bn/{role}" for role in UNIT_ROLES[1:])]


def keys_of(units):
    return [key for unit in units for key in unit_keys(unit)] + ["classifier/kernel", "classifier_bias/bias"]


def test_keys_of_v1():
    blocks = [f"block_{n}/{part}" for n in range(1, 14) for part in ("depthwise", "pointwise")]
    assert list(mobilenet_v1().parameters()) == keys_of(["conv_first", *blocks])


def test_keys_of_v2():
    parts = [
        f"block_{n}/{part}"
        for n in range(1, 18)
        for part in (("depthwise", "project") if n == 1 else ("expand", "depthwise", "project"))
    ]
    assert list(mobilenet_v2().parameters()) == keys_of(["conv_first", *parts, "conv_last"])


@pytest.mark.parametrize("build", MODELS)
def test_keys_depend_on_nothing_but_the_model(build):
    keys = list(build().parameters())
    assert list(build(0.25, 96, 10, "symmetric").parameters()) == keys
    assert list(build(classes=0).parameters()) == keys[:-2]


# The table.


@pytest.mark.parametrize("build", MODELS)
@pytest.mark.parametrize("scale", [(1.0, 224), (8.0, 4096)])
def test_table_fits_into_100_columns(build, scale):
    lines = str(build(*scale)).splitlines()
    assert max(map(len, lines)) < 100
    assert lines[2].split() == ["name", "operation", "output", "parameters", "madds"]
    named = [line.split()[0] for line in lines]
    assert all(node.name in named for node in build().nodes)


def test_table_says_each_number():
    lines = str(tail()).splitlines()
    assert [line.split() for line in lines if line.startswith("conv ")] == [
        ["conv", "Conv2d", "3", "x", "3", "x", "4", "108", "972"]
    ]
    total = 108 + 4 * 4 + 4 * 5 + 5
    assert [line.split() for line in lines if line.startswith("total")] == [["total", f"{total}", f"{972 + 20}"]]


def test_long_names_are_cut_at_the_front():
    name = "stage_" + "very_" * 40 + "long/depthwise"
    net = Graph("long " * 40, {"images": (4, 4, 3)}, [Node(name, DepthwiseConv2d(3))])
    lines = str(net).splitlines()
    assert max(map(len, lines)) < 100
    assert any(line.startswith("...") and "long/depthwise " in line for line in lines)


def test_what_nothing_reads_is_named():
    nodes = [Node("a", Relu()), Node("dead_end", Relu(), ("a",)), Node("b", Relu(), ("a",))]
    assert Graph("x", {"map": (2, 2, 1)}, nodes).unread() == ("dead_end",)
    assert Graph("x", {"map": (2, 2, 1)}, nodes, ("dead_end", "b")).unread() == ()
