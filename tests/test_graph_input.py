"""What graphs do with what does not fit: when they are built, and when arrays, weights and tapes come in."""

import re

import numpy as np
import pytest

import refnet.kernels
from refnet import Graph, Node, mobilenet_v2
from refnet.layers import Add, BatchNorm, Conv2d, Dense, DepthwiseConv2d, GlobalAveragePool, PointwiseConv2d, Relu6

IMAGES = {"images": (4, 4, 3)}


def in_one_line(message):
    """A pattern for this text in a message without a line break."""
    return f"^[^\n]*{re.escape(message)}[^\n]*$"


def refuses(message, *arguments, **named):
    with pytest.raises(ValueError, match=in_one_line(message)):
        Graph("net", *arguments, **named)


# Construction.


def test_names():
    relu = Node("relu", Relu6())
    refuses("net: two nodes or inputs are named 'relu'", IMAGES, [relu, relu])
    refuses("net: two nodes or inputs are named 'images'", IMAGES, [Node("images", Relu6())])


def test_unknown_inputs_and_outputs():
    nodes = [Node("block_1/expand", Relu6()), Node("block_1/project", Relu6(), ("block_1/expnd",))]
    refuses("node 'block_1/project': inputs: no node named 'block_1/expnd'; near names: block_1/expand", IMAGES, nodes)
    later = [Node("first", Relu6(), ("second",)), Node("second", Relu6())]
    refuses("node 'first': inputs: no node named 'second'", IMAGES, later)
    four = [Node(name, Relu6()) for name in ("relu", "b", "c", "d")]
    refuses("outputs: no node named 'last'; the last are b, c, d", IMAGES, four, ("last",))
    refuses(
        "node 'relu': wanted the names of its inputs, got none of x, y",
        {"x": (3,), "y": (3,)},
        [Node("relu", Relu6())],
    )


def test_arity():
    refuses("node 'add': wanted 2 input(s), got 1", IMAGES, [Node("add", Add())])
    refuses("node 'relu': wanted 1 input(s), got 2", IMAGES, [Node("relu", Relu6(), ("images", "images"))])


def test_shapes():
    nodes = [Node("conv", Conv2d(4, 3)), Node("add", Add(), ("conv", "images"))]
    refuses("node 'add': Add(): wanted two inputs of one shape, got (4, 4, 4) and (4, 4, 3)", IMAGES, nodes)
    refuses(
        "node 'dense': Dense(units=2): wanted features (channels,), got (4, 4, 3)", IMAGES, [Node("dense", Dense(2))]
    )
    small = [Node("conv", DepthwiseConv2d(5, padding="valid"))]
    refuses("node 'conv': ", IMAGES, small)
    refuses("does not fit into a 4x4 map", IMAGES, small)


@pytest.mark.parametrize("shared", [["gamma"], ["beta", "moving_mean"]])
def test_half_shared_weights(shared):
    keys = {role: f"a/{role}" for role in shared}
    nodes = [Node("a", BatchNorm()), Node("b", BatchNorm(), weights=keys)]
    refuses(f"share all of its weights with other nodes or none, got only {', '.join(shared)}", IMAGES, nodes)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Node("a", Conv2d), "node 'a': wanted a layer such as Relu6(), got <class"),
        (lambda: Node(3, Relu6()), "node: wanted a name, got 3"),
        (lambda: Node("", Relu6()), "node: wanted a name, got ''"),
        (lambda: Node("a", Relu6(), weights=None), "weights: wanted a dict of role and key, got None"),
        (lambda: Node("a", Relu6(), inputs=(1,)), "inputs: wanted names, got (1,)"),
        (lambda: Node("a", Relu6(), inputs=5), "inputs: wanted names, got 5"),
        (lambda: Graph("net", None, []), "inputs: wanted a dict of name and shape, got None"),
        (lambda: Graph("net", IMAGES, None), "nodes: wanted a list of Node, got None"),
        (lambda: Graph("net", IMAGES, [Relu6()]), "nodes: wanted a list of Node, got Relu6()"),
        (lambda: Graph("net", IMAGES, [Node("a", Relu6())], outputs=[1]), "outputs: wanted names, got [1]"),
    ],
)
def test_things_of_the_wrong_type(build, message):
    with pytest.raises(TypeError, match=in_one_line(message)):
        build()


def test_one_name_needs_no_list():
    net = Graph("net", IMAGES, [Node("first", Relu6(), "images"), Node("second", Relu6())], outputs="first")
    assert net.nodes[0].inputs == ("images",)
    assert net.outputs == ("first",)


def test_another_size_has_another_title():
    assert mobilenet_v2(0.35, 96).at(64, 32).name == "mobilenet_v2-0.35-96 at 64x32"


def test_shared_weights():
    own = {"kernel": "common/kernel"}
    nodes = [Node("wide", PointwiseConv2d(4), weights=own), Node("narrow", PointwiseConv2d(2), weights=own)]
    refuses("node 'narrow': weight 'common/kernel' is a kernel (3, 4) elsewhere, a kernel (4, 2) here", IMAGES, nodes)
    roles = [Node("bn", BatchNorm(), weights={"gamma": "common", "beta": "common"})]
    refuses("node 'bn': weight 'common' is a gamma (3,) elsewhere, a beta (3,) here", IMAGES, roles)


