"""Test a ReLU6 and its backward: values at the kinks, beyond them, signed zeros, infinities and NaN."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike

from .arrangement import ORDERS, arrange
from .oracles_layers import naive_relu6, naive_relu6_gradient
from .plain import Array, wanted_callable
from .precision import FLOATS, dtype_name
from .running import first_complaint
from .strategies import load_hypothesis
from .subject import Complaint, call

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy


@dataclass(frozen=True, eq=False)
class Relu6Case:
    """x and dy (B, H, W, M) of one dtype in one memory order."""

    dtype: str
    order: str
    seed: int
    x: Array = field(repr=False)
    dy: Array = field(repr=False)

    def __repr__(self) -> str:
        return f"Relu6Case(x {self.x.shape}, {self.dtype}, memory order {self.order}, seed {self.seed})"


def relu6_cases(dtype: DTypeLike = "float32") -> SearchStrategy[Relu6Case]:
    """Images whose pixels are around and on the kinks; dy has an infinity and a NaN now and then."""
    load_hypothesis()
    from hypothesis import strategies as st

    name = dtype_name("dtype", dtype, FLOATS)

    @st.composite
    def drawn(draw: DrawFn) -> Relu6Case:
        shape = tuple(draw(st.sampled_from(range(1, 5))) for _ in range(4))
        order, seed = draw(st.sampled_from(ORDERS)), draw(st.sampled_from(range(2**16)))
        return make_relu6_case(shape, name, order, seed)

    return drawn()


def make_relu6_case(shape: tuple[int, ...], dtype: str, order: str, seed: int) -> Relu6Case:
    """The case of these sizes and seed. At most one pixel in four is not drawn from the kinks' list."""
    rng, one = np.random.default_rng(seed), np.dtype(dtype).type
    kinks = [np.nextafter(one(edge), one(to)) for edge in (0, 6) for to in (-np.inf, np.inf)]
    special = np.array([0, 6, -0.0, 3, -1, 7, *kinks, np.inf, -np.inf, np.nan], dtype=dtype)
    x = np.where(
        rng.integers(4, size=shape) == 0, 12 * rng.random(shape) - 3, special[rng.integers(13, size=shape)]
    )
    dy = rng.integers(1, 5, shape) * rng.choice([-1.0, 1.0], shape)
    dy[rng.integers(16, size=shape) == 0] = np.inf
    dy[rng.integers(16, size=shape) == 0] = np.nan
    return Relu6Case(dtype, order, seed, *(arrange(a.astype(dtype), order) for a in (x, dy)))


def check_relu6(
    forward: Callable[..., Any], dtype: DTypeLike = "float32", max_examples: int = 200, seed: int = 0
) -> None:
    """`y = forward(x)` is `min(max(x, 0), 6)`, NaN stays NaN; exactly, in float64, float32 or float16.

    x is an array with four axes (any layout: the function is the same for each entry) in some memory order.
    The sign of a zero is not compared. Raises AssertionError with the first wrong entry and the likely
    mistake.
    """

    wanted_callable("function", forward)

    def judge(case: Relu6Case) -> None:
        got = call(case, forward, lambda order: {"x": arrange(case.x, order)}, case.order, ())
        _compare(case, "y", naive_relu6(case.x), got, _FORWARD_MISTAKES)

    _run("check_relu6", judge, dtype, max_examples, seed)


def check_relu6_backward(
    backward: Callable[..., Any], dtype: DTypeLike = "float32", max_examples: int = 200, seed: int = 0
) -> None:
    """`dx = backward(dy, x)` is dy where `0 < x < 6` and 0 elsewhere, also at exactly 0 and exactly 6.

    An infinite or NaN dy goes through where the gradient is one, and leaves 0 where it is zero. Where x
    itself is NaN nothing is compared: frameworks differ. Raises AssertionError with the first wrong entry
    and the likely mistake.
    """

    wanted_callable("function", backward)

    def judge(case: Relu6Case) -> None:
        def given(order: str) -> dict[str, Array]:
            return {"dy": arrange(case.dy, order), "x": arrange(case.x, order)}

        got = call(case, backward, given, case.order, ())
        _compare(case, "dx", naive_relu6_gradient(case.dy, case.x), got, _BACKWARD_MISTAKES)

    _run("check_relu6_backward", judge, dtype, max_examples, seed)


