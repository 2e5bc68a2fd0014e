"""The figures of a trade-off: accuracy over cost, for a family of networks of several widths and resolutions.

    c   multiply-adds of a network     y   its accuracy in per cent
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..layers.base import Array


class Point(NamedTuple):
    """One network. width: its multiplier. resolution: height and width of its images."""

    width: float
    resolution: int
    c: int
    y: float


def mean_gain(points: Sequence[Point], others: Sequence[Point]) -> float:
    """By how much one family's best accuracy is above the other's at equal cost.

    A family's best is the best of its networks that cost as much or less, with straight lines over log c from one
    network to the next dearer one; the mean is over log c, where both families have networks. Raises ValueError where
    they have no cost in common.
    """
    low = max(min(np.log(point.c) for point in family) for family in (points, others))
    high = min(max(np.log(point.c) for point in family) for family in (points, others))
    if low >= high:
        raise ValueError(f"wanted families with costs in common, got none from {np.exp(low):.0f} to {np.exp(high):.0f}")
    at = np.linspace(low, high, 201)
    return float(np.mean(_best(points, at) - _best(others, at)))


def _best(points: Sequence[Point], at: Array) -> Array:
    """Shapes: at (n,), values of log c -> (n,)."""
    ordered = sorted(points, key=lambda point: (point.c, point.y))
    best = np.maximum.accumulate([point.y for point in ordered])
    return np.interp(at, np.log([point.c for point in ordered]), best)


def straighter_over_log(points: Sequence[Point]) -> float:
    """How much more of the variance of y a line over log c explains than a line over c; from -1 to 1."""
    y, c = np.array([point.y for point in points]), np.array([float(point.c) for point in points])
    return _explained(np.log(c), y) - _explained(c, y)


def _explained(x: Array, y: Array) -> float:
    """The share of the variance of y that the best line over x explains; 0 where y has none. Shapes: (n,), (n,)."""
    rest = y - line(x, y)(x)
    total = float(((y - y.mean()) ** 2).sum())
    return 1 - float((rest**2).sum()) / total if total > 0 else 0.0


def line(x: Array, y: Array) -> np.polynomial.Polynomial:
    """The line of least squares. Shapes: (n,), (n,)."""
    return np.polynomial.Polynomial.fit(x, y, 1)


def jump_below(points: Sequence[Point]) -> float:
    """How far the thinnest networks are below the line over log c of all the wider ones, in points."""
    thinnest = min(point.width for point in points)
    wider = [point for point in points if point.width > thinnest]
    fitted = line(np.log([point.c for point in wider]), np.array([point.y for point in wider]))
    thin = [point for point in points if point.width == thinnest]
    return float(np.mean([fitted(np.log(point.c)) - point.y for point in thin]))


def gain_of_resolution(points: Sequence[Point]) -> float:
    """How much the largest images gain above the smallest, in the mean over the widths."""
    sizes = [point.resolution for point in points]
    large, small = (np.mean([p.y for p in points if p.resolution == size]) for size in (max(sizes), min(sizes)))
    return float(large - small)
