"""From picture to labels: at one scale the network itself, at several the mean of what it says at each."""

import numpy as np
import pytest
from cases import picture, with_statistics

from refnet import kernels, models
from refnet.models.deeplab import SCALES
from refnet.tasks.segmentation import Segmenter, check_segmenter

CLASSES = 4


@pytest.fixture(scope="module")
def net():
    return models.deeplab_mobilenet_v2(0.1, 33, CLASSES)


@pytest.fixture(scope="module")
def weights(net):
    """As fresh, but with statistics of such pictures, and a last layer that says something."""
    found = with_statistics(net)
    found["logits/kernel"] *= 5
    return found


def softmax(z):
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def stretched(z, size):
    """Bilinear with aligned corners, one axis after the other."""
    for axis, side in enumerate(size):
        at = np.linspace(0, z.shape[axis] - 1, side)
        z = np.apply_along_axis(lambda line, at=at: np.interp(at, np.arange(len(line)), line), axis, z)
    return z


def squares(x, size):
    """Bilinear between the middles of pixels."""
    for axis, side in enumerate(size):
        at = np.clip((np.arange(side) + 0.5) * x.shape[axis] / side - 0.5, 0, x.shape[axis] - 1)
        x = np.apply_along_axis(lambda line, at=at: np.interp(at, np.arange(len(line)), line), axis, x)
    return x


def by_hand(net, weights, rgb, scales, mirrored):
    size, found = rgb.shape[:2], []
    for scale in scales:
        wanted = [int((side - 1) * scale + 1) for side in size]
        seen = [min(range(33, 999, 32), key=lambda side, w=w: (abs(side - w), -side)) for w in wanted]
        values = stretched(rgb / 127.5 - 1, seen)
        for step in (1, -1) if mirrored else (1,):
            x = np.ascontiguousarray(values[None, :, ::step]).astype(np.float32)
            logits = net.at(*seen).forward(weights, x, kernels=kernels)[0, :, ::step]
            found.append(softmax(stretched(logits.astype(float), size)))
    return np.mean(found, axis=0)


@pytest.mark.jit
@pytest.mark.parametrize(
    ("shape", "scales", "mirrored"),
    [((33, 33), (1.0,), False), ((40, 51), (1.0,), True), ((49, 65), (0.75, 1.0, 1.5), False)],
)
def test_it_says_what_the_network_says(net, weights, shape, scales, mirrored):
    rgb = picture((*shape, 3))
    segmenter = Segmenter(net, weights)
    wanted = by_hand(net, weights, rgb, scales, mirrored)
    assert np.ptp(wanted, axis=(0, 1)).max() > 0.2
    found = segmenter.probabilities(rgb, scales, mirrored)
    np.testing.assert_allclose(found, wanted, atol=1e-3)
    np.testing.assert_array_equal(segmenter.segment(rgb, scales, mirrored), found.argmax(2))


@pytest.mark.jit
def test_the_papers_scales_and_mirrors(net, weights):
    """MF of Table 7: the label map of a mirrored picture is the mirrored label map."""
    segmenter, rgb = Segmenter(net, weights), picture((65, 65, 3))
    found = segmenter.probabilities(rgb, SCALES, True)
    np.testing.assert_allclose(segmenter.probabilities(rgb[:, ::-1], SCALES, True), found[:, ::-1], atol=1e-5)
    assert segmenter.segment(rgb, SCALES, True).dtype == np.uint8


@pytest.mark.jit
@pytest.mark.parametrize("longest", [49, None])
def test_a_picture_seen_smaller_or_larger_is_answered_at_its_own_size(net, weights, longest):
    """The most likely class after the probabilities were stretched, all at once."""
    rgb = picture((100, 70, 3))
    segmenter = Segmenter(net, weights, longest=longest)
    p = segmenter.probabilities(rgb)
    assert p.shape[:2] == ((49, 34) if longest else (100, 70))
    wanted = squares(p.astype(float), (100, 70))
    found = segmenter.segment(rgb)
    sure = np.diff(np.sort(wanted, axis=2)[:, :, -2:], axis=2)[:, :, 0] > 1e-5
    assert sure.mean() > 0.9
    np.testing.assert_array_equal(found[sure], wanted.argmax(2)[sure])


NETWORKS = {
    "V1 with ASPP": lambda stride: models.deeplab_mobilenet_v1(0.1, 65, CLASSES, stride),
    "V2": lambda stride: models.deeplab_mobilenet_v2(0.1, 65, CLASSES, stride),
    "V2 with ASPP": lambda stride: models.deeplab_mobilenet_v2(0.1, 65, CLASSES, stride, aspp=True),
}


@pytest.mark.jit
@pytest.mark.parametrize("name", NETWORKS)
def test_the_same_weights_at_both_output_strides(name):
    """What is seen with finer maps is another answer of the same weights."""
    nets = [NETWORKS[name](stride) for stride in (16, 8)]
    weights = with_statistics(nets[0])
    one, other = (Segmenter(net, weights).probabilities(picture((50, 33))) for net in nets)
    assert one.shape == other.shape == (50, 33, CLASSES)
    assert abs(one - other).max() > 1e-6


@pytest.mark.jit
@pytest.mark.parametrize("shape", [(33, 90, 3), (50, 33), (33, 33, 1), (40, 40, 4), (1, 1, 3), (5, 300, 3)])
def test_pictures_of_any_shape(net, weights, shape):
    found = Segmenter(net, weights).segment(picture(shape))
    assert found.shape == shape[:2]
    assert found.max() < CLASSES


@pytest.mark.jit
def test_what_cannot_be_segmented_is_refused(net, weights):
    segmenter = Segmenter(net, weights)
    for scales in ((), (0.0,), (1.0, -1.0), (np.nan,)):
        with pytest.raises(ValueError, match="scales: wanted at least one, all above 0, got "):
            segmenter.segment(picture((33, 33, 3)), scales=scales)
    with pytest.raises(ValueError, match="longest: "):
        Segmenter(net, weights, longest=0)
    with pytest.raises(TypeError, match="picture: wanted an array of uint8"):
        segmenter.segment(np.zeros((33, 33, 3)))


def test_more_classes_than_labels_tell_apart_are_refused():
    many = models.deeplab_mobilenet_v2(0.1, 33, 256)
    with pytest.raises(ValueError, match="wanted at most 255 classes, which labels tell apart, got 256"):
        check_segmenter(many)


def test_a_classifier_is_no_segmenter():
    classifier = models.mobilenet_v2(0.1, 32, classes=10)
    with pytest.raises(ValueError, match=r"wanted one output \(H, W, classes\) for images \(32, 32, 3\)"):
        Segmenter(classifier, classifier.init(0))
