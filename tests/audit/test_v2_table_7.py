"""V2 Table 7 and section 6.3: segmentation counted as TensorFlow 1 ran and profiled it, and what follows from that."""

from dataclasses import replace
from fractions import Fraction

import pytest

from refnet import Graph, Node
from refnet.layers import Add, BiasAdd, Conv2d, GlobalAveragePool, PointwiseConv2d, ResizeBilinear
from refnet.models import deeplab_mobilenet_v1, deeplab_mobilenet_v2, deeplab_resnet_101, resnet
from refnet.papers import run_audit, v2_segmentation, v2_table_7
from refnet.papers.networks import TFPROF, Networks, profiled
from refnet.papers.verdict import audit_claim

MODULES = (v2_table_7, v2_segmentation)
CLAIMS = {claim.id: claim for module in MODULES for claim in module.CLAIMS}


@pytest.fixture(scope="module")
def results():
    return {each.claim.id: each for each in run_audit(ids=list(CLAIMS)).results}


# Counting


def small():
    """A map of 5 x 7 pixels under dilation 2, a shortcut, an image pooling, logits of 3 classes on 10 x 14 pixels."""
    nodes = [
        Node("down", Conv2d(4, 2, 2, padding="valid"), ("images",)),
        Node("wide", Conv2d(4, 3, dilation=2)),
        Node("sum", Add(), ("down", "wide")),
        Node("pool", GlobalAveragePool(keep_map=True)),
        Node("back", ResizeBilinear(), ("pool", "sum")),
        Node("both", Add(), ("sum", "back")),
        Node("logits", PointwiseConv2d(3)),
        Node("bias", BiasAdd()),
        Node("scores", ResizeBilinear(), ("bias", "images")),
    ]
    return Graph("small", {"images": (10, 14, 3)}, nodes)


DOWN, WIDE, LOGITS = 2 * 2 * 3 * 4 * 35, 3 * 3 * 4 * 4, 4 * 3 * 35


def test_a_dilated_convolution_runs_on_a_padded_grid():
    """5 x 7 pixels become 6 x 8 at rate 2."""
    cost = small().cost()
    assert cost.total("MADD") == DOWN + WIDE * 35 + LOGITS
    assert cost.total("MADD-S2B") == DOWN + WIDE * 48 + LOGITS


def test_what_the_profiler_counts_beside_multiply_adds():
    sums, pooling, biases, scaling = 2 * 35 * 4, 35 * 4, 35 * 3, 6 * 140
    net = small()
    wanted = 2 * (DOWN + WIDE * 48 + LOGITS) + sums + pooling + biases + scaling
    assert profiled(net, net.cost()) == wanted


@pytest.mark.parametrize("copies", [1, 2])
def test_passes_add_up_and_the_argmax_comes_once(copies):
    """The scores of the image as it is: 140 pixels, 3 classes."""

    def build(resolution=14):
        return small().at(10, resolution)

    networks = Networks()
    found = networks.segmentation_madds(build, [14, 28], copies)
    one, two = build(14), build(28)
    assert found["MADD"] == copies * (one.cost().madds + two.cost().madds)
    flops = copies * (profiled(one, one.cost()) + profiled(two, two.cost())) + 140 * 3
    assert found[TFPROF] == flops // 2


# The sides of the padded grids of ASPP for 513 pixels: 33 at output stride 16, 65 at 8.
@pytest.mark.parametrize(("output_stride", "side", "padded"), [(16, 33, (36, 36, 36)), (8, 65, (72, 72, 72))])
def test_grids_of_aspp(output_stride, side, padded):
    cost = deeplab_mobilenet_v1(output_stride=output_stride).cost()
    for number, grid in enumerate(padded, start=1):
        terms = cost[f"aspp_{number}/conv"]
        assert terms.madds == 9 * 1024 * 256 * side**2
        assert terms.madds + terms.madds_padded_grid == 9 * 1024 * 256 * grid**2


def test_grids_of_the_bodies():
    """A rate of 2 makes 34 of 33, 4 makes 68 of 65; V2 dilates its last three blocks at output stride 16."""
    cost = deeplab_mobilenet_v2(output_stride=16, aspp=False).cost()
    assert cost.total("MADD-S2B") - cost.total("MADD") == 3 * 9 * 960 * (34**2 - 33**2)
    resnet_grids = {"conv5_1": 34, "conv5_2": 36, "conv5_3": 40}
    cost = deeplab_resnet_101(output_stride=16, aspp=False).cost()
    extra = sum(9 * 512 * 512 * (grid**2 - 33**2) for grid in resnet_grids.values())
    assert cost.total("MADD-S2B") - cost.total("MADD") == extra


# Verdicts

