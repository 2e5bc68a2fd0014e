"""The graph: forks, joins and shared weights, names and keys, taps, the tape, and which kernels run."""

import weakref

import numpy as np
import pytest

import refnet.kernels
from refnet import Graph, Node, conv_mobilenet, mobilenet_v1, mobilenet_v2, shallow_mobilenet
from refnet.layers import (
    Add,
    BatchNorm,
    BiasAdd,
    Conv2d,
    Dense,
    DepthwiseConv2d,
    Dropout,
    GlobalAveragePool,
    PointwiseConv2d,
    Relu6,
    Softmax,
)
from refnet.testing import check_gradients

MODELS = (mobilenet_v1, conv_mobilenet, shallow_mobilenet, mobilenet_v2)


def forked():
    """x -> a; a -> b and c; b + c -> d, and d + a -> e: three ways from a to the end."""
    nodes = [
        Node("a", PointwiseConv2d(2)),
        Node("b", DepthwiseConv2d(3)),
        Node("c", PointwiseConv2d(2), ("a",)),
        Node("d", Add(), ("b", "c")),
        Node("e", Add(), ("d", "a")),
    ]
    return Graph("forked", {"images": (3, 4, 3)}, nodes)


def shared():
    """Two 1x1 convolutions one behind the other with one kernel."""
    own = {"kernel": "common/kernel"}
    nodes = [Node("first", PointwiseConv2d(3), weights=own), Node("second", PointwiseConv2d(3), weights=own)]
    return Graph("shared", {"images": (2, 2, 3)}, nodes)


def two_by_two():
    """Inputs x and y, outputs sum and scores."""
    nodes = [
        Node("left", PointwiseConv2d(2), ("x",)),
        Node("sum", Add(), ("left", "y")),
        Node("pool", GlobalAveragePool()),
        Node("scores", Dense(3)),
    ]
    return Graph("two", {"x": (2, 2, 3), "y": (2, 2, 2)}, nodes, outputs=("sum", "scores"))


def tail():
    """A small network with every kind of trainable weight."""
    nodes = [
        Node("conv", Conv2d(4, 3, 2)),
        Node("conv_bn", BatchNorm(decay=0.9)),
        Node("conv_relu6", Relu6()),
        Node("pool", GlobalAveragePool()),
        Node("dropout", Dropout(0.3)),
        Node("classifier", Dense(5)),
        Node("classifier_bias", BiasAdd()),
    ]
    return Graph("tail", {"images": (6, 6, 3)}, nodes)


def drawn(net, dtype=np.float64, batch=2, seed=0):
    """Weights, and one array per input."""
    random = np.random.default_rng(seed)
    weights = {key: random.uniform(0.5, 1.5, each.shape).astype(dtype) for key, each in net.parameters().items()}
    return weights, {key: random.standard_normal((batch, *shape)).astype(dtype) for key, shape in net.inputs.items()}


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


# Training.


def test_statistics_of_the_batch_or_the_stored_ones():
    net = tail()
    weights, images = drawn(net, batch=3)
    _, maps = net.forward(weights, images, taps=("conv", "conv_bn"))
    values = maps["conv"].reshape(-1, 4)
    _, tape = net.train_forward(weights, images, 0)
    assert set(tape.updates) == {"conv_bn/moving_mean", "conv_bn/moving_variance"}
    wanted = 0.9 * weights["conv_bn/moving_mean"] + 0.1 * values.mean(0)
    np.testing.assert_allclose(tape.updates["conv_bn/moving_mean"], wanted, rtol=1e-12)
    frozen, frozen_tape = net.train_forward(weights, images, 0, statistics="stored")
    assert frozen_tape.updates == {}
    without_dropout = Graph("tail", net.inputs, [*net.nodes[:4], *net.nodes[5:]][:4])
    stored, _ = without_dropout.train_forward(weights, images, 0, statistics="stored")
    np.testing.assert_array_equal(stored, without_dropout.forward(weights, images))
    batch, _ = without_dropout.train_forward(weights, images, 0)
    assert not np.allclose(batch, stored)
    assert frozen.shape == (3, 5)


def test_gradients_are_those_of_the_trainable_weights_in_the_order_of_the_keys():
    net = tail()
    weights, images = drawn(net)
    y, tape = net.train_forward(weights, images, 0)
    _, gradients = net.backward(tape, y)
    assert list(gradients) == [key for key, each in net.parameters().items() if each.trainable]
    assert "conv_bn/moving_mean" not in gradients


