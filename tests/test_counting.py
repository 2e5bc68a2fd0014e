"""Every convention by hand on a tiny network; training steps against what the kernels execute."""

from types import SimpleNamespace

import numpy as np
import pytest

import refnet.kernels
from refnet import Graph, Node
from refnet.counting import CONVENTIONS, Terms
from refnet.layers import (
    Add,
    BatchNorm,
    BiasAdd,
    ChannelScale,
    Conv2d,
    Dense,
    DepthwiseConv2d,
    Dropout,
    GlobalAveragePool,
    GroupedConv2d,
    PointwiseConv2d,
    Relu6,
)


def tiny():
    """4x4x3 images; 2x2 maps behind the first convolution."""
    return Graph(
        "tiny",
        {"images": (4, 4, 3)},
        [
            Node("first", Conv2d(2, 3, 2)),
            Node("first_bn", BatchNorm()),
            Node("relu6", Relu6()),
            Node("depthwise", DepthwiseConv2d(3)),
            Node("pointwise", PointwiseConv2d(4)),
            Node("pool", GlobalAveragePool()),
            Node("dropout", Dropout(0.5)),
            Node("classifier", Dense(5)),
            Node("classifier_bias", BiasAdd()),
        ],
    )


# By hand. Multiply-adds: 27 * (2*2*2) + 9 * (2*2*2) + 2 * (2*2*4) + 4 * 5. Taps inside: the first convolution
# is padded by one, after: 3+2 on each axis; the depthwise one has 2+2.
# Batch norm writes 2*2*2 values of 2 channels.
FIRST, DEPTHWISE, POINTWISE, CLASSIFIER = 216, 72, 32, 20
MADD = FIRST + DEPTHWISE + POINTWISE + CLASSIFIER
WEIGHTS = 27 * 2 + 9 * 2 + 2 * 4 + 4 * 5
BY_HAND = {
    "MADD": 340,
    "MADD-HEADLESS": 320,
    "MADD-INSIDE": 5 * 5 * 3 * 2 + 4 * 4 * 2 + 32 + 20,
    "MADD-BN2": 340 + 2 * 8,
    "MADD-BN4": 340 + 4 * 8,
    "MADD-STEP": 2 * 216 + 3 * (72 + 32 + 20),
    "FLOP-2": 680,
    "FLOP-N": 53 * 8 + 17 * 8 + 3 * 16 + 7 * 5,
    "ACCESS-N": (48 + 8 + 54) + (8 + 8 + 18) + (8 + 16 + 8) + (4 + 5 + 20),
    "P-WEIGHTS": 100,
    "P-BIAS": 105,
    "P-TRAINABLE": 105 + 2 + 2,
    "P-SLIM": 105 + 3 * 2,
    "P-ALL": 105 + 4 * 2,
    "P-FOLDED": 105 + 2,
}


def test_the_closed_list_of_conventions():
    assert [name for name in CONVENTIONS if name != "MADD-S2B"] == list(BY_HAND)
    assert list(tiny().cost().totals()) == list(BY_HAND), "nothing is dilated: MADD-S2B would say nothing of its own"
    assert {each.quantity for each in CONVENTIONS.values()} == {"multiply-adds", "FLOPs", "values", "parameters"}


@pytest.mark.parametrize("convention", BY_HAND)
def test_convention_by_hand(convention):
    assert tiny().cost().total(convention) == BY_HAND[convention]
    assert tiny().cost().totals()[convention] == BY_HAND[convention]


def test_dilated_convolutions_on_the_padded_grid():
    """7x7 in rates of (2, 3): TensorFlow 1 computed 8x9 outputs and threw the rest away."""
    nodes = [Node("a", DepthwiseConv2d(3, dilation=(2, 3))), Node("b", PointwiseConv2d(5))]
    net = Graph("x", {"map": (7, 7, 2)}, nodes)
    assert net.cost().total("MADD") == 9 * 49 * 2 + 49 * 10
    assert net.cost().total("MADD-S2B") == net.cost().totals()["MADD-S2B"] == 9 * (8 * 9) * 2 + 49 * 10


