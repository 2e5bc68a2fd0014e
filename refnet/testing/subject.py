"""The function under test: how it is called, and what its answer must be before any number is compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .arrangement import PLAIN_FILTERS, arrange, from_layout, layout_shape, to_layout
from .cases import Case
from .expected import Expected
from .plain import Array
from .precision import Precision


class Complaint(Exception):
    """A case that the function under test got wrong. `got` is its answer in NHWC, where it has one."""

    def __init__(
        self, case: Any, text: str, expected: Expected | None = None, got: Array | None = None
    ) -> None:
        super().__init__(text)
        self.case = case
        self.text = text
        self.expected = expected
        self.got = got


class Refusal(Complaint):
    """A case on which the function under test raised."""


@dataclass(frozen=True)
class Subject:
    """A user's function with the layouts and formats that it was declared to have."""

    check: str
    function: Callable[..., Any]
    operation: str
    layout: str
    filter_layout: str
    formats: Precision

    def letters(self, name: str) -> tuple[str, str]:
        """The axes of an array by name: in refnet's layout, and in the user's."""
        if name in ("w", "dw"):
            return PLAIN_FILTERS[self.operation], self.filter_layout
        return "NHWC", self.layout

    def presented(self, name: str, array: Array, order: str) -> Array:
        """A fresh copy of an array in the user's layout, in a memory order."""
        return arrange(to_layout(array, *self.letters(name)), order)

    def received(self, case: Case, expected: Expected, got: Any) -> Array:
        """The user's answer in refnet's layout. Raises Complaint for a wrong type, dtype or shape."""
        plain, layout = self.letters(expected.name)
        wanted = layout_shape(expected.value.shape, plain, layout)
        if not isinstance(got, np.ndarray):
            raise Complaint(case, f"{expected.name}: wanted a NumPy array, got {type(got).__name__}")
        if got.dtype != np.dtype(self.formats.output):
            raise Complaint(case, f"{expected.name}: wanted dtype {self.formats.output}, got {got.dtype}")
        if got.ndim != len(wanted) or any(
            size != 1 for size, letter in zip(got.shape, layout, strict=True) if letter not in plain
        ):
            raise Complaint(case, f"{expected.name}: wanted shape {wanted} in {layout}, got {got.shape}")
        found = from_layout(got, plain, layout)
        if got.shape != wanted:
            text = f"{expected.name}: wanted shape {wanted} in {layout}, got {got.shape}"
            raise Complaint(case, text, expected, found)
        return found

    def forward(self, case: Case, order: str | None = None) -> Any:
        """The user's y for a case, as returned."""
        return self._call(case, {"x": case.x, "w": case.w}, case.settings, order)

    def backward(self, case: Case, order: str | None = None) -> tuple[Any, Any]:
        """The user's dx and dw for a case, as returned. Raises Complaint unless there are two."""
        got = self._call(case, {"dy": case.dy, "x": case.x, "w": case.w}, case.settings, order)
        if not isinstance(got, tuple | list) or len(got) != 2:
            raise Complaint(case, f"wanted the pair dx, dw, got {describe(got)}")
        return got[0], got[1]

    def _call(
        self, case: Case, arrays: dict[str, Array], settings: tuple[Any, ...], order: str | None
    ) -> Any:
        def given(order: str) -> dict[str, Array]:
            return {name: self.presented(name, array, order) for name, array in arrays.items()}

        return call(case, self.function, given, order or case.order, settings)


def call(
    case: Any,
    function: Callable[..., Any],
    given: Callable[[str], dict[str, Array]],
    order: str,
    settings: tuple[Any, ...],
) -> Any:
    """`function` on arrays in a memory order. Where it raises, it is asked again with C-contiguous copies.

    To refuse an order is no wrong answer. Raises Complaint where it raises then, or changes an array.
    """
    if order == "C":
        return _call_unharmed(case, function, given("C"), settings)
    try:
        return _call_unharmed(case, function, given(order), settings)
    except Refusal:
        return _call_unharmed(case, function, given("C"), settings)


def _call_unharmed(
    case: Any, function: Callable[..., Any], given: dict[str, Array], settings: tuple[Any, ...]
) -> Any:
    """`function` on these arrays. Raises Refusal where it raises, Complaint where it changes one of them."""
    before = {name: array.copy() for name, array in given.items()}
    try:
        got = function(*given.values(), *settings)
    except Exception as error:
        raise Refusal(case, f"the function raised {type(error).__name__}: {error}") from error
    for name, array in given.items():
        if not np.array_equal(array, before[name], equal_nan=True):
            raise Complaint(case, f"the function changed its argument {name}")
    return got


def describe(got: Any) -> str:
    if isinstance(got, np.ndarray):
        return f"one array of shape {got.shape}"
    return f"{type(got).__name__} of {len(got)}" if isinstance(got, tuple | list) else type(got).__name__


def outside(expected: Expected, got: Array) -> Array:
    """Where an answer of the right shape is further from the expected one than allowed; NaN is."""
    with np.errstate(invalid="ignore"):
        inside = np.abs(got.astype(np.float64) - expected.value) <= expected.bound
    return ~inside
