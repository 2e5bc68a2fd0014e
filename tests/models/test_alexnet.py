"""AlexNet against its paper and Caffe's replication (models/bvlc_alexnet/deploy.prototxt)."""

import numpy as np
import pytest

from refnet.layers import Conv2d, GroupedConv2d
from refnet.models import alex_net, alexnet

# Krizhevsky et al., section 3.5: "... of size 11x11x3 with a stride of 4", 5x5x48, 3x3x256, 3x3x192, 3x3x192.
KERNELS = {
    "conv1": (11, 11, 3, 96),
    "conv2": (5, 5, 48, 256),
    "conv3": (3, 3, 256, 384),
    "conv4": (3, 3, 192, 384),
    "conv5": (3, 3, 192, 256),
}
DENSE = {"fc6": (6 * 6 * 256, 4096), "fc7": (4096, 4096), "classifier": (4096, 1000)}
# Caption of Figure 2: neurons of the layers behind the first, whose printed 253,440 is not 55 x 55 x 96.
NEURONS = {"conv2": 186_624, "conv3": 64_896, "conv4": 64_896, "conv5": 43_264, "fc6": 4096, "fc7": 4096}
MAPS = {"conv1": (55, 96), "pool1": (27, 96), "conv2": (27, 256), "pool2": (13, 256), "pool5": (6, 256)}
CAFFE_PARAMETERS = 60_965_224  # of models/bvlc_alexnet, which holds biases too

NODES = [
    "conv1", "conv1_bias", "conv1_relu", "norm1", "pool1", "conv2", "conv2_bias", "conv2_relu", "norm2",
    "pool2", "conv3", "conv3_bias", "conv3_relu", "conv4", "conv4_bias", "conv4_relu", "conv5", "conv5_bias",
    "conv5_relu", "pool5", "flatten", "fc6", "fc6_bias", "fc6_relu", "fc6_dropout", "fc7", "fc7_bias",
    "fc7_relu", "fc7_dropout", "classifier", "classifier_bias",
]  # fmt: skip


def test_every_endpoint():
    net = alexnet()
    assert [node.name for node in net.nodes] == NODES
    for name, (side, channels) in MAPS.items():
        assert net.shapes[name] == (side, side, channels)
    for name, neurons in NEURONS.items():
        assert np.prod(net.shapes[name]) == neurons
    assert net.shapes["classifier"] == (1000,)


def test_neurons():
    """The abstract's 650,000, which is cut: 290,400 in the first layer and those of the caption."""
    neurons = np.prod(alexnet().shapes["conv1"]) + sum(NEURONS.values()) + 1000
    assert neurons == 659_272
    assert neurons // 10_000 * 10_000 == 650_000


def test_every_parameter():
    parameters = {key: each.shape for key, each in alexnet().parameters().items()}
    assert parameters == {
        **{f"{name}/kernel": shape for name, shape in (KERNELS | DENSE).items()},
        **{f"{name}_bias/bias": shape[-1:] for name, shape in (KERNELS | DENSE).items()},
    }


def test_published_totals():
    cost = alexnet().cost()
    assert cost.total("P-BIAS") == CAFFE_PARAMETERS
    assert int(cost.total("P-BIAS") / 1e6) == 60  # the abstract's 60 million
    assert cost.madds == 724_406_816


def test_layers():
    layers = {node.name: node.layer for node in alexnet().nodes}
    assert {name: layers[name].stride for name in KERNELS} == dict.fromkeys(KERNELS, 1) | {"conv1": 4}
    assert {name for name in KERNELS if isinstance(layers[name], GroupedConv2d)} == {"conv2", "conv4", "conv5"}
    assert {layers[name].groups for name in ("conv2", "conv4", "conv5")} == {2}
    assert isinstance(layers["conv3"], Conv2d)  # "connected to all kernel maps in the second layer"
    for name in ("pool1", "pool2", "pool5"):  # section 3.4: s = 2 and z = 3
        assert (layers[name].kernel, layers[name].stride) == (3, 2)
    for name in ("norm1", "norm2"):  # section 3.3
        norm = layers[name]
        assert (norm.bias, norm.size, norm.alpha, norm.beta) == (2, 5, 1e-4, 0.75)
    assert layers["fc6_dropout"].rate == layers["fc7_dropout"].rate == 0.5


def test_at_224_pixels_pools_round_up_to_the_same_dense_layers():
    net = alexnet(224)
    assert net.shapes["conv1"] == (54, 54, 96)
    assert net.shapes["pool5"] == (6, 6, 256)
    assert net.parameters() == alexnet().parameters()


@pytest.mark.parametrize(("resolution", "side"), [(55, 1), (71, 2), (256, 7)])
def test_other_sizes(resolution, side):
    net = alexnet(resolution, classes=10)
    assert net.parameters()["fc6/kernel"].shape == (side * side * 256, 4096)
    assert net.shapes["classifier"] == (10,)


def test_headless_ends_with_fc7():
    net = alexnet(classes=0)
    assert net.outputs == ("fc7_relu",)
    assert net.cost().madds == alexnet().cost().total("MADD-HEADLESS") == 720_310_816


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"resolution": 54}, "resolution: wanted an integer of at least 55, got 54"),
        ({"classes": True}, "classes: wanted an integer of at least 0, got True"),
    ],
)
def test_bad_input(setting, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        alexnet(**setting)


def test_the_least_size_is_that_of_the_pools():
    with pytest.raises(ValueError, match="node 'pool5': .* does not fit into a 2x2 map"):
        alexnet(classes=0).at(54, 54)


@pytest.mark.jit
def test_runs(monkeypatch):
    monkeypatch.setattr(alex_net, "F", 64)
    net = alexnet(55, classes=5)
    logits = net.forward(net.init(0), np.random.default_rng(1).standard_normal((2, 55, 55, 3), np.float32))
    assert logits.shape == (2, 5)
    assert np.isfinite(logits).all()