VALUES = {
    "V2-T7-V1-16-P": (11_145_301, "P-TRAINABLE", "exact"),
    "V2-T7-V1-8-P": (11_145_301, "P-TRAINABLE", "exact"),
    "V2-T7-V2A-16-P": (4_523_541, "P-TRAINABLE", "exact"),
    "V2-T7-V2A-8-P": (4_523_541, "P-TRAINABLE", "exact"),
    "V2-T7-V2-16-P": (2_113_557, "P-TRAINABLE", "exact"),
    "V2-T7-V2-8-P": (2_113_557, "P-TRAINABLE", "exact"),
    "V2-T7-R101-16-P": (58_164_437, "P-TRAINABLE", "exact"),
    "V2-T7-R101-8-P": (58_164_437, "P-TRAINABLE", "exact"),
    "V2-T7-V1-16-M": (14_230_749_048, TFPROF, "unexplained"),
    "V2-T7-V1-8-M": (990_840_128_396, TFPROF, "erratum"),
    "V2-T7-V2A-16-M": (5_827_553_124, TFPROF, "exact"),
    "V2-T7-V2A-8-M": (387_537_909_660, TFPROF, "convention"),
    "V2-T7-V2-16-M": (2_746_902_372, TFPROF, "exact"),
    "V2-T7-V2-8-M": (152_585_844_636, TFPROF, "exact"),
    "V2-T7-R-16-M": (80_863_937_016, TFPROF, "unexplained"),
    "V2-T7-R-8-M": (4_870_272_700_812, TFPROF, "unexplained"),
    "V2-57": (Fraction(80_863_937_016, 14_230_749_048), TFPROF, "exact"),
    "V2-49": (Fraction(4_870_272_700_812, 990_840_128_396), TFPROF, "exact"),
    "V2-25": (Fraction(14_230_749_048, 5_827_553_124), TFPROF, "approximate"),
    "V2-275": (2_746_902_372, TFPROF, "exact"),
    "V2-5H": (5, "-", "exact"),
    "V2-320": ((320, 1280), "-", "exact"),
    "V2-512": (513, "-", "erratum"),
}


@pytest.mark.parametrize("id", VALUES)
def test_values(id, results):
    found = results[id]
    assert (found.value, found.convention, found.verdict) == VALUES[id]


def test_every_claim_stands_above():
    assert set(VALUES) == set(CLAIMS)


def test_the_other_convention_of_one_cell(results):
    fits = {fit.convention: fit.reading for fit in results["V2-T7-V2A-8-M"].fits}
    assert fits == {TFPROF: "cut", "MADD-S2B": "rounded"}


SAID = {
    "V2-T7-V1-16-P": "4,887,637",
    "V2-T7-V1-8-M": "5.171 times this print, but 4.9156",
    "V2-T7-R-8-M": "0.00672% below",
    "V2-25": "2.5568",
    "V2-5H": "3 atrous",
    "V2-512": "Of the 8 printed counts of multiply-adds, 4 come out for images of this side, 0 for the caption's",
}


@pytest.mark.parametrize("id", SAID)
def test_explanations(id, results):
    assert SAID[id] in results[id].explanation


def test_the_right_figure_would_be_exact():
    claim = replace(CLAIMS["V2-T7-V1-8-M"], printed="990.8")
    assert audit_claim(claim, Networks()).verdict == "exact"


def test_the_erratum_rests_on_the_ratio_of_the_text(monkeypatch):
    monkeypatch.setitem(v2_table_7.FEWER, 8, "5.2")  # what the prints make
    assert audit_claim(CLAIMS["V2-T7-V1-8-M"], Networks()).verdict == "unexplained"


def test_the_size_of_images_rests_on_the_prints(monkeypatch):
    monkeypatch.setattr(v2_segmentation, "ENTRIES", (v2_table_7.RESNET,))  # none of whose cells comes out
    assert audit_claim(CLAIMS["V2-512"], Networks()).verdict == "unexplained"


def test_a_missing_head_is_noticed(monkeypatch):
    monkeypatch.setattr("refnet.models.deeplab.RATES", (6, 12))
    assert audit_claim(CLAIMS["V2-5H"], Networks()).verdict != "exact"


def test_a_wider_resnet_is_noticed(monkeypatch):
    monkeypatch.setattr(resnet, "BODY", (*resnet.BODY[:2], (257, 23, 2), resnet.BODY[3]))
    found = audit_claim(CLAIMS["V2-T7-R101-16-P"], Networks())
    assert (found.verdict, found.value != VALUES["V2-T7-R101-16-P"][0]) == ("unexplained", True)


def test_both_output_strides_have_the_same_parameters(results):
    for stem in ("V1", "V2A", "V2", "R101"):
        assert results[f"V2-T7-{stem}-16-P"].values == results[f"V2-T7-{stem}-8-P"].values


# Half of 2 FLOPs per weight and of 3 more per weight of no depthwise kernel, beside half of the max pools' taps.
# P-WEIGHTS of V1 with ASPP: 11,120,320, of which 9 * 4,960 are depthwise; of ResNet-101 with ASPP: 58,055,616.
POOLS_OF_RESNET = 9 * 129**2 * 128 + 65**2 * 256 + 33**2 * 512  # 3x3, and the shortcuts that still stride
UNLISTED = {
    "V2-T7-V1-16-M": 11_120_320 + 3 * (11_120_320 - 9 * 4960) // 2,
    "V2-T7-R-16-M": (POOLS_OF_RESNET + 5 * 58_055_616) // 2,
}


@pytest.mark.parametrize("id", UNLISTED)
def test_what_else_stands_in_the_graph(id, results):
    entry = v2_table_7.V1 if "V1" in id else v2_table_7.RESNET
    assert v2_table_7.unlisted(Networks(), entry, 16) == UNLISTED[id]
    assert f"{VALUES[id][0] + UNLISTED[id]:,}" in results[id].explanation


def test_the_whole_graph_gives_the_unexplained_prints(results):
    said = {id: results[id].explanation.rpartition("; ")[2] for id in VALUES if VALUES[id][2] == "unexplained"}
    assert said == {
        "V2-T7-V1-16-M": "cut, this is the print.",
        "V2-T7-R-16-M": "rounded, this is the print.",
        "V2-T7-R-8-M": "rounded, this is the print.",
    }
