"""Theorem 1: how much of an n-dimensional space ReLU(Bx) collapses, exactly and by drawing B and x.

    n       dimensions of x (channels of the bottleneck)    m   rows of B (channels of the expansion)
    sigma   a pattern of signs of Bx                        T   the positive ones

ReLU keeps the coordinates in T. Near a point, x -> ReLU(Bx) loses no dimension if the rows T of B have rank n, which
for almost every B means that T has at least n members. A distribution of B that is symmetric under changes of the
rows' signs makes all 2^m patterns equally likely, so the share that survives is a count of patterns over 2^m.
"""

from fractions import Fraction
from functools import cache
from itertools import accumulate, product
from math import comb, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


def preserved_patterns(m: int, n: int) -> int:
    """N_{m,n} = sum over k = 0..m-n of C(m, k): patterns of m signs with at least n positive ones."""
    return _sums_of_binomials(m)[m - n]


@cache
def _sums_of_binomials(m: int) -> tuple[int, ...]:
    """Entry j: C(m, 0) + ... + C(m, j)."""
    return tuple(accumulate(comb(m, k) for k in range(m + 1)))


def enumerated_patterns(m: int, n: int) -> int:
    """The same number by writing all 2^m patterns down: |Sigma_n| of the proof."""
    return sum(sum(sigma) >= n for sigma in product((0, 1), repeat=m))


def collapsed(m: int, n: int) -> Fraction:
    """The share of the volume that ReLU(Bx) collapses on average: 1 - N_{m,n} / 2^m."""
    return 1 - Fraction(preserved_patterns(m, n), 2**m)


class Estimate(NamedTuple):
    """A share found by drawing, with the interval in which the true one lies with the stated confidence."""

    share: float
    low: float
    high: float
    draws: int


_SIGMAS = 3.8906  # of the normal distribution, two-sided 99.99 %


def estimate(m: int, n: int, draws: int, rng: np.random.Generator) -> Estimate:
    """The collapsed share by Monte Carlo, with Wilson's interval.

    Draws B (m, n) and a point x of the cube [-1, 1]^n, `draws` times, and counts the points at which the Jacobian of
    ReLU(Bx) has a rank below n. The rows of B have signs of their own but share a scale, so that entries depend on each
    other: the theorem asks for symmetry only.
    """
    B = rng.standard_normal((draws, m, n)) * rng.exponential(size=(draws, 1, 1))
    B += rng.choice((-1.0, 1.0), size=(draws, m, 1)) * rng.uniform(0, 2, size=(draws, 1, n))
    x = rng.uniform(-1, 1, size=(draws, n, 1))
    lost = int((jacobian_ranks(B, x) < n).sum())
    return Estimate(lost / draws, *wilson(lost, draws), draws)


def jacobian_ranks(B: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.int64]:
    """Rank of d ReLU(Bx) / dx at each x: B (draws, m, n), x (draws, n, 1) -> (draws,)."""
    ranks: NDArray[np.int64] = np.linalg.matrix_rank(B * (B @ x > 0))
    return ranks


def wilson(found: int, draws: int) -> tuple[float, float]:
    """Wilson's score interval of a share, with 99.99 % confidence."""
    share, z2 = found / draws, _SIGMAS**2
    middle = (share + z2 / (2 * draws)) / (1 + z2 / draws)
    half = _SIGMAS / (1 + z2 / draws) * sqrt(share * (1 - share) / draws + z2 / (4 * draws**2))
    return middle - half, middle + half
