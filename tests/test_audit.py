"""The audit: every claim once, verdicts as recorded, and a broken model or a changed print noticed."""

import re
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from refnet.counting import Cost
from refnet.digits import UNITS
from refnet.models import v1, v2
from refnet.papers import CLAIMS, VERDICTS, loops, run_audit
from refnet.papers.claim import UNCOUNTED
from refnet.papers.networks import MEANINGS, Networks
from refnet.papers.verdict import audit_claim

IDS = Path(__file__).with_name("claim_ids.txt").read_text(encoding="utf-8").split()
# Claims that print a figure of a network: a share, a number of multiply-adds or of parameters.
FIGURES = [each for each in CLAIMS if each.unit in ("M", "%") and each.main != UNCOUNTED and not each.word]
# What the papers print of their own classifiers; detection taps blocks by name, and refuses a body that lost one.
OWN_TABLES = {*(f"V1 Table {number}" for number in range(1, 8)), "V2 section 4", "V2 Table 2"}
OWN = [claim.id for claim in CLAIMS if claim.table.name in OWN_TABLES]


@pytest.fixture(scope="module")
def audit():
    return run_audit()


def result_of(id):
    (result,) = run_audit(ids=id).results
    return result


# The table of claims


def test_every_id_appears_exactly_once():
    assert sorted(claim.id for claim in CLAIMS) == sorted(IDS)
    assert len(IDS) == len(set(IDS)) == 281


def test_every_table_is_covered():
    numbers = {match for claim in CLAIMS for match in re.findall(r"V[12] Table \d+", claim.table.name)}
    assert numbers == {
        *(f"V1 Table {number}" for number in (*range(1, 11), 12, 13, 14)),  # Table 11 prints accuracies only
        *(f"V2 Table {number}" for number in range(1, 8)),
    }


def test_claims_say_where_they_stand_and_what_is_printed():
    for claim in CLAIMS:
        assert claim.source, claim.id
        assert claim.printed, claim.id
        assert claim.unit, claim.id
        assert claim.what, claim.id


def test_main_conventions_come_from_the_table():
    for claim in CLAIMS:
        table = claim.table
        assert claim.main in (table.madds, table.parameters, table.memory, UNCOUNTED), claim.id


def test_no_explanation_has_a_figure_that_was_not_computed():
    """Left beside the fields: names of tables, ids, symbols with exponents, filter sizes, t = 1, and a symbol's own
    letters and bounds in a statement about formulas (x0, log2, 2^m, n + 1, n = 1 of "1 <= n").
    """
    names = r"V[12]-[\w.-]+|V[12]\b|Table \d|\d+x\d+|\w\^2|2\^m|t = 1|^\(1\)"
    names += r"|x0|log2|base 2|2 \(n\+1\)|1 <= n|n! >= 1|n = 1\b|99\.99 %"
    for claim in CLAIMS:
        prose = re.sub(r"\{\w+\}", "", claim.explanation)
        assert not re.search(r"\d", re.sub(names, "", prose)), (claim.id, prose)


# One run


def test_verdicts_are_the_recorded_ones(audit):
    assert audit.changed == []
    assert audit.summary() == {
        "exact": 182,
        "convention": 26,
        "approximate": 6,
        "erratum": 38,
        "unexplained": 19,
        "not determinable": 10,
        "claims": 281,
        "changed": 0,
    }