def test_the_rng_decides_what_dropout_drops():
    net = tail()
    weights, images = drawn(net)
    one, same, other = (net.train_forward(weights, images, rng)[0] for rng in (1, np.random.default_rng(1), 2))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def test_weights_updates_and_gradients_train():
    """Three steps downhill, with the dict that the user keeps."""
    net = tail()
    weights, images = drawn(net, np.float32)
    wanted = np.zeros((2, 5), np.float32)
    losses = []
    for _ in range(4):
        y, tape = net.train_forward(weights, images, 0)
        _, gradients = net.backward(tape, y - wanted, input_gradient=False)
        losses.append(float((y - wanted).astype(np.float64).ravel() @ (y - wanted).ravel()))
        weights |= {key: weights[key] - np.float32(1e-3) * gradient for key, gradient in gradients.items()}
        weights.update(tape.updates)
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("build", [forked, shared, two_by_two, tail])
def test_arguments_stay_as_they_are(build):
    net = build()
    weights, images = drawn(net)
    arrays = [*weights.values(), *images.values()]
    before = [array.copy() for array in arrays]
    net.forward(weights, images)
    y, tape = net.train_forward(weights, images, 0)
    dy = {name: value.copy() for name, value in y.items()} if isinstance(y, dict) else y.copy()
    net.backward(tape, dy)
    for array, copy in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, copy)
    for name, value in (y if isinstance(y, dict) else {"y": y}).items():
        np.testing.assert_array_equal(dy[name] if isinstance(dy, dict) else dy, value)
    assert set(images) == set(net.inputs)
    assert set(weights) == set(net.parameters())


# Memory: a value is dropped after its last use.


class Census:
    """Plain kernels that count how many of their own results are alive whenever one is called."""

    def __init__(self):
        self.results, self.most = [], 0

    def __getattr__(self, name):
        def kernel(*arguments):
            self.most = max(self.most, sum(result() is not None for result in self.results))
            result = getattr(refnet.kernels, name)(*arguments)
            self.results.append(weakref.ref(result))
            return result

        return kernel


def chain(length):
    return Graph("chain", {"images": (2, 2, 2)}, [Node(f"n{i}", PointwiseConv2d(2)) for i in range(length)])


def test_values_are_dropped_after_their_last_use():
    net, census = chain(10), Census()
    weights, images = drawn(net)
    net.forward(weights, images, kernels=census)
    assert len(census.results) == 10
    assert census.most == 1  # the one value that is being read
    tapped = Census()
    _, maps = net.forward(weights, images, taps=("n0", "n1", "n2"), kernels=tapped)
    assert tapped.most == 4
    assert len(maps) == 3


def test_a_tape_drops_what_backward_has_used():
    net = chain(6)
    weights, images = drawn(net)
    y, tape = net.train_forward(weights, images, 0)
    saved = [weakref.ref(each.content[0]) for each in tape.saved[1:]]
    net.backward(tape, y)
    assert [each() for each in saved] == [None] * 5


# Which kernels run.


class Counted:
    """Plain kernels that note their calls."""

    def __init__(self):
        self.calls = []

    def __getattr__(self, name):
        def kernel(*arguments):
            self.calls.append(name)
            return getattr(refnet.kernels, name)(*arguments)

        return kernel


FORWARD = [
    "conv2d_forward",
    "batch_norm_inference_forward",
    "relu6_forward",
    "global_average_pool_forward",
    "dense_forward",
    "bias_add_forward",
]
BACKWARD = [
    "bias_add_backward",
    "dense_filter_gradient",
    "dense_input_gradient",
    "dropout_backward",
    "global_average_pool_backward",
    "relu6_backward",
    "batch_norm_train_backward",
    "conv2d_filter_gradient",
    "conv2d_input_gradient",
]


def test_the_given_kernels_run_and_no_others():
    net, inferred, trained = tail(), Counted(), Counted()
    weights, images = drawn(net)
    net.forward(weights, images, kernels=inferred)
    assert inferred.calls == FORWARD
    y, tape = net.train_forward(weights, images, 0, kernels=trained)
    training = ["batch_norm_train_forward" if "norm" in name else name for name in FORWARD]
    training.insert(4, "dropout_forward")
    assert trained.calls == training
    net.backward(tape, y)
    assert trained.calls[len(training) :] == BACKWARD


def test_the_first_layers_input_gradient_can_be_spared():
    net, full, spared = tail(), Counted(), Counted()
    weights, images = drawn(net)
    y, tape = net.train_forward(weights, images, 0, kernels=full)
    _, wanted = net.backward(tape, y)
    y, tape = net.train_forward(weights, images, 0, kernels=spared)
    dx, gradients = net.backward(tape, y, input_gradient=False)
    assert dx is None
    assert full.calls.count("conv2d_input_gradient") == 1
    assert spared.calls.count("conv2d_input_gradient") == 0
    for key, gradient in wanted.items():
        np.testing.assert_array_equal(gradients[key], gradient)
    assert [row.input_gradient for row in net.cost()] == [False] + [True] * 6


def test_below_the_first_weight_nothing_is_propagated_unasked():
    nodes = [Node("softmax", Softmax()), Node("dense", Dense(2))]
    net, counted = Graph("late", {"x": (3,)}, nodes), Counted()
    weights, images = drawn(net)
    y, tape = net.train_forward(weights, images, 0, kernels=counted)
    net.backward(tape, y, input_gradient=False)
    assert "softmax_backward" not in counted.calls
    assert "dense_input_gradient" not in counted.calls


def test_one_students_kernel_is_one_more_namespace():
    class Doubled:
        def __getattr__(self, name):
            return getattr(refnet.kernels, name)

        def pointwise_conv2d_forward(self, x, w):
            return 2 * refnet.kernels.pointwise_conv2d_forward(x, w)

    net = chain(3)
    weights, images = drawn(net)
    doubled = net.forward(weights, images, kernels=Doubled())
    np.testing.assert_array_equal(doubled, 8 * net.forward(weights, images))


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
