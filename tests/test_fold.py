"""Batch norm folded into convolutions: the same outputs, one bias per channel, and what cannot be folded stays."""

import numpy as np
import pytest
from graph_samples import shared
from healthy import healthy
from small_models import small

from refnet import Graph, Node, models
from refnet.layers import (
    Add,
    BatchNorm,
    BiasAdd,
    Concat,
    Conv2d,
    CropAndResize,
    Dense,
    DepthwiseConv2d,
    Each,
    Flatten,
    GroupedConv2d,
    MaxPool2d,
    PointwiseConv2d,
    Relu6,
)
from refnet.rewrites import fold_batch_norm
from refnet.testing.precision import gamma

FOLDABLE = (Conv2d(4, 3, 2), DepthwiseConv2d(3), GroupedConv2d(4, 3, groups=2), PointwiseConv2d(4))


def graph(*nodes, outputs=()):
    return Graph("small", {"images": (5, 6, 2)}, nodes, outputs)


def integers(net, dtype=np.float64):
    """Weights in small integers, with scales that are powers of two if eps is 0."""
    random = np.random.default_rng(0)
    weights = {key: random.integers(-4, 5, each.shape).astype(dtype) for key, each in net.parameters().items()}
    weights |= {key: random.choice([0.25, 1, 4], w.shape) for key, w in weights.items() if key.endswith("variance")}
    weights |= {key: random.choice([-2, 0.5, 1], w.shape) for key, w in weights.items() if key.endswith("gamma")}
    return weights


def integer_inputs(net):
    random = np.random.default_rng(1)
    return {name: random.integers(-4, 5, (2, *shape)).astype(np.float64) for name, shape in net.inputs.items()}


def norms(net):
    return [node.name for node in net.nodes if isinstance(node.layer, BatchNorm)]


def refused(net):
    """Fold, and say which batch norms stay; nothing may have changed then but the graph's name."""
    weights = integers(net)
    folded, new = fold_batch_norm(net, weights)
    assert folded.nodes == net.nodes
    assert new.keys() == weights.keys()
    assert all(new[key] is weights[key] for key in weights)
    return norms(folded)


@pytest.mark.parametrize("layer", FOLDABLE, ids=str)
def test_integers_give_the_same_to_the_last_bit(layer):
    net = graph(Node("conv", layer), Node("norm", BatchNorm(eps=0)), Node("end", Relu6()))
    weights, inputs = integers(net), integer_inputs(net)
    folded, new = fold_batch_norm(net, weights)
    assert norms(folded) == []
    assert set(new) == {"conv/kernel", "norm/bias"}
    np.testing.assert_array_equal(folded.forward(new, inputs), net.forward(weights, inputs))


def test_a_concatenation_passes_each_convolution_its_own_channels():
    nodes = [
        Node("a", PointwiseConv2d(3)),
        Node("b", DepthwiseConv2d(3), ("images",)),
        Node("all", Concat(2), ("b", "a")),
        Node("norm", BatchNorm(eps=0)),
    ]
    net = graph(*nodes)
    weights, inputs = integers(net), integer_inputs(net)
    folded, new = fold_batch_norm(net, weights)
    assert set(new) == {"a/kernel", "b/kernel", "norm/bias"}
    np.testing.assert_array_equal(folded.forward(new, inputs), net.forward(weights, inputs))


def test_regions_and_dense_layers_fold_too():
    nodes = [
        Node("crops", CropAndResize(2), ("images", "boxes")),
        Node("conv", Each(Conv2d(3, 2))),
        Node("norm", Each(BatchNorm(eps=0))),
        Node("flat", Each(Flatten())),
        Node("dense", Each(Dense(4))),
        Node("dense_norm", Each(BatchNorm(eps=0))),
    ]
    net = Graph("regions", {"images": (5, 6, 2), "boxes": (2, 4)}, nodes)
    weights = integers(net)
    inputs = integer_inputs(net) | {"boxes": np.array([[[0, 0, 1, 1.0]] * 2] * 2)}  # whole pixels: still integers
    folded, new = fold_batch_norm(net, weights)
    assert [node.layer for node in folded.nodes if node.name.endswith("norm")] == [Each(BiasAdd())] * 2
    np.testing.assert_array_equal(folded.forward(new, inputs), net.forward(weights, inputs))


@pytest.mark.parametrize("name", models.__all__)
def test_every_model_folds_into_what_p_folded_counts(name):
    net = small(name)
    weights = healthy(net, np.random.default_rng(0))
    folded, new = fold_batch_norm(net, weights)
    assert norms(folded) == []
    assert folded.cost().total("P-ALL") == net.cost().total("P-FOLDED") == sum(w.size for w in new.values())
    assert [node.name for node in folded.nodes] == [node.name for node in net.nodes]
    assert (folded.inputs, folded.outputs, folded.shapes) == (net.inputs, net.outputs, net.shapes)


