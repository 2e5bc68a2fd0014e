"""DeepLabv3 on three bodies: maps, heads and weights as published; gradients of whole networks."""

import numpy as np
import pytest
from directional import Point
from healthy import healthy

from refnet import Graph
from refnet.models import deeplab_mobilenet_v1, deeplab_mobilenet_v2, deeplab_resnet_101
from refnet.models.deeplab import SCALES, heads, scaled, scores

BUILDERS = (deeplab_mobilenet_v1, deeplab_mobilenet_v2, deeplab_resnet_101)
# The map under the heads, its channels, and what stands in front of the heads in the body.
FEATURES = {
    deeplab_mobilenet_v1: ("block_13/pointwise_relu6", 1024),
    deeplab_mobilenet_v2: ("block_17/project_bn", 320),
    deeplab_resnet_101: ("conv5_3/relu", 2048),
}


# Maps and heads


# The sides of the maps for crops of 513 pixels: 33 at output stride 16, 65 at 8 (scale_dimension in
# tensorflow/models, research/deeplab/core/utils.py: (513 - 1) / 16 + 1); 321 gives 41 at 8 (resnet_v1_beta_test.py,
# testAtrousFullyConvolutionalEndpointShapes).
@pytest.mark.parametrize(
    ("resolution", "output_stride", "side"), [(513, 32, 17), (513, 16, 33), (513, 8, 65), (321, 8, 41)]
)
@pytest.mark.parametrize("build", BUILDERS)
def test_maps(build, resolution, output_stride, side):
    net = build(resolution=resolution, output_stride=output_stride, aspp=True)
    end, channels = FEATURES[build]
    assert net.shapes[end] == (side, side, channels)
    assert net.shapes["image_pooling/pool"] == (1, 1, channels)
    assert net.shapes["image_pooling/conv"] == (1, 1, 256)
    for branch in ("image_pooling/resize", "aspp_0/conv", "aspp_1/conv", "aspp_2/conv", "aspp_3/conv", "projection"):
        assert net.shapes[branch] == (side, side, 256)
    assert net.shapes["concat"] == (side, side, 5 * 256)
    assert net.shapes["logits"] == (side, side, 21)
    assert net.shapes["scores"] == (resolution, resolution, 21)
    assert net.outputs == ("scores",)


@pytest.mark.parametrize(("output_stride", "rates"), [(16, [6, 12, 18]), (8, [12, 24, 36]), (32, [3, 6, 9])])
@pytest.mark.parametrize("build", BUILDERS)
def test_rates_of_aspp(build, output_stride, rates):
    """DeepLabv3, section 3.3: (6, 12, 18) at output stride 16, doubled at 8."""
    layers = {node.name: node.layer for node in build(output_stride=output_stride, aspp=True).nodes}
    assert [layers[f"aspp_{i}/conv"].dilation for i in (1, 2, 3)] == rates


@pytest.mark.parametrize("build", BUILDERS)
def test_every_head_reads_the_same_map_and_has_its_place(build):
    """The order of the official code's branches: image pooling, 1x1, then the rates as they grow."""
    nodes = {node.name: node for node in build(aspp=True).nodes}
    end, _ = FEATURES[build]
    for name in ("image_pooling/pool", "aspp_0/conv", "aspp_1/conv", "aspp_2/conv", "aspp_3/conv"):
        assert nodes[name].inputs == (end,)
    branches = [f"aspp_{i}/conv_relu" for i in range(4)]
    assert nodes["concat"].inputs == ("image_pooling/resize", *branches)


@pytest.mark.parametrize("build", BUILDERS)
def test_heads_without_aspp(build):
    names = [node.name for node in build(aspp=False).nodes]
    assert not any(name.startswith(("aspp_1", "aspp_2", "aspp_3")) for name in names)
    assert build(aspp=False).shapes["concat"] == (33, 33, 512)


def norm(channels):
    return 2 * channels


def published_heads(channels, aspp, classes=21):
    """Trainable parameters behind the body, from the definition of the heads."""
    pointwise = 2 * (channels * 256 + norm(256))
    atrous = 3 * (9 * channels * 256 + norm(256)) if aspp else 0
    return pointwise + atrous + (5 if aspp else 2) * 256 * 256 + norm(256) + 256 * classes + classes


