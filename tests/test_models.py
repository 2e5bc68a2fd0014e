"""V1 Table 1 and V2 Table 2, line by line: names, shapes, width rules, ablations. (Counts: see counts/.)"""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refnet import conv_mobilenet, mobilenet_v1, mobilenet_v2, shallow_mobilenet
from refnet.layers import Relu, Relu6

MODELS = (mobilenet_v1, conv_mobilenet, shallow_mobilenet, mobilenet_v2)

# Sizes of the maps that the strides of either network lead through.
SIZES = {224: (112, 56, 28, 14, 7), 97: (49, 25, 13, 7, 4), 33: (17, 9, 5, 3, 2), 32: (16, 8, 4, 2, 1)}

# V1 Table 1: (which of the five sizes, channels) behind each depthwise and each 1x1 line.
V1_DEPTHWISE = [
    (0, 32), (1, 64), (1, 128), (2, 128), (2, 256), (3, 256), *[(3, 512)] * 5, (4, 512), (4, 1024),
]  # fmt: skip
V1_POINTWISE = [
    (0, 64), (1, 128), (1, 128), (2, 256), (2, 256), *[(3, 512)] * 6, (4, 1024), (4, 1024),
]  # fmt: skip
# V2 Table 2, written out for each block: (size and channels of the expanded map, size behind the depthwise
# convolution, channels of the bottleneck, whether a shortcut leads around it).
V2_BLOCKS = [
    (None, None, 0, 16, False),
    (0, 96, 1, 24, False), (1, 144, 1, 24, True),
    (1, 144, 2, 32, False), (2, 192, 2, 32, True), (2, 192, 2, 32, True),
    (2, 192, 3, 64, False), (3, 384, 3, 64, True), (3, 384, 3, 64, True), (3, 384, 3, 64, True),
    (3, 384, 3, 96, False), (3, 576, 3, 96, True), (3, 576, 3, 96, True),
    (3, 576, 4, 160, False), (4, 960, 4, 160, True), (4, 960, 4, 160, True),
    (4, 960, 4, 320, False),
]  # fmt: skip


def activated(name, *shape):
    """Endpoints of a convolution, its batch norm and its activation, which share a shape."""
    return [(name, shape), (f"{name}_bn", shape), (f"{name}_relu6", shape)]


def head(channels, classes):
    names = (("pool", channels), ("dropout", channels), ("classifier", classes), ("classifier_bias", classes))
    return [(name, (size,)) for name, size in names]


def endpoints(net):
    return [(node.name, net.shapes[node.name]) for node in net.nodes]


def v1_endpoints(sizes):
    expected = activated("conv_first", sizes[0], sizes[0], 32)
    lines = zip(V1_DEPTHWISE, V1_POINTWISE, strict=True)
    for number, ((at_dw, dw), (at_pw, pw)) in enumerate(lines, start=1):
        expected += activated(f"block_{number}/depthwise", sizes[at_dw], sizes[at_dw], dw)
        expected += activated(f"block_{number}/pointwise", sizes[at_pw], sizes[at_pw], pw)
    return expected + head(1024, 1000)


def v2_endpoints(sizes):
    expected = activated("conv_first", sizes[0], sizes[0], 32)
    for number, (at_in, inner, at, out, shortcut) in enumerate(V2_BLOCKS, start=1):
        name, size = f"block_{number}", sizes[at]
        if inner is not None:
            expected += activated(f"{name}/expand", sizes[at_in], sizes[at_in], inner)
        expected += activated(f"{name}/depthwise", size, size, inner or 32)
        expected += activated(f"{name}/project", size, size, out)[:2]
        expected += [(f"{name}/add", (size, size, out))] if shortcut else []
    return expected + activated("conv_last", sizes[4], sizes[4], 1280) + head(1280, 1000)


