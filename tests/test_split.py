"""The t-way split of a bottleneck: the same results, costs and gradients for every t, and the memory that it promises.

k, n, N channels in, expanded, out    t parts    S stride
"""

import tracemalloc
from types import SimpleNamespace

import numpy as np
import pytest
from census import Census

import refnet.kernels
from refnet import Graph, Node, mobilenet_v1, mobilenet_v2
from refnet.layers import Add, BatchNorm, Conv2d, DepthwiseConv2d, MaxPool2d, PointwiseConv2d, Relu, Relu6
from refnet.memory import plan
from refnet.models import shufflenet_v1, ssdlite_mobilenet_v2
from refnet.rewrites import SplitBottleneck, split_bottleneck, split_bottlenecks

k, n, N = 3, 12, 5
STRIDES = (1, 2)


def bottleneck(stride=1, filters=N, norm=True, size=(5, 6)):
    """One block with everything that V2 has; batch norm without eps, so that integers stay integers."""
    middle = [
        Node("b/expand", PointwiseConv2d(n)),
        Node("b/expand_bn", BatchNorm(eps=0)),
        Node("b/expand_relu6", Relu6()),
        Node("b/depthwise", DepthwiseConv2d(3, stride)),
        Node("b/depthwise_bn", BatchNorm(eps=0)),
        Node("b/depthwise_relu6", Relu6()),
        Node("b/project", PointwiseConv2d(filters)),
        Node("b/project_bn", BatchNorm(eps=0)),
    ]
    nodes = [each for each in middle if norm or "_bn" not in each.name]
    if stride == 1 and filters == k:
        nodes.append(Node("b/add", Add(), ("images", nodes[-1].name)))
    return Graph("bottleneck", {"images": (*size, k)}, nodes)


def integers(net, batch=2, seed=0):
    """Weights and images in small integers; variances are 1."""
    random = np.random.default_rng(seed)
    weights = {key: random.integers(-2, 3, each.shape).astype(float) for key, each in net.parameters().items()}
    weights |= {key: np.ones(w.shape) for key, w in weights.items() if key.endswith("variance")}
    return weights, random.integers(-2, 3, (batch, *net.inputs["images"])).astype(float)


def reals(net, batch=2, seed=0):
    random = np.random.default_rng(seed)
    weights = {key: random.standard_normal(each.shape) for key, each in net.parameters().items()}
    weights |= {key: np.abs(w) + 0.5 for key, w in weights.items() if key.endswith("variance")}
    return weights, random.standard_normal((batch, *net.inputs["images"]))


def split_layer(net):
    (layer,) = (node.layer for node in net.nodes if isinstance(node.layer, SplitBottleneck))
    return layer


every_t = pytest.mark.parametrize("t", range(1, n + 1))
every_stride = pytest.mark.parametrize("stride", STRIDES)

# The same results.


@every_t
@every_stride
@pytest.mark.parametrize("filters", [N, k])
def test_integers_are_equal_for_every_t(t, stride, filters):
    net = bottleneck(stride, filters)
    split = split_bottleneck(net, "b", t)
    weights, images = integers(net)
    y = net.forward(weights, images)
    assert np.ptp(y) > 10
    np.testing.assert_array_equal(split.forward(weights, images), y)


@every_stride
@pytest.mark.parametrize("t", [2, 5, n])
def test_integer_gradients_are_equal(t, stride):
    net = bottleneck(stride, k)
    split = split_bottleneck(net, "b", t)
    weights, images = integers(net)
    y, tape = net.train_forward(weights, images, 0, statistics="stored")
    again, split_tape = split.train_forward(weights, images, 0, statistics="stored")
    np.testing.assert_array_equal(again, y)
    dy = np.random.default_rng(1).integers(-3, 4, y.shape).astype(float)
    dx, gradients = net.backward(tape, dy)
    split_dx, split_gradients = split.backward(split_tape, dy)
    np.testing.assert_array_equal(split_dx, dx)
    assert set(split_gradients) == set(gradients)
    for key, gradient in gradients.items():
        assert gradient.any(), key
        np.testing.assert_array_equal(split_gradients[key], gradient, err_msg=key)


@pytest.mark.parametrize("t", [1, 5, n])
def test_batch_statistics_are_those_of_each_channel(t):
    net = bottleneck(2)
    split = split_bottleneck(net, "b", t)
    weights, images = reals(net)
    y, tape = net.train_forward(weights, images, 0)
    again, split_tape = split.train_forward(weights, images, 0)
    np.testing.assert_allclose(again, y, rtol=1e-11)
    assert set(split_tape.updates) == set(tape.updates)
    for key, value in tape.updates.items():
        np.testing.assert_allclose(split_tape.updates[key], value, rtol=1e-11, atol=1e-14, err_msg=key)
    dx, gradients = net.backward(tape, y)
    split_dx, split_gradients = split.backward(split_tape, y)
    for key, value in ({"images": dx} | gradients).items():
        other = ({"images": split_dx} | split_gradients)[key]
        np.testing.assert_allclose(other, value, rtol=0, atol=1e-10 * max(1, np.abs(value).max()), err_msg=key)


