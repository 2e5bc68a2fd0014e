"""Which weight decays: by layer, in whole networks and with names that say something else."""

from collections import Counter

import pytest

from refnet import Graph, Node, fuse, mobilenet_v1, mobilenet_v2
from refnet.layers import (
    BiasAdd,
    ChannelScale,
    Conv2d,
    CropAndResize,
    DepthwiseConv2d,
    Each,
    GroupedConv2d,
    PointwiseConv2d,
)
from refnet.training import decayed, weight_groups
from refnet.training.groups import GROUPS

SMALL = {"width": 0.25, "resolution": 32, "classes": 3}


def test_v1_by_counting():
    """Table 1: a standard convolution, 13 depthwise and 13 pointwise ones, a classifier with bias; 27 batch norms."""
    found = Counter(weight_groups(mobilenet_v1(**SMALL)).values())
    assert found == {"kernels": 1 + 13 + 1, "depthwise": 13, "norms": 2 * 27, "biases": 1, "statistics": 2 * 27}


def test_v2_by_counting():
    """Tables 1 and 2: 17 blocks, 16 of them with an expansion; the first and last convolution, the classifier."""
    found = Counter(weight_groups(mobilenet_v2(**SMALL)).values())
    kernels = 1 + 16 + 17 + 1 + 1
    assert found == {"kernels": kernels, "depthwise": 17, "norms": 2 * 52, "biases": 1, "statistics": 2 * 52}
    assert set(found) == set(GROUPS)


def test_layers_decide_and_not_names():
    nodes = [
        Node("depthwise", Conv2d(4, 3)),
        Node("pointwise", DepthwiseConv2d(3), weights={"kernel": "block/pointwise/kernel"}),
        Node("grouped", GroupedConv2d(4, 3, groups=2)),
        Node("multiplied", GroupedConv2d(8, 3, groups=4)),
        Node("scale", ChannelScale()),
        Node("bias", BiasAdd()),
        Node("boxes", PointwiseConv2d(4)),
    ]
    assert weight_groups(Graph("odd", {"x": (5, 5, 3)}, nodes)) == {
        "depthwise/kernel": "kernels",
        "block/pointwise/kernel": "depthwise",
        "grouped/kernel": "kernels",
        "multiplied/kernel": "depthwise",
        "scale/scale": "biases",
        "bias/bias": "biases",
        "boxes/kernel": "kernels",
    }


def test_layers_for_each_region_are_what_they_are_made_of():
    regions = Node("regions", CropAndResize(3), ("x", "boxes"))
    nodes = [regions, Node("one", Each(DepthwiseConv2d(3))), Node("other", Each(PointwiseConv2d(2)))]
    found = weight_groups(Graph("regions", {"x": (5, 5, 4), "boxes": (2, 4)}, nodes))
    assert found == {"one/kernel": "depthwise", "other/kernel": "kernels"}


@pytest.mark.parametrize("build", [mobilenet_v1, mobilenet_v2])
def test_a_fused_graph_has_the_same_groups(build):
    net = build(**SMALL)
    assert weight_groups(fuse(net)) == weight_groups(net)


def test_depthwise_kernels_decay_on_request_only():
    net = mobilenet_v2(**SMALL)
    found = weight_groups(net)
    assert {found[key] for key in decayed(net)} == {"kernels"}
    assert {found[key] for key in decayed(net, depthwise=True)} == {"kernels", "depthwise"}
    assert "classifier/kernel" in decayed(net)
