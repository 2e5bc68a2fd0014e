"""The chain of inequalities at the end of appendix A, link by link, in integers.

    N_{m,n} / 2^m  >=  1 - m^(n+1) / (2^m n!)  >=  1 - 2^((n+1) log m - m)  >=  1 - 2^(-m/2)

Each link is multiplied out, so that no subtraction from 1 can swallow what is compared; logarithms are undone, not
evaluated. The paper does not say which logarithm: with the natural one the second link fails at n = 1 already.
"""

from collections.abc import Callable
from math import factorial, log2
from typing import NamedTuple

from .collapse import preserved_patterns

Holds = Callable[[int, int], bool]


def first(m: int, n: int) -> bool:
    """2^m - N_{m,n} <= m^(n+1) / n!"""
    return bool((2**m - preserved_patterns(m, n)) * factorial(n) <= m ** (n + 1))


def second(m: int, n: int) -> bool:
    """m^(n+1) / n! <= 2^((n+1) log2 m) = m^(n+1)"""
    return bool(m ** (n + 1) <= m ** (n + 1) * factorial(n))


def second_fails_with_natural_logarithm(m: int, n: int) -> bool:
    """Whether m^(n+1) / n! > 2^((n+1) ln m) = m^((n+1) ln 2) for certain: even with 7/10, which is above ln 2."""
    return bool(m ** (10 * (n + 1)) > m ** (7 * (n + 1)) * factorial(n) ** 10)


def third(m: int, n: int) -> bool:
    """2^((n+1) log2 m - m) <= 2^(-m/2), which is m^(2(n+1)) <= 2^m"""
    return bool(m ** (2 * (n + 1)) <= 2**m)


def end_to_end(m: int, n: int) -> bool:
    """N_{m,n} / 2^m >= 1 - 2^(-m/2), which is (2^m - N_{m,n})^2 <= 2^m"""
    return bool((2**m - preserved_patterns(m, n)) ** 2 <= 2**m)


STEPS: dict[str, Holds] = {"first": first, "second": second, "third": third, "end to end": end_to_end}


class Region(NamedTuple):
    """Where a link holds among 1 <= n <= m <= limit: how many pairs of how many, and for each n the m, as ranges."""

    holds: int
    pairs: int
    ranges: dict[int, list[tuple[int, int]]]


def region(step: Holds, limit: int) -> Region:
    """Evaluate one link everywhere."""
    ranges = {n: _ranges([m for m in range(n, limit + 1) if step(m, n)]) for n in range(1, limit + 1)}
    holds = sum(last - start + 1 for each in ranges.values() for start, last in each)
    return Region(holds, limit * (limit + 1) // 2, ranges)


def _ranges(values: list[int]) -> list[tuple[int, int]]:
    """[1, 16, 17, 18] -> [(1, 1), (16, 18)]"""
    found: list[tuple[int, int]] = []
    for value in values:
        if found and value == found[-1][1] + 1:
            found[-1] = found[-1][0], value
        else:
            found.append((value, value))
    return found


def least_width(n: int) -> int:
    """From which m on the third link holds for this n.

    m - 2(n+1) log2 m falls until m = 2(n+1) / ln 2 and rises from there: beyond 3(n+1) the link, once true, stays true.
    """
    m = 3 * (n + 1)
    while not third(m, n):
        m += 1
    return m


def least_expansion(n: int) -> int:
    """The smallest whole expansion t from which on the bound, end to end, holds at m = t n.

    With S the sum of (m choose k) over k < n, the bound is S^2 <= 2^m. From m = 4n on, each term is less than a third
    of the next, k / (m-k+1), so that the last is more than 2/3 of S. One more in m makes S into 2S - (m choose n-1),
    less than 4/3 S: the left side grows by less than 16/9, the right by 2, and the bound, once true, stays true.
    """
    t = 1
    while not all(end_to_end(each * n, n) for each in range(t, max(t, 4) + 1)):
        t += 1
    return t


def collapsed_log2(m: int, n: int) -> float:
    """log2 of the share that collapses, exactly counted; the bound would have it at most -m/2."""
    return log2(2**m - preserved_patterns(m, n)) - m
