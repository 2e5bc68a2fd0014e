"""GoogLeNet against its paper's Table 1, Caffe's replication and torchvision's documentation."""

import numpy as np
import pytest

from refnet.models import googlenet

from .wiring import concatenations, with_swapped_branches

# Szegedy et al. 2014, Table 1, rows in their order: side, channels, parameters in K, operations in millions.
TABLE_1 = {
    "conv1": (112, 64, 2.7, 34),
    "pool1": (56, 64, None, None),
    "conv2": (56, 192, 112, 360),
    "pool2": (28, 192, None, None),
    "inception_3a": (28, 256, 159, 128),
    "inception_3b": (28, 480, 380, 304),
    "pool3": (14, 480, None, None),
    "inception_4a": (14, 512, 364, 73),
    "inception_4b": (14, 512, 437, 88),
    "inception_4c": (14, 512, 463, 100),
    "inception_4d": (14, 528, 580, 119),
    "inception_4e": (14, 832, 840, 170),
    "pool4": (7, 832, None, None),
    "inception_5a": (7, 832, 1072, 54),
    "inception_5b": (7, 1024, 1388, 71),
}
# Columns #1x1, #3x3 reduce, #3x3, #5x5 reduce, #5x5, pool proj.
WIDTHS = {
    "inception_3a": (64, 96, 128, 16, 32, 32),
    "inception_3b": (128, 128, 192, 32, 96, 64),
    "inception_4a": (192, 96, 208, 16, 48, 64),
    "inception_4b": (160, 112, 224, 24, 64, 64),
    "inception_4c": (128, 128, 256, 24, 64, 64),
    "inception_4d": (112, 144, 288, 32, 64, 64),
    "inception_4e": (256, 160, 320, 32, 128, 128),
    "inception_5a": (256, 160, 320, 32, 128, 128),
    "inception_5b": (384, 192, 384, 48, 128, 128),
}
# Where the print is not what the widths beside it give, and what they do give.
PARAMETERS_OFF = {"conv1": 9, "inception_3b": 379, "inception_4a": 367, "inception_4b": 438, "inception_4c": 498,
                  "inception_4d": 591, "inception_4e": 847, "inception_5a": 1018, "inception_5b": 1409}  # fmt: skip
OPERATIONS_OFF = {"conv1": 118, "inception_4a": 74, "inception_5a": 51}
CAFFE_PARAMETERS = 6_998_552  # of models/bvlc_googlenet without its two auxiliary classifiers
TORCHVISION_PARAMETERS, TORCHVISION_GFLOPS = 6_624_904, 1.498  # documentation of GoogLeNet_Weights
PARTS = ("1x1", "3x3_reduce", "3x3", "5x5_reduce", "5x5", "pool_proj")


def in_row(row, node):
    """Whether a node belongs to a row: conv2 has its 1x1 convolution with it."""
    return node.startswith(f"{row}/") or node in (row, f"{row}_reduce")


def test_every_row_of_table_1():
    net = googlenet()
    for name, (side, channels, *_) in TABLE_1.items():
        end = f"{name}/output" if name.startswith("inception") else name
        assert net.shapes[end] == (side, side, channels), name
    assert (net.shapes["pool"], net.shapes["classifier"]) == ((1024,), (1000,))


def test_parameters_and_operations_of_every_row():
    """Parameters in units of 1024, cut or rounded; operations are multiply-adds. The table is not all of one piece."""
    cost = googlenet().cost()
    for name, (*_, thousands, millions) in TABLE_1.items():
        own = [row.terms for row in cost if in_row(name, row.node)]
        weights, madds = sum(terms.weights for terms in own) / 1024, sum(terms.madds for terms in own) / 1e6
        if thousands is None:
            assert weights == madds == 0
            continue
        wanted = PARAMETERS_OFF.get(name, thousands)
        assert wanted in (int(weights), int(weights + 0.5)), name
        assert int(madds + 0.5) == OPERATIONS_OFF.get(name, millions), name
    linear = cost["classifier"]
    assert (linear.weights / 1024, round(linear.madds / 1e6)) == (1000, 1)


def test_every_endpoint_of_every_block():
    net = googlenet()
    for block, widths in WIDTHS.items():
        side = TABLE_1[block][0]
        for part, channels in zip(PARTS, widths, strict=True):
            for end in ("", "_bias", "_relu"):
                assert net.shapes[f"{block}/{part}{end}"] == (side, side, channels)


def branches(large):
    """Figure 2b, left to right."""
    return {
        block: [f"1x1 {a}", f"1x1 {b}, 3x3 {c}", f"1x1 {d}, {large} {e}", f"max 3x3, 1x1 {f}"]
        for block, (a, b, c, d, e, f) in WIDTHS.items()
    }