def gamma(terms):
    """The relative error of a sum of so many products in float64, whatever its order."""
    u = np.finfo(np.float64).eps / 2
    return terms * u / (1 - terms * u)


@every_t
@every_stride
def test_reals_are_equal_within_the_error_of_their_sums(t, stride):
    """Two orders of summation differ by twice the bound of each sum, carried through what stands behind it."""
    net = bottleneck(stride, norm=False)
    split = split_bottleneck(net, "b", t)
    weights, images = reals(net)
    y, maps = net.forward(weights, images, taps=("b/expand_relu6", "b/depthwise_relu6"))
    kernels, sizes = refnet.kernels, {key: np.abs(w) for key, w in weights.items()}
    setting = ((stride, stride), (1, 1), net.nodes[2].layer.setting(images.shape)[2])
    error = 2 * gamma(k) * kernels.pointwise_conv2d_forward(np.abs(images), sizes["b/expand/kernel"])
    error = kernels.depthwise_conv2d_forward(
        error + 2 * gamma(9) * maps["b/expand_relu6"], sizes["b/depthwise/kernel"], *setting
    )
    error = kernels.pointwise_conv2d_forward(
        error + 2 * gamma(n + t) * maps["b/depthwise_relu6"], sizes["b/project/kernel"]
    )
    assert (np.abs(split.forward(weights, images) - y) <= error).all()


@pytest.mark.jit
def test_a_whole_network_split():
    net = mobilenet_v2(0.35, 64, 7)
    split = split_bottleneck(split_bottlenecks(net, 3), "block_1", 5)
    weights, images = net.init(0, np.float64), reals(net, 1)[1]
    assert sum(isinstance(node.layer, SplitBottleneck) for node in split.nodes) == 17
    y = net.forward(weights, images)
    np.testing.assert_allclose(split.forward(weights, images), y, rtol=0, atol=1e-12 * np.abs(y).max())
    y, tape = net.train_forward(weights, images, 0, statistics="stored")
    _, split_tape = split.train_forward(weights, images, 0, statistics="stored")
    _, gradients = net.backward(tape, y, input_gradient=False)
    _, split_gradients = split.backward(split_tape, y, input_gradient=False)
    for key, value in gradients.items():
        np.testing.assert_allclose(split_gradients[key], value, rtol=0, atol=1e-11 * np.abs(value).max(), err_msg=key)


def test_of_the_maps_only_the_input_is_saved():
    net = bottleneck()
    layer = split_layer(split_bottleneck(net, "b", 5))
    weights, images = reals(net)
    own = {role: weights[role] for role in layer.parameters(net.inputs["images"])}
    _, saved, _ = layer.train_forward(refnet.kernels, own, images, rng=np.random.default_rng(0), statistics="stored")
    x, statistics = saved.content
    assert x is images
    assert statistics == "stored"


# The same cost, keys and names.


class Tally:
    """The plain kernels, counting multiply-adds from the arrays that they are given and return."""

    def __init__(self):
        self.madds = 0

    def __getattr__(self, name):
        def kernel(*arguments):
            y = getattr(refnet.kernels, name)(*arguments)
            if "conv2d" in name:
                self.madds += y.size * (arguments[1].shape[0] if "pointwise" in name else 9)
            return y

        return kernel


@every_stride
def test_multiply_adds_do_not_depend_on_t(stride):
    net = bottleneck(stride)
    weights, images = integers(net, 1)
    for t in range(1, n + 1):
        split, tally = split_bottleneck(net, "b", t), Tally()
        split.forward(weights, images, kernels=tally)
        assert tally.madds == split.cost().madds == net.cost().madds, t


@pytest.mark.parametrize("build", [bottleneck, lambda: mobilenet_v2(0.5, 64)])
@pytest.mark.parametrize("t", [1, 3, 10])
def test_keys_costs_and_names_stay(build, t):
    net = build()
    split = split_bottlenecks(net, t)
    assert split.parameters() == net.parameters()
    assert split.cost().totals() == net.cost().totals()
    assert split.cost().parameters() == net.cost().parameters()
    assert split.outputs == net.outputs
    assert all(split.shapes[node.name] == net.shapes[node.name] for node in split.nodes)
    fresh, other = net.init(3), split.init(3)
    assert all(fresh[key].shape == other[key].shape for key in fresh)


