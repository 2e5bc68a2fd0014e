"""From picture to boxes: each step against plain Python, on pictures of every kind."""

from math import exp

import numpy as np
import pytest
from cases import picture, with_statistics
from plain import area
from plain import suppress as plain_suppress

from refnet import kernels, models
from refnet.tasks.defaults import default_boxes_of
from refnet.tasks.detection import Detector
from refnet.tasks.predictions import divided, joined, slots_of

CLASSES = 3


@pytest.fixture(scope="module")
def net():
    return models.ssdlite_mobilenet_v2(0.1, 64, CLASSES)


@pytest.fixture(scope="module")
def weights(net):
    """As fresh, but with statistics of such pictures, and predictors that say something."""
    random, found = np.random.default_rng(0), with_statistics(net)
    for key in found:
        if key.endswith("/bias"):
            found[key] = random.normal(0, 1, found[key].shape).astype(np.float32)
        if key.endswith("/pointwise/kernel") and key.startswith(("boxes_", "classes_")):
            found[key] *= 2
    return found


def decoded(code, default):
    """(y1, x1, y2, x2), cut at the picture's edges."""
    cy, cx, h, w = (default[0] + default[2]) / 2, (default[1] + default[3]) / 2, *(default[2:] - default[:2])
    cy, cx, h, w = cy + code[0] / 10 * h, cx + code[1] / 10 * w, h * exp(code[2] / 5), w * exp(code[3] / 5)
    return [min(max(edge, 0), 1) for edge in (cy - h / 2, cx - w / 2, cy + h / 2, cx + w / 2)]


def by_hand(net, weights, rgb, least):
    """(box in pixels, class, score), the surest first. The picture already has the network's size."""
    outputs = net.forward(weights, (rgb[None] / np.float32(127.5) - 1).astype(np.float32), kernels=kernels)
    defaults, found, row = default_boxes_of(net), [], 0
    codes, scores = [], []
    for number in range(1, 7):
        boxes, classes = (outputs[f"{what}_{number}"][0].astype(float) for what in ("boxes", "classes"))
        for y, x in np.ndindex(boxes.shape[:2]):
            for code, logits in zip(boxes[y, x].reshape(-1, 4), classes[y, x].reshape(-1, CLASSES + 1), strict=True):
                codes.append(decoded(code, defaults[row]))
                scores.append([exp(z) / sum(map(exp, logits)) for z in logits])
                row += 1
    for thing in range(1, CLASSES + 1):
        sure = [n for n in range(row) if scores[n][thing] >= least and area(codes[n]) > 0]
        kept = plain_suppress([tuple(codes[n]) for n in sure], [scores[n][thing] for n in sure], 0.6, 100)
        found += [(codes[sure[k]], thing, scores[sure[k]][thing]) for k in kept]
    return sorted(found, key=lambda each: -each[2])[:100]


@pytest.mark.jit
def test_it_finds_what_plain_python_finds(net, weights):
    rgb = picture((64, 64, 3))
    wanted = by_hand(net, weights, rgb, 0.3)
    assert 5 < len(wanted) < 100
    other = by_hand(net, weights, picture((64, 64, 3), seed=1), 0.3)
    assert abs(len(other) - len(wanted)) + abs(other[0][2] - wanted[0][2]) > 0.001  # it looks at the picture
    found = Detector(net, weights).detect(rgb, least=0.3)
    assert found.classes.tolist() == [each[1] for each in wanted]
    np.testing.assert_allclose(found.scores, [each[2] for each in wanted], rtol=1e-4)
    np.testing.assert_allclose(found.boxes, 64 * np.array([each[0] for each in wanted]), atol=1e-3)


@pytest.mark.jit
def test_boxes_are_in_pixels_of_the_picture_whatever_its_size(net, weights):
    detector = Detector(net, weights)
    small = picture((64, 64, 3))
    large = small.repeat(2, axis=0).repeat(3, axis=1)
    few, many = detector.detect(small, 0.3), detector.detect(large, 0.3)
    assert many.classes.tolist() == few.classes.tolist()
    np.testing.assert_allclose(many.boxes, few.boxes * (2, 3, 2, 3), atol=1e-2)


@pytest.mark.jit
@pytest.mark.parametrize("shape", [(5, 300, 3), (300, 5, 3), (1, 1, 3), (64, 64)])
def test_pictures_of_any_shape(net, weights, shape):
    found = Detector(net, weights).detect(picture(shape), 0.3)
    assert found.boxes.shape == (len(found.scores), 4)
    assert (found.boxes >= 0).all()
    assert (found.boxes <= np.tile(shape[:2], 2)).all()


@pytest.mark.jit
def test_grey_and_opaque_pictures_are_seen_as_their_colours(net, weights):
    detector, grey = Detector(net, weights), picture((40, 50))
    colour = np.repeat(grey[:, :, None], 3, axis=2)
    wanted = detector.detect(colour, 0.3)
    for other in (grey, grey[:, :, None], np.dstack([colour, grey])):
        assert detector.detect(other, 0.3).scores.tobytes() == wanted.scores.tobytes()


@pytest.mark.jit
@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (np.zeros((4, 4, 3)), "picture: wanted an array of uint8, got float64"),
        ([[1]], "picture: wanted an array of uint8, got list"),
        (np.zeros((4, 4, 2), np.uint8), r"picture: wanted \(h, w\), .*, got \(4, 4, 2\)"),
        (np.zeros((0, 4, 3), np.uint8), r"picture: wanted .* got \(0, 4, 3\)"),
        (np.zeros((1, 4, 4, 3), np.uint8), r"picture: wanted .* got \(1, 4, 4, 3\)"),
    ],
)
def test_what_is_no_picture_is_refused(net, weights, wrong, message):
    with pytest.raises((TypeError, ValueError), match=message):
        Detector(net, weights).detect(wrong)


def test_a_classifier_is_no_detector():
    classifier = models.mobilenet_v2(0.1, 32, classes=10)
    with pytest.raises(ValueError, match="wanted boxes_1"):
        Detector(classifier, classifier.init(0))


def test_outputs_joined_and_divided(net):
    """Every number of an output comes back to its place; the order is that of the default boxes."""
    random = np.random.default_rng(0)
    outputs = {name: random.standard_normal((2, *net.shapes[name])) for name in net.outputs}
    codes, logits = joined(outputs)
    assert slots_of(net) == CLASSES + 1
    assert codes.shape == (2, len(default_boxes_of(net)), 4)
    assert logits.shape == (*codes.shape[:2], CLASSES + 1)
    np.testing.assert_array_equal(codes[1, 2], outputs["boxes_1"][1, 0, 0, 8:12])
    np.testing.assert_array_equal(logits[1, 3], outputs["classes_1"][1, 0, 1, : CLASSES + 1])
    again = divided(codes, logits, outputs)
    assert all((again[name] == outputs[name]).all() for name in outputs)
