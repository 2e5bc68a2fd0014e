"""VGG 16 against its paper, its authors' Caffe model and torchvision's documentation."""

import numpy as np
import pytest

from refnet.models import vgg, vgg16

# Simonyan and Zisserman, Table 1, column D: side of the stage's maps for 224 pixels, channels of its convolutions.
COLUMN_D = {
    "conv1_1": (224, 64), "conv1_2": (224, 64),
    "conv2_1": (112, 128), "conv2_2": (112, 128),
    "conv3_1": (56, 256), "conv3_2": (56, 256), "conv3_3": (56, 256),
    "conv4_1": (28, 512), "conv4_2": (28, 512), "conv4_3": (28, 512),
    "conv5_1": (14, 512), "conv5_2": (14, 512), "conv5_3": (14, 512),
}  # fmt: skip
POOLED = {"conv1_2": (112, 64), "conv2_2": (56, 128), "conv3_3": (28, 256), "conv4_3": (14, 512), "conv5_3": (7, 512)}
TABLE_2_MILLIONS = 138  # Table 2, column D
TORCHVISION_PARAMETERS, TORCHVISION_GFLOPS = 138_357_544, 15.47  # documentation of VGG16_Weights


def published_endpoints():
    found = []
    for name, (side, channels) in COLUMN_D.items():
        found += [(f"{name}{end}", (side, side, channels)) for end in ("", "_bias", "_relu")]
        if name in POOLED:
            side, channels = POOLED[name]
            found += [(f"pool{name[4]}", (side, side, channels))]
    found += [("flatten", (7 * 7 * 512,))]
    found += [(f"fc6{end}", (4096,)) for end in ("", "_bias", "_relu", "_dropout")]
    found += [(f"fc7{end}", (4096,)) for end in ("", "_bias", "_relu", "_dropout")]
    return [*found, ("classifier", (1000,)), ("classifier_bias", (1000,))]


def test_every_endpoint():
    net = vgg16()
    assert [(node.name, net.shapes[node.name]) for node in net.nodes] == published_endpoints()


def test_every_parameter():
    """3x3 windows throughout; 13 convolutions and 3 dense layers make the 16."""
    shapes, before = {}, 3
    for name, (_, channels) in COLUMN_D.items():
        shapes |= {f"{name}/kernel": (3, 3, before, channels), f"{name}_bias/bias": (channels,)}
        before = channels
    for name, rows, units in (("fc6", 25_088, 4096), ("fc7", 4096, 4096), ("classifier", 4096, 1000)):
        shapes |= {f"{name}/kernel": (rows, units), f"{name}_bias/bias": (units,)}
    assert {key: each.shape for key, each in vgg16().parameters().items()} == shapes
    assert len(shapes) == 2 * 16


def test_published_totals():
    cost = vgg16().cost()
    assert cost.total("P-BIAS") == TORCHVISION_PARAMETERS
    assert round(cost.total("P-BIAS") / 1e6) == TABLE_2_MILLIONS
    assert round(cost.madds / 1e9, 2) == TORCHVISION_GFLOPS


def test_layers():
    """Section 2.1: stride 1 and one pixel of padding, 2x2 pools of stride 2; section 3.1: dropout of one half."""
    layers = {node.name: node.layer for node in vgg16().nodes}
    for name in COLUMN_D:
        assert (layers[name].kernel, layers[name].stride, layers[name].window().pads(9, 9)) == (3, 1, (1, 1, 1, 1))
    assert {(layers[f"pool{i}"].kernel, layers[f"pool{i}"].stride) for i in range(1, 6)} == {(2, 2)}
    assert layers["fc6_dropout"].rate == layers["fc7_dropout"].rate == 0.5


@pytest.mark.parametrize(("resolution", "side"), [(32, 1), (63, 1), (64, 2), (255, 7), (300, 9)])
def test_other_sizes(resolution, side):
    net = vgg16(resolution, classes=10)
    assert net.shapes["pool5"] == (side, side, 512)
    assert net.parameters()["fc6/kernel"].shape == (side * side * 512, 4096)
    assert net.shapes["classifier"] == (10,)


def test_headless_ends_with_fc7():
    net = vgg16(32, classes=0)
    assert net.outputs == ("fc7_relu",)
    assert net.cost().madds == vgg16(32).cost().total("MADD-HEADLESS")


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"resolution": 31}, "resolution: wanted an integer of at least 32, got 31"),
        ({"resolution": 224.0}, "resolution: wanted an integer of at least 32, got 224.0"),
        ({"classes": -1}, "classes: wanted an integer of at least 0, got -1"),
        ({"dropout": 1}, "rate: wanted the share to drop, from 0 to below 1, got 1"),
    ],
)
def test_bad_input(setting, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        vgg16(**setting)


@pytest.mark.jit
def test_runs(monkeypatch):
    monkeypatch.setattr(vgg, "F", 64)
    net = vgg16(32, classes=5)
    logits = net.forward(net.init(0), np.random.default_rng(1).standard_normal((2, 32, 32, 3), np.float32))
    assert logits.shape == (2, 5)
    assert np.isfinite(logits).all()
