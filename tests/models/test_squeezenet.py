"""SqueezeNet 1.0 against its paper's Table 1, its authors' Caffe model and torchvision's documentation."""

import numpy as np
import pytest

from refnet.models import squeezenet

from .wiring import concatenations, with_swapped_branches

# Iandola et al. 2016, Table 1: side, channels, parameters before pruning. Pools have none.
TABLE_1 = {
    "conv1": (111, 96, 14_208),
    "pool1": (55, 96, 0),
    "fire2": (55, 128, 11_920),
    "fire3": (55, 128, 12_432),
    "fire4": (55, 256, 45_344),
    "pool4": (27, 256, 0),
    "fire5": (27, 256, 49_440),
    "fire6": (27, 384, 104_880),
    "fire7": (27, 384, 111_024),
    "fire8": (27, 512, 188_992),
    "pool8": (13, 512, 0),
    "fire9": (13, 512, 197_184),
    "classifier": (13, 1000, 513_000),  # conv10
}
TOTAL = 1_248_424  # Table 1's last row; torchvision's documentation has it too
# Columns s1x1, e1x1, e3x3.
FIRE = {
    2: (16, 64, 64), 3: (16, 64, 64), 4: (32, 128, 128), 5: (32, 128, 128),
    6: (48, 192, 192), 7: (48, 192, 192), 8: (64, 256, 256), 9: (64, 256, 256),
}  # fmt: skip
TORCHVISION_GFLOPS = 0.82  # documentation of SqueezeNet1_0_Weights, at 224 pixels
AUTHORS_GFLOPS = 1.72  # SqueezeNet_v1.1/README.md of the authors: multiplications and additions, with their padding


def test_every_row_of_table_1():
    net = squeezenet()
    cost = net.cost()
    for name, (side, channels, parameters) in TABLE_1.items():
        end = f"{name}/concat" if name.startswith("fire") else name
        assert net.shapes[end] == (side, side, channels), name
        own = [row.terms for row in cost if row.node.partition("/")[0] in (name, f"{name}_bias")]
        assert sum(terms.weights + terms.biases for terms in own) == parameters, name
    assert net.shapes["pool10"] == (1000,)


def test_every_endpoint_of_every_fire_module():
    shapes = squeezenet().shapes
    for number, (s1x1, e1x1, e3x3) in FIRE.items():
        side = TABLE_1[f"fire{number}"][0]
        for part, channels in (("squeeze1x1", s1x1), ("expand1x1", e1x1), ("expand3x3", e3x3)):
            for end in ("", "_bias", "_relu"):
                assert shapes[f"fire{number}/{part}{end}"] == (side, side, channels)


def test_which_channels_of_a_fire_module_come_from_where():
    """Figure 1 and the Caffe model: e1x1 first."""
    branches = {
        f"fire{number}": [f"1x1 {s1x1}, 1x1 {e1x1}", f"1x1 {s1x1}, 3x3 {e3x3}"]
        for number, (s1x1, e1x1, e3x3) in FIRE.items()
    }
    assert concatenations(squeezenet()) == branches
    assert concatenations(with_swapped_branches(squeezenet(), "fire7/concat")) != branches


def test_order_of_nodes():
    blocks = dict.fromkeys(node.name.partition("/")[0] for node in squeezenet().nodes)
    listed = "conv1 conv1_bias conv1_relu pool1 fire2 fire3 fire4 pool4 fire5 fire6 fire7 fire8 pool8 fire9 dropout9"
    assert list(blocks) == [*listed.split(), "classifier", "classifier_bias", "classifier_relu", "pool10"]


def test_published_totals():
    assert squeezenet().cost().total("P-BIAS") == TOTAL
    assert round(squeezenet(224).cost().madds / 1e9, 2) == TORCHVISION_GFLOPS
    assert round(squeezenet(last_padding=1).cost().total("FLOP-2") / 1e9, 2) == AUTHORS_GFLOPS


def test_padding_of_the_last_convolution():
    plain, padded = squeezenet(), squeezenet(last_padding=1)
    assert padded.shapes["classifier"] == (15, 15, 1000)
    assert padded.cost().total("P-BIAS") == TOTAL
    assert padded.cost().madds - plain.cost().madds == (15 * 15 - 13 * 13) * 512 * 1000
    assert padded.cost().total("MADD-INSIDE") == plain.cost().total("MADD-INSIDE")


def test_layers():
    layers = {node.name: node.layer for node in squeezenet().nodes}
    assert (layers["conv1"].kernel, layers["conv1"].stride, layers["conv1"].padding) == (7, 2, "valid")
    assert {(layers[f"pool{i}"].kernel, layers[f"pool{i}"].stride) for i in (1, 4, 8)} == {(3, 2)}
    assert layers["dropout9"].rate == 0.5


@pytest.mark.parametrize(("resolution", "side"), [(29, 1), (64, 3), (224, 13), (256, 15)])
def test_other_sizes(resolution, side):
    net = squeezenet(resolution, classes=10)
    assert net.shapes["classifier"] == (side, side, 10)
    assert net.outputs == ("pool10",)


def test_headless_ends_with_the_means_of_fire9():
    net = squeezenet(classes=0)
    assert net.shapes["pool10"] == (512,)
    assert net.cost().madds == squeezenet().cost().total("MADD-HEADLESS")


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"resolution": 28}, "resolution: wanted an integer of at least 29, got 28"),
        ({"classes": "10"}, "classes: wanted an integer of at least 0, got '10'"),
        ({"last_padding": -1}, "last_padding: wanted an integer of at least 0, got -1"),
    ],
)
def test_bad_input(setting, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        squeezenet(**setting)


def test_the_least_size_is_that_of_the_pools():
    with pytest.raises(ValueError, match="node 'pool8': .* does not fit into a 2x2 map"):
        squeezenet().at(28, 28)


@pytest.mark.jit
@pytest.mark.parametrize("last_padding", [0, 1])
def test_runs(last_padding):
    net = squeezenet(33, classes=5, last_padding=last_padding)
    logits = net.forward(net.init(0), np.random.default_rng(1).standard_normal((2, 33, 33, 3), np.float32))
    assert logits.shape == (2, 5)
    assert np.isfinite(logits).all()
