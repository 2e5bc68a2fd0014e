"""Which conventions give a printed figure: all that do, with exact counts; none for a made-up one."""

import pytest

from refnet import mobilenet_v1, mobilenet_v2
from refnet.choosing import counted
from refnet.counting import CONVENTIONS
from refnet.digits import parse_figure
from refnet.printing import explanation_rows


def explained(net, text, unit=""):
    rows = explanation_rows(counted(net), parse_figure(text, unit))
    return {row["convention"]: (row["value"], row["digits"]) for row in rows}


@pytest.mark.parametrize(
    ("figure", "convention", "count", "how"),
    [
        ("300.M", "MADD", 300_774_272, "cut"),
        ("301M", "MADD", 300_774_272, "rounded"),
        ("299M", "MADD-HEADLESS", 299_494_272, "rounded"),
        ("314M", "MADD-BN2", 314_130_496, "rounded"),
        ("327M", "MADD-BN4", 327_486_720, "rounded"),
        ("602M", "FLOP-2", 601_548_544, "rounded"),
        ("3.4M", "P-WEIGHTS", 3_469_760, "cut"),
        ("3.47M", "P-WEIGHTS", 3_469_760, "rounded"),
        ("300774272", "MADD", 300_774_272, "rounded"),
    ],
)
def test_explain_v2(figure, convention, count, how):
    assert explained(mobilenet_v2(), figure)[convention] == (count, how)


def test_explain_lists_all_and_only_what_fits():
    assert set(explained(mobilenet_v2(), "314M")) == {"MADD-BN2"}
    every_kind = {name for name in CONVENTIONS if name.startswith("P-")}
    assert set(explained(mobilenet_v2(), "3.5M")) == every_kind
    assert explained(mobilenet_v2(), "123M") == {}
    assert explained(mobilenet_v2(), "585M") == {}


def test_the_first_block_read_literally_is_a_second_way_to_314():
    assert explained(mobilenet_v2(expand_first=True), "314M")["MADD"] == (313_619_328, "rounded")


@pytest.mark.parametrize(("figure", "unit"), [("569", "M"), ("4.2", "Million")])
def test_explain_v1(figure, unit):
    main = {"M": "MADD", "Million": "P-WEIGHTS"}[unit]
    assert explained(mobilenet_v1(), figure, unit)[main][1] == "rounded"
