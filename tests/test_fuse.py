"""A graph fused for training: the same outputs, updates, gradients and costs, and a tape of what convolutions wrote."""

import copy
import pickle

import numpy as np
import pytest
from graph_samples import shared
from healthy import healthy
from small_models import small

import refnet
from refnet import Graph, Node, fuse, kernels, models
from refnet.kernels.tiled.shapes import padded
from refnet.layers import (
    Add,
    BatchNorm,
    Conv2d,
    Dense,
    DepthwiseConv2d,
    Dropout,
    GlobalAveragePool,
    GroupedConv2d,
    MaxPool2d,
    PointwiseConv2d,
    Relu,
    Relu6,
)
from refnet.rewrites.normalised import FusedDense, NormalisedAdd, NormalisedConvolution
from refnet.rewrites.unread import Unread

jit = pytest.mark.jit
SIZE = (7, 6, 5)  # of the images: odd numbers, and channels that do not fill a vector

LAYERS = (
    PointwiseConv2d(11),
    DepthwiseConv2d(3),
    DepthwiseConv2d(3, 2),
    DepthwiseConv2d((2, 5), (1, 3), (2, 1), (3, 0, 1, 4)),
    Conv2d(6, 3, 2),
    GroupedConv2d(10, 3, groups=5),
)
ENDS = ((), (Relu6(),), (Relu(),))


def nodes(name, layer, *behind, source=()):
    """Convolution, batch norm, and what stands behind it."""
    chain = [Node(name, layer, source), Node(f"{name}_bn", BatchNorm(decay=0.9))]
    return chain + [Node(f"{name}_{type(each).__name__.lower()}", each) for each in behind]


def between(layer, *behind):
    """The layer between two pointwise ones: it reads an unread map, and leaves one."""
    parts = [*nodes("a", PointwiseConv2d(5), Relu6()), *nodes("b", layer, *behind), *nodes("c", PointwiseConv2d(3))]
    return Graph("between", {"images": SIZE}, parts)


def residual():
    """Joins of every kind: of two unread maps, of a sum and a map, of a map with an input, and one that is tapped."""
    parts = [
        *nodes("a", PointwiseConv2d(5), Relu6()),
        *nodes("b", DepthwiseConv2d(3)),
        Node("ab", Add(), ("a_relu6", "b_bn")),
        *nodes("c", PointwiseConv2d(5)),
        Node("abc", Add(), ("ab", "c_bn")),
        Node("abci", Add(), ("abc", "images")),
        *nodes("d", DepthwiseConv2d(3, 2), Relu6()),
        Node("pool", MaxPool2d(2)),
        *nodes("e", PointwiseConv2d(2), source=("d_relu6",)),
    ]
    return Graph("residual", {"images": SIZE}, parts, outputs=("pool", "e_bn", "ab"))


def step(net, namespace=None, statistics="batch", input_gradient=True, batch=3, dtype=np.float64, seed=0):
    """Everything that a training step answers with: key -> array."""
    random = np.random.default_rng(seed)
    weights = {key: w.astype(dtype) for key, w in healthy(net, random).items()}
    images = {name: random.uniform(-1, 1, (batch, *size)).astype(dtype) for name, size in net.inputs.items()}
    y, tape = net.train_forward(weights, images, 0, statistics=statistics, kernels=namespace)
    ys = y if isinstance(y, dict) else {net.outputs[0]: y}
    dys = {name: random.standard_normal(each.shape).astype(dtype) for name, each in ys.items()}
    dx, gradients = net.backward(tape, dys, input_gradient=input_gradient)
    dxs = dx if isinstance(dx, dict) else {"dx": dx} if input_gradient else {}
    updates = {f"new {key}": value for key, value in tape.updates.items()}
    return {f"out {name}": each for name, each in ys.items()} | dxs | gradients | updates


def assert_same(found, wanted, relative):
    """Relative to an array's largest number, or a thousandth of the largest of all: some are zero but for rounding."""
    assert found.keys() == wanted.keys()
    scale = max(abs(each).max() for key, each in wanted.items())
    for key, each in wanted.items():
        assert found[key].shape == each.shape
        assert found[key].dtype == each.dtype
        own = max(abs(each).max(), 1e-3 * scale)
        assert abs(found[key] - each).max() <= relative * own, key


def fused_nodes(net):
    return [node.name for node in net.nodes if isinstance(node.layer, NormalisedConvolution | NormalisedAdd)]


# The same results.