@pytest.mark.parametrize(("variant", "large"), [("paper", "5x5"), ("torchvision", "3x3")])
def test_which_channels_of_a_block_come_from_where(variant, large):
    net = googlenet(variant=variant)
    assert concatenations(net) == branches(large)
    assert concatenations(with_swapped_branches(net, "inception_4c/output")) != branches(large)


def test_order_of_nodes():
    blocks = list(dict.fromkeys(node.name.partition("/")[0] for node in googlenet().nodes))
    stem = "conv1 conv1_bias conv1_relu pool1 norm1 conv2_reduce conv2_reduce_bias conv2_reduce_relu"
    stem += " conv2 conv2_bias conv2_relu norm2 pool2"
    body = list(TABLE_1)[4:]
    assert blocks == [*stem.split(), *body, "pool", "dropout", "classifier", "classifier_bias"]


def test_order_of_torchvisions_nodes():
    names = [node.name for node in googlenet(variant="torchvision").nodes]
    stem = (
        "conv1 conv1_bn conv1_relu pool1 conv2_reduce conv2_reduce_bn conv2_reduce_relu conv2 conv2_bn conv2_relu pool2"
    )
    assert names[:11] == stem.split()
    assert not [name for name in names if name.endswith("_bias") and name != "classifier_bias"]


def test_published_totals():
    assert googlenet().cost().total("P-BIAS") == CAFFE_PARAMETERS
    theirs = googlenet(variant="torchvision").cost()
    assert theirs.total("P-TRAINABLE") == TORCHVISION_PARAMETERS
    assert round(theirs.madds / 1e9, 3) == TORCHVISION_GFLOPS


def test_a_separable_first_layer_would_fit_the_table():
    """Inception V2's: depthwise 7x7 with channel multiplier 8, then 1x1 to 64 channels."""
    weights = 7 * 7 * 3 * 8 + 3 * 8 * 64
    assert (round(weights / 1000, 1), round(weights * 112 * 112 / 1e6)) == (2.7, 34)


def test_layers():
    """Table 1's patch sizes and strides; section 5's dropout of 40%; response normalisation as in Caffe."""
    layers = {node.name: node.layer for node in googlenet().nodes}
    assert (layers["conv1"].kernel, layers["conv1"].stride) == (7, 2)
    assert {(layers[f"pool{i}"].kernel, layers[f"pool{i}"].stride) for i in (1, 2, 3, 4)} == {(3, 2)}
    assert layers["inception_3a/pool"].stride == 1
    assert layers["dropout"].rate == 0.4
    norm = layers["norm1"]
    assert (norm.size, 5 * norm.alpha, norm.beta, norm.bias) == (5, 1e-4, 0.75, 1)
    torchvisions = {node.name: node.layer for node in googlenet(variant="torchvision").nodes}
    assert [torchvisions[f"pool{i}"].kernel for i in (1, 2, 3, 4)] == [3, 3, 3, 2]
    assert torchvisions["conv1_bn"].eps == 1e-3


@pytest.mark.parametrize(
    ("variant", "resolution", "side"),
    [("paper", 47, 1), ("paper", 64, 2), ("paper", 300, 9), ("torchvision", 31, 1), ("torchvision", 64, 2)],
)
def test_other_sizes(variant, resolution, side):
    net = googlenet(resolution, classes=10, variant=variant)
    assert net.shapes["inception_5b/output"] == (side, side, 1024)
    assert net.shapes["classifier"] == (10,)


def test_headless_ends_with_pooled_features():
    net = googlenet(classes=0)
    assert net.outputs == ("pool",)
    assert net.cost().madds == googlenet().cost().total("MADD-HEADLESS")


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"resolution": 46}, "resolution: wanted an integer of at least 47, got 46"),
        ({"resolution": 30, "variant": "torchvision"}, "resolution: wanted an integer of at least 31, got 30"),
        ({"classes": -1}, "classes: wanted an integer of at least 0, got -1"),
        ({"variant": "slim"}, "variant: wanted one of paper, torchvision, got 'slim'"),
        ({"variant": None}, "variant: wanted one of paper, torchvision, got None"),
    ],
)
def test_bad_input(setting, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        googlenet(**setting)


def test_the_least_size_is_that_of_the_pools():
    with pytest.raises(ValueError, match="node 'pool4': .* does not fit into a 2x2 map"):
        googlenet().at(46, 46)


@pytest.mark.jit
@pytest.mark.parametrize("variant", ["paper", "torchvision"])
def test_runs(variant):
    net = googlenet(48, classes=5, variant=variant)
    logits = net.forward(net.init(0), np.random.default_rng(1).standard_normal((2, 48, 48, 3), np.float32))
    assert logits.shape == (2, 5)
    assert np.isfinite(logits).all()