def test_scales_are_no_kernels_and_no_biases():
    totals = Graph("x", {"map": (2, 2, 7)}, [Node("scale", ChannelScale())]).cost().totals()
    assert [totals[name] for name in ("P-WEIGHTS", "P-BIAS")] == [0, 0]
    assert {totals[name] for name in ("P-TRAINABLE", "P-SLIM", "P-ALL", "P-FOLDED")} == {7}


def test_nodes_by_hand():
    cost = tiny().cost()
    assert cost.madds == MADD
    assert [row.node for row in cost] == list(tiny().shapes)[1:]
    madds = {row.node: row.terms.madds for row in cost if row.terms.madds}
    assert madds == {"first": FIRST, "depthwise": DEPTHWISE, "pointwise": POINTWISE, "classifier": CLASSIFIER}
    assert sum(row.terms.weights for row in cost) == WEIGHTS
    assert cost["first"] == Terms("Conv2d", 48, 8, products=27, madds=216, madds_inside=150, weights=54)
    assert cost["first_bn"] == Terms("BatchNorm", 8, 8, bn_channels=2, bn_outputs=8)
    assert cost["classifier_bias"] == Terms("BiasAdd", 5, 5, biases=5)
    assert cost["pool"] == Terms("GlobalAveragePool", 16, 4)


def test_parameters_by_kind():
    kinds = {"weights": 100, "biases": 5, "scales": 0, "bn_scale_shift": 4, "bn_statistics": 4}
    assert tiny().cost().parameters() == kinds
    assert sum(row.terms.parameters for row in tiny().cost()) == BY_HAND["P-ALL"] == sum(kinds.values())


def test_the_counted_parameters_are_those_that_init_creates():
    net = tiny()
    arrays = net.init(0)
    by_role = dict.fromkeys(("kernel", "bias", "gamma", "beta", "moving_mean", "moving_variance"), 0)
    for key, parameter in net.parameters().items():
        by_role[parameter.role] += arrays[key].size
    counted = net.cost().parameters()
    assert by_role["kernel"] == counted["weights"]
    assert by_role["bias"] == counted["biases"]
    assert by_role["gamma"] + by_role["beta"] == counted["bn_scale_shift"]
    assert by_role["moving_mean"] + by_role["moving_variance"] == counted["bn_statistics"]


def test_grouped_convolution_sees_only_its_group():
    """A 3x3 convolution from 8 to 12 channels in 4 groups, on 5x5: a quarter of the standard one."""
    nodes = [Node("first", PointwiseConv2d(8)), Node("grouped", GroupedConv2d(12, 3, groups=4))]
    cost = Graph("grouped", {"images": (5, 5, 3)}, nodes).cost()
    assert cost["grouped"].products == 9 * 2
    assert cost["grouped"].madds == 9 * 2 * 12 * 25
    assert cost["grouped"].weights == 9 * 2 * 12
    assert cost["grouped"].madds_inside == 13 * 13 * 2 * 12
    assert cost.total("MADD-STEP") == 2 * (3 * 8 * 25) + 3 * (9 * 2 * 12 * 25)


def test_unknown_names():
    with pytest.raises(KeyError, match="convention: wanted one of MADD, .*; got 'MACS'"):
        tiny().cost().total("MACS")
    with pytest.raises(KeyError, match="no node named 'second'"):
        tiny().cost()["second"]


# Shared weights


def twice_the_same(shared):
    """Two pointwise and two batch-norm layers that do, or do not, share their weights."""
    keys = {"a": {}, "b": {"kernel": "a/kernel"} if shared else {}}
    roles = ("gamma", "beta", "moving_mean", "moving_variance")
    bn = {role: f"a_bn/{role}" for role in roles} if shared else {}
    nodes = [
        Node("a", PointwiseConv2d(3), weights=keys["a"]),
        Node("a_bn", BatchNorm()),
        Node("b", PointwiseConv2d(3), weights=keys["b"]),
        Node("b_bn", BatchNorm(), weights=bn),
    ]
    return Graph("twice", {"images": (2, 2, 3)}, nodes)


