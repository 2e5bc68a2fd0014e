"""V1's Table 13, V2's Tables 5 and 6 and section 6.2: verdicts, and that they depend on what they speak of."""

import pytest

from refnet.models import inception2, ssd_vgg, v1, v2, vgg, yolo
from refnet.papers import run_audit, v1_table_13, v2_detection
from refnet.papers.networks import Networks
from refnet.papers.v2_detection import LATER_YOLO, YOLO, YOLO_PRINT
from refnet.papers.verdict import audit_claim

CLAIMS = [*v1_table_13.CLAIMS, *v2_detection.CLAIMS]
NOT_EXACT = {
    "V1-T13-SSD-I2-P": "convention",
    "V1-T13-SSD-VGG-P": "unexplained",
    "V1-T13-FR600-vgg-M": "unexplained",
    "V2-T5-SSD-M": "convention",
    "V2-T5-LITE-M": "convention",
    "V2-T6-S300-M": "unexplained",
    "V2-T6-S300-P": "erratum",
    "V2-T6-S512-M": "unexplained",
    "V2-T6-S512-P": "unexplained",
    "V2-T6-YO-P": "convention",
}


def verdicts(claims):
    networks = Networks()
    return {claim.id: audit_claim(claim, networks).verdict for claim in claims}


def result_of(id):
    (result,) = run_audit(ids=id).results
    return result


def test_verdicts():
    found = verdicts(CLAIMS)
    assert len(found) == 35
    assert {id: verdict for id, verdict in found.items() if verdict != "exact"} == NOT_EXACT


VALUES = [  # id, value, convention, and what its explanation must say
    ("V1-T13-SSD-I2-P", 13_794_391, "P-TRAINABLE", "cut, not rounded, to the printed 13.7"),
    ("V1-T13-FR600-vgg-M", 149_540_339_712, "MADD", "149,640,874,892, which rounds to the print"),
    ("V1-T13-FR300-v1-M", 25_224_412_096, "MADD", "25.2"),
    ("V2-T5-SSD-M", 1_259_068_672, "MADD", "2,518,137,344"),
    ("V2-T5-LITE-M", 355_234_688, "FLOP-2", "7.0887 times less; the prints make it 3.5714"),
    ("V2-T6-S300-P", 34_304_694, "P-BIAS", "at least 1,732,096 parameters more: 36,037,684"),
    ("V2-T6-YO-M", 17_500_980_224, "MADD", "67,424,521 parameters"),
    ("V2-T6-YO-P", 50_655_389, "P-TRAINABLE", "The row is two networks"),
    ("V2-SSDL15", 16, "-", "576 channels: layer 15"),
]


@pytest.mark.parametrize(("id", "value", "convention", "said"), VALUES)
def test_values(id, value, convention, said):
    result = result_of(id)
    assert (result.value, result.convention) == (value, convention)
    assert said in result.explanation


def test_three_rows_are_more_accurate_by_the_print():
    said = result_of("V2-20X").explanation
    assert "SSD300 23.2, SSD512 26.8, MNet V1 + SSDLite 22.2 stand above its mAP of 22.1" in said
    assert "YOLOv2 21.6" not in said


def test_the_row_of_yolo_is_two_networks():
    """Neither network gives the other's figure, under any convention."""
    networks = Networks()
    by_id = {claim.id: claim for claim in CLAIMS}
    for detector, id, quantity, figure in (
        (LATER_YOLO, "V2-T6-YO-M", "mult-adds", YOLO_PRINT[0]),
        (YOLO, "V2-T6-YO-P", "parameters", YOLO_PRINT[1]),
    ):
        other = v2_detection.figure(id, by_id[id].table, detector, quantity, figure)
        assert audit_claim(other, networks).verdict == "unexplained"


def test_the_erratum_needs_two_counts(monkeypatch):
    """If SSD512 had SSD300's layers, its count could stand in both rows, and nothing would be proved."""
    monkeypatch.setitem(ssd_vgg.SETTINGS, 512, ssd_vgg.SETTINGS[300])
    assert result_of("V2-T6-S300-P").verdict == "unexplained"


def widened(body, at, factor=4):
    """The table with one stage of so many times the channels."""
    n, c = body[at]
    return (*body[:at], (n, factor * c), *body[at + 1 :])


WIDER = [
    (v1, "BODY", (*v1.BODY[:-1], (4 * v1.BODY[-1][0], v1.BODY[-1][1]))),
    (v1, "FIRST", 16 * v1.FIRST),
    (v2, "LAST", 4 * v2.LAST),
    (v2, "FIRST", 16 * v2.FIRST),
    (vgg, "BODY", widened(vgg.BODY, 3)),
    (inception2, "BODY", (*inception2.BODY[:-1], inception2.BODY[-1]._replace(one=4000))),
    (inception2, "SECOND", (1024, 192)),
    (yolo, "DETECTION", (4096, 3)),
]


def test_a_wider_layer_changes_every_exact_figure(monkeypatch):
    """Ratios are read to one digit: they may move and stay."""
    exact = {id: result_of(id).value for id, verdict in verdicts(CLAIMS).items() if verdict == "exact"}
    figures = set(exact) - {"V2-20X", "V2-10X", "V2-SSDL15"}
    unmoved, unnoticed = set(exact) - {"V2-SSDL15"}, set(figures)
    for module, name, value in WIDER:
        with monkeypatch.context() as patched:
            patched.setattr(module, name, value)
            results = {each.claim.id: each for each in run_audit(ids=list(exact)).results}
        unmoved -= {id for id, value in exact.items() if results[id].value != value}
        unnoticed -= {id for id in figures if results[id].verdict != "exact"}
    assert len(figures) == 22
    assert unmoved == unnoticed == set()
