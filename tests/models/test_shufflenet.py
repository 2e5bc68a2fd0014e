"""ShuffleNet v1 against its paper (arXiv 1707.01083: Table 1, Tables 2 and 5) and its authors' code.

The authors' code is megvii-model/ShuffleNet-Series, ShuffleNetV1/{network,blocks}.py; its 1.5x and 2x have 24 and 48
channels in the first convolution. A second, independent count of parameters is the table of osmr/imgclsmob, whose
networks have a bias in the classifier.
"""

import numpy as np
import pytest

from refnet.models import shufflenet_v1

from .wiring import concatenations, weights, with_swapped_branches, word

# Table 1: channels out of stages 2, 3 and 4, and the complexity in MFLOPs, which leaves the classifier out.
TABLE_1 = {
    1: ((144, 288, 576), 143),
    2: ((200, 400, 800), 140),
    3: ((240, 480, 960), 137),
    4: ((272, 544, 1088), 133),
    8: ((384, 768, 1536), 137),
}
STAGES = {2: (4, 28), 3: (8, 14), 4: (4, 7)}  # units and output size, for images of 224
IMGCLSMOB = {2: 1_733_848, 3: 1_865_728, 4: 1_968_344}
SMALL = {"width": 0.25, "resolution": 32, "classes": 4}


def units(net):
    """Unit -> what its layers do, in words."""
    found = {}
    for node in net.nodes:
        unit, _, rest = node.name.partition("/")
        if rest and (text := word(node.layer)):
            found.setdefault(unit, []).append(text)
    return found


@pytest.mark.parametrize("groups", TABLE_1)
def test_table_1(groups):
    net = shufflenet_v1(groups=groups)
    channels, complexity = TABLE_1[groups]
    assert net.shapes["conv_first_relu"] == (112, 112, 24)
    assert net.shapes["pool_first"] == (56, 56, 24)
    for (stage, (count, side)), out in zip(STAGES.items(), channels, strict=True):
        for number in range(1, count + 1):
            end = "concat" if number == 1 else "relu"
            assert net.shapes[f"stage_{stage}_unit_{number}/{end}"] == (side, side, out)
    assert len(units(net)) == sum(count for count, _ in STAGES.values())
    assert round(net.cost().total("MADD-HEADLESS") / 1e6) == complexity


def test_units_of_three_groups():
    """Figure 2b and 2c with Table 1's channels: the first 1x1 convolution of all has no groups."""
    found = units(shufflenet_v1())
    assert found["stage_2_unit_1"] == ["1x1 60", "dw 3x3/2", "1x1 216 g3", "avg 3x3/2"]
    assert found["stage_2_unit_2"] == ["1x1 60 g3", "dw 3x3", "1x1 240 g3"]
    assert found["stage_3_unit_1"] == ["1x1 120 g3", "dw 3x3/2", "1x1 240 g3", "avg 3x3/2"]
    assert found["stage_3_unit_8"] == ["1x1 120 g3", "dw 3x3", "1x1 480 g3"]
    assert found["stage_4_unit_1"] == ["1x1 240 g3", "dw 3x3/2", "1x1 480 g3", "avg 3x3/2"]
    assert found["stage_4_unit_4"] == ["1x1 240 g3", "dw 3x3", "1x1 960 g3"]


def test_the_shortcut_comes_first():
    net = shufflenet_v1()
    branches = {
        "stage_2_unit_1": ["avg 3x3/2", "1x1 60, dw 3x3/2, 1x1 216 g3"],
        "stage_3_unit_1": ["avg 3x3/2", "1x1 120 g3, dw 3x3/2, 1x1 240 g3"],
        "stage_4_unit_1": ["avg 3x3/2", "1x1 240 g3, dw 3x3/2, 1x1 480 g3"],
    }
    assert concatenations(net) == branches
    for unit in branches:
        assert concatenations(with_swapped_branches(net, f"{unit}/concat")) != branches