def test_shared_weights_count_once_and_their_work_twice():
    shared, separate = twice_the_same(True).cost(), twice_the_same(False).cost()
    assert (shared.total("P-WEIGHTS"), separate.total("P-WEIGHTS")) == (9, 18)
    assert (shared.total("P-ALL"), separate.total("P-ALL")) == (9 + 12, 18 + 24)
    assert shared.madds == separate.madds == 2 * 9 * 4
    assert shared.total("MADD-BN2") == separate.total("MADD-BN2")
    assert (shared["a"].weights, shared["b"].weights) == (9, 0)


def test_a_network_in_which_everything_shares_has_one_set_of_arrays():
    assert sum(array.size for array in twice_the_same(True).init(0).values()) == 9 + 12


# Training steps


def counting_kernels(total):
    """Plain kernels; each that multiplies appends to `total` its products: the output's sum on ones."""

    def counted(kernel):
        def run(*arguments):
            ones = [np.ones_like(each) if isinstance(each, np.ndarray) else each for each in arguments]
            total.append(int(kernel(*ones).sum(dtype=np.float64)))
            return kernel(*arguments)

        return run

    names = {name: getattr(refnet.kernels, name) for name in refnet.kernels.__all__}
    endings = ("_forward", "_input_gradient", "_filter_gradient")
    multiplies = [name for name in names if ("conv2d" in name or "dense" in name) and name.endswith(endings)]
    return SimpleNamespace(**names | {name: counted(names[name]) for name in multiplies})


def executed_step(net, input_gradient=False):
    """Products per image that a real training step does."""
    total = []
    rng = np.random.default_rng(2)
    images = rng.standard_normal((1, *net.inputs["images"]), np.float32)
    weights = net.init(3)
    y, tape = net.train_forward(weights, images, 4, "stored", kernels=counting_kernels(total))
    net.backward(tape, np.ones_like(y), input_gradient=input_gradient)
    return sum(total)


def without_padding(net):
    """The same layers with "valid" padding, so that every tap is inside and a step executes all it counts."""
    assert net.cost().total("MADD-INSIDE") == net.cost().madds
    return net


def chain():
    nodes = [
        Node("first", Conv2d(2, 3, 2, padding="valid")),
        Node("first_bn", BatchNorm()),
        Node("depthwise", DepthwiseConv2d(2, padding="valid")),
        Node("grouped", GroupedConv2d(4, (1, 2), groups=2, padding="valid")),
        Node("pool", GlobalAveragePool()),
        Node("classifier", Dense(5)),
    ]
    return without_padding(Graph("chain", {"images": (7, 9, 3)}, nodes))


def fork():
    """Two layers read the image: neither needs its gradient."""
    nodes = [
        Node("left", PointwiseConv2d(4), ("images",)),
        Node("right", Conv2d(4, (1, 1)), ("images",)),
        Node("sum", Add(), ("left", "right")),
        Node("last", PointwiseConv2d(2)),
    ]
    return without_padding(Graph("fork", {"images": (3, 3, 3)}, nodes))


def activation_first():
    """Nothing below the convolution can be trained, although something stands there."""
    nodes = [Node("relu6", Relu6()), Node("first", PointwiseConv2d(4)), Node("last", PointwiseConv2d(2))]
    return without_padding(Graph("activation_first", {"images": (3, 3, 3)}, nodes))


def scaled_first():
    """A batch norm below the convolution can be trained, and needs the convolution's input gradient."""
    nodes = [Node("bn", BatchNorm()), Node("first", PointwiseConv2d(4))]
    return without_padding(Graph("scaled_first", {"images": (3, 3, 3)}, nodes))


@pytest.mark.parametrize("build", [chain, fork, activation_first, scaled_first])
def test_step_is_what_a_training_step_executes(build):
    assert build().cost().total("MADD-STEP") == executed_step(build())


def test_step_without_the_first_input_gradient():
    net = chain()
    first = net.cost()["first"].madds
    assert net.cost().total("MADD-STEP") == 3 * net.cost().madds - first
    assert executed_step(net, input_gradient=True) == 3 * net.cost().madds


def test_which_nodes_need_an_input_gradient():
    def needed(net):
        return [row.node for row in net.cost() if row.input_gradient]

    assert needed(fork()) == ["sum", "last"]
    assert needed(activation_first()) == ["last"]
    assert needed(scaled_first()) == ["first"]
