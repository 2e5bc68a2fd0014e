"""Every layer as ONNX operators: what onnx's own evaluator computes from the file is what the layer computes."""

import numpy as np
import pytest
from layer_samples import LINEAR, SAMPLES, classes, label

from refnet import Graph, Node
from refnet.io.onnx import to_onnx
from refnet.layers import (
    AveragePool2d,
    BatchNorm,
    BiasAdd,
    ChannelScale,
    Conv2d,
    CropAndResize,
    Dense,
    Each,
    Flatten,
    GlobalAveragePool,
    L2Normalize,
    LocalResponseNorm,
    MaxPool2d,
    Pad2d,
    PointwiseConv2d,
    Relu,
    ResizeBilinear,
    Softmax,
)

judges = pytest.importorskip("onnx_judges")
pytestmark = pytest.mark.onnx

MORE = [  # odd shapes of the same layers
    (Conv2d(3, (3, 2), stride=(3, 2), padding="ceil"), [(4, 5, 2)]),
    (Conv2d(3, 5, stride=2), [(1, 2, 2)]),
    (PointwiseConv2d(2), [(1, 1, 3)]),
    (MaxPool2d(3, 2, "symmetric"), [(6, 4, 2)]),
    (MaxPool2d(3, 3, "same"), [(5, 4, 2)]),
    (AveragePool2d(3, 2, "ceil"), [(6, 8, 2)]),
    (AveragePool2d(3, 2, "ceil", count_padding=True), [(6, 8, 2)]),
    (AveragePool2d(3, 2, "same"), [(6, 5, 2)]),
    (Pad2d((-1, 0, 0, -2)), [(4, 5, 2)]),
    (Pad2d((0, 0, 0, 0)), [(4, 5, 2)]),
    (Flatten(), [(1, 1, 4)]),
    (LocalResponseNorm(5, alpha=0.3, beta=0.6, bias=1.5), [(7,)]),
    (LocalResponseNorm(5, alpha=0.3), [(1, 2, 3)]),
    (ResizeBilinear(), [(3, 4, 2), (1, 1, 5)]),
    (ResizeBilinear(), [(1, 1, 2), (3, 4, 5)]),
    (ResizeBilinear(), [(5, 6, 1), (3, 2, 1)]),
    (ResizeBilinear(align_corners=False), [(5, 6, 1), (1, 13, 1)]),
    (CropAndResize(3), [(1, 4, 2), (2, 4)]),
    (Each(Flatten()), [(2, 3, 2, 4)]),
    (Each(GlobalAveragePool()), [(2, 3, 2, 4)]),
    (Each(GlobalAveragePool(keep_map=True)), [(2, 3, 2, 4)]),
    (Each(Softmax()), [(3, 5)]),
    (Each(L2Normalize()), [(3, 5)]),
    (Each(Relu()), [(3, 4, 2)]),
    (Each(BiasAdd()), [(3, 4, 2)]),
    (Each(Each(Dense(3))), [(3, 4, 2)]),
    (Each(Each(Softmax())), [(3, 4, 2)]),
    (Each(ResizeBilinear()), [(2, 3, 2, 4), (2, 2, 3, 1)]),
    (Each(CropAndResize(2)), [(2, 4, 3, 2), (2, 3, 4)]),
]


def drawn(net, numbers):
    """Weights and inputs by a function of a generator and a shape; variances are positive, boxes lie in the map."""
    random = np.random.default_rng(0)
    weights = {key: numbers(random, each.shape) for key, each in net.parameters().items()}
    weights |= {key: abs(w) + 0.5 for key, w in weights.items() if key.endswith("variance")}
    inputs = {name: numbers(random, (3, *shape)) for name, shape in net.inputs.items()}
    boxes = {name for node in net.nodes for name in node.inputs[1:] if isinstance(crop(node.layer), CropAndResize)}
    return weights, inputs | {name: random.uniform(0, 1, inputs[name].shape) for name in boxes}


