"""Weights for timing: what comes out differs from image to image and from class to class, however deep the network."""

import numpy as np
import pytest
import small

import refnet
from refnet import models
from refnet.bench.healthy import FLOOR, IMAGES, healthy_weights, inputs_of

pytestmark = pytest.mark.jit


def spread(net, weights):
    """Logits of two images: how far they differ from class to class, and from image to image; the largest."""
    y = net.forward(weights, inputs_of(net, 2, 5))
    return float(y.std(axis=1).min()), float(np.abs(y[0] - y[1]).max()), float(np.abs(y).max())


def test_logits_are_not_degenerate():
    net = refnet.mobilenet_v2(width=0.35, resolution=64, classes=20)
    classes, images, largest = spread(net, healthy_weights(net, 0))
    assert classes > 0.2
    assert images > 0.1 * largest
    assert largest < 100


def test_fresh_weights_would_be():
    net = refnet.mobilenet_v2(width=0.35, resolution=64, classes=20)
    classes, images, _ = spread(net, net.init(0))
    assert max(classes, images) < 0.01


def test_stored_statistics_are_those_of_what_comes():
    net = small.network()
    weights = healthy_weights(net, 3)
    _, maps = net.forward(weights, inputs_of(net, IMAGES, 4), taps=("block_1/expand", "conv_first"))
    for name, x in maps.items():
        np.testing.assert_allclose(weights[f"{name}_bn/moving_mean"], x.mean((0, 1, 2)), rtol=1e-4, atol=1e-5)
        variance = x.var((0, 1, 2))
        wanted = variance + FLOOR * variance.mean()
        np.testing.assert_allclose(weights[f"{name}_bn/moving_variance"], wanted, rtol=1e-4)


def test_they_fit_the_graph_and_come_from_the_seed():
    net = models.ssdlite_mobilenet_v2(width=0.35, resolution=64, classes=3)
    weights, again, other = (healthy_weights(net, seed) for seed in (1, 1, 2))
    net.check_weights(weights, np.float32)
    assert all((weights[key] == again[key]).all() for key in weights)
    assert any((weights[key] != other[key]).any() for key in weights)


def test_images_lie_in_memory_as_images_do():
    """A program copies what it is given, and one in another order takes it longer than a small network."""
    (images,) = inputs_of(refnet.mobilenet_v1(width=0.25, resolution=96), 2, 0).values()
    assert images.flags.c_contiguous
    assert images.dtype == np.float32