@pytest.mark.parametrize("padding", ["same", "symmetric"])
@pytest.mark.parametrize("resolution", SIZES)
def test_every_endpoint_of_v1(resolution, padding):
    net = mobilenet_v1(resolution=resolution, padding=padding)
    assert endpoints(net) == v1_endpoints(SIZES[resolution])


@pytest.mark.parametrize("padding", ["same", "symmetric"])
@pytest.mark.parametrize("resolution", SIZES)
def test_every_endpoint_of_v2(resolution, padding):
    net = mobilenet_v2(resolution=resolution, padding=padding)
    assert endpoints(net) == v2_endpoints(SIZES[resolution])


def test_shallow_body_lacks_five_blocks_of_14_x_14_x_512():
    full, shallow = (build().shapes for build in (mobilenet_v1, shallow_mobilenet))
    assert [shallow[f"block_{number}/pointwise"] for number in (6, 7, 8)] == [
        (14, 14, 512), (7, 7, 1024), (7, 7, 1024)
    ]  # fmt: skip
    assert "block_9/pointwise" not in shallow
    assert full["block_11/pointwise"] == (14, 14, 512)
    assert len(full) - len(shallow) == 5 * 6


def test_conv_body_has_a_standard_convolution_in_each_place():
    net, separable = conv_mobilenet(), mobilenet_v1()
    for number in range(1, 14):
        depthwise, pointwise = (
            separable.shapes[f"block_{number}/{line}"] for line in ("depthwise", "pointwise")
        )
        assert net.shapes[f"block_{number}/conv"] == pointwise
        kernel = net.parameters()[f"block_{number}/conv/kernel"]
        assert kernel.shape == (3, 3, depthwise[2], pointwise[2])
    assert not [name for name in net.shapes if "depthwise" in name]


# Width rules


@pytest.mark.parametrize(
    ("width", "first", "block_1", "last"),
    [
        (1.0, 32, 64, 1024),
        (0.75, 24, 48, 768),
        (0.25, 8, 16, 256),
        (0.37, 11, 23, 378),
        (0.01, 8, 8, 10),
        (2.5, 80, 160, 2560),
    ],
)
def test_v1_cuts_channels_to_integers_of_at_least_8(width, first, block_1, last):
    shapes = mobilenet_v1(width, classes=0).shapes
    assert shapes["conv_first"][2] == first
    assert shapes["block_1/pointwise"][2] == block_1
    assert shapes["pool"] == (last,)


@pytest.mark.parametrize(
    ("width", "first", "bottlenecks", "last"),
    [
        (1.0, 32, (16, 24, 32, 64, 96, 160, 320), 1280),
        (0.75, 24, (16, 24, 24, 48, 72, 120, 240), 1280),  # 0.75 * 16 = 12 is half-way: up
        (0.5, 16, (8, 16, 16, 32, 48, 80, 160), 1280),
        (0.35, 16, (8, 8, 16, 24, 32, 56, 112), 1280),  # 11.2 is nearest to 8, which is below 0.9 * 11.2
        (1.4, 48, (24, 32, 48, 88, 136, 224, 448), 1792),  # 44.8: up to 48
        (1.3, 40, (24, 32, 40, 80, 128, 208, 416), 1664),
        (0.01, 8, (8, 8, 8, 8, 8, 8, 8), 1280),
        (2.5, 80, (40, 64, 80, 160, 240, 400, 800), 3200),
    ],
)
def test_v2_rounds_channels_to_multiples_of_8_and_keeps_1280(width, first, bottlenecks, last):
    shapes = mobilenet_v2(width, classes=0).shapes
    assert shapes["conv_first"][2] == first
    ends = (1, 3, 6, 10, 13, 16, 17)
    assert tuple(shapes[f"block_{number}/project"][2] for number in ends) == bottlenecks
    assert shapes["pool"] == (last,)


