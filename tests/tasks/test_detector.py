"""From picture to boxes: each step against plain Python, on pictures of every kind."""

from math import exp

import numpy as np
import pytest
from cases import picture, with_statistics
from plain import area
from plain import suppress as plain_suppress

from refnet import Graph, Node, kernels, models
from refnet.data.folder import picture as file_picture
from refnet.data.resampling import stretched
from refnet.layers import PointwiseConv2d
from refnet.tasks.defaults import default_boxes_of
from refnet.tasks.detection import Detector
from refnet.tasks.pictures import as_input, as_rgb
from refnet.tasks.predictions import divided, joined, maps_of

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
    detector, large = Detector(net, weights), picture((96, 160, 3))
    small = np.rint(stretched(large, (64, 64))).astype(np.uint8)
    few, many = detector.detect(small, 0.3), detector.detect(large, 0.3)
    assert len(few.boxes) > 3
    assert many.classes.tolist() == few.classes.tolist()
    np.testing.assert_allclose(many.boxes, few.boxes * np.tile((96 / 64, 160 / 64), 2), atol=1e-3)


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
    for other in (grey, grey[:, :, None], np.dstack([colour, np.full_like(grey, 255)])):
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


def test_a_file_is_seen_as_it_was_learnt_from(tmp_path):
    """Shrunk as training shrinks it, on black where it is transparent: no more than rounding apart."""
    Image = pytest.importorskip("PIL.Image")
    colours = picture((90, 120, 4))
    Image.fromarray(colours).save(tmp_path / "one.png")
    learnt = file_picture(tmp_path / "one.png", (32, 48)).astype(float)
    seen = 127.5 * (as_input(as_rgb(colours), (32, 48))[0].astype(float) + 1)
    assert abs(seen - learnt).max() <= 1.01
    assert np.ptp(learnt) > 60


NETWORKS = {
    "SSDLite on V1": models.ssdlite_mobilenet_v1(0.1, 64, CLASSES),
    "SSDLite on V2": models.ssdlite_mobilenet_v2(0.1, 65, CLASSES),
    "SSD on V1": models.ssd_mobilenet_v1(0.1, 47, CLASSES),
    "SSD on V2": models.ssd_mobilenet_v2(0.1, 33, CLASSES),
}


@pytest.mark.jit
@pytest.mark.parametrize("name", NETWORKS)
def test_every_detector_of_any_size_says_something(name):
    net = NETWORKS[name]
    found = Detector(net, net.init(0)).detect(picture((50, 70, 3)), 1e-3)
    assert len(found.boxes)
    assert set(found.classes) <= set(range(1, CLASSES + 1))


def outputs_named(*names):
    nodes = [Node(names[0], PointwiseConv2d(12), ("images",))]
    nodes += [Node(name, PointwiseConv2d(12), ("images",)) for name in names[1:]]
    return Graph("odd", {"images": (8, 8, 3)}, nodes, outputs=names)


@pytest.mark.parametrize(
    ("net", "message"),
    [
        (models.mobilenet_v2(0.1, 32, classes=10), "wanted boxes_1 .H, W, A . 4., classes_1 .* got "),
        (outputs_named("boxes_1"), "wanted boxes_1 .* got boxes_1"),
        (outputs_named("boxes_1", "boxes_2"), "wanted boxes_1 .* got boxes_1"),
        (models.ssd_vgg16(300, CLASSES), r"wanted \[3, 6, 6, .*\] boxes at each pixel of its maps, got \[4, 6, 6, "),
    ],
)
def test_another_network_is_no_detector(net, message):
    with pytest.raises(ValueError, match=message):
        default_boxes_of(net)


def test_outputs_joined_and_divided(net):
    """Every number of an output comes back to its place; the order is that of the default boxes."""
    random = np.random.default_rng(0)
    outputs = {name: random.standard_normal((2, *net.shapes[name])) for name in net.outputs}
    codes, logits = joined(outputs)
    assert maps_of(net).slots == CLASSES + 1
    assert codes.shape == (2, len(default_boxes_of(net)), 4)
    assert logits.shape == (*codes.shape[:2], CLASSES + 1)
    np.testing.assert_array_equal(codes[1, 2], outputs["boxes_1"][1, 0, 0, 8:12])
    np.testing.assert_array_equal(logits[1, 3], outputs["classes_1"][1, 0, 1, : CLASSES + 1])
    again = divided(codes, logits, outputs)
    assert all((again[name] == outputs[name]).all() for name in outputs)