def test_weights_that_other_nodes_share_are_counted_once():
    """Two blocks with the weights of one."""
    names = "expand", "depthwise", "project"
    layers = PointwiseConv2d(4), DepthwiseConv2d(3), PointwiseConv2d(k)
    one = [Node(f"a/{name}", layer) for name, layer in zip(names, layers, strict=True)]
    two = [Node(f"b/{each.name[2:]}", each.layer, weights={"kernel": f"{each.name}/kernel"}) for each in one]
    net = Graph("twice", {"images": (3, 3, k)}, [*one, *two])
    split = split_bottlenecks(net, 2)
    assert split.cost().totals() == net.cost().totals()
    weights, images = integers(net)
    np.testing.assert_array_equal(split.forward(weights, images), net.forward(weights, images))


# Memory: planned and measured.


@every_t
@every_stride
@pytest.mark.parametrize("filters", [N, 1, 20])
def test_the_measured_peak_is_the_plan(t, stride, filters):
    net = bottleneck(stride, filters)
    split, census = split_bottleneck(net, "b", t), Census()
    layer = split_layer(split)
    weights, images = integers(net, 1)
    own = {role: weights[role] for role in layer.parameters(net.inputs["images"])}
    y = layer.forward(census, own, images)
    assert census.most == y.itemsize * layer.inner(net.inputs["images"])
    assert census.alive == {}


@every_stride
def test_what_is_held_besides_input_and_output_is_two_channels_of_the_larger_map(stride):
    """The bound of section 5.1, with the constant that O() leaves open; and it is q times that for parts of q."""
    shape = (6, 8, k)
    for t, q in ((n, 1), (6, 2), (5, 3), (2, 6), (1, n)):
        layer = split_layer(split_bottleneck(bottleneck(stride, size=shape[:2]), "b", t))
        assert layer.inner(shape) == 2 * q * 48
        assert layer.inner(shape, in_place=True) <= layer.inner(shape)


@pytest.mark.jit
def test_the_sum_is_built_up_in_place():
    """Of the arrays that NumPy allocates itself (not the kernels'), only y has all output channels."""
    net = bottleneck(1, 64, norm=False, size=(32, 32))
    layer = split_layer(split_bottleneck(net, "b", n))
    weights, images = integers(net, 1)
    layer.forward(refnet.kernels, weights, images)  # compiled before it is measured
    tracemalloc.start()
    y = layer.forward(refnet.kernels, weights, images)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert y.nbytes <= peak < 1.5 * y.nbytes


def test_the_plan_of_a_split_network_needs_less():
    net = mobilenet_v2()
    whole, parts = plan(net), plan(split_bottlenecks(net, 16))
    assert parts.m().values < whole.m().values
    first = plan(split_bottleneck(split_bottlenecks(net, 16), "block_1", 32))
    assert first.m().values < parts.m().values


# What can be split, and what cannot.


def test_the_first_layer_is_split_with_the_first_block():
    """The trick of Table 3's caption."""
    net = mobilenet_v2(0.35, 32, 5)
    split = split_bottleneck(net, "block_1", 16)
    layer = split_layer(split)
    assert layer.names[0] == "conv_first"
    assert split.cost().totals() == net.cost().totals()
    assert isinstance(layer.expansion, Conv2d)
    assert "conv_first" not in split.shapes
    weights, images = net.init(0, np.float64), reals(net, 1)[1]
    y = net.forward(weights, images)
    np.testing.assert_allclose(split.forward(weights, images), y, rtol=0, atol=1e-13 * np.abs(y).max())


def test_a_separable_block_of_v1_is_split_with_the_one_before():
    net = mobilenet_v1(0.25, 32, 5)
    split = split_bottleneck(net, "block_3", 7)
    assert split_layer(split).names[0] == "block_2/pointwise"
    weights, images = net.init(0, np.float64), reals(net, 1)[1]
    y = net.forward(weights, images)
    np.testing.assert_allclose(split.forward(weights, images), y, rtol=0, atol=1e-13 * np.abs(y).max())


def test_pooling_is_per_channel_too():
    nodes = [Node("a", Conv2d(4, 3)), Node("r", Relu()), Node("p", MaxPool2d(2, 2)), Node("b/c", PointwiseConv2d(2))]
    net = Graph("pooled", {"images": (4, 4, 2)}, nodes)
    weights, images = integers(net)
    for t in (1, 3, 4):
        split = split_bottleneck(net, "b", t)
        np.testing.assert_array_equal(split.forward(weights, images), net.forward(weights, images))