def crop(layer):
    return layer.layer if isinstance(layer, Each) else layer


@pytest.mark.parametrize("layout", ["NHWC", "NCHW"])
@pytest.mark.parametrize("sample", SAMPLES + MORE, ids=label)
def test_float64_agrees(sample, layout):
    net = judges.single(*sample)
    weights, inputs = drawn(net, lambda random, shape: random.uniform(-3, 9, shape))
    wanted = judges.outputs_of(net, weights, inputs)
    model = to_onnx(net, weights, layout=layout)
    got = judges.reference(model, judges.turned(inputs, layout))
    assert got["bias"].dtype == np.float64
    assert judges.distance(got, judges.turned(wanted, layout)) <= 1e-13  # sums of some dozen numbers of 1e-16


@pytest.mark.parametrize("sample", SAMPLES + MORE, ids=label)
def test_onnx_runtime_agrees_in_float32(sample):
    net = judges.single(*sample)
    weights, inputs = map(judges.singles, drawn(net, lambda random, shape: random.uniform(-3, 9, shape)))
    got = judges.runtime(to_onnx(net, weights), inputs)
    assert got["bias"].dtype == np.float32
    assert judges.distance(got, judges.outputs_of(net, weights, inputs)) <= 1e-5  # the same with roundings of 6e-8


@pytest.mark.parametrize("sample", [each for each in LINEAR if len(each[1][0]) < 4], ids=label)
def test_integers_are_the_same_to_the_last_bit(sample):
    net = judges.single(*sample)
    weights, inputs = drawn(net, lambda random, shape: random.integers(-4, 5, shape).astype(float))
    got = judges.reference(to_onnx(net, weights), inputs)["bias"]
    np.testing.assert_array_equal(got, net.forward(weights, inputs))


def test_every_layer_has_its_operators():
    from refnet.io.onnx_operators import OPERATORS

    assert set(classes().values()) <= set(OPERATORS)


def boxes_net():
    return judges.single(CropAndResize((3, 2)), [(4, 5, 2), (6, 4)])


def test_points_outside_of_the_map_are_0_and_those_on_its_edge_are_not():
    net = boxes_net()
    weights, inputs = drawn(net, lambda random, shape: random.uniform(1, 2, shape))
    weights["bias/bias"][:] = 0
    third = [0, 0, 1, 1], [-0.5, 0, 1, 1], [0, 0, 1.5, 1 + 1e-9], [1, 1, 0, 0], [0.3, 0.7, 0.3, 0.7], [2, 2, 3, 3]
    inputs["x1"] = np.array([third] * 3, float)
    inputs["x1"][0, 4] = np.nan, 0, 1, 1
    wanted = net.forward(weights, inputs)
    assert (wanted == 0).any()
    assert (wanted[:, 0] > 0).all()
    got = judges.reference(to_onnx(net, weights), inputs)["bias"]
    np.testing.assert_array_equal(got == 0, wanted == 0)
    assert abs(got - wanted).max() <= 1e-14


def test_the_constants_of_attributes_are_rounded_to_float32_and_no_further():
    net = Graph("norm", {"x": (4,)}, [Node("norm", BatchNorm(eps=0.1))])
    weights, inputs = drawn(net, lambda random, shape: random.uniform(1, 2, shape))
    got = judges.reference(to_onnx(net, weights), inputs)
    wanted = judges.outputs_of(net, weights, inputs)
    assert 0 < judges.distance(got, wanted) <= 2**-24


def test_a_layer_of_ones_own_is_refused_by_name():
    class Squared(ChannelScale):
        """A subclass may compute anything."""

    net = Graph("own", {"x": (4,)}, [Node("mine", Squared())])
    with pytest.raises(ValueError, match=r"node 'mine': wanted a layer of refnet.layers, .*got .*Squared"):
        to_onnx(net, {"mine/scale": np.ones(4)})
