"""The comparators of V2's Table 4: values, and that another network is noticed."""

import pytest

from refnet.models import nasnet, shufflenet
from refnet.papers import v2_table_4
from refnet.papers.networks import Networks
from refnet.papers.verdict import audit_claim

CLAIMS = {claim.id: claim for claim in v2_table_4.CLAIMS}

VALUES = [  # id, value, and what its explanation must say; all are exact
    ("V2-T4-S15-P", 3_404_448, "3.4"),
    (
        "V2-T4-S15-M",
        292_443_552,
        "24 channels, as in the code of its authors; with 36 it would be 299,612,448",
    ),
    ("V2-T4-S20-P", 5_400_816, "5.4"),
    (
        "V2-T4-S20-M",
        524_045_184,
        "48 channels, as in the code of its authors; with 24 it would be 507,637,632",
    ),
    ("V2-T4-NAS-P", 5_326_716 - 2 * 36_738 - 1000, "5.3"),  # Keras's parameters less batch norm's and biases
    ("V2-T4-NAS-M", 563_638_816, "564"),
]


def result_of(id):
    return audit_claim(CLAIMS[id], Networks())


@pytest.mark.parametrize(("id", "value", "said"), VALUES)
def test_values(id, value, said):
    result = result_of(id)
    assert (result.verdict, result.value) == ("exact", value)
    assert result.convention == ("MADD" if id.endswith("M") else "P-WEIGHTS")
    assert said in result.explanation


def test_all_comparators_are_here():
    assert sorted(CLAIMS) == sorted(id for id, *_ in VALUES)


def test_a_wider_stage_is_noticed(monkeypatch):
    monkeypatch.setattr(shufflenet, "CHANNELS", {**shufflenet.CHANNELS, 3: 264})
    assert {id for id in CLAIMS if result_of(id).changed} == {id for id in CLAIMS if "-S" in id}


def test_the_other_first_convolution_is_noticed(monkeypatch):
    monkeypatch.setattr(shufflenet, "first_channels", lambda width: int(24 * width))
    assert {id for id in CLAIMS if result_of(id).changed} == {"V2-T4-S15-M"}


def test_a_cell_less_is_noticed(monkeypatch):
    monkeypatch.setattr(nasnet, "REPEATS", 3)
    assert {id for id in CLAIMS if result_of(id).changed} == {"V2-T4-NAS-P", "V2-T4-NAS-M"}
