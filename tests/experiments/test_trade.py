"""The figures of a trade-off on points whose figures are known."""

import pytest

from refnet.experiments.trade import Point, gain_of_resolution, jump_below, mean_gain, straighter_over_log


def family(*pairs, width=0.5, resolution=64):
    return [Point(width, resolution, c, y) for c, y in pairs]


def test_parallel_families_differ_by_their_distance():
    lower = family((100, 10.0), (10_000, 30.0))
    higher = family((10, 4.0), (1_000, 24.0), (100_000, 44.0))  # the line of the other, and 4 above
    assert mean_gain(higher, lower) == pytest.approx(4)
    assert mean_gain(lower, higher) == pytest.approx(-4)


def test_a_network_that_a_cheaper_one_beats_is_no_loss():
    """From 100 on the best is 30, whatever the dear one does."""
    assert mean_gain(family((100, 30.0), (10_000, 5.0)), family((100, 20.0), (10_000, 20.0))) == pytest.approx(10)


def test_only_common_costs_count():
    """Over 100 to 1,000 the first goes from 10 to 20 and the other is 0; what the dear one reaches is not asked."""
    assert mean_gain(family((100, 10.0), (1_000, 20.0), (10_000, 99.0)), family((1, 0.0), (1_000, 0.0))) == (
        pytest.approx(15)
    )


def test_families_without_a_common_cost_are_refused():
    with pytest.raises(ValueError, match="wanted families with costs in common"):
        mean_gain(family((1, 1.0), (2, 2.0)), family((3, 1.0), (4, 2.0)))


def test_straight_over_the_logarithm_or_over_the_cost():
    costs = (1, 10, 100, 1_000)
    assert straighter_over_log(family(*((c, 5.0 * i) for i, c in enumerate(costs)))) > 0.2
    assert straighter_over_log(family(*((c, 0.01 * c) for c in costs))) < -0.2
    assert straighter_over_log(family(*((c, 7.0) for c in costs))) == 0


def test_the_jump_is_the_distance_below_the_line_of_the_others():
    wider = family((100, 20.0), (1_000, 30.0), (10_000, 40.0))
    thin = family((10, 3.0), (100, 12.0), width=0.25)  # 10 and 20 on the line
    assert jump_below(wider + thin) == pytest.approx((7 + 8) / 2)


def test_the_gain_of_resolution_is_that_of_the_largest_above_the_smallest():
    large, small = family((9, 60.0), (5, 50.0)), family((4, 52.0), (2, 46.0), resolution=32)
    points = large + small + family((6, 0.0), resolution=48)
    assert gain_of_resolution(points) == pytest.approx(6)
