"""Three lines that test a convolution: hold it against the oracles on drawn cases.

    from refnet.testing import Limits, check_conv2d
    check_conv2d(my_forward, layout="NCHW", dtype="float16", accumulate="float32",
                 limits=Limits(stride=(1, 2), dilation=1, channels_multiple=8, groups=False))

How the function is called, with arrays in its own layouts and dtype:

    standard, depthwise  y = f(x, w, stride, dilation, pads)          dx, dw = f(dy, x, w, ..., pads)
    pointwise            y = f(x, w)                                  dx, dw = f(dy, x, w)
    grouped              y = f(x, w, stride, dilation, pads, groups)  dx, dw = f(dy, x, w, ..., pads, groups)

`stride` and `dilation` are pairs (y, x), `pads` is (top, bottom, left, right); the answer is a fresh
NumPy array of the same dtype (int32 for int8), and the arguments stay as they were.

It may refuse, by raising, arrays that are not C-contiguous, and is then given C-contiguous copies.

layout          NHWC or NCHW, for images and their gradients
filter_layout   any order of HWIO (depthwise: HWC, with 1 for an axis of length one; pointwise: IO). By
                default HWIO, HWC and IO with NHWC; OIHW, C1HW and OI with NCHW
dtype           float64, float32, float16, or int8 (forward only; answers int32, exactly)
accumulate      the dtype of the sums: by default the dtype, float32 for float16
limits          what the function supports (see `Limits`)
max_examples    cases to draw
seed            another seed draws other cases; the same seed the same

Integer-valued cases must be right to the last bit, in any order of summation. Real ones must lie within
`gamma_n * sum of |x| * |w|`, with n products and the accumulator's unit roundoff (see `precision`);
that is the bound of a sum of products, which a Winograd or Fourier kernel does not promise:
`Limits(values="integers")`.

Each returns None, and raises AssertionError with the shrunk case, the first wrong number, its taps, and the
likely mistake; TypeError for what is no function; ValueError for a layout, dtype or limit that is not known;
ImportError without Hypothesis.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from .arrangement import check_layouts
from .cases import Case
from .diagnosis import likely_mistakes
from .expected import Expected, compute_forward, expected_forward, expected_gradients
from .limits import Limits
from .plain import Array, wanted_callable
from .precision import precision
from .report import failure
from .running import first_complaint
from .strategies import NO_LIMITS, cases
from .subject import Complaint, Subject, outside

Function = Callable[..., Any]


def check_conv2d(
    forward: Function,
    layout: str = "NHWC",
    filter_layout: str | None = None,
    dtype: DTypeLike = "float32",
    accumulate: DTypeLike | None = None,
    limits: Limits = NO_LIMITS,
    max_examples: int = 200,
    seed: int = 0,
) -> None:
    """`y = forward(x, w, stride, dilation, pads)` is the standard convolution. See the module's text.

    With `Limits(groups=...)` grouped filters are drawn too; the function reads the groups from the shapes.
    """
    subject = _subject("check_conv2d", forward, layout, filter_layout, dtype, accumulate)
    _run(subject, _judge_forward, limits, max_examples, seed)


def check_depthwise_conv2d(
    forward: Function,
    layout: str = "NHWC",
    filter_layout: str | None = None,
    dtype: DTypeLike = "float32",
    accumulate: DTypeLike | None = None,
    limits: Limits = NO_LIMITS,
    max_examples: int = 200,
    seed: int = 0,
) -> None:
    """`y = forward(x, w, stride, dilation, pads)` is the depthwise convolution. See the module's text."""
    subject = _subject("check_depthwise_conv2d", forward, layout, filter_layout, dtype, accumulate)
    _run(subject, _judge_forward, limits, max_examples, seed)


def check_pointwise_conv2d(
    forward: Function,
    layout: str = "NHWC",
    filter_layout: str | None = None,
    dtype: DTypeLike = "float32",
    accumulate: DTypeLike | None = None,
    limits: Limits = NO_LIMITS,
    max_examples: int = 200,
    seed: int = 0,
) -> None:
    """`y = forward(x, w)` is the 1x1 convolution. See the module's text."""
    subject = _subject("check_pointwise_conv2d", forward, layout, filter_layout, dtype, accumulate)
    _run(subject, _judge_forward, limits, max_examples, seed)


def check_grouped_conv2d(
    forward: Function,
    layout: str = "NHWC",
    filter_layout: str | None = None,
    dtype: DTypeLike = "float32",
    accumulate: DTypeLike | None = None,
    limits: Limits = NO_LIMITS,
    max_examples: int = 200,
    seed: int = 0,
) -> None:
    """`y = forward(x, w, stride, dilation, pads, groups)` is the grouped convolution (see the module)."""
    subject = _subject("check_grouped_conv2d", forward, layout, filter_layout, dtype, accumulate)
    _run(subject, _judge_forward, limits, max_examples, seed)


