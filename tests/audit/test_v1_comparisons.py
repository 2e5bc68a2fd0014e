"""V1's Tables 8 and 9 and section 4.2: values, what proves the errata, and that another print or network is noticed."""

from dataclasses import replace
from fractions import Fraction

import pytest

from refnet.digits import parse_figure
from refnet.models import alex_net, google_net, squeeze_net, vgg
from refnet.papers import run_audit, v1_comparisons, v1_ratios
from refnet.papers.networks import Networks
from refnet.papers.verdict import audit_claim

CLAIMS = {claim.id: claim for claim in (*v1_comparisons.CLAIMS, *v1_ratios.CLAIMS)}
MOBILENET, REDUCED = 568_740_352, 76_524_800  # multiply-adds; weights:
WEIGHTS, REDUCED_WEIGHTS = 4_209_088, 1_319_648


def result_of(id):
    return audit_claim(CLAIMS[id], Networks())


VALUES = [  # id, verdict, convention, value, and what its explanation must say
    ("V1-T8-MN-M", "exact", "MADD", MOBILENET, "569"),
    ("V1-T8-MN-P", "exact", "P-WEIGHTS", WEIGHTS, "4.2"),
    ("V1-T8-GL-M", "unexplained", "MADD", 1_582_671_872, "adds up to 1,502 million operations"),
    ("V1-T8-GL-P", "unexplained", "P-WEIGHTS", 6_990_272, "6797.7 thousand; but in only 3 of its 12 rows"),
    ("V1-T8-VGG-M", "unexplained", "MADD", 15_470_264_320, "15,346,630,656"),
    ("V1-T8-VGG-P", "exact", "P-WEIGHTS", 138_344_128, "138"),
    ("V1-T9-MN-M", "convention", "MADD", REDUCED, "MADD-HEADLESS (rounded)"),
    ("V1-T9-MN-P", "exact", "P-WEIGHTS", REDUCED_WEIGHTS, "1.32"),
    ("V1-T9-SQ-M", "convention", "FLOP-2", 1_665_335_872, "1,722,679,872"),
    ("V1-T9-SQ-P", "convention", "P-BIAS", 1_248_424, "1.25"),
    ("V1-T9-AL-M", "exact", "MADD", 724_406_816, "720,310,816"),
    ("V1-T9-AL-P", "exact", "P-WEIGHTS", 60_954_656, "Only the first digit of the print counts"),
    ("V1-X32", "convention", "P-WEIGHTS", Fraction(138_344_128, WEIGHTS), "cut, not rounded"),
    ("V1-X27", "exact", "MADD", Fraction(15_470_264_320, MOBILENET), "quotient of the two printed figures is 26.889"),
    ("V1-X25", "approximate", "MADD", Fraction(1_582_671_872, MOBILENET), "2.7828 times"),
    ("V1-X45", "convention", "P-TRAINABLE", Fraction(60_965_224, 1_331_592), "P-ALL (rounded)"),
    ("V1-X94", "convention", "MADD", Fraction(724_406_816, REDUCED), "cut, not rounded"),
    ("V1-X22", "erratum", "MADD", Fraction(832_667_936, REDUCED), "SqueezeNet's is FLOP-2 and MobileNet's MADD"),
    ("V1-ACC4A", "erratum", "-", 3, "60.2% and 57.2%"),
    ("V1-ACC4S", "erratum", "-", Fraction(27, 10), "60.2% and 57.5%"),
]


@pytest.mark.parametrize(("id", "verdict", "convention", "value", "said"), VALUES)
def test_values(id, verdict, convention, value, said):
    result = result_of(id)
    assert (result.verdict, result.convention, result.value) == (verdict, convention, value)
    assert not result.changed
    assert said in result.explanation


def test_all_claims_of_these_places_are_here():
    assert sorted(CLAIMS) == sorted(id for id, *_ in VALUES)


