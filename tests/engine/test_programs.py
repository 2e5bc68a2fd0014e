"""Programs give what their graphs give: every model, small graphs of every wiring, both dtypes, any input array."""

import gc
from unittest import mock

import numpy as np
import pytest
from graph_samples import forked, shared, tail, two_by_two
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import assert_close, assert_same, inputs_of, inverted_residual, weights_of
from random_graphs import graphs
from small_models import small

import refnet
from refnet import Graph, Node, models
from refnet.engine import planning
from refnet.garbage import no_garbage_collection
from refnet.layers import (
    Add,
    BatchNorm,
    BiasAdd,
    Conv2d,
    DepthwiseConv2d,
    Dropout,
    Flatten,
    MaxPool2d,
    PointwiseConv2d,
    Relu6,
)
from refnet.rewrites import split_bottlenecks

pytestmark = pytest.mark.jit
DTYPES = (np.float32, np.float64)
SMALL = (forked(), shared(), two_by_two(), tail(), inverted_residual())


def agree(net, dtype=np.float32, batch=1, threads=None):
    weights, images = weights_of(net, dtype), inputs_of(net, batch, dtype)
    program = refnet.compile(net, weights, batch, threads)
    got = program(images)
    assert_close(got, net.forward(weights, images, kernels=refnet.kernels))  # plain loops
    assert_same(program(images), got)
    return program


@pytest.mark.parametrize("name", models.__all__)
def test_every_model_in_float32(name):
    agree(small(name), batch=2)


@pytest.mark.parametrize("name", models.__all__)
def test_every_model_in_float64(name):
    agree(small(name), np.float64)


@pytest.mark.parametrize("layer", [DepthwiseConv2d(3, (2, 9), 1, (1, 3, 6, 2)), Conv2d(7, 3, (2, 9), 1, (1, 3, 6, 2))])
@pytest.mark.parametrize("columns", [1, 2, 5])
def test_windows_that_end_before_the_input_begins(layer, columns):
    """With a stride of nine the first windows lie in the padding, and there may be no others."""
    chain = [Node("window", layer), Node("bias", BiasAdd()), Node("pointwise", PointwiseConv2d(7))]
    agree(Graph("window", {"images": (29, columns, 20)}, chain), np.float64, threads=1)


@pytest.mark.parametrize("name", ["mobilenet_v1", "mobilenet_v2"])
def test_mobilenets_at_full_size(name):
    agree(getattr(refnet, name)())


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("net", SMALL, ids=lambda net: net.name)
def test_small_graphs(net, dtype):
    agree(net, dtype, batch=3)


@settings(max_examples=200)
@given(graphs(), st.sampled_from(DTYPES), st.integers(1, 2), st.sampled_from((planning.FEW_SETS, 32)))
def test_graphs_of_every_wiring(net, dtype, batch, few):
    """Also if all that filters go over lies apart, which else only wide maps do."""
    with mock.patch.object(planning, "FEW_SETS", few):
        agree(net, dtype if net.parameters() else np.float32, batch, threads=2)


@pytest.mark.parametrize("channels", [128, 256])
def test_a_shortcut_lies_as_what_it_is_added_to(channels):
    """Though filters go over the sum and over the shortcut, and pixels of so many channels would lie apart."""
    wide, filtered = PointwiseConv2d(channels), DepthwiseConv2d(3)
    layers = (
        ("term", wide, "images"),
        ("first", filtered, "term"),
        ("other", wide, "first"),
        ("sum", Add(), "other", "term"),
        ("again", filtered, "sum"),
        ("read_twice", wide, "again"),
        ("last", filtered, "read_twice"),
        ("added", wide, "last"),
        ("end", Add(), "added", "read_twice"),
    )
    nodes = [Node(name, layer, read) for name, layer, *read in layers]
    agree(Graph("shortcuts", {"images": (8, 8, 32)}, nodes), batch=2)


@given(st.integers(1, 20), st.integers(1, 4), st.tuples(st.integers(1, 9), st.integers(1, 9)), st.integers(1, 2))
def test_inverted_residuals_of_any_size(channels, expansion, size, stride):
    agree(inverted_residual(channels, expansion, size, stride))


def test_a_split_network_runs():
    agree(split_bottlenecks(small("mobilenet_v2"), 2), np.float64)


def test_values_in_the_middle_come_out():
    agree(inverted_residual(outputs=("classifier", "b/expand_relu6", "b/add", "first_relu")))


def test_inputs_may_be_outputs():
    nodes = [Node("a", PointwiseConv2d(5)), Node("b", Dropout(0.1), ("x",)), Node("c", Flatten(), ("x",))]
    net = Graph("g", {"x": (3, 2, 5)}, nodes, outputs=("x", "a", "b", "c"))
    agree(net, batch=2)


