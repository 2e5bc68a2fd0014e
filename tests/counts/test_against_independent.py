"""Counts of whole networks against `independent.py`, a second reading of both papers' tables."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counts import independent
from refnet import conv_mobilenet, mobilenet_v1, mobilenet_v2, shallow_mobilenet


def agree(net, lines):
    """Every total, and every line's multiply-adds, taps inside and weights."""
    cost, expected = net.cost(), independent.totals(lines)
    assert {
        "madds": cost.madds,
        "headless": cost.total("MADD-HEADLESS"),
        "inside": cost.total("MADD-INSIDE"),
        "step": cost.total("MADD-STEP"),
        "flop_n": cost.total("FLOP-N"),
        "weights": cost.total("P-WEIGHTS"),
        "biases": cost.total("P-BIAS") - cost.total("P-WEIGHTS"),
        "bn_channels": cost.total("P-FOLDED") - cost.total("P-BIAS"),
        "bn_outputs": (cost.total("MADD-BN2") - cost.madds) // 2,
    } == expected
    rows = [(row.node, row.terms) for row in cost if row.terms.madds]
    counted = {node: (terms.madds, terms.madds_inside, terms.weights) for node, terms in rows}
    assert counted == {line.name: (line.madds, line.madds_inside, line.weights) for line in lines}


@pytest.mark.parametrize("resolution", [224, 192, 160, 128])
@pytest.mark.parametrize("width", [1.0, 0.75, 0.5, 0.25])
def test_the_16_settings_of_v1(width, resolution):
    agree(mobilenet_v1(width, resolution), independent.v1(width, resolution, 1000))


@pytest.mark.parametrize(
    ("width", "resolution"),
    [(1.4, 224), *((width, size) for width in (1.0, 0.75, 0.5, 0.35) for size in (224, 192, 160, 128, 96))],
)
def test_the_21_settings_of_v2(width, resolution):
    agree(mobilenet_v2(width, resolution), independent.v2(width, resolution, 1000))


@pytest.mark.parametrize("build", [conv_mobilenet, shallow_mobilenet])
def test_the_comparison_bodies_of_v1(build):
    agree(build(), independent.v1(1.0, 224, 1000, body=build.__name__))


SETTINGS = {
    "width": st.one_of(st.sampled_from([0.01, 0.37, 1.3, 2.5]), st.floats(0.01, 4)),
    "resolution": st.integers(32, 600),
    "classes": st.integers(0, 22_000),
}


@given(
    **SETTINGS,
    padding=st.sampled_from(["same", "symmetric"]),
    build=st.sampled_from([mobilenet_v1, conv_mobilenet, shallow_mobilenet]),
)
def test_drawn_settings_of_v1(width, resolution, classes, padding, build):
    lines = independent.v1(width, resolution, classes, padding, body=build.__name__)
    agree(build(width, resolution, classes, padding), lines)


@given(width=SETTINGS["width"], resolution=st.integers(450, 700))
def test_drawn_settings_of_v1_with_valid_padding(width, resolution):
    agree(mobilenet_v1(width, resolution, padding="valid"), independent.v1(width, resolution, 1000, "valid"))


@given(
    **SETTINGS,
    padding=st.sampled_from(["same", "symmetric"]),
    expansion=st.one_of(st.integers(1, 12), st.floats(0.1, 10)),
    expand_first=st.booleans(),
)
def test_drawn_settings_of_v2(width, resolution, classes, padding, expansion, expand_first):
    net = mobilenet_v2(width, resolution, classes, padding, expansion, expand_first=expand_first)
    agree(net, independent.v2(width, resolution, classes, padding, expansion, expand_first))


def test_the_comparison_notices_a_layer_that_is_one_channel_wider():
    lines = independent.v2(1.0, 224, 1000)
    lines[10].n += 1
    with pytest.raises(AssertionError):
        agree(mobilenet_v2(), lines)