def test_what_is_not_exact(audit):
    found = {name: {each.claim.id for each in audit.results if each.verdict == name} for name in VERDICTS}
    assert found["convention"] == {
        "V1-R2", "V1-T4-CONV-M", "V1-T7-160-M", "V1-T9-MN-M", "V1-T9-SQ-M", "V1-T9-SQ-P", "V1-X32", "V1-X45",
        "V1-X94", "V1-T10-I3-M", "V1-T12-0.25-224-M", "V1-T12-0.5-128-M", "V1-T12-0.25-128-M",
        "V1-T13-SSD-I2-P", "V2-300", "V2-34", "V2-T4-V2-P", "V2-T4-V2-M", "V2-T3-14-V2", "V2-T3-7-Sh",
        "V2-T3-1-V2", "V2-T3-112-V2ch", "V2-T5-SSD-M", "V2-T5-LITE-M", "V2-T6-YO-P", "V2-T7-V2A-8-M",
    }  # fmt: skip
    assert found["approximate"] == {
        "V1-8TO9", "V1-DW3", "V1-A2", "V1-X25", "V2-8TO9", "V2-25",
    }  # fmt: skip
    assert found["erratum"] == {
        "V1-EQ3", "V1-T1-5X", "V1-T1-S2", "V1-T2-C3-M", "V1-T2-SUM", "V1-X22", "V1-ACC4A", "V1-ACC4S",
        "V1-PL-058", "V1-T14-DUP", "V2-EQ1-002", "V2-FN1-002", "V2-NOTE-BLK", "V2-NOTE-96", "V2-19", "V2-7",
        "V2-T3-7-V1", "V2-T3-7-V2", "V2-T3b-MAX-Sh", "V2-T3-112-SHch", "V2-T3-56-V2ch", "V2-T3-28-V2ch",
        "V2-T3-28-SHch", "V2-T3-14-V2ch", "V2-T3-14-SHch", "V2-T3-7-V2ch", "V2-T3-7-SHch", "V2-T3-1-SHch",
        "V2-T3a-112", "V2-T3-V2max", "V2-T3-SHmax", "V2-T6-S300-P", "V2-T7-V1-8-M", "V2-512", "V2-L2", "V2-COL",
        "V2-INEQ3", "V2-INEQE",
    }  # fmt: skip
    assert found["unexplained"] == {
        "V1-T8-GL-M", "V1-T8-GL-P", "V1-T8-VGG-M", "V1-T10-I3-P", "V1-T13-SSD-VGG-P", "V1-T13-FR600-vgg-M",
        "V1-T14-a-M", "V1-T14-d-M", "V2-585", "V2-69", "V2-T4-V1-M", "V2-T4-14-P", "V2-T4-14-M", "V2-T6-S300-M",
        "V2-T6-S512-M", "V2-T6-S512-P", "V2-T7-V1-16-M", "V2-T7-R-16-M", "V2-T7-R-8-M",
    }  # fmt: skip
    assert found["not determinable"] == {
        "V1-PL-52", "V1-PL-10", "V1-FA-75", "V1-FA-1600", "V1-T12-BASE-P", "V1-T14-FN", "V1-T14-a-P",
        "V1-T14-b-P", "V1-T14-c-P", "V1-T14-d-P",
    }  # fmt: skip


def test_conventions_are_a_closed_list(audit):
    for result in audit.results:
        assert {result.convention, *result.values, *(fit.convention for fit in result.fits)} <= {
            *MEANINGS,
            UNCOUNTED,
        }, result.claim.id


def test_every_result_is_explained(audit):
    for result in audit.results:
        assert len(result.explanation) > 10, result.claim.id
        assert "{" not in result.explanation, result.claim.id


VALUES = [  # id, value, convention, and what its explanation must say
    ("V1-T4-CONV-M", 4_866_269_184, "MADD-HEADLESS", "4,867,293,184"),
    ("V1-T6-0.5-M", 149_497_088, "MADD", "rounded to the printed 149"),
    (
        "V1-T7-160-M",
        290_675_200,
        "MADD",
        "MADD-HEADLESS (rounded), MADD-INSIDE (rounded), MADD-RHO2 (rounded)",
    ),
    ("V1-T1-S2", 1, UNCOUNTED, "side 4"),
    ("V1-T1-5X", 28, UNCOUNTED, "5 times"),
    ("V1-T2-SUM", 100, "MADD", "99.29"),
    ("V1-EQ2", 462_422_016, "MADD", "419,430,400"),
    ("V1-EQ7", 15_091_200, "MADD", "16 networks"),
    ("V1-8TO9", (Fraction(576, 73), Fraction(9216, 1033)), "MADD", "8.719 times cheaper"),
    ("V2-8TO9", (Fraction(144, 25), Fraction(2880, 329)), "MADD", "7.657 times cheaper"),
    ("V1-R2", (Fraction(36, 49), Fraction(25, 49), Fraction(16, 49)), "MADD-HEADLESS", "0.73469"),
    ("V2-EQ1-002", False, UNCOUNTED, "d_j is right"),
    ("V2-BLK", 10_311_168, "MADD", "12,845,056 multiply-adds and 1,024 weights"),
    ("V2-NOTE-96", 6, UNCOUNTED, "96 samples"),
    ("V2-NOTE-BLK", (4_816_896, 677_376, 4_816_896), "MADD", "384"),
    ("V2-19", 17, UNCOUNTED, "10 of them with a shortcut"),
    ("V2-300", 300_774_272, "MADD", "cut, not rounded"),
    ("V2-34", 3_469_760, "P-WEIGHTS", "cut, not rounded"),
    ("V2-7", 11_934_128, "MADD", "27 multiply-adds"),
    ("V2-585", 582_195_824, "MADD", "0.479% below the print"),
    ("V2-69", 6_059_840, "P-WEIGHTS", "12.2% below the print"),
    ("V2-RES", 21, UNCOUNTED, "11,934,128"),
    ("N-FCF", 2_047_000, "FLOP-N", "2,047,000"),
]