def test_roles_that_a_layer_does_not_have():
    nodes = [Node("conv", PointwiseConv2d(4), weights={"weight": "conv/weight", "bias": "conv/bias"})]
    refuses("node 'conv': PointwiseConv2d(filters=4) has no weight bias, weight", IMAGES, nodes)


def test_empty_graphs():
    refuses("wanted at least one input and one node, got 1 and 0", IMAGES, [])
    refuses("wanted at least one input and one node, got 0 and 1", {}, [Node("relu", Relu6())])


@pytest.mark.parametrize("shape", [(1, 4, 4, 3), (), 3, "4x4x3", None])
def test_ranks_of_inputs(shape):
    wanted = f"inputs['images']: wanted (height, width, channels), (regions, 4) or (channels,), got {shape!r}"
    refuses(wanted, {"images": shape}, [Node("relu", Relu6())])


@pytest.mark.parametrize("size", [0, -1, 2.5, None, True])
def test_sizes_of_inputs(size):
    wanted = f"inputs['images']: wanted an integer of at least 1, got {size!r}"
    refuses(wanted, {"images": (4, size, 3)}, [Node("relu", Relu6())])


# Running.


def network():
    nodes = [Node("conv", Conv2d(2, 3)), Node("bn", BatchNorm()), Node("pool", GlobalAveragePool())]
    return Graph("net", IMAGES, nodes)


def zeros(*shape, dtype=np.float32):
    return np.zeros(shape, dtype)


BAD_IMAGES = [
    (zeros(4, 4, 3), ValueError, "images: wanted shape (batch, 4, 4, 3), got (4, 4, 3)"),
    (zeros(1, 4, 4, 1), ValueError, "images: wanted shape (batch, 4, 4, 3), got (1, 4, 4, 1)"),
    (zeros(1, 3, 4, 4), ValueError, "images: wanted shape (batch, 4, 4, 3), got (1, 3, 4, 4)"),
    (zeros(1, 8, 8, 3), ValueError, "images: wanted shape (batch, 4, 4, 3), got (1, 8, 8, 3)"),
    (zeros(1, 4, 4, 3, dtype=np.uint8), TypeError, "images: wanted dtype float32 or float64, got uint8"),
    (zeros(1, 4, 4, 3, dtype=np.float16), TypeError, "images: wanted dtype float32 or float64, got float16"),
    (zeros(1, 4, 4, 3, dtype=object), TypeError, "images: wanted dtype float32 or float64, got object"),
    (
        zeros(1, 4, 4, 3, dtype=np.float64),
        TypeError,
        "weights['conv/kernel']: wanted dtype float64, got float32",
    ),
    (None, TypeError, "images: wanted a numpy array, got NoneType"),
    ([[1.0]], TypeError, "images: wanted a numpy array, got list"),
    ({"image": zeros(1, 4, 4, 3)}, ValueError, "images: wanted a dict with ['images'], got ['image']"),
]


@pytest.mark.parametrize(("images", "error", "message"), BAD_IMAGES, ids=[each[-1] for each in BAD_IMAGES])
def test_images(images, error, message):
    net = network()
    for run in (net.forward, lambda *arguments: net.train_forward(*arguments, 0)):
        with pytest.raises(error, match=in_one_line(message)):
            run(net.init(0), images)


def test_several_inputs():
    nodes = [Node("add", Add(), ("x", "y"))]
    net = Graph("net", {"x": (3,), "y": (3,)}, nodes)
    with pytest.raises(ValueError, match=in_one_line("images: wanted a dict with ['x', 'y'], got ndarray")):
        net.forward({}, zeros(1, 3))
    with pytest.raises(ValueError, match=in_one_line("images: wanted a dict with ['x', 'y'], got ['x']")):
        net.forward({}, {"x": zeros(1, 3)})
    with pytest.raises(ValueError, match=in_one_line("y: wanted shape (1, 3), got (2, 3)")):
        net.forward({}, {"x": zeros(1, 3), "y": zeros(2, 3)})
    with pytest.raises(TypeError, match=in_one_line("y: wanted dtype float32, got float64")):
        net.forward({}, {"x": zeros(1, 3), "y": zeros(1, 3, dtype=np.float64)})


def test_weights():
    net = network()
    weights, images = net.init(0), zeros(1, 4, 4, 3)
    with pytest.raises(TypeError, match=in_one_line("weights: wanted a dict of arrays, got NoneType")):
        net.forward(None, images)
    few = {key: weights[key] for key in weights if not key.startswith("bn/moving")}
    with pytest.raises(ValueError, match=in_one_line("weights: wanted 5 keys, 2 missing, first 'bn/moving_mean'")):
        net.forward(few, images)
    wrong = {**weights, "bn/beta": zeros(3)}
    with pytest.raises(ValueError, match=in_one_line("weights['bn/beta']: wanted shape (2,), got (3,)")):
        net.forward(wrong, images)
    listed = {**weights, "bn/beta": [0.0, 0.0]}
    with pytest.raises(TypeError, match=in_one_line("weights['bn/beta']: wanted a numpy array, got list")):
        net.forward(listed, images)
    more = {**weights, "elsewhere/kernel": zeros(7)}
    np.testing.assert_array_equal(net.forward(more, images), net.forward(weights, images))


