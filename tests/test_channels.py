"""The layers that move channels about: Concat, ChannelShuffle, SpaceToDepth; alone, and in a graph with branches."""

import re

import numpy as np
import pytest
from graph_samples import drawn
from layer_samples import infer, run
from test_graph import as_function

from refnet import Graph, Node, kernels
from refnet.layers import ChannelShuffle, Concat, Conv2d, Dense, PointwiseConv2d, SpaceToDepth
from refnet.testing import check_gradients


def random(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


# Concat.


@pytest.mark.parametrize("shapes", [[(2, 3, 2), (2, 3, 1), (2, 3, 4)], [(3,), (2,), (1,)], [(4, 5, 3, 1)] * 3])
def test_concat_puts_its_inputs_side_by_side_and_takes_gradients_apart(shapes):
    xs = [random(2, *shape, seed=i) for i, shape in enumerate(shapes)]
    layer, y = Concat(3), np.concatenate(xs, axis=-1)
    assert layer.out_shape(*shapes) == y.shape[1:]
    ran = run(layer, {}, xs, y)
    np.testing.assert_array_equal(ran.y, y)
    np.testing.assert_array_equal(infer(layer, {}, *xs), y)
    assert len(ran.dxs) == 3
    for dx, x in zip(ran.dxs, xs, strict=True):
        np.testing.assert_array_equal(dx, x)


def test_concat_reads_arrays_in_any_memory_order():
    wide, turned = random(2, 3, 3, 8), random(2, 4, 3, 3)
    y = infer(Concat(2), {}, wide[..., ::2], turned.transpose(0, 2, 3, 1))
    np.testing.assert_array_equal(y, np.concatenate([wide[..., ::2], np.moveaxis(turned, 1, -1)], axis=-1))


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ([(4, 4, 2), (4, 3, 2)], "Concat(parts=2): wanted 2 maps of one size, got (4, 4, 2) and (4, 3, 2)"),
        ([(4, 4, 2), (4,)], "wanted 2 maps of one size, got (4, 4, 2) and (4,)"),
        ([(4, 4, 2), (4, 4, 0)], "wanted 2 maps of one size, got (4, 4, 2) and (4, 4, 0)"),
        ([(), ()], "wanted 2 maps of one size, got () and ()"),
        ([(4, 4, 2)] * 3, "wanted 2 maps of one size, got (4, 4, 2) and (4, 4, 2) and (4, 4, 2)"),
    ],
)
def test_what_concat_refuses(shapes, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        Concat(2).out_shape(*shapes)


def test_concat_wants_its_number_of_inputs_of_one_batch_and_dtype():
    x = random(2, 3)
    with pytest.raises(ValueError, match=re.escape("Concat(parts=2): wanted 2 input(s), got 3")):
        infer(Concat(2), {}, x, x, x)
    with pytest.raises(ValueError, match=re.escape("wanted shape (2, 3), got (4, 3)")):
        infer(Concat(2), {}, x, random(4, 3))
    with pytest.raises(TypeError, match="wanted dtype float64, got float32"):
        infer(Concat(2), {}, x, x.astype(np.float32))
    for parts in (1, 0, 2.0, True, "2"):
        with pytest.raises(ValueError, match=f"parts: wanted an integer of at least 2, got {parts!r}"):
            Concat(parts)


# ChannelShuffle and SpaceToDepth.


def test_shuffle_is_what_two_grouped_convolutions_need():
    """Behind a shuffle of M = groups * K channels, group g of the next K groups holds channel g of every group."""
    x = np.arange(12.0).reshape(1, 1, 1, 12)
    y = infer(ChannelShuffle(3), {}, x)
    groups = y.reshape(4, 3) // 4  # which of the three groups each channel came from
    assert groups.tolist() == [[0, 1, 2]] * 4
    np.testing.assert_array_equal(infer(ChannelShuffle(4), {}, y), x)


def test_space_to_depth_halves_a_map_and_keeps_every_number():
    layer, x = SpaceToDepth(2), random(2, 26, 26, 64)
    assert layer.out_shape((26, 26, 64)) == (13, 13, 256)
    y = infer(layer, {}, x)
    np.testing.assert_array_equal(y[..., 64:128], x[:, ::2, 1::2])  # row 0, column 1 of each block
    np.testing.assert_array_equal(np.sort(y, axis=None), np.sort(x, axis=None))


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (ChannelShuffle(4), (2, 2, 6), "ChannelShuffle(groups=4): wanted channels in a multiple of groups=4, got 6"),
        (ChannelShuffle(4), (6,), "ChannelShuffle(groups=4): wanted a map (H, W, channels), got (6,)"),
        (SpaceToDepth(2), (4, 5, 3), "SpaceToDepth(block=2): wanted sides in a multiple of block=2, got 4x5"),
        (SpaceToDepth(2), (5, 4, 3), "wanted sides in a multiple of block=2, got 5x4"),
        (SpaceToDepth(2), (4, 4), "SpaceToDepth(block=2): wanted a map (H, W, channels), got (4, 4)"),
    ],
)
def test_shapes_that_do_not_fit(layer, shape, message):
    for call in (lambda: layer.out_shape(shape), lambda: infer(layer, {}, random(1, *shape))):
        with pytest.raises(ValueError, match=re.escape(message)):
            call()


