"""Number formats, and how far from the exact answer a sum of products may be.

`u` is the unit roundoff (half the distance from 1 to the next number), n the number of products in a sum.
A sum of n products, each product and each of the n - 1 additions rounded once, in any order, is off by at
most `gamma(n) * sum of |x| * |w|` with `gamma(n) = n * u / (1 - n * u)` (Higham, Accuracy and Stability
of Numerical Algorithms, section 3.1). Rounding the sum to a narrower output adds `u_out * |y|`; where
numbers are too small to be normal, each rounding adds half the smallest subnormal instead.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike

from .plain import Array

DIGITS = {"float64": 53, "float32": 24, "float16": 11}
FLOATS = tuple(DIGITS)
ACCUMULATES = {"float64": "float64", "float32": "float32", "float16": "float32", "int8": "int32"}


@dataclass(frozen=True)
class Precision:
    """A kernel's formats: of its arrays, of its sums, and of its answer (`output`).

    The answer of int8 is int32. `accumulate` is the dtype by default, float32 for float16, int32 for int8.
    """

    dtype: str
    accumulate: str

    @property
    def output(self) -> str:
        return "int32" if self.exact else self.dtype

    @property
    def exact(self) -> bool:
        """Whether the answers are integers."""
        return self.dtype == "int8"

    @property
    def exact_up_to(self) -> int:
        """Sums of integers up to this size are exact, in whatever order they are added."""
        if self.exact:
            return 2**31 - 1
        return int(2 ** min(DIGITS[self.accumulate], DIGITS[self.output]))

    def __str__(self) -> str:
        return f"{self.dtype} -> {self.output}, accumulated in {self.accumulate}"


def precision(dtype: DTypeLike, accumulate: DTypeLike | None = None) -> Precision:
    """The formats by name. Raises ValueError for a name or a combination that is not known."""
    name = dtype_name("dtype", dtype, tuple(ACCUMULATES))
    allowed = ("int32",) if name == "int8" else FLOATS
    found = ACCUMULATES[name] if accumulate is None else dtype_name("accumulate", accumulate, allowed)
    return Precision(name, found)


def dtype_name(argument: str, dtype: DTypeLike, allowed: tuple[str, ...]) -> str:
    """A dtype as a word. Raises ValueError unless it is one of `allowed`."""
    try:
        name = np.dtype(dtype).name
    except TypeError:
        name = str(dtype)
    if name not in allowed:
        raise ValueError(f"{argument}: wanted one of {', '.join(allowed)}, got {dtype!r}")
    return name


def unit_roundoff(dtype: str) -> float:
    return float(2.0 ** -DIGITS[dtype])


def gamma(n: int, dtype: str) -> float:
    """`n * u / (1 - n * u)`: the relative bound for n roundings. Raises ValueError from n * u = 1 on."""
    nu = n * unit_roundoff(dtype)
    if nu >= 1:
        raise ValueError(f"{n} roundings in {dtype}: the bound n*u / (1 - n*u) needs n*u below 1, got {nu}")
    return nu / (1 - nu)


def bounded(n: int, formats: Precision) -> bool:
    """Whether the bound for n products says anything: n*u at most one half."""
    return formats.exact or n * unit_roundoff(formats.accumulate) <= 0.5


def error_bound(wanted: Array, absolute: Array, n: int, formats: Precision) -> Array:
    """Largest allowed `|got - wanted|` of sums of n products, entry by entry, in float64.

    `wanted` and `absolute` (sums of |x| * |w|) come from an oracle in float64, whose own error is added.
    """
    if formats.exact:
        return np.zeros(wanted.shape)
    half = {
        name: float(np.finfo(name).smallest_subnormal) / 2 for name in (formats.accumulate, formats.output)
    }
    summed = (gamma(n, formats.accumulate) + gamma(n, "float64")) * absolute + n * half[formats.accumulate]
    rounded = unit_roundoff(formats.output) * (np.abs(wanted) + summed) + half[formats.output]
    narrower = DIGITS[formats.output] < DIGITS[formats.accumulate]
    bound: Array = summed + rounded if narrower else summed
    return bound
