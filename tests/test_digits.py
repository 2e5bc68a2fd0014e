"""What a printed figure promises: value, last significant digit, and what rounds or is cut to it."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refnet.digits import parse_figure

PRINTS = [  # text, unit, value, step, significant digits
    ("4.2", "M", 4_200_000, 100_000, 2),
    ("4.20", "M", 4_200_000, 10_000, 3),
    ("0.02", "", Fraction(2, 100), Fraction(1, 100), 1),
    ("314M", "", 314_000_000, 1_000_000, 3),
    ("3.4 M", "", 3_400_000, 100_000, 2),
    ("1600", "M", 1_600_000_000, 100_000_000, 2),
    ("1600.", "M", 1_600_000_000, 1_000_000, 4),
    ("149.6", "B", 149_600_000_000, 100_000_000, 4),
    ("600", "Kb", 600_000, 100_000, 1),
    ("0.58", "Million", 580_000, 10_000, 2),
]


@pytest.mark.parametrize(("text", "unit", "value", "step", "significant"), PRINTS)
def test_a_print_is_read(text, unit, value, step, significant):
    figure = parse_figure(text, unit)
    assert (figure.value, figure.step, figure.significant) == (value, step, significant)


def test_zeros_at_the_end_count_only_if_said_so():
    loose, strict = parse_figure("290", "M"), parse_figure("290", "M", significant_zeros=True)
    assert (loose.step, strict.step) == (10**7, 10**6)
    assert loose.is_rounded(290_675_200)
    assert not strict.is_rounded(290_675_200)
    assert strict.reading(290_675_200) == "cut"


READINGS = [  # print, exact, how the exact value gives it
    ("569", 568_740_352, "rounded"),
    ("3.4", 3_469_760, "cut"),
    ("3.5", 3_469_760, "rounded"),
    ("1.7", 1_662_048, "rounded"),
    ("2.5", 2_450_000, "rounded"),  # half goes up
    ("2.4", 2_450_000, "cut"),
    ("585", 582_195_824, None),
]


@pytest.mark.parametrize(("text", "exact", "how"), READINGS)
def test_how_a_value_gives_a_print(text, exact, how):
    assert parse_figure(text, "M").reading(exact) == how


@given(st.integers(1, 10**12), st.integers(0, 3), st.sampled_from(["", "K", "M", "B"]))
def test_rounding_stays_within_half_a_step(exact, decimals, unit):
    figure = parse_figure(f"{7:.{decimals}f}", unit)
    assert abs(figure.rounded(exact) - exact) <= figure.step / 2
    assert figure.rounded(figure.rounded(exact)) == figure.rounded(exact)


@given(st.integers(1, 10**6), st.integers(0, 3))
def test_a_print_is_what_it_was_printed_from(digits, decimals):
    exact = Fraction(digits, 10**decimals)
    figure = parse_figure(f"{float(exact):.{decimals}f}", significant_zeros=True)
    assert figure.reading(exact) == "rounded"
    assert not figure.is_rounded(exact + figure.step)


@pytest.mark.parametrize("text", ["", "M", "4,2M", "-3", "3.4 X", "1e6", "three"])
def test_what_is_no_figure_is_refused(text):
    with pytest.raises(ValueError, match="figure: wanted a number"):
        parse_figure(text)
