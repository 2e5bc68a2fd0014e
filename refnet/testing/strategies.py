"""Hypothesis strategies for convolutions: sizes, settings, padding, memory order, values.

Cases shrink towards one small C-ordered image with one tap and integer values. Hypothesis is imported when a
strategy is asked for, and is the only thing this package needs beside NumPy (the extra `testing`).
"""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING

from numpy.typing import DTypeLike

from .cases import Case, draw_case
from .limits import Limits
from .precision import precision

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy

NO_LIMITS = Limits()


def load_hypothesis() -> ModuleType:
    """Hypothesis. Raises ImportError naming the extra where it is missing."""
    try:
        import hypothesis
    except ModuleNotFoundError as error:
        if error.name != "hypothesis":
            raise
        raise ImportError(
            "refnet.testing draws its cases with Hypothesis: pip install '.[testing]' in the folder of refnet"
        ) from None
    return hypothesis


def conv2d_cases(
    limits: Limits = NO_LIMITS, dtype: DTypeLike = "float32", accumulate: DTypeLike | None = None
) -> SearchStrategy[Case]:
    """Standard convolutions, with groups only where `limits.groups` says so."""
    return cases("conv2d", limits, dtype, accumulate)


def depthwise_conv2d_cases(
    limits: Limits = NO_LIMITS, dtype: DTypeLike = "float32", accumulate: DTypeLike | None = None
) -> SearchStrategy[Case]:
    """Depthwise convolutions: one filter per channel."""
    return cases("depthwise_conv2d", limits, dtype, accumulate)


def pointwise_conv2d_cases(
    limits: Limits = NO_LIMITS, dtype: DTypeLike = "float32", accumulate: DTypeLike | None = None
) -> SearchStrategy[Case]:
    """1x1 convolutions: no stride, dilation or padding."""
    return cases("pointwise_conv2d", limits, dtype, accumulate)


def grouped_conv2d_cases(
    limits: Limits = NO_LIMITS, dtype: DTypeLike = "float32", accumulate: DTypeLike | None = None
) -> SearchStrategy[Case]:
    """Grouped convolutions, one group included."""
    return cases("grouped_conv2d", limits, dtype, accumulate)


def cases(
    operation: str, limits: Limits, dtype: DTypeLike, accumulate: DTypeLike | None = None
) -> SearchStrategy[Case]:
    """Cases of the operation of that name. Raises ImportError without Hypothesis, ValueError for a dtype."""
    load_hypothesis()
    from hypothesis import strategies as st

    formats = precision(dtype, accumulate)

    @st.composite
    def drawn(draw: DrawFn) -> Case:
        return draw_case(lambda options: draw(st.sampled_from(options)), operation, formats, limits)

    return drawn()