@pytest.mark.parametrize(("id", "value", "convention", "said"), VALUES)
def test_values(id, value, convention, said):
    result = result_of(id)
    assert (result.value, result.convention) == (value, convention)
    assert said in result.explanation


def test_the_classifiers_bias_belongs_to_the_classifier():
    shares = result_of("V1-T2-FC-P").values
    assert shares == {
        "P-WEIGHTS": Fraction(102_400_000, 4_209_088),
        "P-BIAS": Fraction(102_500_000, 4_210_088),
    }


def test_equation_1_by_hand():
    """F tells channel, row and column; the kernel looks right in channel 1 and down in channel 2."""
    F = {(row, column, m): 100 * m + 10 * row + column for row, column, m in loops.up_to(3, 3, 2)}
    K = dict.fromkeys(loops.up_to(2, 2, 2, 1), 0) | {(1, 2, 1, 1): 1, (2, 1, 2, 1): 1000}
    G = loops.standard(K, F, D_K=2, D_G=2, M=2, N=1)
    assert G == {(1, 1, 1): 221_112, (1, 2, 1): 222_113, (2, 1, 1): 231_122, (2, 2, 1): 232_123}
    assert loops.rows_read(2, 2) == {1, 2, 3}


def test_the_tables_own_convention_is_listed_first(audit):
    for result in audit.results:
        assert next(iter(result.values)) == result.claim.main
        fitting = [fit.convention for fit in result.fits]
        assert result.claim.main not in fitting[1:], result.claim.id


# It notices


def raised(printed, zeros=0):
    """The print with its last digit one higher; zeros: how many at its end do not count."""
    number = Decimal(printed)
    return str(number + Decimal(1).scaleb(number.as_tuple().exponent + zeros))


def test_raising_a_print():
    assert [raised(text) for text in ("4.2", "569", "0.02", "9")] == ["4.3", "570", "0.03", "10"]
    assert [raised("1600", 2), raised("800", 2)] == ["1700", "900"]


def idle_zeros(result):
    """Zeros at the end of the print that are not significant."""
    digits = result.claim.printed.replace(".", "").lstrip("0")
    return max(0, len(digits) - result.significant)


def exact_figures(audit):
    return [each for each in audit.results if each.verdict == "exact" and each.significant is not None]


def test_an_exact_print_that_is_one_higher_is_not_exact(audit):
    """A raised print may end in a zero, which counts here: 570 is not read as two digits."""
    networks, exact = Networks(), exact_figures(audit)
    assert len(exact) > 100
    for result in exact:
        zeros = idle_zeros(result)
        table = replace(result.claim.table, zeros=zeros == 0)
        claim = replace(result.claim, printed=raised(result.claim.printed, zeros), table=table)
        assert audit_claim(claim, networks).verdict != "exact", claim.id


def widened(body, at, factor=2):
    """The table with one block that has twice the channels."""
    row = list(body[at])
    row[1 if len(row) == 4 else 0] *= factor
    return (*body[:at], tuple(row), *body[at + 1 :])


# One layer of V1 and V2 wider at a time: the first convolution, a block in the middle, the last block. (The tests of
# the other networks widen their tables themselves.)
WIDER = [
    [(v1, "FIRST", v1.FIRST * 4), (v2, "FIRST", v2.FIRST * 4)],
    [(v1, "BODY", widened(v1.BODY, 7)), (v2, "BODY", widened(v2.BODY, 3))],
    [
        (v1, "BODY", widened(v1.BODY, -1)),
        (v1, "SHALLOW_BODY", widened(v1.SHALLOW_BODY, -1)),
        (v2, "BODY", widened(v2.BODY, -1, 5)),
    ],
]