@pytest.mark.jit
@pytest.mark.parametrize("name", ["mobilenet_v1", "mobilenet_v2", "shufflenet_v1", "nasnet_a_mobile"])
def test_models_give_the_same(name):
    net = small(name)
    weights = healthy(net, np.random.default_rng(0))
    images = np.random.default_rng(1).uniform(-1, 1, (2, *net.inputs["images"]))
    wanted, got = (each.forward(w, images) for each, w in ((net, weights), fold_batch_norm(net, weights)))
    assert abs(got - wanted).max() <= 1e-12 * abs(wanted).max()  # some hundred roundings of 1e-16


def test_float32_stays_and_is_rounded_once_more():
    """The product of kernel and scale, and the shift, are rounded; then come n products, n sums and the shift's sum."""
    net = graph(Node("conv", Conv2d(4, 3)), Node("norm", BatchNorm()))
    weights = {key: w.astype(np.float32) for key, w in healthy(net, np.random.default_rng(0)).items()}
    images = np.random.default_rng(1).standard_normal((2, 5, 6, 2)).astype(np.float32)
    folded, new = fold_batch_norm(net, weights)
    assert {w.dtype for w in new.values()} == {np.dtype(np.float32)}
    exact = net.forward({key: w.astype(np.float64) for key, w in weights.items()}, images.astype(np.float64))
    absolute = folded.forward({key: abs(w) for key, w in new.items()}, abs(images))
    assert (abs(folded.forward(new, images) - exact) <= gamma(3 * 3 * 2 + 3, "float32") * absolute).all()


def test_the_given_weights_stay_as_they_are():
    net = graph(Node("conv", Conv2d(4, 3)), Node("norm", BatchNorm()))
    weights = healthy(net, np.random.default_rng(0))
    before = {key: w.copy() for key, w in weights.items()}
    fold_batch_norm(net, weights)
    assert weights.keys() == before.keys()
    assert all(np.array_equal(weights[key], w) for key, w in before.items())


STAYS = {
    "behind an input": [Node("norm", BatchNorm())],
    "behind a pool": [Node("conv", Conv2d(4, 3)), Node("pool", MaxPool2d(2)), Node("norm", BatchNorm())],
    "behind a bias": [Node("conv", Conv2d(4, 3)), Node("bias", BiasAdd()), Node("norm", BatchNorm())],
    "behind a sum": [
        Node("conv", PointwiseConv2d(2)),
        Node("add", Add(), ("conv", "images")),
        Node("norm", BatchNorm()),
    ],
    "behind a concatenation with an input": [
        Node("conv", PointwiseConv2d(2)),
        Node("all", Concat(2), ("conv", "images")),
        Node("norm", BatchNorm()),
    ],
    "of what another node reads": [
        Node("conv", PointwiseConv2d(2)),
        Node("norm", BatchNorm()),
        Node("add", Add(), ("conv", "norm")),
    ],
    "behind a kernel that two nodes share": [
        Node("conv", PointwiseConv2d(2)),
        Node("norm", BatchNorm()),
        Node("again", PointwiseConv2d(2), weights={"kernel": "conv/kernel"}),
    ],
}


@pytest.mark.parametrize("nodes", STAYS.values(), ids=STAYS.keys())
def test_what_cannot_be_folded_stays(nodes):
    assert refused(graph(*nodes)) == ["norm"]


def test_what_comes_out_is_not_scaled():
    nodes = [Node("conv", Conv2d(4, 3)), Node("norm", BatchNorm())]
    assert refused(graph(*nodes, outputs=("conv", "norm"))) == ["norm"]


def test_layers_of_ones_own_stay():
    class Squared(Conv2d):
        """A subclass may compute anything."""

    assert refused(graph(Node("conv", Squared(4, 3)), Node("norm", BatchNorm()))) == ["norm"]


def test_a_graph_without_batch_norm_stays():
    assert refused(shared()) == []


def test_norms_that_share_their_vectors_fold_each():
    keys = {role: f"common/{role}" for role in ("gamma", "beta", "moving_mean", "moving_variance")}
    nodes = [
        Node("a", PointwiseConv2d(3)),
        Node("a_norm", BatchNorm(eps=0), weights=keys),
        Node("b", PointwiseConv2d(3)),
        Node("b_norm", BatchNorm(eps=0), weights=keys),
    ]
    net = graph(*nodes)
    weights, inputs = integers(net), integer_inputs(net)
    folded, new = fold_batch_norm(net, weights)
    assert set(new) == {"a/kernel", "a_norm/bias", "b/kernel", "b_norm/bias"}
    np.testing.assert_array_equal(folded.forward(new, inputs), net.forward(weights, inputs))


def test_weights_are_checked():
    net = graph(Node("conv", Conv2d(4, 3)), Node("norm", BatchNorm()))
    weights = integers(net)
    with pytest.raises(ValueError, match="wanted 5 keys, 1 missing, first 'norm/beta'"):
        fold_batch_norm(net, {key: w for key, w in weights.items() if key != "norm/beta"})
    with pytest.raises(TypeError, match=r"weights\['norm/beta'\]: wanted dtype float64, got float32"):
        fold_batch_norm(net, weights | {"norm/beta": weights["norm/beta"].astype(np.float32)})
    with pytest.raises(TypeError, match="weights: wanted a dict of arrays, got list"):
        fold_batch_norm(net, [])
