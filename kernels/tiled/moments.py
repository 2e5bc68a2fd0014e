"""From sums to batch norm: means and variances, and the two or three numbers per channel that stand for all of it.

    P values per channel · n of them in a part · M channels, of C in memory

Everything here is small, and in float64.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Moments(NamedTuple):
    """Mean and biased variance of `count` values per channel, float64 (C,)."""

    mean: Array
    variance: Array
    count: int


def combined(pivots: Array, sums: Array, counts: Array) -> Moments:
    """The moments of all parts together, from each part's sums of `z - pivot` and of its square.

    Within a part, `variance = mean of squares - square of mean`, of the distances from the pivot; and the parts' means
    vary around the common one. Shapes: pivots (parts, C), sums (parts, 2, C), counts (parts,).
    """
    n = counts[:, None]
    distance = sums[:, 0] / n
    means = pivots + distance
    mean = (n * means).sum(axis=0) / counts.sum()
    inside = sums[:, 1] - n * distance**2
    squares = np.maximum(inside, 0) + n * (means - mean) ** 2
    return Moments(mean, squares.sum(axis=0) / counts.sum(), int(counts.sum()))