@jit
@pytest.mark.parametrize("statistics", ["batch", "stored"])
@pytest.mark.parametrize("behind", ENDS, ids=["linear", "relu6", "relu"])
@pytest.mark.parametrize("layer", LAYERS, ids=str)
def test_each_layer_computes_what_its_nodes_do(layer, behind, statistics):
    net = between(layer, *behind)
    fused = fuse(net)
    assert len(fused.nodes) == 3
    assert_same(step(fused, statistics=statistics), step(net, kernels, statistics), 1e-11)


@jit
@pytest.mark.parametrize("input_gradient", [True, False])
@pytest.mark.parametrize("statistics", ["batch", "stored"])
def test_joins_and_maps_that_others_read(statistics, input_gradient):
    net = residual()
    fused = fuse(net)
    assert fused_nodes(fused) == ["a_relu6", "b_bn", "ab", "c_bn", "abc", "d_relu6", "e_bn"]
    assert [n.name for n in fused.nodes if getattr(n.layer, "unread", False)] == ["a_relu6", "b_bn", "c_bn"]
    wanted = step(net, kernels, statistics, input_gradient)
    assert_same(step(fused, None, statistics, input_gradient), wanted, 1e-11)


@jit
@pytest.mark.parametrize("name", models.__all__)
def test_every_model_keeps_its_gradients(name):
    net = small(name)
    fused = fuse(net)
    assert_same(step(fused, statistics="stored", batch=2), step(net, statistics="stored", batch=2), 1e-10)


@jit
@pytest.mark.parametrize("build", [refnet.mobilenet_v1, refnet.mobilenet_v2])
def test_mobilenets_are_fused_whole(build):
    """At 64 pixels the last maps have 2x2: with fewer values per channel, batch norm magnifies every rounding."""
    net = build(width=0.25, resolution=64, classes=3)
    fused = fuse(net)
    assert {type(node.layer).__name__ for node in fused.nodes} <= {
        *("NormalisedConvolution", "NormalisedAdd", "GlobalAveragePool", "Dropout", "FusedDense", "BiasAdd")
    }
    assert_same(step(fused, batch=4), step(net, kernels, batch=4), 1e-10)


@jit
def test_float32_is_as_near_to_the_truth_as_layers_one_by_one():
    """The truth is the step in float64, with the same float32 weights. Roundings grow from layer to layer."""
    net = refnet.mobilenet_v2(width=0.25, resolution=64, classes=3)
    truth = step(net, kernels, batch=4)
    errors = []
    for found in (step(each, dtype=np.float32, batch=4) for each in (fuse(net), net)):
        distances = [np.linalg.norm(found[key] - each) / np.linalg.norm(each) for key, each in truth.items()]
        errors.append(np.median(distances))
    assert errors[0] < 2 * errors[1], errors


def test_inference_and_other_kernels_run_the_layers_one_by_one():
    net = residual()
    fused = fuse(net)
    weights = healthy(net, np.random.default_rng(0))
    images = np.random.default_rng(1).standard_normal((2, *SIZE))
    found, wanted = (each.forward(weights, images, kernels=kernels) for each in (fused, net))
    assert all(np.array_equal(found[name], wanted[name]) for name in net.outputs)
    for statistics in ("batch", "stored"):
        one, other = (step(each, kernels, statistics) for each in (fused, net))
        assert all(np.array_equal(one[key], each) for key, each in other.items())


@jit
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_any_number_of_threads_gives_the_same_to_the_last_bit(dtype):
    net = refnet.mobilenet_v2(width=0.35, resolution=64, classes=3)
    wanted = step(fuse(net, threads=1), dtype=dtype)
    for threads in (1, 2, 4):
        found = step(fuse(net, threads=threads), dtype=dtype)
        assert all(np.array_equal(found[key], each) for key, each in wanted.items()), threads


# What it costs.


@pytest.mark.parametrize("name", models.__all__)
def test_keys_outputs_and_cost_stay(name):
    net = small(name)
    fused = fuse(net)
    assert fused.parameters() == net.parameters()
    assert (fused.inputs, fused.outputs) == (net.inputs, net.outputs)
    assert all(fused.shapes[node.name] == net.shapes[node.name] for node in fused.nodes)
    assert fused.cost().totals() == net.cost().totals()
    assert fused.cost().parameters() == net.cost().parameters()
    assert fused.init(0).keys() == net.init(0).keys()