def _run(
    check: str, judge: Callable[[Relu6Case], None], dtype: DTypeLike, max_examples: int, seed: int
) -> None:
    complaint = first_complaint(judge, relu6_cases(dtype), max_examples, seed)
    if complaint is not None:
        raise AssertionError(f"{check}: {complaint.text}") from complaint.__cause__


def _compare(
    case: Relu6Case, name: str, wanted: Array, got: Any, mistakes: dict[str, Callable[..., Array]]
) -> None:
    """Raises Complaint for a wrong type, shape, dtype or number."""
    if not isinstance(got, np.ndarray) or got.shape != wanted.shape or got.dtype != wanted.dtype:
        found = f"{got.dtype} {got.shape}" if isinstance(got, np.ndarray) else type(got).__name__
        raise Complaint(case, f"{name}: wanted {wanted.dtype} {wanted.shape}, got {found}; case: {case}")
    compared = ~np.isnan(case.x) if name == "dx" else np.full(wanted.shape, True)
    wrong = compared & ~((got == wanted) | (np.isnan(got) & np.isnan(wanted)))
    if wrong.any():
        raise Complaint(case, _explained(case, name, wanted, got, wrong, compared, mistakes))


def _explained(
    case: Relu6Case,
    name: str,
    wanted: Array,
    got: Array,
    wrong: Array,
    compared: Array,
    mistakes: dict[str, Callable[..., Array]],
) -> str:
    index = tuple(int(i) for i in np.argwhere(wrong)[0])
    given = f"x = {case.x[index]!s}" + (f", dy = {case.dy[index]!s}" if name == "dx" else "")
    lines = [
        "wrong answer",
        f"  case: {case}",
        f"  wrong: {int(wrong.sum())} of {wrong.size} entries of {name}; the first at {list(index)}: {given}",
        f"  wanted: {wanted[index]!s}",
        f"  got: {got[index]!s}",
    ]
    with np.errstate(all="ignore"):
        for words, make in mistakes.items():
            if np.array_equal(make(case.x, case.dy)[compared], got[compared], equal_nan=True):
                lines.append(f"  likely mistake: {words}")
    return "\n".join(lines)


_FORWARD_MISTAKES: dict[str, Callable[..., Array]] = {
    "a plain ReLU: nothing is cut at 6": lambda x, dy: np.maximum(x, 0),
    "cut at 6 only: nothing is cut at 0": lambda x, dy: np.minimum(x, 6),
    "NaN becomes 0": lambda x, dy: np.fmin(np.fmax(x, 0), 6),
    "NaN becomes 6": lambda x, dy: np.where(np.isnan(x), 6, np.clip(x, 0, 6)),
}
_BACKWARD_MISTAKES: dict[str, Callable[..., Array]] = {
    "the gradient at exactly 0 is not 0": lambda x, dy: np.where((x >= 0) & (x < 6), dy, 0),
    "the gradient at exactly 6 is not 0": lambda x, dy: np.where((x > 0) & (x <= 6), dy, 0),
    "the gradient at exactly 0 and exactly 6 is not 0": lambda x, dy: np.where((x >= 0) & (x <= 6), dy, 0),
    "the gradient of a plain ReLU: it does not end at 6": lambda x, dy: np.where(x > 0, dy, 0),
    "dy is multiplied by a mask of 0 and 1, and 0 * inf and 0 * NaN are NaN": lambda x, dy: (
        dy * ((x > 0) & (x < 6))
    ),
    "dy is passed on everywhere": lambda x, dy: dy,
    "dy is left out: the mask itself is returned": lambda x, dy: ((x > 0) & (x < 6)).astype(dy.dtype),
}