@given(width=st.floats(0.01, 20))
def test_v2_never_falls_below_nine_tenths_of_the_wish(width):
    shapes = mobilenet_v2(width, 32, classes=0).shapes
    for block, wish in ((1, 16), (3, 24), (6, 32), (10, 64), (13, 96), (16, 160), (17, 320)):
        channels = shapes[f"block_{block}/project"][2]
        assert channels % 8 == 0
        assert channels >= 0.9 * width * wish
        assert channels == 8 or channels - 8 < width * wish


@given(width=st.floats(0.01, 20))
def test_v1_channels_are_the_whole_part_of_the_wish(width):
    shapes = mobilenet_v1(width, 32, classes=0).shapes
    for block, wish in ((1, 64), (2, 128), (4, 256), (6, 512), (12, 1024)):
        assert shapes[f"block_{block}/pointwise"][2] == max(math.floor(width * wish), 8)


# Headless, paddings, ablations


@pytest.mark.parametrize("build", MODELS)
def test_headless_ends_with_pooled_features(build):
    whole, headless = build(0.5, 64), build(0.5, 64, classes=0)
    assert headless.outputs == ("pool",)
    assert endpoints(headless) == endpoints(whole)[: len(headless.nodes)]
    assert headless.cost().madds == whole.cost().total("MADD-HEADLESS")


def test_v1_with_valid_padding_where_it_fits():
    shapes = mobilenet_v1(resolution=512, padding="valid").shapes
    assert shapes["conv_first"] == (255, 255, 32)
    assert shapes["block_13/depthwise"] == (7, 7, 1024)


def test_padding_in_four_integers():
    named, listed = (mobilenet_v2(0.35, 96, padding=each) for each in ("symmetric", (1, 1, 1, 1)))
    assert listed.cost() == named.cost()


@pytest.mark.parametrize("build", [mobilenet_v1, mobilenet_v2])
def test_padding_that_does_not_fit_names_the_node(build):
    with pytest.raises(ValueError, match=r"^node 'block_\d+/(depthwise|add)': [^\n]+$"):
        build(resolution=64, padding="valid")


def joined(net):
    """name -> inputs of the additions."""
    return {node.name: node.inputs for node in net.nodes if len(node.inputs) == 2}


def test_shortcuts_lead_from_bottleneck_to_bottleneck():
    adds = joined(mobilenet_v2())
    blocks = [number for number, row in enumerate(V2_BLOCKS, start=1) if row[4]]
    assert blocks == [3, 5, 6, 8, 9, 10, 12, 13, 15, 16]
    assert list(adds) == [f"block_{number}/add" for number in blocks]
    assert adds["block_3/add"] == ("block_2/project_bn", "block_3/project_bn")
    assert adds["block_6/add"] == ("block_5/add", "block_6/project_bn")


def test_at_the_smallest_width_every_block_of_stride_1_keeps_its_shape():
    blocks = (1, 3, 5, 6, 8, 9, 10, 11, 12, 13, 15, 16, 17)
    assert list(joined(mobilenet_v2(0.01))) == [f"block_{number}/add" for number in blocks]


def test_shortcuts_between_expansions():
    adds = joined(mobilenet_v2(shortcut="expansion"))
    assert list(adds) == [f"block_{number}/expansion_add" for number in (6, 9, 10, 11, 13, 16, 17)]
    assert adds["block_9/expansion_add"] == ("block_8/depthwise_relu6", "block_9/depthwise_relu6")
    assert adds["block_10/expansion_add"] == ("block_9/expansion_add", "block_10/depthwise_relu6")


def test_no_shortcuts():
    assert joined(mobilenet_v2(shortcut="none")) == {}


@pytest.mark.parametrize("shortcut", ["expansion", "none"])
def test_shortcuts_cost_nothing(shortcut):
    assert mobilenet_v2(shortcut=shortcut).cost().totals() == mobilenet_v2().cost().totals()