def test_unknown_taps():
    net = mobilenet_v2(0.35, 32, 5)
    wanted = "taps: no node named 'block_3/depthwize'; near names: block_3/depthwise"
    with pytest.raises(ValueError, match=in_one_line(wanted)):
        net.forward({}, None, taps=("block_2/expand", "block_3/depthwize"))


def test_statistics_and_rng():
    net = network()
    with pytest.raises(ValueError, match=in_one_line("statistics: wanted one of batch, stored, got 'moving'")):
        net.train_forward(net.init(0), zeros(1, 4, 4, 3), 0, statistics="moving")
    with pytest.raises(TypeError, match=in_one_line("rng: wanted a numpy.random.Generator or a seed")):
        net.train_forward(net.init(0), zeros(1, 4, 4, 3), None)


def test_one_value_per_channel_names_the_node():
    net = Graph("net", {"images": (1, 1, 3)}, [Node("bn", BatchNorm())])
    wanted = "node 'bn': BatchNorm(decay=0.997, eps=0.001): wanted at least two values per channel"
    with pytest.raises(ValueError, match=in_one_line(wanted)):
        net.train_forward(net.init(0), zeros(1, 1, 1, 3), 0)


@pytest.mark.parametrize("batch", [0, 1, 3])
def test_batches_of_any_size(batch):
    net = network()
    weights, images = net.init(0), zeros(batch, 4, 4, 3)
    assert net.forward(weights, images).shape == (batch, 2)
    y, tape = net.train_forward(weights, images, 0, statistics="stored")
    dx, gradients = net.backward(tape, y)
    assert dx.shape == images.shape
    assert gradients["conv/kernel"].shape == (3, 3, 3, 2)


def test_an_empty_batch_has_no_statistics():
    net = network()
    with pytest.raises(ValueError, match=in_one_line("node 'bn': ")):
        net.train_forward(net.init(0), zeros(0, 4, 4, 3), 0)


def test_memory_order_changes_nothing():
    net = network()
    weights = net.init(0)
    images = np.random.default_rng(0).standard_normal((2, 4, 4, 3)).astype(np.float32)
    wanted = net.forward(weights, images)
    turned = {key: np.asfortranarray(value) for key, value in weights.items()}
    for view in (np.asfortranarray(images), np.flip(np.flip(images).copy()), np.repeat(images, 2, 2)[:, :, ::2]):
        np.testing.assert_array_equal(net.forward(turned, view), wanted)


# Tapes.


def test_a_tape_serves_once_and_for_its_own_graph():
    net, other = network(), network()
    y, tape = net.train_forward(net.init(0), zeros(2, 4, 4, 3), 0)
    with pytest.raises(ValueError, match=in_one_line("tape: wanted a fresh tape of this graph 'net', got Tape(")):
        other.backward(tape, y)
    net.backward(tape, y)
    with pytest.raises(
        ValueError, match=in_one_line("'net', got Tape(Graph('net', {'images': (4, 4, 3)}, 3 nodes), used)")
    ):
        net.backward(tape, y)
    with pytest.raises(ValueError, match=in_one_line("tape: wanted a fresh tape of this graph 'net', got None")):
        net.backward(None, y)


BAD_DY = [
    (zeros(3, 2), ValueError, "dy of 'pool': wanted shape (2, 2), got (3, 2)"),
    (zeros(2), ValueError, "dy of 'pool': wanted shape (2, 2), got (2,)"),
    (zeros(2, 2, dtype=np.float64), TypeError, "dy of 'pool': wanted dtype float32, got float64"),
    (1.0, TypeError, "dy of 'pool': wanted a numpy array, got float"),
    ({"conv": zeros(2, 2)}, ValueError, "dy: wanted a dict with ['pool'], got ['conv']"),
]


@pytest.mark.parametrize(("dy", "error", "message"), BAD_DY, ids=[each[-1] for each in BAD_DY])
def test_gradients_of_outputs(dy, error, message):
    """A refused gradient leaves the tape as it was."""
    net = network()
    y, tape = net.train_forward(net.init(0), zeros(2, 4, 4, 3), 0)
    with pytest.raises(error, match=in_one_line(message)):
        net.backward(tape, dy)
    assert net.backward(tape, y)[0].shape == (2, 4, 4, 3)


def test_kernels_that_lack_a_function():
    class Few:
        conv2d_forward = staticmethod(refnet.kernels.conv2d_forward)

    net = network()
    with pytest.raises(AttributeError, match="batch_norm_inference_forward"):
        net.forward(net.init(0), zeros(1, 4, 4, 3), kernels=Few)
