"""Medians of times and of ratios, and how far each is known, without any assumption about how they are distributed.

    n values, sorted      P(the true median lies between the l-th smallest and the l-th largest)
                          = 1 - 2 * P(B < l), where B, the number of values below it, is binomial(n, 1/2)

The values must not depend on each other: that is why blocks are compared, and not the runs within them.
"""

from collections.abc import Sequence
from math import comb
from statistics import median
from typing import NamedTuple

CONFIDENCE = 0.95


class Estimate(NamedTuple):
    """A median, and the interval that holds the true one with this probability."""

    median: float
    low: float
    high: float
    confidence: float


def coverage(n: int, l: int) -> float:  # noqa: E741  the letter of the legend
    """The probability that the median lies between the l-th smallest and the l-th largest of n values (l from 1)."""
    return 1 - float(sum(comb(n, below) for below in range(l)) / 2 ** (n - 1))


def estimate(values: Sequence[float], confidence: float = CONFIDENCE) -> Estimate:
    """The narrowest such interval with at least this confidence; for few values all of them, with what they give.

    Raises ValueError without values.
    """
    if not values:
        raise ValueError("values: wanted at least one, got none")
    ordered, n = sorted(values), len(values)
    fitting = [l for l in range(1, (n + 1) // 2 + 1) if coverage(n, l) >= confidence]  # noqa: E741
    rank = max(fitting, default=1)
    return Estimate(median(ordered), ordered[rank - 1], ordered[n - rank], coverage(n, rank))


def ratios(over: Sequence[Sequence[float]], under: Sequence[Sequence[float]]) -> list[float]:
    """Block by block the median of one contestant's times over that of another's. Both: blocks of times."""
    return [median(above) / median(below) for above, below in zip(over, under, strict=True)]