def check_conv2d_backward(
    backward: Function,
    layout: str = "NHWC",
    filter_layout: str | None = None,
    dtype: DTypeLike = "float32",
    accumulate: DTypeLike | None = None,
    limits: Limits = NO_LIMITS,
    max_examples: int = 200,
    seed: int = 0,
) -> None:
    """`dx, dw = backward(dy, x, w, stride, dilation, pads)` are the standard convolution's gradients.

    Against the oracle, and on integers by the adjoint identity, exactly: for other images x2 and filters w2,
    `vdot(dx, x2) == vdot(dy, f(x2, w))` and `vdot(dw, w2) == vdot(dy, f(x, w2))`.
    """
    subject = _subject("check_conv2d_backward", backward, layout, filter_layout, dtype, accumulate)
    _run(subject, _judge_backward, limits, max_examples, seed)


def check_depthwise_conv2d_backward(
    backward: Function,
    layout: str = "NHWC",
    filter_layout: str | None = None,
    dtype: DTypeLike = "float32",
    accumulate: DTypeLike | None = None,
    limits: Limits = NO_LIMITS,
    max_examples: int = 200,
    seed: int = 0,
) -> None:
    """`dx, dw = backward(dy, x, w, stride, dilation, pads)` are the depthwise convolution's gradients."""
    subject = _subject("check_depthwise_conv2d_backward", backward, layout, filter_layout, dtype, accumulate)
    _run(subject, _judge_backward, limits, max_examples, seed)


def check_pointwise_conv2d_backward(
    backward: Function,
    layout: str = "NHWC",
    filter_layout: str | None = None,
    dtype: DTypeLike = "float32",
    accumulate: DTypeLike | None = None,
    limits: Limits = NO_LIMITS,
    max_examples: int = 200,
    seed: int = 0,
) -> None:
    """`dx, dw = backward(dy, x, w)` are the 1x1 convolution's gradients."""
    subject = _subject("check_pointwise_conv2d_backward", backward, layout, filter_layout, dtype, accumulate)
    _run(subject, _judge_backward, limits, max_examples, seed)


def check_grouped_conv2d_backward(
    backward: Function,
    layout: str = "NHWC",
    filter_layout: str | None = None,
    dtype: DTypeLike = "float32",
    accumulate: DTypeLike | None = None,
    limits: Limits = NO_LIMITS,
    max_examples: int = 200,
    seed: int = 0,
) -> None:
    """`dx, dw = backward(dy, x, w, stride, dilation, pads, groups)` are the grouped one's gradients."""
    subject = _subject("check_grouped_conv2d_backward", backward, layout, filter_layout, dtype, accumulate)
    _run(subject, _judge_backward, limits, max_examples, seed)


def _subject(
    check: str,
    function: Function,
    layout: str,
    filter_layout: str | None,
    dtype: DTypeLike,
    accumulate: DTypeLike | None,
) -> Subject:
    """The function with its declared layouts and formats. Raises ValueError for what is not known."""
    wanted_callable("function", function)
    operation = check.removeprefix("check_").removesuffix("_backward")
    formats = precision(dtype, accumulate)
    if formats.exact and check.endswith("backward"):
        raise ValueError("dtype: wanted a float dtype for a backward pass, got int8")
    filters = check_layouts(operation, layout, filter_layout)
    return Subject(check, function, operation, layout, filters, formats)


def _run(
    subject: Subject, judge: Callable[[Subject, Case], None], limits: Limits, max_examples: int, seed: int
) -> None:
    strategy = cases(subject.operation, limits, subject.formats.dtype, subject.formats.accumulate)
    complaint = first_complaint(lambda case: judge(subject, case), strategy, max_examples, seed)
    if complaint is not None:
        mistakes = likely_mistakes(subject, complaint, limits)
        raise AssertionError(failure(subject, complaint, mistakes)) from complaint.__cause__


def _judge_forward(subject: Subject, case: Case) -> None:
    _compare(subject, case, expected_forward(case), subject.forward(case))


def _judge_backward(subject: Subject, case: Case) -> None:
    gradients = [
        _compare(subject, case, expected, got)
        for expected, got in zip(expected_gradients(case), subject.backward(case), strict=True)
    ]
    if case.values == "integers":
        _judge_adjoint(case, *gradients)


def _compare(subject: Subject, case: Case, expected: Expected, answer: Any) -> Array:
    """The answer in refnet's layout. Raises Complaint where it is not what was expected."""
    got = subject.received(case, expected, answer)
    if outside(expected, got).any():
        raise Complaint(case, "", expected, got)
    return got


def _judge_adjoint(case: Case, dx: Array, dw: Array) -> None:
    """A convolution is linear in x and in w, so its gradients are its adjoints; exact on integers."""
    rng = np.random.default_rng(case.seed + 1)
    x2, w2 = (rng.integers(-4, 5, array.shape).astype(np.float64) for array in (case.x, case.w))
    x, w, dy = (array.astype(np.float64) for array in (case.x, case.w, case.dy))
    for name, gradient, moved, y in (
        ("dx", dx, x2, compute_forward(case, x2, w)),
        ("dw", dw, w2, compute_forward(case, x, w2)),
    ):
        wanted, got = (dy * y).sum(), (gradient.astype(np.float64) * moved).sum()
        if wanted != got:
            text = f"{name} is not the adjoint of the forward pass: wanted vdot {wanted}, got {got}"
            raise Complaint(case, text)