def test_relu6_in_the_bottleneck_stands_behind_each_projection_and_before_the_addition():
    linear, bent = mobilenet_v2(), mobilenet_v2(bottleneck="relu6")
    added = [name for name in bent.shapes if name not in linear.shapes]
    assert added == [f"block_{number}/project_relu6" for number in range(1, 18)]
    assert joined(bent)["block_3/add"] == ("block_2/project_relu6", "block_3/project_relu6")
    assert bent.cost().totals() == linear.cost().totals()


@pytest.mark.parametrize(("expansion", "inner"), [(1, 24), (0.01, 8), (5, 120), (10, 240), (2.5, 64)])
def test_expansion_factor(expansion, inner):
    net = mobilenet_v2(expansion=expansion)
    assert net.shapes["block_3/depthwise"][2] == inner
    assert ("block_3/expand" in net.shapes) == (expansion != 1)
    assert "block_1/expand" not in net.shapes


def test_the_first_block_read_literally_costs_12845056_more():
    code, literal = mobilenet_v2().cost(), mobilenet_v2(expand_first=True).cost()
    assert literal.madds - code.madds == 12_845_056
    assert literal.total("P-WEIGHTS") - code.total("P-WEIGHTS") == 1_024
    assert (literal["block_1/expand"].madds, literal["block_1/expand"].weights) == (12_845_056, 1_024)


def test_v1_with_plain_relu():
    names = [node.name for node in mobilenet_v1(activation="relu").nodes]
    assert "block_1/depthwise_relu" in names
    assert not [name for name in names if "relu6" in name]


def test_v2_with_plain_relu():
    relu6, relu = mobilenet_v2(0.01), mobilenet_v2(0.01, activation="relu")
    assert [node.name for node in relu.nodes] == [node.name.replace("relu6", "relu") for node in relu6.nodes]
    kinds = {type(node.layer) for node in relu.nodes if node.name.endswith("_relu")}
    assert kinds == {Relu}
    assert Relu6 not in {type(node.layer) for node in relu.nodes}
    assert joined(relu)["block_1/add"] == ("conv_first_relu", "block_1/project_bn")
    assert relu.parameters() == relu6.parameters()
    assert relu.cost().totals() == relu6.cost().totals()


# Running


@pytest.mark.parametrize("build", MODELS)
@pytest.mark.parametrize("width", [pytest.param(0.25, marks=pytest.mark.jit), 0.01])
def test_every_model_runs_and_the_paddings_differ(build, width):
    images = np.random.default_rng(1).standard_normal((1, 32, 32, 3), np.float32)
    logits = {}
    for padding in ("same", "symmetric"):
        net = build(width, 32, classes=5, padding=padding)
        logits[padding] = net.forward(net.init(0), images)
        assert logits[padding].shape == (1, 5)
        assert np.isfinite(logits[padding]).all()
    assert not np.array_equal(logits["same"], logits["symmetric"])


@pytest.mark.parametrize(
    "settings",
    [
        {"bottleneck": "relu6"},
        {"shortcut": "expansion"},
        {"shortcut": "none"},
        {"expand_first": True},
        {"expansion": 1},
    ],
    ids=str,
)
def test_every_ablation_runs_and_changes_the_result(settings):
    images = np.random.default_rng(1).standard_normal((1, 32, 32, 3), np.float32)
    base, net = mobilenet_v2(0.01, 32, classes=5), mobilenet_v2(0.01, 32, classes=5, **settings)
    assert not np.array_equal(net.forward(net.init(0), images), base.forward(base.init(0), images))


def test_the_two_activations_differ_where_maps_exceed_6():
    nets = [mobilenet_v2(0.01, 32, classes=5, activation=each) for each in ("relu6", "relu")]
    images = np.random.default_rng(1).standard_normal((1, 32, 32, 3), np.float32)
    small, large = ([net.forward(net.init(0), images * by) for net in nets] for by in (1, 1000))
    np.testing.assert_array_equal(*small)
    assert not np.array_equal(*large)