@pytest.mark.parametrize("bad", [0, -2, 1.5, True, "2", None])
def test_bad_hyper_parameters(bad):
    with pytest.raises(ValueError, match=f"groups: wanted an integer of at least 1, got {bad!r}"):
        ChannelShuffle(bad)
    with pytest.raises(ValueError, match=f"block: wanted an integer of at least 1, got {bad!r}"):
        SpaceToDepth(bad)


def test_they_multiply_nothing_and_have_no_weights():
    for layer, shapes in [
        (Concat(2), [(2, 2, 4)] * 2),
        (ChannelShuffle(2), [(2, 2, 4)]),
        (SpaceToDepth(2), [(2, 2, 4)]),
    ]:
        terms = layer.cost(*shapes)
        assert terms.madds == terms.parameters == 0
        assert terms.inputs == terms.outputs == sum(np.prod(shape) for shape in shapes)
        assert layer.parameters(*shapes) == {}


# Branches in a graph.


def branching(order):
    """images -> a and b, concatenated in this order with the second input -> scores."""
    nodes = [
        Node("a", Conv2d(2, 3), ("images",)),
        Node("b", PointwiseConv2d(3), ("images",)),
        Node("all", Concat(3), order),
        Node("scores", PointwiseConv2d(2)),
    ]
    return Graph("branching", {"images": (4, 4, 2), "more": (4, 4, 1)}, nodes, outputs=("scores", "all"))


def test_a_graph_with_branches_and_two_inputs():
    net = branching(("a", "b", "more"))
    weights = {key: random(*each.shape, seed=1) for key, each in net.parameters().items()}
    xs = {"images": random(2, 4, 4, 2), "more": random(2, 4, 4, 1, seed=2)}
    outputs = net.forward(weights, xs)
    a = kernels.conv2d_forward(xs["images"], weights["a/kernel"], (1, 1), (1, 1), (1, 1, 1, 1))
    b = kernels.pointwise_conv2d_forward(xs["images"], weights["b/kernel"])
    np.testing.assert_array_equal(outputs["all"], np.concatenate([a, b, xs["more"]], axis=-1))


def test_swapped_branches_are_another_network():
    first, second = branching(("a", "b", "more")), branching(("b", "a", "more"))
    weights = {key: random(*each.shape, seed=1) for key, each in first.parameters().items()}
    assert {key: each.shape for key, each in second.parameters().items()} == {k: v.shape for k, v in weights.items()}
    xs = {"images": random(2, 4, 4, 2), "more": random(2, 4, 4, 1, seed=2)}
    one, other = first.forward(weights, xs), second.forward(weights, xs)
    assert not np.allclose(one["scores"], other["scores"])
    np.testing.assert_array_equal(one["all"][..., [2, 3, 4, 0, 1, 5]], other["all"])
    order = [2, 3, 4, 0, 1, 5]
    swapped = {**weights, "scores/kernel": weights["scores/kernel"][order]}
    np.testing.assert_allclose(second.forward(swapped, xs)["scores"], one["scores"], rtol=1e-12)


@pytest.mark.parametrize("order", [("a", "b", "more"), ("more", "a", "b")])
def test_gradients_of_branches(order):
    net = branching(order)
    weights, xs = drawn(net)
    forward, backward, names = as_function(net)
    check_gradients(forward, backward, [*xs.values(), *weights.values()], linear=False, names=names)


def test_one_value_may_stand_in_several_places():
    nodes = [Node("twice", Concat(2), ("x", "x")), Node("scores", Dense(2))]
    net = Graph("twice", {"x": (3,)}, nodes)
    weights = {"scores/kernel": random(6, 2)}
    x = random(4, 3, seed=3)
    y = net.forward(weights, x)
    np.testing.assert_allclose(y, x @ (weights["scores/kernel"][:3] + weights["scores/kernel"][3:]), rtol=1e-12)
