"""The closed formulas against hand-made numbers, and the graphs of all networks against the formulas."""

import subprocess
import sys
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refnet import conv_mobilenet, formulas, mobilenet_v1, mobilenet_v2
from refnet.counting import CONVENTIONS
from refnet.graph import Graph, Node
from refnet.layers import BiasAdd, Conv2d, Dense
from refnet.papers.convolutions import bottlenecks, convolutions, pairs
from refnet.papers.networks import Networks

V1 = [(alpha, side) for alpha in (1.0, 0.75, 0.5, 0.25) for side in (224, 192, 160, 128)]
V2 = [(alpha, side) for alpha in (1.0, 0.75, 0.5, 0.35) for side in (224, 192, 160, 128, 96)] + [(1.4, 224)]
small = st.integers(1, 9)


def test_table_3_by_hand():
    """The four rows of V1 Table 3, multiplied out on paper."""
    assert formulas.standard(3, 512, 512, 14) == 462_422_016
    assert formulas.depthwise(3, 512, 14) == 903_168
    assert formulas.pointwise(512, 512, 14) == 51_380_224
    assert formulas.separable(3, 512, 512, 14) == 52_283_392
    assert formulas.separable_thinned(3, 512, 512, 14, 0.75) == 29_578_752
    assert formulas.separable_reduced(3, 512, 512, 14, 0.75, Fraction(10, 14)) == 15_091_200


def test_v2_by_hand():
    assert formulas.standard_hw(2, 3, 4, 5, 3) == 2 * 3 * 4 * 5 * 9
    assert formulas.separable_hw(2, 3, 4, 5, 3) == 2 * 3 * 4 * 14
    assert formulas.separable_hw_arxiv(2, 3, 4, 3) == 2 * 3 * 4 * 13
    assert formulas.saving(3, 72) == 8
    assert formulas.bottleneck(14, 14, 64, 64, 6, 3) == 10_311_168
    assert formulas.bottleneck_terms(5, 7, 2, 3, 6, 3, s=2) == (5 * 7 * 24, 3 * 4 * 12 * 9, 3 * 4 * 12 * 3)
    assert formulas.bottleneck_terms(4, 4, 2, 3, 6, 3, s=2) == (4 * 4 * 24, 2 * 2 * 12 * 9, 2 * 2 * 12 * 3)
    assert formulas.noted_bottleneck_terms(2, 3, 4, 5, 6, 7) == (
        2 * 3 * 4 * 7,
        2 * 3 * 6 * 4 * 7,
        2 * 3 * 5 * 24,
    )


def test_hand_notes_by_hand():
    assert formulas.conv_parameters(3, 2, 5) == 95
    assert formulas.conv_operations(3, 2) == (18, 17)
    assert formulas.conv_flops(3, 2, 5, 4, 6) == 35 * 4 * 6 * 5
    assert formulas.conv_memory_access(3, 2, 5, 8, 9, 4, 6) == 8 * 9 * 2 + 4 * 6 * 5 + 90
    assert formulas.dense_parameters(1024, 1000) == 1_025_000
    assert formulas.dense_flops(1024, 1000) == 2_047_000
    assert formulas.dense_memory_access(1024, 1000) == 1_026_024


def test_multipliers_are_exact():
    """No layer has a quarter of five channels; the formula does."""
    assert formulas.separable_thinned(3, 5, 7, 1, 0.25) == Fraction(9 * 5, 4) + Fraction(5 * 7, 16)
    assert formulas.separable_reduced(3, 4, 4, 7, 1, Fraction(1, 3)) == Fraction(49 * (36 + 16), 9)


@pytest.mark.parametrize("kernel", [(3, 5, 2, 4), (3, 5, 2), (7,)])
def test_kernels_that_the_papers_do_not_have_are_refused(kernel):
    with pytest.raises(ValueError, match="kernel: wanted"):
        formulas.node_madds(kernel, (4, 4, 4))


