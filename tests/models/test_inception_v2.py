"""Inception V2 against TF-slim's nets/inception_v2.py and nets/inception_v2_test.py (tensorflow/models, research/slim).

Shapes are those that inception_v2_test.py lists; branches are read off inception_v2.py; the number of parameters of
the base is the test's, whose batch norm has no gamma (P-SLIM).
"""

import numpy as np
import pytest

from refnet.models import inception_v2

from .wiring import concatenations, weights, with_swapped_branches

SHAPES = {
    "conv2d_1a_7x7/pointwise_relu": (112, 112, 64),
    "maxpool_2a_3x3": (56, 56, 64),
    "conv2d_2b_1x1_relu": (56, 56, 64),
    "conv2d_2c_3x3_relu": (56, 56, 192),
    "maxpool_3a_3x3": (28, 28, 192),
    "mixed_3b/concat": (28, 28, 256),
    "mixed_3c/concat": (28, 28, 320),
    "mixed_4a/concat": (14, 14, 576),
    "mixed_4b/concat": (14, 14, 576),
    "mixed_4c/concat": (14, 14, 576),
    "mixed_4d/concat": (14, 14, 576),
    "mixed_4e/concat": (14, 14, 576),
    "mixed_5a/concat": (7, 7, 1024),
    "mixed_5b/concat": (7, 7, 1024),
    "mixed_5c/concat": (7, 7, 1024),
    "classifier_bias": (1000,),
}
BASE = 10_173_112  # testModelHasExpectedNumberOfParameters

BRANCHES = {
    "mixed_3b": ["1x1 64", "1x1 64, 3x3 64", "1x1 64, 3x3 96, 3x3 96", "avg 3x3, 1x1 32"],
    "mixed_3c": ["1x1 64", "1x1 64, 3x3 96", "1x1 64, 3x3 96, 3x3 96", "avg 3x3, 1x1 64"],
    "mixed_4a": ["1x1 128, 3x3 160/2", "1x1 64, 3x3 96, 3x3 96/2", "max 3x3/2"],
    "mixed_4b": ["1x1 224", "1x1 64, 3x3 96", "1x1 96, 3x3 128, 3x3 128", "avg 3x3, 1x1 128"],
    "mixed_4c": ["1x1 192", "1x1 96, 3x3 128", "1x1 96, 3x3 128, 3x3 128", "avg 3x3, 1x1 128"],
    "mixed_4d": ["1x1 160", "1x1 128, 3x3 160", "1x1 128, 3x3 160, 3x3 160", "avg 3x3, 1x1 96"],
    "mixed_4e": ["1x1 96", "1x1 128, 3x3 192", "1x1 160, 3x3 192, 3x3 192", "avg 3x3, 1x1 96"],
    "mixed_5a": ["1x1 128, 3x3 192/2", "1x1 192, 3x3 256, 3x3 256/2", "max 3x3/2"],
    "mixed_5b": ["1x1 352", "1x1 192, 3x3 320", "1x1 160, 3x3 224, 3x3 224", "avg 3x3, 1x1 128"],
    "mixed_5c": ["1x1 352", "1x1 192, 3x3 320", "1x1 192, 3x3 224, 3x3 224", "max 3x3, 1x1 128"],
}
# Weights of each endpoint, from the branches by hand: channels in times channels out times taps, added up.
WEIGHTS = {
    "conv2d_1a_7x7": 7 * 7 * 3 * 8 + 24 * 64,
    "conv2d_2b_1x1": 64 * 64,
    "conv2d_2c_3x3": 9 * 64 * 192,
    "mixed_3b": 192 * (64 + 64 + 64 + 32) + 9 * (64 * 64 + 64 * 96 + 96 * 96),
    "mixed_3c": 256 * (64 + 64 + 64 + 64) + 9 * (64 * 96 + 64 * 96 + 96 * 96),
    "mixed_4a": 320 * (128 + 64) + 9 * (128 * 160 + 64 * 96 + 96 * 96),
    "mixed_4b": 576 * (224 + 64 + 96 + 128) + 9 * (64 * 96 + 96 * 128 + 128 * 128),
    "mixed_4c": 576 * (192 + 96 + 96 + 128) + 9 * (96 * 128 + 96 * 128 + 128 * 128),
    "mixed_4d": 576 * (160 + 128 + 128 + 96) + 9 * (128 * 160 + 128 * 160 + 160 * 160),
    "mixed_4e": 576 * (96 + 128 + 160 + 96) + 9 * (128 * 192 + 160 * 192 + 192 * 192),
    "mixed_5a": 576 * (128 + 192) + 9 * (128 * 192 + 192 * 256 + 256 * 256),
    "mixed_5b": 1024 * (352 + 192 + 160 + 128) + 9 * (192 * 320 + 160 * 224 + 224 * 224),
    "mixed_5c": 1024 * (352 + 192 + 192 + 128) + 9 * (192 * 320 + 192 * 224 + 224 * 224),
    "classifier": 1024 * 1000,
}


def test_every_endpoint():
    net = inception_v2()
    assert {name: net.shapes[name] for name in SHAPES} == SHAPES
    assert inception_v2(112).shapes["mixed_5c/concat"] == (4, 4, 1024)  # testHalfSizeImages


def test_every_branch_and_its_place():
    net = inception_v2()
    assert concatenations(net) == BRANCHES
    for block in BRANCHES:
        assert concatenations(with_swapped_branches(net, f"{block}/concat")) != BRANCHES


def test_every_endpoints_weights():
    net = inception_v2()
    assert weights(net) == WEIGHTS
    assert sum(WEIGHTS.values()) == net.cost().total("P-WEIGHTS")


def test_parameters_of_the_base():
    base = inception_v2(classes=0).cost()
    assert base.total("P-SLIM") == BASE
    assert base.total("P-BIAS") - base.total("P-WEIGHTS") == 64  # of the first layer, which no batch norm follows
    assert inception_v2(classes=10).cost().total("P-SLIM") == BASE + 1024 * 10 + 10


def test_the_first_layer_with_batch_norm():
    biased, normalized = inception_v2(), inception_v2(normalize_first=True)
    assert normalized.cost().total("P-BIAS") == biased.cost().total("P-BIAS") - 64
    assert normalized.cost().total("P-SLIM") == biased.cost().total("P-SLIM") - 64 + 3 * 64
    names = [node.name for node in normalized.nodes if node.name.startswith("conv2d_1a")]
    first = "conv2d_1a_7x7/pointwise"
    assert names == ["conv2d_1a_7x7/depthwise", first, f"{first}_bn", f"{first}_relu"]
    assert normalized.shapes["conv2d_1a_7x7/depthwise"] == (112, 112, 24)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"resolution": 31}, "resolution: wanted an integer of at least 32, got 31"),
        ({"classes": -1}, "classes: wanted an integer of at least 0, got -1"),
        ({"normalize_first": 1}, "normalize_first: wanted True or False, got 1"),
    ],
)
def test_bad_settings(given, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        inception_v2(**given)


@pytest.mark.jit
def test_it_runs():
    net = inception_v2(32, classes=5)
    images = np.random.default_rng(0).standard_normal((2, 32, 32, 3)).astype(np.float32)
    logits, taps = net.forward(net.init(0), images, taps=["mixed_4c/concat"])
    assert logits.shape == (2, 5)
    assert logits.dtype == np.float32
    assert np.ptp(logits, axis=0).min() > 0
    assert taps["mixed_4c/concat"].shape == (2, 2, 2, 576)