def test_weights_of_each_unit_by_hand():
    found = weights(shufflenet_v1())
    assert found["conv_first"] == 9 * 3 * 24
    assert found["stage_2_unit_1"] == 24 * 60 + 9 * 60 + 60 * 216 // 3
    assert found["stage_3_unit_1"] == 240 * 120 // 3 + 9 * 120 + 120 * 240 // 3
    assert found["stage_4_unit_1"] == 480 * 240 // 3 + 9 * 240 + 240 * 480 // 3
    for number in range(2, 5):
        assert found[f"stage_2_unit_{number}"] == 240 * 60 // 3 + 9 * 60 + 60 * 240 // 3
        assert found[f"stage_4_unit_{number}"] == 960 * 240 // 3 + 9 * 240 + 240 * 960 // 3
    for number in range(2, 9):
        assert found[f"stage_3_unit_{number}"] == 480 * 120 // 3 + 9 * 120 + 120 * 480 // 3
    assert found["classifier"] == 960 * 1000


@pytest.mark.parametrize(
    ("width", "first", "madds", "parameters"),
    [(0.25, 12, 13, None), (0.5, 12, 38, None), (1.5, 24, 292, "3.4"), (2, 48, 524, "5.4")],
)
def test_other_widths(width, first, madds, parameters):
    """Complexities of the paper's Tables 2 and 5, parameters of MobileNet V2's Table 4."""
    net = shufflenet_v1(width)
    assert net.shapes["conv_first"] == (112, 112, first)
    channels = [net.shapes[f"stage_{stage}_unit_1/concat"][2] for stage in STAGES]
    assert channels == [240 * width, 480 * width, 960 * width]
    assert round(net.cost().madds / 1e6) == madds
    assert parameters is None or f"{net.cost().total('P-WEIGHTS') / 1e6:.1f}" == parameters


@pytest.mark.parametrize("groups", IMGCLSMOB)
def test_parameters_as_others_count_them(groups):
    assert shufflenet_v1(groups=groups).cost().total("P-TRAINABLE") + 1000 == IMGCLSMOB[groups]


def test_channels_of_the_first_convolution_can_be_given():
    assert shufflenet_v1(1.5, first=36).shapes["conv_first"] == (112, 112, 36)


def test_no_shuffle_without_groups():
    one, three = ([node.name for node in shufflenet_v1(groups=groups).nodes] for groups in (1, 3))
    shuffles = [name for name in three if name.endswith("/shuffle")]
    assert shuffles == [f"{unit}/shuffle" for unit in units(shufflenet_v1())]
    assert [name for name in one if name.endswith("/shuffle")] == []
    assert three.index("stage_3_unit_2/shuffle") == three.index("stage_3_unit_2/reduce_relu") + 1


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"groups": 5}, "groups: wanted one of 1, 2, 3, 4, 8, got 5"),
        ({"groups": True}, "groups: wanted one of 1, 2, 3, 4, 8, got True"),
        ({"groups": 3.0}, "groups: wanted one of 1, 2, 3, 4, 8, got 3.0"),
        ({"groups": None}, "groups: wanted one of 1, 2, 3, 4, 8, got None"),
        ({"groups": [3]}, r"groups: wanted one of 1, 2, 3, 4, 8, got \[3\]"),
        (
            {"first": 240},  # as many as stage 2 has: its first unit still has stride 2
            "width: wanted one at which groups=3 divide the channels of stage_2_unit_1, "
            "got 60 inside and 0 out of its branch",
        ),
        (
            {"groups": 4, "width": 0.5},
            "width: wanted one at which groups=4 divide the channels of stage_2_unit_1, "
            "got 34 inside and 124 out of its branch",
        ),
        (
            {"width": 0.01},
            "width: wanted one at which groups=3 divide the channels of stage_2_unit_1, "
            "got 0 inside and -10 out of its branch",
        ),
        ({"width": 0}, "width: wanted a width multiplier above 0, got 0"),
        ({"resolution": 31}, "resolution: wanted an integer of at least 32, got 31"),
        ({"classes": -1}, "classes: wanted an integer of at least 0, got -1"),
        ({"first": 0}, "first: wanted an integer of at least 1, got 0"),
    ],
)
def test_bad_settings(given, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        shufflenet_v1(**given)


def test_features_without_a_classifier():
    net = shufflenet_v1(classes=0)
    assert net.outputs == ("pool",)
    assert net.shapes["pool"] == (960,)


@pytest.mark.jit
@pytest.mark.parametrize("groups", [1, 3])
def test_it_runs(groups):
    net = shufflenet_v1(groups=groups, **SMALL)
    images = np.random.default_rng(0).standard_normal((2, 32, 32, 3)).astype(np.float32)
    logits = net.forward(net.init(0), images)
    assert logits.shape == (2, 4)
    assert logits.dtype == np.float32
    assert np.ptp(logits, axis=0).min() > 0