def test_another_size_is_fused_as_well():
    fused = fuse(refnet.mobilenet_v2(width=0.25, resolution=32))
    assert fused_nodes(fused.at(64, 96)) == fused_nodes(fused)


def kept(content, found):
    """All maps below what a layer saved, by the memory that they are in. (Statistics are float64.)"""
    if isinstance(content, np.ndarray) and content.dtype == np.float32:
        found[content.__array_interface__["data"][0]] = content.nbytes
    elif isinstance(content, Unread):
        kept(content.values.z, found)
    elif isinstance(content, tuple | list):
        for each in content:
            kept(each, found)
    return found


CONVOLUTIONS = (Conv2d, DepthwiseConv2d, PointwiseConv2d)


@jit
@pytest.mark.parametrize("build", [refnet.mobilenet_v1, refnet.mobilenet_v2])
def test_the_tape_holds_what_convolutions_wrote_and_joins(build):
    net = build(width=1.0, resolution=64, classes=3)
    images = np.random.default_rng(1).standard_normal((2, 64, 64, 3)).astype(np.float32)
    _, tape = fuse(net).train_forward(net.init(0), images, 0)
    merged = fused_nodes(tape.graph)
    contents = [saved.content for node, saved in zip(tape.graph.nodes, tape.saved, strict=True) if node.name in merged]
    joins, convolutions = ([n.name for n in net.nodes if isinstance(n.layer, kinds)] for kinds in (Add, CONVOLUTIONS))
    values = 64 * 64 * 3 + sum(np.prod(net.shapes[name]) for name in joins)
    for height, width, channels in (net.shapes[name] for name in convolutions):
        values += height * width * padded(channels, np.float32)
    assert sum(kept(contents, {}).values()) == 2 * 4 * values


# Its memory goes from step to step.


@jit
def test_steps_do_not_disturb_each_other():
    """Memory is given back by one step and taken by the next; two tapes that live at once share none."""
    net = residual()
    fused = fuse(net)
    wanted = step(fuse(net), seed=1)
    random = np.random.default_rng(5)
    weights = healthy(net, random)
    images = random.uniform(-1, 1, (3, *SIZE))
    y, tape = fused.train_forward(weights, images, 0)
    dy = {name: random.standard_normal(each.shape) for name, each in y.items()}
    for _ in range(2):
        found = step(fused, seed=1)
        assert all(np.array_equal(found[key], each) for key, each in wanted.items())
    late, early = (fused.backward(tape, dy)[1], fuse(net))
    _, tape = early.train_forward(weights, images, 0)
    same = early.backward(tape, dy)[1]
    assert all(np.array_equal(late[key], each) for key, each in same.items())


@jit
def test_memory_is_reused_by_steps_of_one_size_and_given_up_by_smaller_ones():
    net = fuse(refnet.mobilenet_v1(width=0.25, resolution=64, classes=3), threads=2)
    memory = next(node.layer.memory for node in net.nodes if isinstance(node.layer, NormalisedConvolution))
    found = []
    for batch in (2, 32, 32, 32, 2, 2, 2, 2):
        step(net, batch=batch, dtype=np.float32, input_gradient=False)
        found.append(memory._made.held())
    assert sum(found[3].values()) > 5 * sum(found[0].values())
    new = found[3].keys() - found[2].keys()
    assert sum(found[3][key] for key in new) < 0.02 * sum(found[3].values())  # what the pool read is not given back
    assert sum(found[-1].values()) < 2.5 * sum(found[0].values())


@jit
def test_copies_and_pickles_begin_with_no_memory():
    fused = fuse(residual(), threads=2)
    wanted = step(fused)
    for other in (copy.deepcopy(fused), pickle.loads(pickle.dumps(fused))):
        assert [node.layer for node in other.nodes] == [node.layer for node in fused.nodes]
        assert all(np.array_equal(each, wanted[key]) for key, each in step(other).items())


# What stays as it is.


def tapped():
    """The batch norm's output comes out, so that the activation behind it is a node of its own."""
    return Graph("tapped", {"images": SIZE}, nodes("a", PointwiseConv2d(3), Relu6()), outputs=("a_bn", "a_relu6"))


class Doubled(PointwiseConv2d):
    """A subclass may compute anything."""


STAYS = {
    "shared weights": shared(),
    "an output between": Graph("g", {"images": SIZE}, nodes("a", PointwiseConv2d(3)), outputs=("a", "a_bn")),
    "a layer of one's own": Graph("g", {"images": SIZE}, nodes("a", Doubled(3))),
    "batch norm behind a pool": Graph("g", {"images": SIZE}, nodes("a", MaxPool2d(2))),
    "a sum of plain maps": Graph(
        "g", {"images": SIZE}, [Node("a", DepthwiseConv2d(3)), Node("b", Add(), ("a", "images"))]
    ),
}