def test_vggs_print_is_that_of_its_convolutions():
    assert parse_figure("15300", "M").is_rounded(15_346_630_656)
    assert not parse_figure("15300", "M").is_cut(15_470_264_320)


# The errata are proved in the run, not declared.


def test_a_quotient_of_equal_units_is_no_erratum(monkeypatch):
    """With a print of SqueezeNet in multiply-adds nothing would prove the ratio wrong."""
    monkeypatch.setattr(v1_ratios, "SQUEEZENET", v1_comparisons.SQUEEZENET._replace(madds="830"))
    assert result_of("V1-X22").verdict == "unexplained"


@pytest.mark.parametrize(("worse", "verdict"), [("56.2", "exact"), ("56.6", "exact"), ("56.75", "unexplained")])
def test_another_accuracy(worse, verdict):
    """A difference of 4 would be exact; one of 3.45 may be above 3.5 before both were rounded: it proves nothing."""
    other = v1_comparisons.ALEXNET._replace(accuracy=worse)
    claim = v1_ratios._gain("V1-ACC4A", "AlexNet", other)
    assert audit_claim(claim, Networks()).verdict == verdict


@pytest.mark.parametrize(("bound", "verdict"), [("2.2", "unexplained"), ("2.3", "approximate"), ("2.8", "unexplained")])
def test_more_than(bound, verdict, monkeypatch):
    """2.78 is more than 2.3 and not far above it; it is far above 2.2, and below 2.8."""
    monkeypatch.setattr(v1_ratios, "BOUND", bound)
    assert result_of("V1-X25").verdict == verdict


RAISED = [
    ("V1-T8-MN-M", "570"),
    ("V1-T8-MN-P", "4.3"),
    ("V1-T8-VGG-P", "139"),
    ("V1-T9-MN-P", "1.33"),
    ("V1-T9-AL-M", "730"),
    ("V1-T9-AL-P", "70"),
    ("V1-X27", "28"),
]
WIDER = [
    (vgg, "BODY", ((2, 96), *vgg.BODY[1:]), ("V1-T8-VGG-M", "V1-X27")),
    (vgg, "F", 5000, ("V1-T8-VGG-P", "V1-X32")),
    (alex_net, "BODY", (*alex_net.BODY[:4], alex_net.BODY[4]._replace(c=384)), ("V1-T9-AL-M", "V1-T9-AL-P", "V1-X94")),
    (squeeze_net, "FIRE", {**squeeze_net.FIRE, 8: (64, 512, 512)}, ("V1-T9-SQ-M", "V1-T9-SQ-P", "V1-X22")),
    (google_net, "BODY", {**google_net.BODY, "4e": (512, 160, 320, 32, 128, 128)}, ("V1-T8-GL-M", "V1-T8-GL-P")),
]


@pytest.mark.parametrize(("module", "name", "value", "ids"), WIDER, ids=lambda each: getattr(each, "__name__", ""))
def test_a_wider_layer_moves_every_figure(module, name, value, ids, monkeypatch):
    before = {id: result_of(id) for id in ids}
    monkeypatch.setattr(module, name, value)
    for id in ids:
        after = result_of(id)
        assert after.values != before[id].values
        assert before[id].verdict == "unexplained" or (after.verdict, after.value) != (
            before[id].verdict,
            before[id].value,
        )


@pytest.mark.parametrize(("id", "raised"), RAISED)
def test_an_exact_print_that_is_one_higher_is_not_exact(id, raised):
    table = replace(CLAIMS[id].table, zeros=True)
    assert audit_claim(replace(CLAIMS[id], printed=raised, table=table), Networks()).verdict != "exact"


def test_every_exact_print_is_raised():
    assert {id for id, _ in RAISED} == {id for id, verdict, *_ in VALUES if verdict == "exact"}


def test_the_audit_has_them():
    ids = [result.claim.id for result in run_audit(paper="v1", ids=list(CLAIMS)).results]
    assert ids == list(CLAIMS)
