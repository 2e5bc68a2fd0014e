"""Student's distribution against published tables and against its density; intervals and what follows from them."""

from math import gamma, pi, sqrt

import numpy as np
import pytest

from refnet.experiments.pairs import Interval, finding, interval, quantile, within

# Two-sided, as tables print them: degrees of freedom, 95 %, 99 %.
PUBLISHED = (
    (1, 12.706, 63.657),
    (2, 4.303, 9.925),
    (3, 3.182, 5.841),
    (4, 2.776, 4.604),
    (5, 2.571, 4.032),
    (9, 2.262, 3.250),
    (10, 2.228, 3.169),
    (19, 2.093, 2.861),
    (30, 2.042, 2.750),
    (120, 1.980, 2.617),
)


@pytest.mark.parametrize(("nu", "at95", "at99"), PUBLISHED)
def test_quantiles_are_those_of_published_tables(nu, at95, at99):
    assert round(quantile(nu, 0.95), 3) == at95
    assert round(quantile(nu, 0.99), 3) == at99


@pytest.mark.parametrize("nu", [1, 2, 3, 4, 5, 8, 13, 40])
@pytest.mark.parametrize("t", [0.1, 1.0, 3.0])
def test_probabilities_are_the_area_under_the_density(nu, t):
    """The density is not what the sums are made of. Simpson's rule, whose error here is far below the tolerance."""
    x = np.linspace(-t, t, 2001)
    scale = gamma((nu + 1) / 2) / (sqrt(nu * pi) * gamma(nu / 2))
    y = scale * (1 + x**2 / nu) ** (-(nu + 1) / 2)
    area = (x[1] - x[0]) / 3 * (y[0] + 4 * y[1:-1:2].sum() + 2 * y[2:-1:2].sum() + y[-1])
    assert within(t, nu) == pytest.approx(area, abs=1e-10)


def test_quantiles_are_those_of_scipy():
    stats = pytest.importorskip("scipy.stats")
    for nu in range(1, 60):
        for confidence in (0.5, 0.9, 0.95, 0.999):
            assert quantile(nu, confidence) == pytest.approx(stats.t.ppf((1 + confidence) / 2, nu), rel=1e-9)


def test_an_interval_by_hand():
    """Mean 3, standard deviation 2: of five values, sqrt(20 / 4) would be another."""
    mean, low, high = interval([1.0, 2.0, 6.0])
    deviation = sqrt(((1 - 3) ** 2 + (2 - 3) ** 2 + (6 - 3) ** 2) / 2)
    assert mean == 3
    assert high - mean == pytest.approx(4.302653 * deviation / sqrt(3), rel=1e-6)
    assert mean - low == pytest.approx(high - mean)


def test_the_true_mean_is_inside_as_often_as_promised():
    """4,000 times 5 values: the share has a standard deviation of 0.35 points; 4 of them are allowed."""
    draws = np.random.default_rng(0).normal(1.0, 2.0, (4000, 5))
    inside = [low < 1 < high for _, low, high in (interval(row) for row in draws.tolist())]
    assert abs(np.mean(inside) - 0.95) < 0.014


@pytest.mark.parametrize("count", [0, 1])
def test_a_single_value_has_no_interval(count):
    with pytest.raises(ValueError, match=f"wanted at least two, got {count}"):
        interval([1.0] * count)


@pytest.mark.parametrize(("nu", "confidence"), [(0, 0.95), (3, 0.0), (3, 1.0)])
def test_no_quantile_of_what_is_no_distribution(nu, confidence):
    with pytest.raises(ValueError, match=f"got {nu} and {confidence}"):
        quantile(nu, confidence)


@pytest.mark.parametrize(
    ("low", "high", "wanted"),
    [
        (0.1, 2.0, "as in the paper"),
        (-2.0, -0.1, "opposite"),
        (-0.1, 2.0, "undecided"),
        (-2.0, 0.1, "undecided"),
        (0.0, 2.0, "undecided"),
        (-2.0, 0.0, "undecided"),
        (0.0, 0.0, "undecided"),
    ],
)
def test_the_finding_is_that_of_the_interval(low, high, wanted):
    assert finding(Interval((low + high) / 2, low, high)) == wanted
