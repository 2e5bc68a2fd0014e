"""V2 Table 3 in both printings, eq. (2) and the split: values, what they rest on, and that mistakes are noticed."""

from dataclasses import replace

import pytest

from refnet.digits import UNITS
from refnet.memory import largest_by_size, maps
from refnet.models import shufflenet, v2
from refnet.models.v2 import mobilenet_v2
from refnet.papers import v2_memory, v2_table_3, v2_table_3_maps
from refnet.papers.networks import MEM_16, MEM_FIRST, MEM_M, Networks
from refnet.papers.v2_table_3 import SHUFFLE, V1, V2
from refnet.papers.v2_table_3_maps import corrected
from refnet.papers.verdict import audit_claim
from refnet.rewrites import split_bottleneck

CLAIMS = {c.id: c for module in (v2_table_3, v2_table_3_maps, v2_memory) for c in module.CLAIMS}


@pytest.fixture(scope="module")
def results():
    networks = Networks()
    return {id: audit_claim(claim, networks) for id, claim in CLAIMS.items()}


def test_verdicts(results):
    assert [id for id, each in results.items() if each.changed] == []
    assert {id for id, each in results.items() if each.verdict == "erratum"} == {
        "V2-T3-7-V1", "V2-T3-7-V2", "V2-T3b-MAX-Sh", "V2-T3a-112", "V2-T3-V2max", "V2-T3-SHmax",
        "V2-T3-112-SHch", "V2-T3-28-SHch", "V2-T3-14-SHch", "V2-T3-7-SHch", "V2-T3-1-SHch",
        "V2-T3-56-V2ch", "V2-T3-28-V2ch", "V2-T3-14-V2ch", "V2-T3-7-V2ch",
    }  # fmt: skip
    assert {id for id, each in results.items() if each.verdict == "convention"} == {
        "V2-T3-14-V2", "V2-T3-7-Sh", "V2-T3-1-V2", "V2-T3-112-V2ch",
    }  # fmt: skip


# The networks by hand, from their papers' tables. V2 and ShuffleNet with the first convolution whole.
BY_HAND = {
    V1: {112: 64, 56: 128, 28: 256, 14: 512, 7: 1024, 1: 1024},
    V2: {112: 32, 56: 24, 28: 32, 14: 96, 7: 1280, 1: 1280},
    SHUFFLE: {112: 48, 56: 48, 28: 480, 14: 960, 7: 1920, 1: 1920},
}


@pytest.mark.parametrize("column", BY_HAND)
def test_the_corrected_table(column):
    found = corrected(Networks(), column)
    assert {side: each.channels for side, each in found.items()} == BY_HAND[column]
    assert all(each.values == side**2 * each.channels for side, each in found.items())


def test_the_first_layer_split_is_what_the_rewrite_leaves():
    found = corrected(Networks(), V2, split=True)
    rewritten = split_bottleneck(mobilenet_v2(), "block_1", 32)
    assert found == {side: each for (side, _), each in largest_by_size(maps(rewritten)).items()}
    assert found[112].channels == 16
    assert 112 not in corrected(Networks(), SHUFFLE, split=True)
    assert corrected(Networks(), V1, split=True) == corrected(Networks(), V1)


VALUES = [
    ("V2-T3-112-V1", 1_605_632, MEM_16, "Only the first 2 digits of the print count"),
    ("V2-T3-14-V2", 62_720, MEM_16, "cut, not rounded"),
    ("V2-T3-7-V1", 100_352, MEM_16, "200,704 bytes"),
    ("V2-T3-7-V2", 31_360, MEM_16, "16 other cells"),
    ("V2-T3b-MAX-Sh", 802_816, MEM_16, "627,200 bytes"),
    ("V2-T3a-MAX-Sh", 627_200, MEM_16, "28x28"),
    ("V2-T3-112-V2ch", 16, MEM_FIRST, "gives out 32"),
    ("V2-T3-56-V2ch", 24, MEM_16, "give out (32)"),
    ("V2-T3-28-V2ch", 32, MEM_16, "give out (64)"),
    ("V2-T3-14-V2ch", 96, MEM_16, "give out (160)"),
    ("V2-T3-7-V2ch", 1280, MEM_16, "bottleneck (320)"),
    ("V2-T3-28-SHch", 480, MEM_16, "g = 2, 400"),
    ("V2-T3-V2max", 401_408, MEM_FIRST, "without that, 802,816"),
    ("V2-T3-SHmax", 752_640, MEM_FIRST, "it would be 627,200"),
    ("V2-EQ2", (2_408_448, 3_010_560), MEM_M, "it is 2,408,448, 1,204,224"),
    ("V2-SPLIT", 25_480, "-", "0 of two fit A . N . B). Only arXiv's B"),
    ("V2-SPLIT-T", True, "-", "474 splits of 16 blocks"),
]


@pytest.mark.parametrize(("id", "value", "convention", "said"), VALUES)
def test_values(results, id, value, convention, said):
    assert (results[id].value, results[id].convention) == (value, convention)
    assert said in results[id].explanation


def test_composition_of_the_printed_maps():
    """The last letter is applied first."""
    swapped = v2_memory.ARXIV | {"A": v2_memory.ARXIV["B"], "B": v2_memory.ARXIV["A"]}
    assert v2_memory.composed("ANB", swapped) == v2_memory.composed("BNA", v2_memory.ARXIV) == v2_memory.F
    assert v2_memory.composed("ANB", v2_memory.ARXIV) is None
    assert v2_memory.composed("BNA", v2_memory.CVPR) == (("s", "k"), ("s''", "k'"))


# It notices.


def test_a_print_of_another_last_digit_is_no_longer_given():
    networks = Networks()
    for claim in CLAIMS.values():
        result = audit_claim(claim, networks)
        if result.significant is None or result.verdict != "exact":
            continue
        step = 10 ** (len(claim.printed) - result.significant)
        other = replace(claim, printed=str(int(claim.printed) + step))
        assert audit_claim(other, networks).verdict != "exact", claim.id


def test_the_right_figures_of_the_cells_would_be_exact(results):
    networks, checked = Networks(), 0
    for id, result in results.items():
        if result.verdict == "erratum" and result.significant is not None:
            right = f"{result.value / UNITS.get(result.claim.unit, 1):g}"
            claim = replace(result.claim, printed=right, table=replace(result.claim.table, zeros=True))
            assert audit_claim(claim, networks).verdict == "exact", id
            checked += 1
    assert checked == 14


def test_another_network_changes_its_cells(monkeypatch):
    monkeypatch.setattr(v2, "BODY", (*v2.BODY[:-1], (None, 1288, 1, 1)))
    assert audit_claim(CLAIMS["V2-T3-7-V2ch"], Networks()).value == 1288
    monkeypatch.setitem(shufflenet.CHANNELS, 3, 252)
    assert audit_claim(CLAIMS["V2-T3-28-SHch"], Networks()).value == 504


def test_a_cell_that_only_rounding_up_gives_is_refuted_by_the_others(monkeypatch):
    """If every other cell could be rounded up too, nothing would refute it."""
    claim = CLAIMS["V2-T3-7-V2"]
    assert audit_claim(claim, Networks()).verdict == "erratum"
    monkeypatch.setattr(v2_table_3, "PLACES", [(7, V2)])
    assert audit_claim(claim, Networks()).verdict == "unexplained"
