"""Inception V3 against TF-slim's nets/inception_v3.py and nets/inception_v3_test.py, and torchvision's numbers.

Shapes are those that inception_v3_test.py lists; branches are read off inception_v3.py. TF-slim's batch norm has no
gamma (P-SLIM); torchvision's has (P-TRAINABLE).
"""

import numpy as np
import pytest

from refnet.models import inception_v3

from .wiring import concatenations, weights, with_swapped_branches

SHAPES = {
    "conv2d_1a_3x3_relu": (149, 149, 32),
    "conv2d_2a_3x3_relu": (147, 147, 32),
    "conv2d_2b_3x3_relu": (147, 147, 64),
    "maxpool_3a_3x3": (73, 73, 64),
    "conv2d_3b_1x1_relu": (73, 73, 80),
    "conv2d_4a_3x3_relu": (71, 71, 192),
    "maxpool_5a_3x3": (35, 35, 192),
    "mixed_5b/concat": (35, 35, 256),
    "mixed_5c/concat": (35, 35, 288),
    "mixed_5d/concat": (35, 35, 288),
    "mixed_6a/concat": (17, 17, 768),
    "mixed_6b/concat": (17, 17, 768),
    "mixed_6c/concat": (17, 17, 768),
    "mixed_6d/concat": (17, 17, 768),
    "mixed_6e/concat": (17, 17, 768),
    "mixed_7a/concat": (8, 8, 1280),
    "mixed_7b/concat": (8, 8, 2048),
    "mixed_7c/concat": (8, 8, 2048),
    "pool": (2048,),
    "classifier_bias": (1000,),
}
BASE = 21_802_784  # testModelHasExpectedNumberOfParameters

# torchvision documents 27,161,264 parameters; its auxiliary classifier (1x1 to 128, 5x5 to 768, dense) is not here.
TORCHVISION = 27_161_264
AUXILIARY = 768 * 128 + 2 * 128 + 25 * 128 * 768 + 2 * 768 + 768 * 1000 + 1000


def _mixed_35(c):
    return ["1x1 64", "1x1 48, 5x5 64", "1x1 64, 3x3 96, 3x3 96", f"avg 3x3, 1x1 {c}"]


def _mixed_17(c):
    long = f"1x1 {c}, 7x1 {c}, 1x7 {c}, 7x1 {c}, 1x7 192"
    return ["1x1 192", f"1x1 {c}, 1x7 {c}, 7x1 192", long, "avg 3x3, 1x1 192"]


MIXED_8 = [
    "1x1 320",
    "1x1 384, 1x3 384",
    "1x1 384, 3x1 384",
    "1x1 448, 3x3 384, 1x3 384",
    "1x1 448, 3x3 384, 3x1 384",
    "avg 3x3, 1x1 192",
]
BRANCHES = {
    "mixed_5b": _mixed_35(32),
    "mixed_5c": _mixed_35(64),
    "mixed_5d": _mixed_35(64),
    "mixed_6a": ["3x3 384/2V", "1x1 64, 3x3 96, 3x3 96/2V", "max 3x3/2V"],
    "mixed_6b": _mixed_17(128),
    "mixed_6c": _mixed_17(160),
    "mixed_6d": _mixed_17(160),
    "mixed_6e": _mixed_17(192),
    "mixed_7a": ["1x1 192, 3x3 320/2V", "1x1 192, 1x7 192, 7x1 192, 3x3 192/2V", "max 3x3/2V"],
    "mixed_7b": MIXED_8,
    "mixed_7c": MIXED_8,
}


def _weights_17(c):
    return 768 * (192 + c + c + 192) + 7 * (c * c + c * 192 + 3 * c * c + c * 192)


def _weights_8(inputs):
    return inputs * (320 + 384 + 448 + 192) + 9 * 448 * 384 + 4 * 3 * 384 * 384


# Weights of each endpoint, from the branches by hand: channels in times channels out times taps, added up.
WEIGHTS = {
    "conv2d_1a_3x3": 9 * 3 * 32,
    "conv2d_2a_3x3": 9 * 32 * 32,
    "conv2d_2b_3x3": 9 * 32 * 64,
    "conv2d_3b_1x1": 64 * 80,
    "conv2d_4a_3x3": 9 * 80 * 192,
    "mixed_5b": 192 * (64 + 48 + 64 + 32) + 25 * 48 * 64 + 9 * (64 * 96 + 96 * 96),
    "mixed_5c": 256 * (64 + 48 + 64 + 64) + 25 * 48 * 64 + 9 * (64 * 96 + 96 * 96),
    "mixed_5d": 288 * (64 + 48 + 64 + 64) + 25 * 48 * 64 + 9 * (64 * 96 + 96 * 96),
    "mixed_6a": 9 * 288 * 384 + 288 * 64 + 9 * (64 * 96 + 96 * 96),
    "mixed_6b": _weights_17(128),
    "mixed_6c": _weights_17(160),
    "mixed_6d": _weights_17(160),
    "mixed_6e": _weights_17(192),
    "mixed_7a": 768 * (192 + 192) + 9 * (192 * 320 + 192 * 192) + 7 * (192 * 192 + 192 * 192),
    "mixed_7b": _weights_8(1280),
    "mixed_7c": _weights_8(2048),
    "classifier": 2048 * 1000,
}


def test_every_endpoint():
    net = inception_v3()
    assert {name: net.shapes[name] for name in SHAPES} == SHAPES
    assert inception_v3(150).shapes["mixed_7c/concat"] == (3, 3, 2048)  # testHalfSizeImages


def test_every_branch_and_its_place():
    net = inception_v3()
    assert concatenations(net) == BRANCHES
    for block in BRANCHES:
        assert concatenations(with_swapped_branches(net, f"{block}/concat")) != BRANCHES


def test_every_endpoints_weights():
    net = inception_v3()
    assert weights(net) == WEIGHTS
    assert sum(WEIGHTS.values()) == net.cost().total("P-WEIGHTS")


def test_totals():
    assert inception_v3(classes=0).cost().total("P-SLIM") == BASE
    cost = inception_v3().cost()
    assert cost.total("P-TRAINABLE") == TORCHVISION - AUXILIARY
    assert round(cost.madds / 1e6) == 5713  # torchvision documents 5.713 G


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"resolution": 74}, "resolution: wanted an integer of at least 75, got 74"),
        ({"classes": True}, "classes: wanted an integer of at least 0, got True"),
    ],
)
def test_bad_settings(given, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        inception_v3(**given)


def test_the_smallest_images():
    net = inception_v3(75)
    assert net.shapes["mixed_7c/concat"] == (1, 1, 2048)
    with pytest.raises(ValueError, match="^node 'mixed_7a/branch_0/conv_2': .* does not fit into a 2x2 map$"):
        net.at(74, 74)


@pytest.mark.jit
def test_it_runs():
    net = inception_v3(75, classes=5)
    images = np.random.default_rng(0).standard_normal((2, 75, 75, 3)).astype(np.float32)
    logits = net.forward(net.init(0), images)
    assert logits.shape == (2, 5)
    assert logits.dtype == np.float32
    assert np.ptp(logits, axis=0).min() > 0