def test_an_input_that_nothing_reads_is_still_asked_for():
    net = Graph("g", {"x": (2, 2, 5), "y": (1, 1, 3)}, [Node("a", PointwiseConv2d(8), ("x",))])
    program = agree(net)
    with pytest.raises(ValueError, match=r"images: wanted a dict with \['x', 'y'\], got \['x'\]"):
        program({"x": np.ones((1, 2, 2, 5), np.float32)})


def test_a_graph_without_weights_is_of_float32():
    net = Graph("g", {"x": (4, 4, 3)}, [Node("a", MaxPool2d(2)), Node("b", Add(), ("a", "a"))])
    assert refnet.compile(net, {}).dtype == np.float32
    agree(net)


def unusual(x):
    """The same numbers: in another order in memory, read-only, in every other place, at an odd address, a subclass."""
    yield np.asfortranarray(x)
    yield np.broadcast_to(x, x.shape)
    yield np.repeat(x, 2, axis=2)[:, :, ::2]
    yield x[:, ::-1, ::-1].copy()[:, ::-1, ::-1]
    odd = np.empty(x.nbytes + 1, np.uint8)[1:].view(x.dtype).reshape(x.shape)
    odd[...] = x
    yield odd
    yield x.view(np.matrix if x.ndim == 2 else np.recarray)


@pytest.mark.parametrize("dtype", DTYPES)
def test_any_array_of_the_right_numbers_will_do(dtype):
    net = inverted_residual()
    weights, images = weights_of(net, dtype), inputs_of(net, 2, dtype)["images"]
    program = refnet.compile(net, weights, batch=2)
    wanted = program(images)
    for each in unusual(images):
        before = each.copy()
        assert_same(program(each), wanted)
        np.testing.assert_array_equal(each, before)


PLAIN = Graph("plain", {"x": (4, 4, 6)}, [Node("a", MaxPool2d(2)), Node("b", BatchNorm()), Node("c", BiasAdd())])


@pytest.mark.parametrize("net", [inverted_residual(), PLAIN], ids=lambda net: net.name)
def test_weights_may_lie_anyhow_and_are_copied(net):
    weights, images = weights_of(net), inputs_of(net)
    wanted = refnet.compile(net, weights)(images)
    changing = {key: np.asfortranarray(w) for key, w in weights.items()}
    program = refnet.compile(net, changing)
    for w in changing.values():
        w[...] = np.nan
    assert_same(program(images), wanted)


def test_results_are_the_callers():
    net = inverted_residual(outputs=("classifier", "first_relu"))
    program = refnet.compile(net, weights_of(net))
    first, second = (program(inputs_of(net, seed=seed)) for seed in (1, 2))
    kept = {name: value.copy() for name, value in first.items()}
    for value in second.values():
        value[...] = 0
    program(inputs_of(net, seed=3))
    assert_same(first, kept)


def test_nan_goes_through_as_in_the_graph():
    net = inverted_residual()
    weights, images = weights_of(net), inputs_of(net)["images"]
    program = refnet.compile(net, weights)
    images[0, 4, 3, 1] = np.nan
    assert np.isnan(net.forward(weights, images)).all()
    assert np.isnan(program(images)).all()
    images[0, 4, 3, 1] = 0
    assert_close(program(images), net.forward(weights, images))


def test_infinity_goes_through_as_in_the_graph():
    """Also with channels that are padded in memory: they would be NaN."""
    layers = (PointwiseConv2d(5), Relu6(), DepthwiseConv2d(3), Relu6(), PointwiseConv2d(4))
    nodes = [Node(f"node_{i}", layer, (f"node_{i - 1}" if i else "x",)) for i, layer in enumerate(layers)]
    net = Graph("padded", {"x": (4, 4, 3)}, nodes, ("node_4",))
    weights, x = weights_of(net), np.ones((1, 4, 4, 3), np.float32)
    x[0, 1, 2, 0] = np.inf
    assert np.isfinite(net.forward(weights, x)).all()
    assert_close(refnet.compile(net, weights)(x), net.forward(weights, x))


@pytest.mark.parametrize("dtype", DTYPES)
def test_1x1_convolutions_around_a_depthwise_one(dtype):
    nodes = [Node("a", Conv2d(12, 1)), Node("b", DepthwiseConv2d(3)), Node("c", Conv2d(5, 1))]
    program = agree(Graph("g", {"x": (6, 5, 5)}, [*nodes, Node("d", Add(), ("c", "x"))]), dtype)
    assert "a > b > c + d" in program.explain()


@no_garbage_collection()
def failing():
    assert not gc.isenabled()
    raise KeyError


@pytest.mark.parametrize("enabled", [True, False])
def test_compiling_leaves_the_garbage_collector_as_it_was(enabled):
    before = gc.isenabled()
    (gc.enable if enabled else gc.disable)()
    try:
        with pytest.raises(KeyError):
            failing()
        assert gc.isenabled() == enabled
    finally:
        (gc.enable if before else gc.disable)()
