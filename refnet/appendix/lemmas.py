"""Lemma 1 and Lemma 2, tried on every small case in integers.

Lemma 1 is tried on sets made of unit cells, Lemma 2 on matrices with entries -1, 0, 1. An exhaustive search of small
cases proves no lemma, but one counter-example refutes one.
"""

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

Vector = tuple[int, ...]
Matrix = tuple[Vector, ...]


def lemma_1_counterexamples(cells: int = 2) -> tuple[int, int]:
    """Sets X of unit cells of the square [-cells, cells]^2 for which interior ReLU(X) is no subset of X.

    Returns the number of counter-examples and of sets. Each cell is a bit. ReLU maps a cell with a negative side onto
    an edge or a corner, which has no interior; a cell without one onto itself.
    """
    places = list(product(range(-cells, cells), repeat=2))
    images = [_image(place, places) for place in places]
    wrong = 0
    for X in range(1 << len(places)):
        interior = 0
        for bit, image in enumerate(images):
            if X >> bit & 1:
                interior |= image
        wrong += bool(interior & ~X)
    return wrong, 1 << len(places)


def _image(place: Vector, places: list[Vector]) -> int:
    """The cells with a volume in ReLU of the cell at this lower left corner, as bits."""
    low, high = relu(place), relu(tuple(each + 1 for each in place))
    covered = list(product(*(range(a, b) for a, b in zip(low, high, strict=True))))
    return sum(1 << bit for bit, each in enumerate(places) if each in covered)


class Case(NamedTuple):
    """One B and x0, what Lemma 2 says of them and what is so."""

    B: Matrix
    x0: Vector
    promised: bool  # y0 has n non-zero values, and their rows of B have rank n
    unique: bool  # ReLU(Bx) = y0 has x0 as its only solution
    on_a_kink: bool  # a coordinate of B x0 is exactly 0


def lemma_2_counterexamples(m: int, n: int) -> tuple[list[Case], list[Case], int]:
    """Every B of {-1, 0, 1}^(m x n) and x0 of {-1, 0, 1}^n, for n = 1 or 2.

    Returns the cases that break "if", those that break "only if", and how many there were.
    """
    cases = list(lemma_2_cases(m, n))
    breaks_if = [case for case in cases if case.promised and not case.unique]
    breaks_only_if = [case for case in cases if case.unique and not case.promised]
    return breaks_if, breaks_only_if, len(cases)


def lemma_2_cases(m: int, n: int) -> Iterator[Case]:
    """Raises ValueError for n above 2."""
    if n not in (1, 2):
        raise ValueError(f"n: wanted 1 or 2, got {n!r}")
    rows = list(product((-1, 0, 1), repeat=n))
    for B in product(rows, repeat=m):
        for x0 in rows:
            values = [dot(row, x0) for row in B]
            active = tuple(row for row, value in zip(B, values, strict=True) if value > 0)
            resting = tuple(row for row, value in zip(B, values, strict=True) if value == 0)
            promised = len(active) >= n and rank(active) == n
            yield Case(B, x0, promised, not escapes(active, resting, n), bool(resting))


def escapes(active: Matrix, resting: Matrix, n: int) -> bool:
    """Whether another x has the same ReLU(Bx): a direction d != 0 with active d = 0 and resting d <= 0.

    The other rows are negative at x0 and stay so for a short step. If there is such a direction, there is one at right
    angles to some row, or all rows are zero.
    """
    candidates = [d for row in (*active, *resting) for d in perpendicular(row) if any(d)]
    if not any(any(row) for row in (*active, *resting)):
        candidates = [(1,) * n]
    return any(
        all(dot(row, d) == 0 for row in active) and all(dot(row, d) <= 0 for row in resting) for d in candidates
    )


def perpendicular(row: Vector) -> list[Vector]:
    """Both directions at right angles to a row of two; of a row of one, both directions, of which its sign picks."""
    if len(row) == 1:
        return [(1,), (-1,)]
    return [(-row[1], row[0]), (row[1], -row[0])]


def rank(rows: Matrix) -> int:
    """Rank of a matrix of one or two columns."""
    if not any(any(row) for row in rows):
        return 0
    if len(rows[0]) == 1:
        return 1
    return 2 if any(a[0] * b[1] != a[1] * b[0] for a in rows for b in rows) else 1


def relu(x: Vector) -> Vector:
    return tuple(max(each, 0) for each in x)


def dot(row: Vector, x: Vector) -> int:
    return sum(a * b for a, b in zip(row, x, strict=True))
