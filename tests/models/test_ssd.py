"""SSD and SSDLite on MobileNets and Inception V2 against the TF Object Detection API (tensorflow/models, research).

Maps, channels and boxes are typed in from object_detection/models/ssd_{mobilenet_v1,mobilenet_v2,inception_v2}_feature_
extractor.py (taps; extra layers 512, 256, 256, 128) and anchor_generators/multiple_grid_anchor_generator.py (3 boxes on
the first map, 6 on the others); what stands in a predictor from predictors/convolutional_box_predictor.py.
"""

import numpy as np
import pytest
from directional import Point, agree
from healthy import healthy

from refnet import mobilenet_v2
from refnet.models import (
    ssd_inception_v2,
    ssd_mobilenet_v1,
    ssd_mobilenet_v2,
    ssdlite_mobilenet_v1,
    ssdlite_mobilenet_v2,
)
from refnet.models.ssd import LITE
from refnet.models.ssd_heads import detector

BUILDERS = (ssdlite_mobilenet_v1, ssdlite_mobilenet_v2, ssd_mobilenet_v1, ssd_mobilenet_v2, ssd_inception_v2)
ON_MOBILENETS = BUILDERS[:4]
AT_320, AT_300 = (20, 10, 5, 3, 2, 1), (19, 10, 5, 3, 2, 1)
V1_MAPS, V2_MAPS, INCEPTION_MAPS = ((*taps, 512, 256, 256, 128) for taps in ((512, 1024), (576, 1280), (576, 1024)))
BOXES = (3, 6, 6, 6, 6, 6)

# Sides of the six maps, their channels, slots (classes and background), side of the predictors' windows, SSDLite.
PUBLISHED = [
    (ssdlite_mobilenet_v1, AT_320, V1_MAPS, 81, 3, True),
    (ssdlite_mobilenet_v2, AT_320, V2_MAPS, 81, 3, True),
    (ssd_mobilenet_v2, AT_320, V2_MAPS, 81, 3, False),
    (ssd_mobilenet_v1, AT_300, V1_MAPS, 91, 1, False),
    (ssd_inception_v2, AT_300, INCEPTION_MAPS, 91, 1, False),
]
published = pytest.mark.parametrize(("build", "sides", "maps", "slots", "k", "lite"), PUBLISHED)


@published
def test_shapes_of_all_outputs(build, sides, maps, slots, k, lite):
    net = build()
    expected = {}
    for number, (side, boxes) in enumerate(zip(sides, BOXES, strict=True), start=1):
        expected |= {f"boxes_{number}": (side, side, boxes * 4), f"classes_{number}": (side, side, boxes * slots)}
    assert {name: net.shapes[name] for name in net.outputs} == expected
    assert list(net.outputs) == list(expected)


