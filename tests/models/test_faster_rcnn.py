"""Faster R-CNN against the TF Object Detection API and V1's Table 13.

Typed in from object_detection/models/faster_rcnn_{inception_v2,mobilenet_v1}_feature_extractor.py (Mixed_4e,
Conv2d_11_pointwise), samples/configs/faster_rcnn_inception_v2_coco.config (four scales, three aspect ratios, crops of
14) and predictors/mask_rcnn_box_predictor.py (4 numbers for each class, classes and background).
"""

import numpy as np
import pytest

from refnet.layers import Dropout, Each
from refnet.models import (
    faster_rcnn_inception_v2,
    faster_rcnn_mobilenet_v1,
    faster_rcnn_vgg16,
    inception_v2,
    mobilenet_v1,
    vgg,
    vgg16,
)

# Where the first stage ends, its channels, sides at 300 and 600; features behind the second stage.
PUBLISHED = [
    (faster_rcnn_vgg16, "conv5_3_relu", 512, (18, 37), 4096),
    (faster_rcnn_inception_v2, "mixed_4e/concat", 576, (19, 38), 1024),
    (faster_rcnn_mobilenet_v1, "block_11/pointwise_relu6", 512, (19, 38), 1024),
]
published = pytest.mark.parametrize(("build", "tap", "channels", "sides", "features"), PUBLISHED)
builders = pytest.mark.parametrize("build", [row[0] for row in PUBLISHED])


@published
def test_shapes(build, tap, channels, sides, features):
    for resolution, side in zip((300, 600), sides, strict=True):
        net = build(resolution)
        assert net.inputs == {"images": (resolution, resolution, 3), "proposals": (300, 4)}
        assert net.shapes[tap] == (side, side, channels)
        assert net.shapes["rpn/conv_relu6"] == (side, side, 512)
        assert net.shapes["crops"] == (300, 14, 14, channels)
        assert {name: net.shapes[name] for name in net.outputs} == {
            "rpn_boxes": (side, side, 12 * 4),
            "rpn_classes": (side, side, 12 * 2),
            "boxes": (300, 90 * 4),
            "classes": (300, 91),
        }


@published
def test_the_second_stage_is_the_rest_of_the_body_on_7x7(build, tap, channels, sides, features):
    net = build()
    last = {
        faster_rcnn_vgg16: ("pool5", 512),
        faster_rcnn_inception_v2: ("mixed_5c/concat", 1024),
        faster_rcnn_mobilenet_v1: ("block_13/pointwise", 1024),
    }
    name, channels = last[build]
    assert net.shapes[name] == (300, 7, 7, channels)
    by_name = {node.name: node for node in net.nodes}
    (end,) = by_name["boxes/linear"].inputs
    assert by_name["classes/linear"].inputs == (end,)
    assert net.shapes[end] == (300, features)


def test_vgg_16_drops_out_behind_both_dense_layers():
    nodes = [node for node in faster_rcnn_vgg16().nodes if "fc" in node.name]
    parts = ("", "_bias", "_relu", "_dropout")
    assert [node.name for node in nodes] == [f"{name}{part}" for name in ("fc6", "fc7") for part in parts]
    assert nodes[3].layer == nodes[7].layer == Each(Dropout(0.5))


@published
def test_what_reads_the_first_stage(build, tap, channels, sides, features):
    """The region proposals and the crops, and nothing else."""
    readers = [node.name for node in build().nodes if tap in node.inputs]
    assert readers == ["rpn/conv", "crops"]


@published
def test_parameters_by_hand(build, tap, channels, sides, features):
    """The body without its classifier, and the predictors of both stages."""
    bodies = {
        faster_rcnn_vgg16: vgg16(classes=0),
        faster_rcnn_inception_v2: inception_v2(classes=0, normalize_first=True),
        faster_rcnn_mobilenet_v1: mobilenet_v1(classes=0),
    }
    added = 9 * channels * 512 + 512 + (512 + 1) * 12 * 6 + (features + 1) * (90 * 4 + 91)
    for resolution in (300, 600):
        cost = build(resolution).cost()
        assert cost.total("P-TRAINABLE") == bodies[build].cost().total("P-TRAINABLE") + added


@builders
def test_the_second_stage_costs_by_the_proposal(build):
    one, two, many = (build(proposals=number).cost().madds for number in (1, 2, 11))
    assert many - one == 10 * (two - one) > 0


@builders
@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"resolution": 32}, "resolution: wanted an integer of at least 33, got 32"),
        ({"classes": 0}, "classes: wanted an integer of at least 1, got 0"),
        ({"proposals": 0}, "proposals: wanted an integer of at least 1, got 0"),
    ],
)
def test_bad_settings(build, given, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        build(**given)


@pytest.mark.jit
@builders
def test_it_runs(build, monkeypatch):
    """Equal proposals give equal results, others do not; the second stage depends on no other proposal."""
    monkeypatch.setattr(vgg, "BODY", tuple((n, c // 16) for n, c in vgg.BODY))
    monkeypatch.setattr(vgg, "F", 64)
    net = build(64, 3, 3)
    images = np.random.default_rng(0).standard_normal((1, 64, 64, 3)).astype(np.float32)
    proposals = np.array([[[0, 0, 1, 1], [0.1, 0.3, 0.6, 0.9], [0, 0, 1, 1]]], np.float32)
    weights = net.init(0)
    outputs = net.forward(weights, {"images": images, "proposals": proposals})
    assert {name: y.shape[1:] for name, y in outputs.items()} == {name: net.shapes[name] for name in net.outputs}
    for name in ("boxes", "classes"):
        np.testing.assert_array_equal(outputs[name][0, 0], outputs[name][0, 2])
        assert abs(outputs[name][0, 0] - outputs[name][0, 1]).max() > 0
    turned = net.forward(weights, {"images": images, "proposals": proposals[:, ::-1].copy()})
    np.testing.assert_array_equal(turned["boxes"][0, 1], outputs["boxes"][0, 1])
    np.testing.assert_array_equal(turned["rpn_boxes"], outputs["rpn_boxes"])