def test_a_wider_layer_changes_every_exact_figure(audit, monkeypatch):
    own = [each for each in exact_figures(audit) if each.claim in FIGURES and each.claim.id in OWN]
    exact = {each.claim.id: each.value for each in own}
    assert len(exact) > 35
    unmoved, unnoticed = set(exact), set(exact)
    for patches in WIDER:
        with monkeypatch.context() as patched:
            for module, name, value in patches:
                patched.setattr(module, name, value)
            results = {each.claim.id: each for each in run_audit(ids=list(exact)).results}
        unmoved -= {id for id, value in exact.items() if results[id].value != value}
        unnoticed -= {id for id in exact if results[id].verdict != "exact"}
    assert unmoved == unnoticed == set()


def heavier(cost):
    """The same network with its heaviest layer twice as heavy: in multiply-adds, in weights, and in what it reads."""
    rows = list(cost.rows)
    for names in (("madds", "madds_inside", "madds_padded_grid"), ("weights",), ("inputs",)):
        at = max(range(len(rows)), key=lambda row: getattr(rows[row].terms, names[0]))
        doubled = {name: 2 * getattr(rows[at].terms, name) for name in names}
        rows[at] = replace(rows[at], terms=replace(rows[at].terms, **doubled))
    return Cost(tuple(rows))


def test_a_heavier_layer_changes_every_exact_size(audit, monkeypatch):
    """Of every network, the papers' own and those that they compare with."""
    networks = [each for each in exact_figures(audit) if each.claim.table.name != "V1 Table 3"]  # a layer's figures
    sizes = [each for each in networks if each.claim.unit in ("M", "B") and each.claim.main in MEANINGS]
    assert len(sizes) > 80
    counted = Networks.cost
    monkeypatch.setattr(Networks, "cost", lambda self, build, **settings: heavier(counted(self, build, **settings)))
    now = {each.claim.id: each for each in run_audit(ids=[each.claim.id for each in sizes]).results}
    assert [each.claim.id for each in sizes if now[each.claim.id].value == each.value] == []
    assert [id for id, each in now.items() if each.verdict == "exact"] == []


def test_a_broken_model_changes_the_audit(monkeypatch):
    monkeypatch.setattr(v1, "thinned", lambda channels, alpha: max(round(alpha * channels) + 1, 8))
    changed = {each.claim.id: each.verdict for each in run_audit(table=6).changed}
    assert changed.items() >= {"V1-T6-1-M": "unexplained", "V1-T6-0.5-M": "unexplained"}.items()


@pytest.mark.parametrize(
    ("model", "row"), [*((v1, row) for row in range(len(v1.BODY))), *((v2, row) for row in range(len(v2.BODY)))]
)
def test_no_row_of_a_model_can_be_lost(model, row, monkeypatch):
    """The audit goes through to its end, and says that it changed."""
    monkeypatch.setattr(model, "BODY", model.BODY[:row] + model.BODY[row + 1 :])
    assert run_audit(paper="v1" if model is v1 else "v2", ids=of_paper(OWN, model)).changed


def of_paper(ids, model):
    return [id for id in ids if id.startswith("V1" if model is v1 else "V2")]


def plain_figure(result):
    """The value in the print's unit, with all of its digits."""
    unit = UNITS.get(result.claim.unit, 1)
    return f"{Decimal(int(result.value)) / unit:f}"


def test_the_right_figure_of_an_erratum_would_be_exact(audit):
    networks, checked = Networks(), []
    for result in audit.results:
        if result.verdict == "erratum" and result.significant is not None:
            right = f"{float(result.value):.2f}" if result.claim.unit in "%x" else plain_figure(result)
            table = replace(result.claim.table, zeros=True)
            claim = replace(result.claim, printed=right, figure="", table=table)
            checked.append(claim.id)
            assert audit_claim(claim, networks).verdict == "exact", claim.id
    assert checked == [
        "V1-T1-5X", "V1-T1-S2", "V1-T2-C3-M", "V1-T2-SUM", "V1-X22", "V1-ACC4A", "V1-ACC4S", "V1-PL-058",
        "V1-T14-DUP", "V2-NOTE-96", "V2-19", "V2-7", "V2-T3-7-V1", "V2-T3-7-V2", "V2-T3b-MAX-Sh",
        "V2-T3-112-SHch", "V2-T3-56-V2ch", "V2-T3-28-V2ch", "V2-T3-28-SHch", "V2-T3-14-V2ch", "V2-T3-14-SHch",
        "V2-T3-7-V2ch", "V2-T3-7-SHch", "V2-T3-1-SHch", "V2-T3-V2max", "V2-T3-SHmax", "V2-T6-S300-P",
        "V2-T7-V1-8-M", "V2-512",
    ]  # fmt: skip
