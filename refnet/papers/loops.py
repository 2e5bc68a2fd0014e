"""V1's index formula (1), read literally on a small map in plain Python.

All indices start at 1, as in the paper: i, j walk the kernel; row, column the output (the paper's k and l);
m, n the channels in and out. D_K, D_F, D_G: sides of the kernel, of the map that goes in, of the map that
comes out.
"""

from collections.abc import Mapping
from itertools import product

Index = tuple[int, ...]


def up_to(*sizes: int) -> list[Index]:
    """All tuples of indices from 1 to the sizes."""
    return list(product(*(range(1, size + 1) for size in sizes)))


def rows_read(D_K: int, D_G: int) -> set[int]:
    """The rows of F that (1) reads: row + i - 1."""
    return {row + i - 1 for row, i in up_to(D_G, D_K)}


def standard(K: Mapping[Index, int], F: Mapping[Index, int], D_K: int, D_G: int, M: int, N: int) -> dict[Index, int]:
    """V1 (1): G[row, column, n] = sum over i, j, m of K[i, j, m, n] * F[row + i - 1, column + j - 1, m]."""
    taps = up_to(D_K, D_K, M)
    return {
        (row, column, n): sum(K[i, j, m, n] * F[row + i - 1, column + j - 1, m] for i, j, m in taps)
        for row, column, n in up_to(D_G, D_G, N)
    }


def framed(F: Mapping[Index, int], D_F: int, M: int, before: int, after: int) -> dict[Index, int]:
    """F (D_F, D_F, M) in a frame of zeros; its first pixel moves to (before + 1, before + 1)."""
    side = before + D_F + after
    return {(row, column, m): F.get((row - before, column - before, m), 0) for row, column, m in up_to(side, side, M)}
