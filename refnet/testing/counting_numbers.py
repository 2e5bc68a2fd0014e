"""Numbers that count their own multiplications.

Counting by doing: an oracle that runs on such numbers multiplies and adds as always, and the tally says how
often.

>>> import numpy as np
>>> from refnet.testing import Tally, counting, naive_conv2d, pad_image
>>> tally = Tally()
>>> x, w = np.ones((1, 4, 4, 3), int), np.ones((3, 3, 3, 2), int)
>>> y = naive_conv2d(counting(pad_image(x, (1, 1, 1, 1)), tally), counting(w, tally))
>>> tally.multiplications == 4 * 4 * 3 * 3 * 3 * 2
True
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .plain import Array


@dataclass
class Tally:
    """How often the numbers that share this tally were multiplied, and added to one another."""

    multiplications: int = 0
    additions: int = 0


class CountingNumber:
    """A number that tells its tally of each product and sum that it takes part in.

    A sum with a plain number, such as the 0 that a loop starts from, is not counted: k products make k - 1
    sums.
    """

    __slots__ = ("tally", "value")

    def __init__(self, value: Any, tally: Tally) -> None:
        self.value = value
        self.tally = tally

    def __mul__(self, other: Any) -> CountingNumber:
        self.tally.multiplications += 1
        return CountingNumber(self.value * _value(other), self.tally)

    __rmul__ = __mul__

    def __add__(self, other: Any) -> CountingNumber:
        self.tally.additions += isinstance(other, CountingNumber)
        return CountingNumber(self.value + _value(other), self.tally)

    __radd__ = __add__

    def __eq__(self, other: object) -> bool:
        return bool(self.value == _value(other))

    def __hash__(self) -> int:
        return hash(self.value)

    def __repr__(self) -> str:
        return f"CountingNumber({self.value!r})"


def counting(array: ArrayLike, tally: Tally) -> Array:
    """The array with each entry as a `CountingNumber`; same shape, dtype object."""
    found = np.asarray(array)
    numbers = np.empty(found.shape, dtype=object)
    for index in np.ndindex(*found.shape):
        numbers[index] = CountingNumber(found[index].item(), tally)
    return numbers


def count_multiplications(operation: Callable[..., Any], *arrays: ArrayLike, **settings: Any) -> int:
    """Multiplications that `operation(*arrays, **settings)` does, each array as counting numbers.

    Taps outside the image are skipped by the oracles, so this counts taps inside. Give the oracle
    `pad_image(x, pads)` and no pads to count all taps.
    """
    tally = Tally()
    operation(*(counting(array, tally) for array in arrays), **settings)
    return tally.multiplications


def _value(number: Any) -> Any:
    return number.value if isinstance(number, CountingNumber) else number
