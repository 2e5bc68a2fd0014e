"""What differences over seeds say: their mean, the interval that is to hold the true one, and what follows from it.

    n   seeds, each with one difference: the arms of a seed share order of images and chance, so they are compared
        seed by seed
    nu  degrees of freedom, n - 1     t     a value of Student's distribution     theta  atan(t / sqrt(nu))

Seeds differ in weights, in the order of images and in chance, not in the images: an interval says what another seed
would do on these, and nothing of other images.

Student's distribution for a whole number of degrees of freedom is a finite sum: Abramowitz and Stegun, Handbook of
Mathematical Functions, 26.7.3 and 26.7.4. It holds for differences that are normally distributed.
"""

from collections.abc import Sequence
from math import atan, cos, pi, sin, sqrt, tan
from statistics import fmean, stdev
from typing import NamedTuple

CONFIDENCE = 0.95
AS_IN_THE_PAPER, OPPOSITE, UNDECIDED = "as in the paper", "opposite", "undecided"


class Interval(NamedTuple):
    """The mean of some values, and the interval around it that holds the true one with the given confidence."""

    mean: float
    low: float
    high: float


def interval(values: Sequence[float], confidence: float = CONFIDENCE) -> Interval:
    """Raises ValueError for fewer than two values, which have no spread."""
    n = len(values)
    if n < 2:
        raise ValueError(f"values: wanted at least two, got {n}")
    mean = fmean(values)
    reach = quantile(n - 1, confidence) * stdev(values) / sqrt(n)
    return Interval(mean, mean - reach, mean + reach)


def finding(found: Interval) -> str:
    """What an advantage, which is above 0 where the paper is right, says once it is known so well."""
    if found.low > 0:
        return AS_IN_THE_PAPER
    return OPPOSITE if found.high < 0 else UNDECIDED


def quantile(nu: int, confidence: float = CONFIDENCE) -> float:
    """The t with P(-t <= T <= t) = confidence, by halving the range of theta until it has no number inside."""
    if nu < 1 or not 0 < confidence < 1:
        raise ValueError(f"wanted nu from 1 on and a confidence between 0 and 1, got {nu} and {confidence}")
    low, high = 0.0, pi / 2
    while low < (middle := (low + high) / 2) < high:
        if _within(middle, nu) < confidence:
            low = middle
        else:
            high = middle
    return tan(low) * sqrt(nu)


def within(t: float, nu: int) -> float:
    """P(-t <= T <= t) for nu degrees of freedom."""
    return _within(atan(t / sqrt(nu)), nu)


def _within(theta: float, nu: int) -> float:
    """Even nu: sin(theta) * (1 + 1/2 cos^2 + (1*3)/(2*4) cos^4 + ...), to the power nu - 2.

    Odd nu: 2/pi * (theta + sin(theta) * (cos + 2/3 cos^3 + (2*4)/(3*5) cos^5 + ...)), to the power nu - 2.
    """
    odd, square = nu % 2, cos(theta) ** 2
    term, total = cos(theta) if odd else 1.0, 0.0
    for power in range(odd, nu - 1, 2):
        total += term
        term *= square * (power + 1) / (power + 2)
    return 2 / pi * (theta + sin(theta) * total) if odd else sin(theta) * total
