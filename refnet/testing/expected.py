"""What the oracles answer for a case, and how far from it a kernel may be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import oracles_convolution as forward
from . import oracles_gradients as gradients
from .cases import Case
from .plain import Array
from .precision import error_bound

Oracle = Callable[..., Array]

FORWARD: dict[str, Oracle] = {
    "conv2d": forward.naive_conv2d,
    "depthwise_conv2d": forward.naive_depthwise_conv2d,
    "pointwise_conv2d": forward.naive_pointwise_conv2d,
    "grouped_conv2d": forward.naive_grouped_conv2d,
}
INPUT_GRADIENT: dict[str, Oracle] = {
    "conv2d": gradients.naive_conv2d_input_gradient,
    "depthwise_conv2d": gradients.naive_depthwise_conv2d_input_gradient,
    "pointwise_conv2d": gradients.naive_pointwise_conv2d_input_gradient,
    "grouped_conv2d": gradients.naive_grouped_conv2d_input_gradient,
}
FILTER_GRADIENT: dict[str, Oracle] = {
    "conv2d": gradients.naive_conv2d_filter_gradient,
    "depthwise_conv2d": gradients.naive_depthwise_conv2d_filter_gradient,
    "pointwise_conv2d": gradients.naive_pointwise_conv2d_filter_gradient,
    "grouped_conv2d": gradients.naive_grouped_conv2d_filter_gradient,
}


@dataclass(frozen=True, eq=False)
class Expected:
    """An exact answer (float64) and the largest allowed distance from it, entry by entry."""

    name: str
    value: Array
    bound: Array


def expected_forward(case: Case) -> Expected:
    """y (B, OH, OW, N) of a case."""
    return _within(case, "y", lambda x, w: compute_forward(case, x, w), case.x, case.w)


def expected_gradients(case: Case) -> tuple[Expected, Expected]:
    """dx (as x) and dw (as w) of a case for its dy."""
    return (
        _within(case, "dx", lambda dy, w: compute_input_gradient(case, dy, w), case.dy, case.w),
        _within(case, "dw", lambda dy, x: compute_filter_gradient(case, dy, x), case.dy, case.x),
    )


def compute_forward(case: Case, x: Array, w: Array) -> Array:
    """y of these arrays under the settings of a case."""
    name, settings = _oracle(case)
    return FORWARD[name](x, w, *settings)


def compute_input_gradient(case: Case, dy: Array, w: Array) -> Array:
    """dx of these arrays under the settings of a case."""
    name, settings = _oracle(case)
    size = (case.geometry.input_hw,) if settings else ()
    return INPUT_GRADIENT[name](dy, w, *size, *settings)


def compute_filter_gradient(case: Case, dy: Array, x: Array) -> Array:
    """dw of these arrays under the settings of a case."""
    name, settings = _oracle(case)
    size = (case.geometry.filter_hw,) if settings else ()
    return FILTER_GRADIENT[name](dy, x, *size, *settings)


def _oracle(case: Case) -> tuple[str, tuple[Any, ...]]:
    """The oracle's name and settings: a standard convolution that has groups is a grouped one."""
    if case.operation == "conv2d" and case.groups > 1:
        return "grouped_conv2d", (*case.settings, case.groups)
    return case.operation, case.settings


def _within(
    case: Case, name: str, compute: Callable[[Array, Array], Array], first: Array, second: Array
) -> Expected:
    """The oracle in float64, exact for integers; for reals with the bound from the same sums of absolutes."""
    a, b = first.astype(np.float64), second.astype(np.float64)
    value = compute(a, b)
    if case.values == "integers":
        return Expected(name, value, np.zeros(value.shape))
    bound = error_bound(value, compute(np.abs(a), np.abs(b)), case.geometry.products[name], case.formats)
    return Expected(name, value, bound)