def tapped():
    """The expanded map is an output."""
    net = bottleneck()
    return Graph("tapped", net.inputs, net.nodes, ("b/project_bn", "b/expand_relu6"))


def expanded_before():
    """The expansion's input is the graph's; nothing expands it."""
    nodes = [Node("b/depthwise", DepthwiseConv2d(3)), Node("b/project", PointwiseConv2d(2))]
    return Graph("short", {"images": (3, 3, 2)}, nodes)


@pytest.mark.parametrize(
    ("net", "block", "t", "message"),
    [
        (bottleneck, "b", 0, "parts: wanted an integer of at least 1, got 0"),
        (bottleneck, "b", n + 1, f"parts: wanted 1 to {n}, the expanded channels, got {n + 1}"),
        (bottleneck, "b", 2.0, "parts: wanted an integer of at least 1, got 2.0"),
        (bottleneck, "c", 1, "block: wanted one with a 1x1 projection, of b; got 'c'"),
        (tapped, "b", 1, "b: wanted maps that nothing else reads, got 'b/expand_relu6', which is read elsewhere"),
        (
            expanded_before,
            "b",
            1,
            "b: wanted per-channel layers below an expansion, got an input of the graph at 'images'",
        ),
        (lambda: mobilenet_v2(1.0, 32), "block_2", 97, "parts: wanted 1 to 96"),
        (lambda: mobilenet_v2(1.0, 32), "pool", 1, "block: wanted one with a 1x1 projection, of block_1, block_2"),
    ],
)
def test_what_cannot_be_split_gets_one_clear_line(net, block, t, message):
    with pytest.raises(ValueError, match="^" + message.replace("(", r"\(")):
        split_bottleneck(net(), block, t)


def test_a_block_that_a_detector_taps_stays_whole():
    net = ssdlite_mobilenet_v2(0.35, 96, 2)
    split = split_bottlenecks(net, 3)
    assert split.name == f"{net.name}, 15 of 16 bottlenecks in 3 parts"
    assert split.outputs == net.outputs
    splits = {node.name.partition("/")[0] for node in split.nodes if isinstance(node.layer, SplitBottleneck)}
    assert splits == {f"block_{number}" for number in range(2, 18)} - {"block_14"}
    assert split.shapes["block_14/expand_relu6"] == net.shapes["block_14/expand_relu6"]
    assert split.parameters() == net.parameters()


def test_blocks_whose_expanded_maps_are_added_stay_whole():
    net = mobilenet_v2(0.35, 32, 5, shortcut="expansion")
    split = split_bottlenecks(net, 2)
    assert split.name == f"{net.name}, 3 of 16 bottlenecks in 2 parts"
    blocks = [node.name.partition("/")[0] for node in split.nodes if isinstance(node.layer, SplitBottleneck)]
    assert blocks == ["block_4", "block_7", "block_14"]  # nothing is added to theirs, and theirs to nothing


def test_networks_without_bottlenecks():
    for net in (mobilenet_v1(1.0, 32), shufflenet_v1(1.0, 3, 32)):
        with pytest.raises(ValueError, match="wanted blocks with nodes `expand` and `project`"):
            split_bottlenecks(net, 2)
    with pytest.raises(ValueError, match="parts: wanted an integer of at least 1, got 0"):
        split_bottlenecks(mobilenet_v2(1.0, 32), 0)
    wanted = "^tapped: wanted a bottleneck that can be split, got none; b: wanted maps that nothing else reads, got"
    with pytest.raises(ValueError, match=wanted):
        split_bottlenecks(tapped(), 2)


def test_a_layer_that_mixes_channels_cannot_stand_between():
    with pytest.raises(ValueError, match="^between: wanted layers that work on each channel alone, got Conv2d"):
        SplitBottleneck(("a", "b", "c"), PointwiseConv2d(4), (Conv2d(4, 3),), PointwiseConv2d(2), 2)
    with pytest.raises(ValueError, match="^names: wanted one for each of 2 layers"):
        SplitBottleneck(("a",), PointwiseConv2d(4), (), PointwiseConv2d(2), 2)


def test_another_namespace_of_kernels_is_used():
    called = []

    def noted(x, w):
        called.append(w.shape)
        return refnet.kernels.pointwise_conv2d_forward(x, w)

    names = {name: getattr(refnet.kernels, name) for name in refnet.kernels.__all__}
    names["pointwise_conv2d_forward"] = noted
    net = bottleneck()
    weights, images = integers(net)
    split_bottleneck(net, "b", 5).forward(weights, images, kernels=SimpleNamespace(**names))
    assert {shape[1] for shape in called if shape[0] == k} == {2, 3}  # expanded channels of the parts