@given(small, small, small, small, small)
def test_the_formulas_agree_with_each_other(k, d_i, d_j, h, w):
    separable, standard = formulas.separable_hw(h, w, d_i, d_j, k), formulas.standard_hw(h, w, d_i, d_j, k)
    assert formulas.reduction(k, d_j) * formulas.saving(k, d_j) == 1
    assert formulas.saving(k, d_j) * separable == standard
    assert sum(formulas.bottleneck_terms(h, w, d_i, d_j, 6, k)) == formulas.bottleneck(h, w, d_i, d_j, 6, k)
    assert (formulas.separable_hw_arxiv(h, w, d_i, k) == separable) == (d_i == d_j)


@pytest.mark.parametrize(
    ("build", "scale"),
    [
        *((mobilenet_v1, scale) for scale in V1),
        *((mobilenet_v2, scale) for scale in V2),
        (conv_mobilenet, (1.0, 224)),
    ],
)
def test_every_node_costs_what_its_formula_says(build, scale):
    networks, settings = Networks(), {"width": scale[0], "resolution": scale[1]}
    nodes = convolutions(networks, build, **settings)
    assert {name: formulas.node_madds(each.kernel, each.output) for name, each in nodes.items()} == {
        name: each.madds for name, each in nodes.items()
    }
    assert sum(each.madds for each in nodes.values()) == networks.cost(build, **settings).madds


@pytest.mark.parametrize(("alpha", "side"), V1)
def test_a_whole_v1_by_formula(alpha, side):
    """From Table 1's channels: the first convolution, the separable blocks, the classifier."""
    table = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (1024, 1)]
    M, D_F = int(32 * alpha), side // 2
    total = formulas.standard(3, 3, M, D_F)
    for c, s in table:
        N, D_F = int(c * alpha), D_F // s
        total += formulas.separable(3, M, N, D_F)
        M = N
    assert mobilenet_v1(alpha, side).cost().madds == total + formulas.node_madds((M, 1000), (1000,))


@pytest.mark.parametrize(("alpha", "side"), V2)
def test_every_v2_block_by_its_formula(alpha, side):
    """Expanded blocks by the block formula; the block with t = 1 has no expansion, so it costs V2 (1)."""
    settings = {"width": alpha, "resolution": side}
    blocks, separable = (
        bottlenecks(Networks(), mobilenet_v2, **settings),
        pairs(Networks(), mobilenet_v2, **settings),
    )
    assert len(blocks) == 17
    for name, block in blocks.items():
        shape = block.h, block.w, block.d_in, block.d_out
        if block.t == 1:
            assert sum(block.terms) == formulas.separable_hw(*shape, block.k)
        elif block.s == 1:
            assert sum(block.terms) == formulas.bottleneck(*shape, block.t, block.k)
        else:
            assert block.terms == formulas.bottleneck_terms(*shape, block.t, block.k, block.s)
            assert sum(block.terms) < formulas.bottleneck(*shape, block.t, block.k)
        pair = separable[name]
        assert pair.madds == formulas.separable_hw(pair.h, pair.w, pair.d_i, pair.d_j, pair.k)


@given(st.sampled_from([1, 3, 5]), small, small, small, small)
def test_hand_notes_against_layers(k, M, N, H, W):
    nodes = [Node("conv", Conv2d(N, k)), Node("bias", BiasAdd())]
    cost = Graph("noted", {"map": (H, W, M)}, nodes).cost()
    assert formulas.conv_parameters(k, M, N) == cost.total("P-BIAS")
    assert formulas.conv_flops(k, M, N, H, W) == cost.total("FLOP-N")
    terms = cost["conv"]
    moved = terms.inputs + terms.outputs + terms.weights
    assert formulas.conv_memory_access(k, M, N, H, W, H, W) == moved
    dense = Graph("noted", {"x": (M,)}, [Node("dense", Dense(N)), Node("bias", BiasAdd())]).cost()
    assert formulas.dense_parameters(M, N) == dense.total("P-BIAS")
    assert formulas.dense_flops(M, N) == CONVENTIONS["FLOP-N"].count(dense.rows)


def test_formulas_import_nothing_that_they_judge():
    code = "import sys, refnet.formulas; print([name for name in sys.modules if name.startswith('refnet.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['refnet.lazy', 'refnet.formulas']"