@published
def test_every_node_of_the_head(build, sides, maps, slots, k, lite):
    """Batch norm and activation behind all convolutions but the last of a predictor, which has a bias."""
    net = build()
    by_name, ends = {node.name: node for node in net.nodes}, ("", "_bn", "_relu6")
    for number in range(1, 7):
        if number > 2:
            tower = ("reduce", "depthwise", "pointwise") if lite else ("reduce", "conv")
            prefix, side, channels = f"extra_{number - 2}", sides[number - 1], maps[number - 1]
            shapes = [(sides[number - 2],) * 2 + (channels // 2,)]
            shapes += [(side, side, channels // 2), (side, side, channels)] if lite else [(side, side, channels)]
            for layer, shape in zip(tower, shapes, strict=True):
                assert [net.shapes[f"{prefix}/{layer}{end}"] for end in ends] == [shape] * 3
        for what in (f"boxes_{number}", f"classes_{number}"):
            inside = [name for name in by_name if name.startswith(f"{what}/")]
            depthwise = [f"{what}/depthwise{end}" for end in ends]
            assert inside == ([*depthwise, f"{what}/pointwise"] if lite else [f"{what}/conv"])
            (source,) = by_name[inside[0]].inputs
            assert net.shapes[source] == (sides[number - 1],) * 2 + (maps[number - 1],)
            assert source.endswith("_relu6") or source.startswith("mixed_")
            assert by_name[what].layer.operation == "BiasAdd"


@published
def test_parameters_of_the_head_by_hand(build, sides, maps, slots, k, lite):
    weights = biases = madds = 0
    for before, side_before, side, channels in zip(maps[1:], sides[1:], sides[2:], maps[2:], strict=False):
        half = channels // 2
        shrink = 9 * half + half * channels if lite else 9 * half * channels
        weights += before * half + shrink
        madds += before * half * side_before**2 + shrink * side**2
    for side, channels, boxes in zip(sides, maps, BOXES, strict=True):
        filters = boxes * (4 + slots)
        per_pixel = 2 * 9 * channels + channels * filters if lite else k * k * channels * filters
        weights, biases, madds = weights + per_pixel, biases + filters, madds + per_pixel * side**2
    head = [row.terms for row in build().cost() if row.node.startswith(("extra_", "boxes_", "classes_"))]
    assert sum(terms.weights for terms in head) == weights
    assert sum(terms.biases for terms in head) == biases == 33 * (4 + slots)
    assert sum(terms.madds for terms in head) == madds


def test_taps():
    """The API's layer_15/expansion_output and layer_19; Conv2d_11_ and Conv2d_13_pointwise; Mixed_4c and Mixed_5c."""
    sources = {
        build: [node.inputs[0] for node in build().nodes if node.name.startswith(("boxes_1/", "boxes_2/"))]
        for build in BUILDERS
    }
    v1 = ["block_11/pointwise_relu6", "block_13/pointwise_relu6"]
    assert sources[ssd_mobilenet_v1] == v1
    assert sources[ssd_mobilenet_v2] == ["block_14/expand_relu6", "conv_last_relu6"]
    assert sources[ssd_inception_v2] == ["mixed_4c/concat", "mixed_5c/concat"]
    assert set(v1) <= set(sources[ssdlite_mobilenet_v1])
    assert {"block_14/expand_relu6", "conv_last_relu6"} <= set(sources[ssdlite_mobilenet_v2])


def test_a_tap_that_does_not_exist():
    body = mobilenet_v2(0.35, 96, 0).nodes[:-1]
    with pytest.raises(
        ValueError, match=r"^node 'boxes_1/depthwise': inputs: no node named 'block_14/expansion'; near"
    ):
        detector("mine", 96, body, ("block_14/expansion", "conv_last_relu6"), LITE, 3)


@pytest.mark.parametrize("resolution", [32, 33, 97, 160, 321])
@pytest.mark.parametrize("build", BUILDERS)
def test_any_size(build, resolution):
    """Each map has half the side of the one before, rounded up, from output stride 16 on."""
    net, side = build(resolution=resolution, classes=2), resolution
    for _ in range(4):
        side = -(-side // 2)
    for number in range(1, 7):
        assert net.shapes[f"classes_{number}"][:2] == (side, side)
        side = -(-side // 2)


def test_width_thins_the_extra_layers_too():
    """`get_depth_fn` of models/feature_map_generators.py: cut to an integer, at least 16."""
    shapes = ssdlite_mobilenet_v2(0.35).shapes
    reduced = [shapes[f"extra_{number}/reduce"][2] for number in range(1, 5)]
    assert reduced == [89, 44, 44, 22]
    assert [shapes[f"extra_{number}/pointwise"][2] for number in range(1, 5)] == [179, 89, 89, 44]
    assert ssd_mobilenet_v1(0.1).shapes["extra_4/reduce"][2] == 16


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"resolution": 31}, "resolution: wanted an integer of at least 32, got 31"),
        ({"classes": 0}, "classes: wanted an integer of at least 1, got 0"),
        ({"classes": 2.0}, "classes: wanted an integer of at least 1, got 2.0"),
    ],
)
@pytest.mark.parametrize("build", BUILDERS)
def test_bad_settings(build, given, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        build(**given)


@pytest.mark.parametrize("build", ON_MOBILENETS)
def test_bad_width(build):
    with pytest.raises(ValueError, match="^width: wanted a width multiplier above 0, got 0$"):
        build(width=0)


# Running


@pytest.mark.jit
@pytest.mark.parametrize("build", BUILDERS)
def test_it_runs(build):
    net = build(resolution=48, classes=2)
    images = np.random.default_rng(0).standard_normal((1, 48, 48, 3)).astype(np.float32)
    outputs = net.forward(net.init(0), images)
    assert {name: y.shape[1:] for name, y in outputs.items()} == {name: net.shapes[name] for name in net.outputs}
    assert all(np.ptp(y) > 0 for name, y in outputs.items())


def point(net, statistics, outputs=None):
    """Many images, as batch statistics of the few values that the last maps hold bend too much for differences."""
    random = np.random.default_rng(5)
    arrays = {**healthy(net, random), "images": random.standard_normal((16, *net.inputs["images"]))}
    return Point(net, arrays, statistics, random, outputs)


@pytest.mark.jit
@pytest.mark.parametrize("statistics", ["stored", "batch"])
@pytest.mark.parametrize("build", [ssdlite_mobilenet_v1, ssdlite_mobilenet_v2])
def test_gradients_of_the_whole_detector(build, statistics):
    net = build(0.1, 33, 2)
    here = point(net, statistics)
    assert agree(here.slope(step=5e-7), here.projection())  # a short step, for the same reason
    assert all(np.any(gradient) for gradient in here.gradients.values())


@pytest.mark.jit
@pytest.mark.parametrize("output", ssdlite_mobilenet_v2().outputs)
def test_gradients_of_each_head(output):
    net = ssdlite_mobilenet_v2(0.1, 33, 2)
    here = point(net, "stored", (output,))
    assert agree(here.slope(), here.projection())
    assert [name for name in net.outputs if np.any(here.gradients[f"{name}/bias"])] == [output]
