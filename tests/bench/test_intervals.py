"""Medians and their intervals: exact coverage by enumeration, printed values of the binomial distribution."""

from itertools import product
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refnet.bench.intervals import coverage, estimate, ratios

VALUES = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40)


@pytest.mark.parametrize("n", range(1, 11))
def test_coverage_is_the_share_of_all_ways_to_lie_beside_the_median(n):
    """Each value is below the true median or above it, one as likely as the other."""
    ways = list(product((False, True), repeat=n))
    for rank in range(1, (n + 1) // 2 + 1):
        holding = sum(rank <= sum(way) <= n - rank for way in ways)
        assert coverage(n, rank) == pytest.approx(holding / len(ways), abs=1e-15)


@pytest.mark.parametrize(
    ("n", "rank", "confidence"), [(6, 1, 0.96875), (9, 2, 0.9609375), (11, 2, 0.98828125), (25, 8, 0.956714749)]
)
def test_ranks_at_95_percent(n, rank, confidence):
    found = estimate([float(i) for i in range(1, n + 1)])
    assert found[:3] == ((n + 1) / 2, rank, n + 1 - rank)
    assert found.confidence == pytest.approx(confidence, abs=1e-9)


def test_few_values_say_what_they_give():
    assert estimate([3.0]) == (3.0, 3.0, 3.0, 0.0)
    assert estimate([2.0, 4.0]) == (3.0, 2.0, 4.0, 0.5)
    assert estimate([5.0, 1.0, 4.0, 2.0, 3.0]) == (3.0, 1.0, 5.0, 0.9375)


def test_no_values_are_an_error():
    with pytest.raises(ValueError, match="values: wanted at least one, got none"):
        estimate([])


@given(VALUES)
def test_the_interval_is_of_the_values_and_holds_their_median(values):
    found = estimate(values)
    assert found.median == median(values)
    assert {found.low, found.high} <= set(values)
    assert found.low <= found.median <= found.high


@given(VALUES, st.randoms())
def test_order_does_not_matter_and_signs_turn_the_interval(values, random):
    found, mixed = estimate(values), list(values)
    random.shuffle(mixed)
    assert estimate(mixed) == found
    assert estimate([-value for value in values]) == (-found.median, -found.high, -found.low, found.confidence)


@given(VALUES)
def test_the_interval_is_the_narrowest_with_enough_confidence(values):
    n, ordered = len(values), sorted(values)
    wide = [rank for rank in range(1, (n + 1) // 2 + 1) if coverage(n, rank) >= 0.95]
    assert estimate(values).low == ordered[max(wide, default=1) - 1]


def test_ratios_are_taken_block_by_block():
    theirs, ours = [[2.0, 4.0, 9.0], [6.0]], [[2.0], [1.0, 2.0, 300.0]]
    assert ratios(theirs, ours) == [2.0, 3.0]
    with pytest.raises(ValueError, match="shorter"):
        ratios(theirs, ours[:1])
