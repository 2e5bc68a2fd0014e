"""SSD300 and SSD512 against Liu et al. 2015 (Figure 2, section 3) and the authors' Caffe scripts.

Maps and boxes are typed in from the paper and from examples/ssd/ssd_coco.py (steps 8 to 300; aspect ratios 2 and 3 for
six boxes, 2 for four), channels of the body from python/caffe/model_libs.py, `VGGNetBody` with `reduced=True`.
Arrays are compared in against_torch/test_ssd_vgg.py.
"""

import numpy as np
import pytest

from refnet.models import ssd_vgg, ssd_vgg16, vgg

# side, channels and boxes of each map; the layer in front of its predictors.
MAPS = {
    300: [
        (38, 512, 4, "conv4_3_scale"),
        (19, 1024, 6, "fc7_relu"),
        (10, 512, 6, "conv6_2_relu"),
        (5, 256, 6, "conv7_2_relu"),
        (3, 256, 4, "conv8_2_relu"),
        (1, 256, 4, "conv9_2_relu"),
    ],
    512: [
        (64, 512, 4, "conv4_3_scale"),
        (32, 1024, 6, "fc7_relu"),
        (16, 512, 6, "conv6_2_relu"),
        (8, 256, 6, "conv7_2_relu"),
        (4, 256, 6, "conv8_2_relu"),
        (2, 256, 4, "conv9_2_relu"),
        (1, 256, 4, "conv10_2_relu"),
    ],
}
BOXES = {300: 8732, 512: 24564}  # the paper's own numbers of default boxes

# (kernel side, channels in, channels out) of every convolution that is no predictor, in order.
VGG = [(3, 3, 64), (3, 64, 64), (3, 64, 128), (3, 128, 128), (3, 128, 256), (3, 256, 256), (3, 256, 256)]
VGG += [(3, 256, 512), *[(3, 512, 512)] * 5, (3, 512, 1024), (1, 1024, 1024)]
EXTRAS = [(1, 1024, 256), (3, 256, 512), (1, 512, 128), (3, 128, 256), *[(1, 256, 128), (3, 128, 256)] * 2]
CONVOLUTIONS = {300: VGG + EXTRAS, 512: [*VGG, *EXTRAS, (1, 256, 128), (4, 128, 256)]}

both = pytest.mark.parametrize("resolution", [300, 512])


@both
def test_maps_and_outputs(resolution):
    net = ssd_vgg16(resolution, classes=20)
    by_name, expected = {node.name: node for node in net.nodes}, {}
    for number, (side, channels, boxes, source) in enumerate(MAPS[resolution], start=1):
        assert net.shapes[source] == (side, side, channels)
        for what, size in (("boxes", 4), ("classes", 21)):
            expected[f"{what}_{number}"] = (side, side, boxes * size)
            assert by_name[f"{what}_{number}/conv"].inputs == (source,)
    assert {name: net.shapes[name] for name in net.outputs} == expected


@both
def test_number_of_boxes(resolution):
    net = ssd_vgg16(resolution)
    sides = [net.shapes[name] for name in net.outputs if name.startswith("boxes")]
    assert sum(height * width * channels // 4 for height, width, channels in sides) == BOXES[resolution]


@both
def test_every_convolution(resolution):
    net = ssd_vgg16(resolution)
    kernels = [(key, each.shape) for key, each in net.parameters().items() if each.role == "kernel"]
    body = [shape for key, shape in kernels if not key.startswith(("boxes", "classes"))]
    found = [(1, *shape) if len(shape) == 2 else (shape[0], *shape[2:]) for shape in body]
    assert found == CONVOLUTIONS[resolution]
    predictors = [shape for key, shape in kernels if key.startswith(("boxes", "classes"))]
    expected = [(3, 3, channels, boxes * size) for _, channels, boxes, _ in MAPS[resolution] for size in (4, 81)]
    assert predictors == expected


@both
def test_parameters_by_hand(resolution):
    """A bias behind each convolution, and one factor for each of conv4_3's channels."""
    weights = sum(k * k * before * after for k, before, after in CONVOLUTIONS[resolution])
    weights += sum(9 * channels * boxes * 85 for _, channels, boxes, _ in MAPS[resolution])
    biases = sum(after for _, _, after in CONVOLUTIONS[resolution])
    biases += sum(boxes * 85 for _, _, boxes, _ in MAPS[resolution])
    cost = ssd_vgg16(resolution).cost()
    assert cost.total("P-WEIGHTS") == weights
    assert cost.total("P-BIAS") == weights + biases
    assert cost.total("P-TRAINABLE") == weights + biases + 512


def test_sides_of_the_body_at_300():
    """Pooling rounds up: 75 becomes 38; pool5 keeps 19."""
    shapes = ssd_vgg16().shapes
    assert [shapes[f"pool{number}"][0] for number in range(1, 6)] == [150, 75, 38, 19, 19]
    assert shapes["fc6"] == (19, 19, 1024)


@pytest.mark.parametrize("resolution", [1, 299, 300.0, "300", True, None, [300]])
def test_bad_resolution(resolution):
    with pytest.raises(ValueError, match="^resolution: wanted one of 300, 512, got ") as caught:
        ssd_vgg16(resolution)
    assert str(caught.value).endswith(repr(resolution))


def test_bad_classes():
    with pytest.raises(ValueError, match="^classes: wanted an integer of at least 1, got 0$"):
        ssd_vgg16(classes=0)


@pytest.mark.jit
def test_it_runs(monkeypatch):
    """With a few channels: no smaller image leaves conv9 its 3x3 pixels."""
    monkeypatch.setattr(vgg, "BODY", tuple((n, c // 32) for n, c in vgg.BODY))
    monkeypatch.setattr(ssd_vgg, "FC", 16)
    net = ssd_vgg16(classes=2).at(260, 260)
    images = np.random.default_rng(0).standard_normal((1, 260, 260, 3)).astype(np.float32)
    outputs, taps = net.forward(net.init(0), images, taps=["conv4_3_norm"])
    assert {name: y.shape[1:] for name, y in outputs.items()} == {name: net.shapes[name] for name in net.outputs}
    assert all(np.ptp(y) > 0 for y in outputs.values())
    np.testing.assert_allclose((taps["conv4_3_norm"] ** 2).sum(-1), 1, rtol=1e-5)
    with pytest.raises(ValueError, match="^node 'conv9_2': .*does not fit into a 2x2 map$"):
        ssd_vgg16(classes=2).at(256, 256)
