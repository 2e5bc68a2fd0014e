"""What V1 section 4 makes of MobileNet: embeddings, attributes, cells of the earth; its bodies are V1's."""

import numpy as np
import pytest

from refnet import kernels
from refnet.layers import Conv2d, Dense, L2Normalize, PointwiseConv2d, Softmax
from refnet.models import mobilenet_v1, mobilenet_v1_attributes, mobilenet_v1_embedding, planet_mobilenet
from refnet.testing import check_gradients

USES = (mobilenet_v1_embedding, mobilenet_v1_attributes, planet_mobilenet)
V1_BODY = 3_185_088  # kernels of V1 1.0 without its classifier: 4,209,088 less 1024 * 1000
SMALL = {"width": 0.25, "resolution": 32}


def random(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


@pytest.mark.parametrize(
    ("net", "end", "shape", "weights"),
    [
        (mobilenet_v1_embedding(), "embedding_normalized", (128,), V1_BODY + 1024 * 128),
        (mobilenet_v1_embedding(0.75, 160, 256), "embedding_normalized", (256,), 1_800_144 + 768 * 256),
        (mobilenet_v1_attributes(), "classifier_bias", (40,), V1_BODY + 1024 * 40),
        (mobilenet_v1_attributes(attributes=0), "pool", (1024,), V1_BODY),
        (planet_mobilenet(), "classifier_bias", (9766,), V1_BODY + 10_000_384),
        (planet_mobilenet(cells=26_263), "classifier_bias", (26_263,), V1_BODY + 1024 * 26_263),
    ],
    ids=str,
)
def test_shapes_and_weights(net, end, shape, weights):
    assert net.outputs == (end,)
    assert net.shapes[end] == shape
    assert net.cost().total("P-WEIGHTS") == weights


@pytest.mark.parametrize("build", USES)
def test_the_body_is_v1s_at_every_scale(build):
    for width, resolution in ((1.0, 224), (0.5, 160), (0.25, 128)):
        body, net = mobilenet_v1(width, resolution, classes=0), build(width, resolution)
        assert list(net.nodes[: len(body.nodes)]) == list(body.nodes)
        assert net.inputs == body.inputs
        assert net.name == f"{build.__name__}-{width:.2g}-{resolution}".replace("-1-", "-1.0-")


def test_heads():
    embedding = {node.name: node.layer for node in mobilenet_v1_embedding(dimension=64).nodes}
    assert list(embedding)[-3:] == ["pool", "embedding", "embedding_normalized"]
    assert embedding["embedding"] == Dense(64)
    assert isinstance(embedding["embedding_normalized"], L2Normalize)
    for net in (mobilenet_v1_attributes(), planet_mobilenet()):
        assert [node.name for node in net.nodes][-4:] == ["pool", "dropout", "classifier", "classifier_bias"]
        assert not any(isinstance(node.layer, Softmax) for node in net.nodes)  # logits, each for itself


def test_at_least_so_many_channels():
    """At width 0.25 only the first convolution has fewer than 16 channels; its depthwise layer follows it."""
    plain, wider = mobilenet_v1_attributes(0.25, 128), mobilenet_v1_attributes(0.25, 128, least_channels=16)
    changed = [
        (one.name, one.layer.filters, other.layer.filters)
        for one, other in zip(plain.nodes, wider.nodes, strict=True)
        if one.layer != other.layer
    ]
    assert changed == [("conv_first", 8, 16)]
    assert wider.shapes["block_1/depthwise"] == (64, 64, 16)
    filters = [node.layer.filters for node in wider.nodes if isinstance(node.layer, (Conv2d, PointwiseConv2d))]
    assert min(filters) == 16
    assert wider.cost().total("MADD-HEADLESS") == 15_017_984
    whole = mobilenet_v1_attributes(0.5, 128, least_channels=16)
    assert list(whole.nodes) == list(mobilenet_v1_attributes(0.5, 128).nodes)


@pytest.mark.parametrize(
    ("build", "settings", "message"),
    [
        (mobilenet_v1_embedding, {"dimension": 0}, "dimension: wanted an integer of at least 1, got 0"),
        (mobilenet_v1_embedding, {"dimension": 1.5}, "dimension: wanted an integer of at least 1, got 1.5"),
        (mobilenet_v1_attributes, {"attributes": -1}, "attributes: wanted an integer of at least 0, got -1"),
        (mobilenet_v1_attributes, {"least_channels": 0}, "least_channels: wanted an integer of at least 1, got 0"),
        (planet_mobilenet, {"cells": 0}, "cells: wanted an integer of at least 1, got 0"),
        *((build, {"width": 0}, "width: wanted a width multiplier above 0, got 0") for build in USES),
        *((build, {"resolution": 31}, "resolution: wanted an integer of at least 32, got 31") for build in USES),
    ],
)
def test_bad_arguments(build, settings, message):
    with pytest.raises(ValueError, match=message):
        build(**settings)


@pytest.mark.jit
def test_an_embedding_has_length_1():
    """With batch statistics: under those of fresh weights, V1's features are all but zero."""
    net = mobilenet_v1_embedding(0.25, 64, dimension=16)
    y, _ = net.train_forward(net.init(0), random(2, 64, 64, 3).astype(np.float32), 0)
    assert y.shape == (2, 16)
    np.testing.assert_allclose((y.astype(np.float64) ** 2).sum(1), 1, rtol=1e-5)


@pytest.mark.jit
@pytest.mark.parametrize(("build", "size"), [(mobilenet_v1_attributes, "attributes"), (planet_mobilenet, "cells")])
def test_logits_are_v1s_with_that_many_classes(build, size):
    net, plain = build(**SMALL, **{size: 7}), mobilenet_v1(**SMALL, classes=7)
    weights, x = net.init(0), random(2, 32, 32, 3).astype(np.float32)
    np.testing.assert_array_equal(net.forward(weights, x), plain.forward(weights, x))


@pytest.mark.jit
@pytest.mark.parametrize("build", USES)
def test_the_gradient_of_each_head(build):
    """Through what stands behind the body: from the pooled features and the head's weights, without dropout."""
    settings = {"mobilenet_v1_embedding": {"dimension": 5}, "mobilenet_v1_attributes": {"attributes": 4}}
    net = build(**SMALL, **settings.get(build.__name__, {"cells": 6}))
    head = [node for node in net.nodes[[node.name for node in net.nodes].index("pool") + 1 :] if node.name != "dropout"]
    roles = {key: each.shape for key, each in net.parameters().items() if key.split("/")[0] in {n.name for n in head}}

    def through(arrays):
        weights, y, saved = dict(zip(roles, arrays[1:], strict=True)), arrays[0], []
        for node in head:
            own = {role: weights[node.key(role)] for role in node.layer.parameters(y.shape[1:])}
            y, kept, _ = node.layer.train_forward(kernels, own, y, rng=np.random.default_rng(0))
            saved.append((node, own, kept))
        return y, saved

    def backward(dy, *arrays):
        gradients = {}
        for node, own, kept in reversed(through(arrays)[1]):
            (dy,), dweights = node.layer.backward(kernels, own, kept, dy)
            gradients |= {node.key(role): each for role, each in dweights.items()}
        return [dy, *(gradients[key] for key in roles)]

    inputs = [random(3, 256), *(random(*shape, seed=1) for shape in roles.values())]
    names = ["features", *roles]
    check_gradients(lambda *arrays: through(arrays)[0], backward, inputs, linear=False, names=names)
