"""ResNet-101, group by group, against what its authors, torchvision and DeepLab's own tests publish.

    b, n   channels of a group's bottlenecks, number of its units (He et al. 2016, Table 1, column "101-layer")
"""

import numpy as np
import pytest

from refnet.models import resnet_101

GROUPS = {2: (64, 3), 3: (128, 4), 4: (256, 23), 5: (512, 3)}
# Table 1, column "output size", for images of 224x224; the pool in front of conv2_x has its size too.
SIZES = {1: 112, 2: 56, 3: 28, 4: 14, 5: 7}
TABLE_1_FLOPS = 7.6e9  # Table 1, last row; multiply-adds
TORCHVISION_PARAMETERS = 44_549_160  # documentation of ResNet101_Weights
TORCHVISION_GFLOPS = 7.8

ROOT = {"conv1": (112, 112, 64), "conv1_bn": (112, 112, 64), "conv1_relu": (112, 112, 64), "pool1": (56, 56, 64)}


def unit(name, size_in, size, b, strided, shortcut):
    """Endpoints of a unit; strided: which convolution changes the size."""
    reduced = size if strided == "conv1" else size_in
    endpoints = {}
    for layer, at, channels in (("conv1", reduced, b), ("conv2", size, b)):
        endpoints |= {f"{name}/{layer}{end}": (at, at, channels) for end in ("", "_bn", "_relu")}
    wide = ["conv3", "conv3_bn", *(["shortcut", "shortcut_bn"] if shortcut else []), "add", "relu"]
    return endpoints | {f"{name}/{layer}": (size, size, 4 * b) for layer in wide}


def published_endpoints(strided):
    endpoints, before = dict(ROOT), SIZES[2]
    for group, (b, n) in GROUPS.items():
        for number in range(1, n + 1):
            endpoints |= unit(f"conv{group}_{number}", before, SIZES[group], b, strided, shortcut=number == 1)
            before = SIZES[group]
    return endpoints | {"pool": (2048,), "classifier": (1000,), "classifier_bias": (1000,)}


@pytest.mark.parametrize(("variant", "strided"), [("original", "conv1"), ("torchvision", "conv2")])
def test_every_endpoint(variant, strided):
    net = resnet_101(variant=variant)
    assert {node.name: net.shapes[node.name] for node in net.nodes} == published_endpoints(strided)


def test_units_of_the_table():
    """Kernels of Table 1: 1x1, b; 3x3, b; 1x1, 4b. A unit adds its input, or a projection of it, and has three
    convolutions: with the first one and the classifier 101 layers."""
    net = resnet_101()
    kernels = {key: each.shape for key, each in net.parameters().items() if each.role == "kernel"}
    for group, (b, n) in GROUPS.items():
        for number in range(1, n + 1):
            name = f"conv{group}_{number}"
            before = 4 * b if number > 1 else {2: 64, 3: 256, 4: 512, 5: 1024}[group]
            assert kernels[f"{name}/conv1/kernel"][-2:] == (before, b)
            assert kernels[f"{name}/conv2/kernel"] == (3, 3, b, b)
            assert kernels[f"{name}/conv3/kernel"] == (b, 4 * b)
    assert len(kernels) - sum("shortcut" in key for key in kernels) == 101


# What each group has, by Table 1: bottlenecks of b channels with batch norm, a projection in the first unit.
def group_parameters(before, b, n):
    def bottleneck(channels):
        return channels * b + 9 * b * b + b * 4 * b + 2 * (b + b + 4 * b)

    return bottleneck(before) + (n - 1) * bottleneck(4 * b) + before * 4 * b + 2 * 4 * b


def test_parameters_of_every_group():
    cost = resnet_101().cost()
    before, found = 64, 0
    for group, (b, n) in GROUPS.items():
        rows = [row.terms for row in cost if row.node.startswith(f"conv{group}_")]
        trainable = sum(terms.weights + 2 * terms.bn_channels for terms in rows)
        assert trainable == group_parameters(before, b, n)
        before, found = 4 * b, found + trainable
    assert found + 7 * 7 * 3 * 64 + 2 * 64 + 2048 * 1000 + 1000 == TORCHVISION_PARAMETERS


@pytest.mark.parametrize("variant", ["original", "torchvision"])
def test_published_totals(variant):
    cost = resnet_101(variant=variant).cost()
    assert cost.total("P-TRAINABLE") == TORCHVISION_PARAMETERS
    rounded = round(cost.total("MADD") / 1e8) * 1e8
    assert rounded == (TABLE_1_FLOPS if variant == "original" else TORCHVISION_GFLOPS * 1e9)


