"""V1 sections 4.4, 4.5 and 4.7 in the audit: what prints of undescribed networks imply, and what refutes the others."""

from dataclasses import replace
from fractions import Fraction

import pytest

from refnet.digits import parse_figure
from refnet.papers import v1_faces, v1_planet, v1_table_14
from refnet.papers.claim import UNCOUNTED
from refnet.papers.networks import MIN16, Networks
from refnet.papers.verdict import audit_claim

CLAIMS = {claim.id: claim for module in (v1_planet, v1_faces, v1_table_14) for claim in module.CLAIMS}


@pytest.fixture(scope="module")
def results():
    networks = Networks()
    return {id: audit_claim(claim, networks) for id, claim in CLAIMS.items()}


VALUES = [  # id, verdict, value, convention, and what its explanation must say
    ("V1-PL-52", "not determinable", 52_002_144, "P-WEIGHTS", "the print implies 14,526 to 15,014."),
    ("V1-PL-574", "exact", 5_711_168_096 + 2048 * 14_771, "MADD", "14,526 to 15,014, gives the same print"),
    ("V1-PL-3", "exact", 3_185_088, "P-WEIGHTS", "rounded to the printed 3"),
    ("V1-PL-10", "not determinable", 10_000_384, "P-WEIGHTS", "the print implies 9,278 to 10,253."),
    ("V1-PL-13", "exact", 13_185_088, "P-WEIGHTS", "3,185,088 of the body"),
    ("V1-PL-058", "erratum", 577_716_352, "MADD", "0.58 billion is right"),
    ("V1-FA-75", "not determinable", (), UNCOUNTED, "prints 7.5 million for the same classifier"),
    ("V1-FA-1600", "not determinable", (), UNCOUNTED, "it takes 887,603,200 to 2,662,809,600."),
    ("V1-FA-1PCT", "exact", Fraction(13_314_048, 16_000_000), "MADD-HEADLESS", "Of the 1,600,000,000"),
    ("V1-T12-1-224-M", "exact", 567_716_352, "MADD-HEADLESS", "rounded to the printed 568"),
    ("V1-T12-0.5-224-M", "exact", 148_985_088, "MADD-HEADLESS", "rounded to the printed 149"),
    ("V1-T12-0.25-224-M", "convention", 45_992_576, MIN16, "MADD-HEADLESS gives 40,774,272; MADD-MIN16"),
    ("V1-T12-1-128-M", "exact", 185_376_768, "MADD-HEADLESS", "rounded to the printed 185"),
    ("V1-T12-0.5-128-M", "convention", 48_648_192, "MADD-HEADLESS", "cut, not rounded, to the printed 48"),
    ("V1-T12-0.25-128-M", "convention", 15_017_984, MIN16, "leaves 8 channels in the first convolution"),
    ("V1-T12-0.25-224-P", "exact", 207_600, "P-WEIGHTS", "rounded to the printed 0.2"),
    ("V1-T12-BASE-P", "not determinable", (), UNCOUNTED, "prints 75 million for the same classifier"),
    ("V1-T14-FN", "not determinable", (), UNCOUNTED, "are the upper ends of both"),
    ("V1-T14-a-M", "unexplained", 289_651_200, "MADD-HEADLESS", "1.28% above the print"),
    ("V1-T14-b-M", "exact", 185_376_768, "MADD-HEADLESS", "rounded to the printed 185"),
    ("V1-T14-c-M", "exact", 165_628_800, "MADD-HEADLESS", "V1-T14-DUP"),
    ("V1-T14-d-M", "unexplained", 106_002_432, "MADD-HEADLESS", "108,472,320, which is the print; no convention"),
    ("V1-T14-a-P", "not determinable", 3_185_088, "P-WEIGHTS", "implies 1,626 to 1,723. The body alone has"),
    ("V1-T14-b-P", "not determinable", 3_185_088, "P-WEIGHTS", "implies 2,212 to 2,309. The body alone has"),
    ("V1-T14-c-P", "not determinable", 1_800_144, "P-WEIGHTS", "differ by 0.4 million"),
    ("V1-T14-d-P", "not determinable", 1_800_144, "P-WEIGHTS", "implies 2,539 to 2,669. The body alone has"),
    ("V1-T14-DUP", "erratum", 160, UNCOUNTED, "those of 160 pixels, 165,628,800; at 128 they would be 106,002,432"),
]


@pytest.mark.parametrize(("id", "verdict", "value", "convention", "said"), VALUES, ids=[row[0] for row in VALUES])
def test_values(results, id, verdict, value, convention, said):
    result = results[id]
    assert (result.verdict, result.value, result.convention) == (verdict, value, convention)
    assert said in result.explanation


