"""V1's Table 10: values, which number of classes each print needs, and that another print or network is noticed."""

from dataclasses import replace

import pytest

from refnet.models import inception3, v1
from refnet.papers import v1_table_10
from refnet.papers.networks import Networks
from refnet.papers.verdict import audit_claim

CLAIMS = {claim.id: claim for claim in v1_table_10.CLAIMS}
# Weights of the bodies, and multiply-adds, both without classifiers: of V1 (Table 1) and of Inception V3.
BODY, THIN_BODY, INCEPTION_BODY = 3_185_088, 1_800_144, 21_751_136
MADDS = {(1, 224): 567_716_352, (0.75, 224): 324_632_448, (1, 192): 417_097_728, (0.75, 192): 238_505_472}


def result_of(id):
    return audit_claim(CLAIMS[id], Networks())


VALUES = [  # id, verdict, value, and what its explanation must say
    ("V1-T10-I3-M", "convention", 5_711_168_096 + 2048 * 1000, "5,711,413,856, which gives the same print"),
    ("V1-T10-I3-P", "unexplained", INCEPTION_BODY + 2048 * 120, "23,799,136; only 684 to 731 classes"),
    ("V1-T10-1-224-M", "exact", MADDS[1, 224] + 1024 * 1000, "567,839,232, which does not give the print"),
    ("V1-T10-1-224-P", "exact", BODY + 1024 * 120, "3.3"),
    ("V1-T10-0.75-224-M", "exact", MADDS[0.75, 224] + 768 * 1000, "324,724,608, which gives the same print"),
    ("V1-T10-0.75-224-P", "exact", THIN_BODY + 768 * 120, "1.9"),
    ("V1-T10-1-192-M", "exact", MADDS[1, 192] + 1024 * 1000, "417,220,608, which does not give the print"),
    ("V1-T10-1-192-P", "exact", BODY + 1024 * 120, "3.3"),
    ("V1-T10-0.75-192-M", "exact", MADDS[0.75, 192] + 768 * 1000, "238,597,632, which gives the same print"),
    ("V1-T10-0.75-192-P", "exact", THIN_BODY + 768 * 120, "1.9"),
]


@pytest.mark.parametrize(("id", "verdict", "value", "said"), VALUES)
def test_values(id, verdict, value, said):
    result = result_of(id)
    assert (result.verdict, result.value) == (verdict, value)
    assert not result.changed
    assert said in result.explanation


def test_all_claims_of_the_table_are_here():
    assert sorted(CLAIMS) == sorted(id for id, *_ in VALUES)


def test_inceptions_round_figure_fits_only_cut_or_without_the_padding():
    fits = {fit.convention: fit.reading for fit in result_of("V1-T10-I3-M").fits}
    assert fits["MADD"] == "cut"
    assert fits["MADD-INSIDE"] == "rounded"
    assert result_of("V1-T10-I3-M").significant == 1


def test_another_print_of_inceptions_parameters():
    other = replace(CLAIMS["V1-T10-I3-P"], printed="22.0", recorded="exact")
    assert audit_claim(other, Networks()).verdict == "exact"


def test_a_wider_network_is_noticed(monkeypatch):
    monkeypatch.setattr(v1, "FIRST", 40)
    assert {id for id in CLAIMS if result_of(id).changed} == {f"V1-T10-{width:g}-{side}-M" for width, side in MADDS}


def test_another_block_of_inception_is_noticed(monkeypatch):
    name, branches, c = inception3.BODY[-1]
    monkeypatch.setattr(inception3, "BODY", (*inception3.BODY[:-1], (name, branches, c + 1)))
    assert result_of("V1-T10-I3-P").value != INCEPTION_BODY + 2048 * 120