# Endpoints of `resnet_v1_beta_test.py` in tensorflow/models, research/deeplab/core: testClassificationShapes and
# testFullyConvolutionalEndpointShapes. There blocks have other channels; here those of Table 1.
BETA = {
    224: {"conv1_1": 112, "conv1_2": 112, "conv1_3": 112, "conv2_3": 28, "conv3_4": 14, "conv4_23": 7, "conv5_3": 7},
    321: {"conv1_1": 161, "conv1_2": 161, "conv1_3": 161, "conv2_3": 41, "conv3_4": 21, "conv4_23": 11, "conv5_3": 11},
}
BETA_CHANNELS = {"conv1_1": 64, "conv1_2": 64, "conv1_3": 128, "conv2_3": 256, "conv3_4": 512, "conv4_23": 1024}


@pytest.mark.parametrize("resolution", BETA)
def test_endpoints_of_beta(resolution):
    net = resnet_101(resolution, variant="beta")
    for endpoint, size in BETA[resolution].items():
        name = f"{endpoint}_relu" if endpoint.startswith("conv1_") else f"{endpoint}/relu"
        assert net.shapes[name] == (size, size, BETA_CHANNELS.get(endpoint, 2048))


def test_where_beta_strides_and_dilates():
    """In the last unit of each group but the last, whose three units have multi-grid 1, 2, 4."""
    layers = {node.name: node.layer for node in resnet_101(variant="beta").nodes}
    middle = {name: layer for name, layer in layers.items() if name.endswith("/conv2")}
    assert {name for name, layer in middle.items() if layer.stride == 2} == {
        "conv2_3/conv2",
        "conv3_4/conv2",
        "conv4_23/conv2",
    }
    assert {name: layer.dilation for name, layer in middle.items() if layer.dilation > 1} == {
        "conv5_2/conv2": 2,
        "conv5_3/conv2": 4,
    }
    shortcuts = {name: type(layer).__name__ for name, layer in layers.items() if name.endswith("/shortcut")}
    assert shortcuts == {
        **{f"conv{group}_1/shortcut": "PointwiseConv2d" for group in GROUPS},
        **{f"{unit}/shortcut": "MaxPool2d" for unit in ("conv2_3", "conv3_4", "conv4_23")},
    }


def test_parameters_of_beta():
    """Three 3x3 convolutions in place of the 7x7 one, and 128 channels into the first group instead of 64."""
    root = 9 * (3 * 64 + 64 * 64 + 64 * 128) + 2 * (64 + 64 + 128) - 7 * 7 * 3 * 64 - 2 * 64
    into_first = 64 * (64 + 256)
    beta = resnet_101(variant="beta").cost().total("P-TRAINABLE")
    assert beta == TORCHVISION_PARAMETERS + root + into_first


# Caffe's pool has no padding and rounds up: 17 -> 8 and 49 -> 24, where the others have 9 and 25.
LAST_SIZES = {"original": {32: 1, 33: 1, 97: 3}, "torchvision": {32: 1, 33: 2, 97: 4}, "beta": {32: 1, 33: 2, 97: 4}}


@pytest.mark.parametrize("resolution", [32, 33, 97])
@pytest.mark.parametrize("variant", LAST_SIZES)
def test_other_sizes(resolution, variant):
    net, size = resnet_101(resolution, classes=0, variant=variant), LAST_SIZES[variant][resolution]
    assert net.shapes["conv5_3/relu"] == (size, size, 2048)
    assert net.outputs == ("pool",)


@pytest.mark.parametrize(
    ("setting", "wanted"),
    [
        ({"resolution": 31}, "resolution: wanted an integer of at least 32, got 31"),
        ({"classes": -1}, "classes: wanted an integer of at least 0, got -1"),
        ({"variant": "v2"}, "variant: wanted one of original, torchvision, beta, got 'v2'"),
        ({"variant": ["beta"]}, r"variant: wanted one of original, torchvision, beta, got \['beta'\]"),
    ],
)
def test_bad_input(setting, wanted):
    with pytest.raises(ValueError, match=f"^{wanted}$"):
        resnet_101(**setting)


@pytest.mark.jit
@pytest.mark.parametrize("variant", ["original", "beta"])
def test_runs(variant):
    net = resnet_101(32, classes=5, variant=variant)
    images = np.random.default_rng(0).standard_normal((1, 32, 32, 3)).astype(np.float32)
    logits = net.forward(net.init(0), images)
    assert logits.shape == (1, 5)
    assert np.isfinite(logits).all()