@pytest.mark.parametrize("net", STAYS.values(), ids=STAYS.keys())
def test_what_does_not_fit_stays(net):
    assert fuse(net).nodes == net.nodes


def test_an_activation_stays_where_its_input_is_read():
    assert fused_nodes(fuse(tapped())) == ["a_bn"]


def test_kernels_that_nodes_share_stay_even_if_their_norms_do_not():
    own = {"kernel": "common/kernel"}
    chains = [Node("a", PointwiseConv2d(5), weights=own), Node("a_bn", BatchNorm())]
    chains += [Node("b", PointwiseConv2d(5), weights=own), Node("b_bn", BatchNorm())]
    net = Graph("common", {"images": SIZE}, chains)
    assert fuse(net).nodes == net.nodes


def test_fusing_twice_is_fusing_once():
    fused = fuse(residual())
    assert fuse(fused).nodes == fused.nodes


# Wrong usage.


@pytest.mark.parametrize("threads", [0, -1, 1.5, True, "two"])
def test_threads_are_a_count(threads):
    with pytest.raises(ValueError, match="threads: wanted an integer of at least 1, got"):
        fuse(residual(), threads=threads)


@jit
def test_what_is_no_graph_and_too_many_threads_are_refused():
    with pytest.raises(TypeError, match="net: wanted a refnet.Graph, got str"):
        fuse("mobilenet_v2")
    with pytest.raises(ValueError, match="threads: wanted an integer up to 256, got 257"):
        fuse(small("mobilenet_v2"), threads=257)


def test_a_single_value_per_channel_is_refused():
    net = Graph("dot", {"images": (1, 1, 3)}, nodes("a", PointwiseConv2d(3)))
    with pytest.raises(ValueError, match="node 'a_bn': .*wanted at least two values per channel for batch statistics"):
        step(fuse(net), batch=1)
    step(fuse(net), statistics="stored", batch=1)


@jit
def test_a_wrong_gradient_is_refused():
    net = Graph("one", {"images": SIZE}, nodes("a", PointwiseConv2d(3)))
    fused = fuse(net)
    _, tape = fused.train_forward(fused.init(0, np.float64), np.ones((2, *SIZE)), 0)
    saved, layer = tape.saved[0], fused.nodes[0].layer
    with pytest.raises(ValueError, match=r"dy: wanted shape \(2, 7, 6, 3\), got \(2, 7, 6, 4\)"):
        layer.backward(tape.kernels, {}, saved, np.ones((2, 7, 6, 4)))
    with pytest.raises(ValueError, match="statistics: wanted one of batch, stored, got 'none'"):
        layer.train_forward(tape.kernels, {}, np.ones((2, *SIZE)), rng=np.random.default_rng(0), statistics="none")


@jit
def test_an_empty_batch():
    fused = fuse(between(DepthwiseConv2d(3), Relu6()))
    weights = fused.init(0, np.float64)
    y, tape = fused.train_forward(weights, np.ones((0, *SIZE)), 0, statistics="stored")
    assert y.shape == (0, 7, 6, 3)
    _, gradients = fused.backward(tape, np.ones(y.shape))
    assert not any(each.any() for each in gradients.values())


@jit
@pytest.mark.parametrize("input_gradient", [True, False])
def test_dense_layers_pack_their_weights_unless_they_are_large(input_gradient):
    large = Graph("large", {"features": (37,)}, [Node("a", Dense(150_000)), Node("b", Dense(2))])
    assert [type(node.layer) for node in fuse(large).nodes] == [Dense, FusedDense]
    small = Graph("small", {"features": (37,)}, [Node("a", Dense(11)), Node("b", Dense(5))])
    for kernel in (None, kernels):
        found = step(fuse(small), kernel, input_gradient=input_gradient)
        assert_same(found, step(small, kernels, input_gradient=input_gradient), 1e-13)


@jit
def test_dropout_behind_draws_the_same():
    net = Graph(
        "dropped",
        {"images": SIZE},
        [*nodes("a", PointwiseConv2d(4), Relu6()), Node("pool", GlobalAveragePool()), Node("drop", Dropout(0.5))],
    )
    assert_same(step(fuse(net)), step(net, kernels), 1e-11)
