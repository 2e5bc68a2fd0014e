"""The layers that sample a map: ResizeBilinear, CropAndResize; and Each, which takes a layer to every region."""

import re
from dataclasses import fields

import numpy as np
import pytest
from graph_samples import drawn as drawn_for
from layer_samples import drawn, infer, label, run
from test_graph import as_function

from refnet import Graph, Node
from refnet.counting import CONVENTIONS, Row, Terms
from refnet.layers import (
    Add,
    AveragePool2d,
    BatchNorm,
    BiasAdd,
    ChannelShuffle,
    Concat,
    Conv2d,
    CropAndResize,
    Dense,
    DepthwiseConv2d,
    Dropout,
    Each,
    Flatten,
    GlobalAveragePool,
    MaxPool2d,
    PointwiseConv2d,
    Relu6,
    ResizeBilinear,
)
from refnet.layers.base import STATISTICS
from refnet.rewrites import SplitBottleneck
from refnet.testing import check_gradients

R, B = 4, 3


def random(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


# Each: (layer, shapes of one region).

INNER = [
    (Conv2d(3, 3, 2), [(5, 4, 2)]),
    (Conv2d(2, 3, dilation=2), [(5, 4, 2)]),
    (DepthwiseConv2d(3), [(4, 4, 3)]),
    (PointwiseConv2d(5), [(2, 3, 4)]),
    (Dense(4), [(6,)]),
    (BiasAdd(), [(2, 3, 4)]),
    (BatchNorm(eps=0.5), [(3, 2, 4)]),
    (BatchNorm(eps=0.5), [(5,)]),
    (Relu6(), [(2, 3, 2)]),
    (Add(), [(2, 3, 2), (2, 3, 2)]),
    (Concat(2), [(2, 3, 2), (2, 3, 1)]),
    (MaxPool2d(2, 2), [(5, 4, 3)]),
    (AveragePool2d(3, 2), [(5, 5, 2)]),
    (GlobalAveragePool(), [(3, 4, 2)]),
    (ChannelShuffle(2), [(2, 2, 6)]),
    (Flatten(), [(2, 3, 4)]),
]
every_inner = pytest.mark.parametrize("inner", INNER, ids=label)
with_a_kernel = pytest.mark.parametrize("inner", [each for each in INNER if each[0].parameters(*each[1])], ids=label)


def regions(shapes):
    return [(R, *shape) for shape in shapes]


@every_inner
def test_each_is_the_layer_on_one_region_after_another(inner):
    """In inference, and in training without batch statistics, to the last bit."""
    layer, shapes = inner
    xs, weights = drawn(Each(layer), regions(shapes))
    dy = random(B, R, *layer.out_shape(*shapes))
    ran = run(Each(layer), weights, xs, dy, "stored")
    together = infer(Each(layer), weights, *xs)
    dweights = {role: 0 for role in weights if role not in STATISTICS}
    for r in range(R):
        alone = run(layer, weights, [x[:, r] for x in xs], dy[:, r], "stored")
        np.testing.assert_array_equal(together[:, r], infer(layer, weights, *(x[:, r] for x in xs)))
        np.testing.assert_array_equal(ran.y[:, r], alone.y)
        for dx, wanted in zip(ran.dxs, alone.dxs, strict=True):
            np.testing.assert_array_equal(dx[:, r], wanted)
        dweights = {role: dweights[role] + alone.dweights[role] for role in dweights}
    assert set(ran.dweights) == set(dweights)
    for role, wanted in dweights.items():  # the same terms, added up in another order
        np.testing.assert_allclose(ran.dweights[role], wanted, rtol=0, atol=1e-13 * np.abs(dy).sum() * 9)


@pytest.mark.parametrize("shape", [(3, 2, 4), (4,)])
def test_batch_statistics_are_those_of_all_regions_of_all_images(shape):
    layer = BatchNorm(decay=0.75, eps=0.5)
    (x,), weights = drawn(Each(layer), [(R, *shape)])
    dy = random(*x.shape)
    ran = run(Each(layer), weights, [x], dy)
    flat = run(layer, weights, [x.reshape(B * R, *shape)], dy.reshape(B * R, *shape))
    np.testing.assert_array_equal(ran.y, flat.y.reshape(x.shape))
    np.testing.assert_array_equal(ran.dxs[0], flat.dxs[0].reshape(x.shape))
    for role, wanted in flat.dweights.items():
        np.testing.assert_array_equal(ran.dweights[role], wanted)
    values = x.reshape(-1, 4)
    np.testing.assert_allclose(
        ran.updates["moving_mean"], 0.75 * weights["moving_mean"] + 0.25 * values.mean(0), rtol=1e-12
    )
    unbiased = values.var(0) * len(values) / (len(values) - 1)
    np.testing.assert_allclose(
        ran.updates["moving_variance"], 0.75 * weights["moving_variance"] + 0.25 * unbiased, rtol=1e-12
    )


def test_dropout_draws_for_every_region():
    x = np.ones((2, R, 50))
    ran = run(Each(Dropout(0.5)), {}, [x], x)
    kept = ran.y.reshape(2 * R, 50) > 0
    assert len({tuple(row) for row in kept.tolist()}) == 2 * R
    np.testing.assert_array_equal(ran.dxs[0], ran.y)


@every_inner
def test_shapes_and_weights(inner):
    layer, shapes = inner
    assert Each(layer).out_shape(*regions(shapes)) == (R, *layer.out_shape(*shapes))
    assert Each(layer).parameters(*regions(shapes)) == layer.parameters(*shapes)
    assert Each(layer).arity == layer.arity
    assert Each(layer).operation == layer.operation


@every_inner
def test_the_work_is_done_for_every_region_and_the_weights_are_there_once(inner):
    layer, shapes = inner
    one, each = layer.cost(*shapes), Each(layer).cost(*regions(shapes))
    once = ("operation", "products", "weights", "biases", "bn_channels", "scales")
    for name in (field.name for field in fields(Terms)):
        assert getattr(each, name) == (1 if name in once else R) * getattr(one, name), name
    assert each.parameters == one.parameters


def test_a_training_step_of_several_layers_at_once_on_each_region():
    """Two 1x1 convolutions of 2*4 and 4*2 products on 6 pixels: only the first spares its input gradient."""
    layer = Each(SplitBottleneck(("expand", "project"), PointwiseConv2d(4), (), PointwiseConv2d(2), parts=2))
    row = Row("block", layer.cost((R, 2, 3, 2)), input_gradient=False)
    assert CONVENTIONS["MADD-STEP"].count([row]) == R * 6 * (2 * 2 * 4 + 3 * 4 * 2)


@with_a_kernel
def test_conventions_of_regions(inner):
    """Multiply-adds under every convention R times those of one region, parameters once."""
    layer, shapes = inner
    one, each = [Row("node", layer.cost(*shapes))], [Row("node", Each(layer).cost(*regions(shapes)))]
    for convention in CONVENTIONS.values():
        times = {"parameters": 1, "multiply-adds": R, "FLOPs": R}.get(convention.quantity)
        if times:
            assert convention.count(each) == times * convention.count(one), convention.name


def test_each_within_each():
    layer, x = Each(Each(PointwiseConv2d(2))), random(2, 3, 4, 5, 6, 2)
    weights = {"kernel": random(2, 2)}
    assert layer.parameters((3, 4, 5, 6, 2)) == {"kernel": (2, 2)}
    assert layer.cost((3, 4, 5, 6, 2)).madds == 3 * 4 * 5 * 6 * 2 * 2
    np.testing.assert_allclose(infer(layer, weights, x), x @ weights["kernel"], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    ("layer", "shapes", "message"),
    [
        (Each(Relu6()), [(3,)], "Each(layer=Relu6()): wanted (regions, ...) everywhere, got (3,)"),
        (Each(Relu6()), [(0, 2, 2, 3)], "wanted (regions, ...) everywhere, got (0, 2, 2, 3)"),
        (Each(Add()), [(3, 4), (2, 4)], "wanted (regions, ...) everywhere, got (3, 4) and (2, 4)"),
        (Each(Add()), [(3, 4), (3,)], "wanted (regions, ...) everywhere, got (3, 4) and (3,)"),
        (Each(Add()), [(3, 4), (3, 5)], "Add(): wanted two inputs of one shape, got (4,) and (5,)"),
        (Each(Conv2d(2, 3)), [(4, 4, 2)], "wanted a map (H, W, channels), got (4, 2)"),
    ],
)
def test_what_each_refuses(layer, shapes, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        infer(layer, {"kernel": random(3, 3, 2, 2)}, *(random(2, *shape) for shape in shapes))


@pytest.mark.parametrize("bad", [Relu6, "Relu6", None])
def test_each_wants_a_layer(bad):
    with pytest.raises(TypeError, match=re.escape(f"layer: wanted a layer, got {bad!r}")):
        Each(bad)


# ResizeBilinear.


def test_resize_takes_the_size_of_its_second_input_and_nothing_else():
    layer, x, like = ResizeBilinear(), random(2, 3, 4, 5), random(2, 7, 6, 1)
    assert layer.out_shape((3, 4, 5), (7, 6, 1)) == (7, 6, 5)
    y = infer(layer, {}, x, like)
    np.testing.assert_array_equal(y, infer(layer, {}, x, np.full_like(like, np.nan)))
    ran = run(layer, {}, [x, like], y)
    np.testing.assert_array_equal(ran.dxs[1], np.zeros_like(like))
    assert ran.dxs[0].shape == x.shape
    assert ran.dxs[0].any()


def test_resize_reads_only_its_first_input_and_multiplies_nothing():
    terms = ResizeBilinear().cost((3, 4, 5), (7, 6, 1))
    assert (terms.inputs, terms.outputs, terms.madds, terms.parameters) == (3 * 4 * 5, 7 * 6 * 5, 0, 0)


def test_where_the_corners_are():
    x, like = np.array([0.0, 12]).reshape(1, 1, 2, 1), np.zeros((1, 1, 4, 1))
    assert infer(ResizeBilinear(), {}, x, like).ravel().tolist() == [0, 4, 8, 12]
    assert infer(ResizeBilinear(align_corners=False), {}, x, like).ravel().tolist() == [0, 3, 9, 12]
    assert infer(ResizeBilinear(align_corners=np.bool_(False)), {}, x, like).ravel().tolist() == [0, 3, 9, 12]


def test_what_resize_refuses():
    x = random(1, 2, 2, 3)
    with pytest.raises(ValueError, match=re.escape("wanted a map (H, W, channels), got (4,)")):
        infer(ResizeBilinear(), {}, x, random(1, 4))
    with pytest.raises(ValueError, match=re.escape("wanted a map (H, W, channels), got (4,)")):
        infer(ResizeBilinear(), {}, random(1, 4), x)
    with pytest.raises(ValueError, match=re.escape("ResizeBilinear(align_corners=True): wanted 2 input(s), got 1")):
        infer(ResizeBilinear(), {}, x)
    for bad in ("yes", 1, None):
        with pytest.raises(ValueError, match=re.escape(f"align_corners: wanted True or False, got {bad!r}")):
            ResizeBilinear(bad)


def up_and_joined():
    """A map at half size goes back to full size beside what it came from: the size comes from the graph's input."""
    nodes = [
        Node("small", Conv2d(2, 3, 2)),
        Node("pooled", GlobalAveragePool(keep_map=True)),
        Node("wide", ResizeBilinear(), ("pooled", "small")),
        Node("both", Concat(2), ("small", "wide")),
        Node("full", ResizeBilinear(align_corners=False), ("both", "images")),
    ]
    return Graph("up", {"images": (6, 5, 3)}, nodes)


def test_resize_in_a_graph_follows_its_input_size():
    net = up_and_joined()
    assert net.shapes["full"] == (6, 5, 4)
    assert net.at(9, 8).shapes["full"] == (9, 8, 4)
    weights, xs = drawn_for(net)
    forward, backward, names = as_function(net)
    check_gradients(forward, backward, [*xs.values(), *weights.values()], linear=False, names=names)


# CropAndResize.


def test_regions_of_a_map():
    x = np.arange(24.0).reshape(1, 4, 6, 1)
    boxes = np.array([[[0, 0, 1, 1], [0, 0, 1 / 3, 1 / 5], [1, 1, 0, 0]]])
    layer = CropAndResize(2)
    assert layer.out_shape((4, 6, 1), (3, 4)) == (3, 2, 2, 1)
    y = infer(layer, {}, x, boxes)
    np.testing.assert_allclose(
        y[0, ..., 0], [[[0, 5], [18, 23]], [[0, 1], [6, 7]], [[23, 18], [5, 0]]], rtol=0, atol=1e-14
    )


def test_cost_of_regions():
    terms = CropAndResize((2, 3)).cost((4, 6, 8), (5, 4))
    assert (terms.inputs, terms.outputs) == (4 * 6 * 8 + 5 * 4, 5 * 2 * 3 * 8)
    assert terms.madds == terms.parameters == 0


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ([(4, 4, 2), (4,)], "CropAndResize(size=2): wanted boxes (regions, 4), got (4,)"),
        ([(4, 4, 2), (3, 5)], "wanted boxes (regions, 4), got (3, 5)"),
        ([(4, 4, 2), (0, 4)], "wanted boxes (regions, 4), got (0, 4)"),
        ([(4, 4), (3, 4)], "wanted a map (H, W, channels), got (4, 4)"),
    ],
)
def test_what_crop_refuses(shapes, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        CropAndResize(2).out_shape(*shapes)


@pytest.mark.parametrize("bad", [0, (2, 0), 1.5, (1, 2, 3), "14"])
def test_bad_sizes(bad):
    with pytest.raises(ValueError, match="size: wanted an integer"):
        CropAndResize(bad)


def second_stage():
    """The second stage of a detector in small: regions of a map, a convolution and a dense layer for each of them."""
    nodes = [
        Node("body", Conv2d(2, 3), ("images",)),
        Node("regions", CropAndResize(3), ("body", "boxes")),
        Node("conv", Each(Conv2d(3, 2, 2))),
        Node("pool", Each(GlobalAveragePool())),
        Node("scores", Each(Dense(2))),
        Node("scores_bias", Each(BiasAdd())),
    ]
    return Graph("second stage", {"images": (5, 6, 2), "boxes": (R, 4)}, nodes)


def test_a_second_stage():
    net = second_stage()
    assert net.shapes["scores_bias"] == (R, 2)
    assert {key: each.shape for key, each in net.parameters().items()} == {
        "body/kernel": (3, 3, 2, 2),
        "conv/kernel": (2, 2, 2, 3),
        "scores/kernel": (3, 2),
        "scores_bias/bias": (2,),
    }
    weights, xs = drawn_for(net)
    # (y1, x1, y2, x2), three points along each axis, none of them near a whole pixel of the 5 x 6
    xs["boxes"][:] = [[0.1, 0.13, 0.7, 0.77], [0.4, 0.07, 0.3, 0.9], [0.15, 0.7, 0.6, 0.23], [0.8, 0.33, 0.1, 0.7]]
    forward, backward, names = as_function(net)
    check_gradients(forward, backward, [*xs.values(), *weights.values()], linear=False, names=names)


def test_a_graph_with_regions_costs_its_regions():
    cost = {row.node: row.terms for row in second_stage().cost()}
    assert cost["conv"].madds == R * 2 * 2 * (2 * 2 * 2) * 3
    assert cost["scores"].madds == R * 3 * 2
    assert cost["conv"].weights == 2 * 2 * 2 * 3