@pytest.mark.parametrize("aspp", [True, False])
@pytest.mark.parametrize("output_stride", [8, 16, 32])
@pytest.mark.parametrize("build", BUILDERS)
def test_parameters(build, output_stride, aspp):
    """Bodies: Keras' MobileNet and MobileNetV2 have 3,206,976 and 2,223,872 trainable ones without their tops, of which
    V2's last convolution is not used here; ResNet-101 beta as in test_resnet.py, without the classifier."""
    last = 320 * 1280 + norm(1280)
    bodies = {
        deeplab_mobilenet_v1: 3_206_976,
        deeplab_mobilenet_v2: 2_223_872 - last,
        deeplab_resnet_101: 44_549_160 + 123_776 - 2048 * 1000 - 1000,
    }
    total = build(output_stride=output_stride, aspp=aspp).cost().total("P-TRAINABLE")
    assert total == bodies[build] + published_heads(FEATURES[build][1], aspp)


# Sizes and bad input


def test_the_sides_of_multi_scale_inference():
    """int(512 * s + 1), as scale_dimension cuts."""
    assert [scaled(513, scale) for scale in SCALES] == [257, 385, 513, 641, 769, 897]


@pytest.mark.jit
def test_one_set_of_weights_serves_every_size():
    net = deeplab_mobilenet_v2(0.35, resolution=65, classes=3)
    weights = net.init(0)
    for scale in SCALES:
        side = scaled(65, scale)
        images = np.random.default_rng(side).standard_normal((1, side, side, 3)).astype(np.float32)
        found = net.at(side, side).forward(weights, images)
        assert found.shape == (1, side, side, 3)
        assert np.isfinite(found).all()


@pytest.mark.parametrize("build", BUILDERS)
@pytest.mark.parametrize(
    ("setting", "wanted"),
    [
        ({"output_stride": 4}, "output_stride: wanted one of 8, 16, 32, got 4"),
        ({"output_stride": 64}, "output_stride: wanted one of 8, 16, 32, got 64"),
        ({"output_stride": 12}, "output_stride: wanted one of 8, 16, 32, got 12"),
        ({"output_stride": True}, "output_stride: wanted one of 8, 16, 32, got True"),
        ({"output_stride": "16"}, "output_stride: wanted one of 8, 16, 32, got '16'"),
        ({"output_stride": None}, "output_stride: wanted one of 8, 16, 32, got None"),
        ({"resolution": 31}, "resolution: wanted an integer of at least 32, got 31"),
        ({"classes": 0}, "classes: wanted an integer of at least 1, got 0"),
        ({"aspp": 1}, "aspp: wanted True or False, got 1"),
    ],
)
def test_bad_input(build, setting, wanted):
    with pytest.raises(ValueError, match=f"^{wanted}$"):
        build(**setting)


@pytest.mark.parametrize("output_stride", [8, 16, 32])
@pytest.mark.parametrize("build", BUILDERS)
def test_the_smallest_images(build, output_stride):
    net = build(resolution=32, output_stride=output_stride, aspp=True)
    assert net.shapes[FEATURES[build][0]][0] == 32 // output_stride


# Gradients


def only_heads():
    """On a map in which the taps of every rate see pixels on both sides; wider than high."""
    inputs = {"features": (25, 28, 3), "images": (49, 40, 3)}
    return Graph("heads", inputs, [*heads("features", (3, 6, 12)), *scores(4)])


NETWORKS = {
    "v1-aspp-16": lambda: deeplab_mobilenet_v1(0.25, 65, 3, output_stride=16),
    "v2-8": lambda: deeplab_mobilenet_v2(0.35, 65, 3, output_stride=8),
    "v2-aspp-8": lambda: deeplab_mobilenet_v2(0.35, 65, 3, output_stride=8, aspp=True),
    "heads": only_heads,
}


@pytest.mark.jit
@pytest.mark.parametrize("name", NETWORKS)
def test_gradients_along_a_random_direction(name):
    """None is missing from the sum, but that of the images which only give the heads their size."""
    net, random = NETWORKS[name](), np.random.default_rng(11)
    images = {key: random.standard_normal((2, *shape)) for key, shape in net.inputs.items()}
    agreed, missed = Point(net, healthy(net, random) | images, "stored", random).judged()
    assert agreed
    assert missed == ({"images"} if name == "heads" else set())


@pytest.mark.jit
def test_a_training_step_with_batch_statistics():
    net = deeplab_mobilenet_v2(0.35, 65, 3)
    images = np.random.default_rng(0).standard_normal((2, 65, 65, 3)).astype(np.float32)
    found, tape = net.train_forward(net.init(0), images, 0)
    _, gradients = net.backward(tape, np.random.default_rng(1).standard_normal(found.shape).astype(np.float32))
    assert all(np.isfinite(gradient).all() for gradient in gradients.values())
    assert any(key.startswith("image_pooling") for key in tape.updates)
