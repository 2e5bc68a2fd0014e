"""Between arrays and plain Python numbers.

The oracles compute with Python's own numbers, taken out of the arrays: integers that cannot overflow,
double precision, or any object that multiplies and adds (see `counting_numbers`). An answer is rounded
once, to the dtype of the arrays that came in.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]


def rank(name: str, array: ArrayLike, letters: str) -> Array:
    """`array` with one axis per word of `letters`. Raises ValueError for another rank."""
    found = np.asarray(array)
    if found.ndim != len(letters.split()):
        raise ValueError(f"{name}: wanted shape ({letters.replace(' ', ', ')}), got {found.shape}")
    return found


def agree(what: str, first: tuple[str, int], second: tuple[str, int]) -> None:
    """Raises ValueError unless two arrays have the same number of `what`."""
    if first[1] != second[1]:
        raise ValueError(
            f"{what}: wanted as many in {first[0]} as in {second[0]}, got {first[1]} and {second[1]}"
        )


def zeros(*shape: int) -> Any:
    """Nested lists of the integer 0, to be added to."""
    return np.zeros(shape, dtype=object).tolist()


def answer(values: Any, shape: tuple[int, ...], *arrays: Array) -> Array:
    """Nested lists as an array: objects stay objects, integers become int64, floats keep their dtype."""
    dtype = np.result_type(*arrays)
    if dtype.kind in "iub":
        dtype = np.dtype(np.int64)
    return np.array(values, dtype=dtype).reshape(shape)


def wanted_callable(name: str, given: object) -> None:
    """Raises TypeError for what cannot be called."""
    if not callable(given):
        raise TypeError(f"{name}: wanted a callable, got {given!r}")