def test_all_have_their_recorded_verdict(results):
    assert {id for id, result in results.items() if result.changed} == set()
    assert len(results) == 32


# What a print implies.


@pytest.mark.parametrize(
    ("printed", "before", "each", "wanted"),
    [
        ("10", 0, 1, (10, 10)),
        ("10", 3, 1, (7, 7)),
        ("10", 0, 3, (4, 3)),  # 9 and 12 miss it: no number of whole units gives the print
        ("1.5", 0, Fraction(1, 100), (145, 154)),  # 1.45 rounds up to 1.5, 1.55 to 1.6
        ("4", 0, 2, (2, 2)),
    ],
)
def test_implied(printed, before, each, wanted):
    assert v1_planet.implied(parse_figure(printed, significant_zeros=True), before, each) == wanted


def test_the_ends_of_what_is_implied_round_to_the_print_and_their_neighbours_do_not():
    networks = Networks()
    for printed, build, ranges in (
        ("52", v1_planet.inception_v3, v1_planet._implied_by(networks)["52"]),
        ("13", v1_planet.mobilenet_v1, v1_planet._implied_by(networks)["13"]),
    ):
        figure = parse_figure(printed, "M")
        low, high = ranges
        fits = {
            cells: figure.is_rounded(networks.cost(build, classes=cells).total("P-WEIGHTS"))
            for cells in (low - 1, low, high, high + 1)
        }
        assert list(fits.values()) == [False, True, True, False]
    low, high = v1_table_14.embedding_implied(networks, v1_table_14.ROWS["c"])
    embeddings = [
        networks.cost(v1_table_14.mobilenet_v1_embedding, width=0.75, dimension=each).total("P-WEIGHTS")
        for each in (low - 1, low, high, high + 1)
    ]
    assert [parse_figure("3.4", "M").is_rounded(each) for each in embeddings] == [False, True, True, False]


def test_the_two_planets_could_agree(results):
    """What the explanation says follows from the ranges."""
    for id in ("V1-PL-52", "V1-PL-10"):
        assert "the two networks cannot have the same cells" in results[id].explanation
    overlapping = {"52": (9000, 9999), "10": (9500, 9600), "13": (9400, 9700)}
    assert v1_planet._facts(overlapping)["agree"] == "can have the same cells"


# Errata are refuted by a check that could have come out otherwise.


def test_the_unit_of_058_is_refuted_by_the_final_layer(monkeypatch):
    networks = Networks()
    assert v1_planet._mobile_madds(networks).refuted
    monkeypatch.setattr(v1_planet, "MOBILE_MADDS", "0.57 Million")  # neither unit is right
    assert not v1_planet._mobile_madds(networks).refuted
    monkeypatch.setattr(v1_planet, "MOBILE_MADDS", "0.58 B")
    assert audit_claim(replace(CLAIMS["V1-PL-058"], printed="0.58 B"), networks).verdict == "exact"


@pytest.mark.parametrize(
    ("madds", "value", "refuted"), [("166", 160, True), ("106", 128, False), ("325", 224, True), ("999", 128, False)]
)
def test_the_third_rows_resolution_follows_from_its_multiply_adds(monkeypatch, madds, value, refuted):
    monkeypatch.setitem(v1_table_14.ROWS, "c", v1_table_14.ROWS["c"]._replace(madds=madds))
    computed = v1_table_14._resolution(Networks())
    assert (computed.values[UNCOUNTED], computed.refuted) == (value, refuted)


# Conventions.


def test_16_channels_are_listed_only_where_they_are_another_network(results):
    assert {id for id, result in results.items() if MIN16 in result.values} == {
        "V1-FA-1PCT",
        "V1-T12-0.25-224-M",
        "V1-T12-0.25-128-M",
    }
    assert results["V1-T12-0.25-224-M"].reading == "cut"
    assert results["V1-T12-0.25-128-M"].reading == "rounded"


def test_counts_are_given_under_all_conventions(results):
    for id in ("V1-T12-1-224-M", "V1-T14-a-M", "V1-PL-574"):
        assert {"MADD", "MADD-HEADLESS", "MADD-INSIDE", "MADD-BN2", "FLOP-2"} <= set(results[id].values)
    for id in ("V1-T12-1-224-P", "V1-T14-a-P", "V1-PL-52", "V1-PL-10", "V1-PL-13"):
        assert {"P-WEIGHTS", "P-BIAS", "P-TRAINABLE", "P-ALL"} <= set(results[id].values)
