"""Which mistake, of those that people make, gives the wrong answer that was seen.

A mistake is named only if it reproduces the whole wrong answer to the shrunk case. A small case can be
reproduced by several, so the function is then asked a few larger cases (`probes`), and a mistake that
does not predict its answers there is dropped. A function that is right in the other layout made no mistake:
then the layout was declared wrongly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from .arrangement import PLAIN_FILTERS, USUAL_FILTERS, from_layout, layout_shape, to_layout
from .cases import Case, draw_case, seeded_pick
from .expected import Expected, expected_forward, expected_gradients
from .limits import Limits
from .mistakes import (
    ENLARGING,
    INTEGER_WRITINGS,
    READINGS,
    Asked,
    Reading,
    Writing,
    asked,
    corner_of_y,
    cropped,
    grouped_shape,
    writings,
)
from .mistakes_backward import gradient_mistakes
from .plain import Array
from .precision import FLOATS, bounded, error_bound
from .subject import Complaint, Subject, outside

Answer = Callable[[Asked], Array]
PROBES = 12
NAMED = 3
FILTER_LAYOUTS = {"HWIO": ("HWIO", "OIHW", "OHWI", "IHWO", "HWOI"), "HWC": ("HWC", "CHW"), "IO": ("IO", "OI")}


@dataclass(frozen=True, eq=False)
class Evidence:
    """A case that the function got wrong, with the answer that it gave (in refnet's layout)."""

    case: Case
    expected: Expected
    got: Array


def likely_mistakes(subject: Subject, complaint: Complaint, limits: Limits) -> list[str]:
    """Descriptions of the mistakes that explain a complaint, the likeliest first; empty where none does."""
    expected, got = complaint.expected, complaint.got
    # Only if it raised or gave a wrong shape: in a layout not its own, an unchecked kernel may read out of bounds.
    misshapen = expected is None or got is None or got.shape != expected.value.shape
    if misshapen and (hint := _layout_advice(subject, complaint.case, limits)):
        return [hint]
    if expected is None or got is None:
        names = ("dx", "dw") if subject.check.endswith("backward") else ("y",)
        return next(filter(None, (_elsewhere(subject, name, limits) for name in names)), [])
    seen = Evidence(complaint.case, expected, got)
    if _ignores_strides(subject, seen):
        return [
            f"the array's strides are ignored: with C-contiguous copies the answer is right "
            f"(memory order here: {seen.case.order}; to leave these cases out: memory_order='C')"
        ]
    known = _mistakes(subject, seen.expected.name)
    found = {words: make for words, make in known.items() if _reproduces(words, make, seen)}
    return (
        _consistent(found, probes(subject, seen.expected.name, limits))
        or _elsewhere(subject, seen.expected.name, limits)
        or [f"{words} (in this case; not in all others)" for words in list(found)[:2]]
        or _coarser(seen)
    )


def probes(subject: Subject, name: str, limits: Limits) -> list[Evidence]:
    """Seeded cases within the limits, C-ordered, that the function answers wrongly, with what it answers."""
    found = []
    for case in _probe_cases(subject, limits):
        try:
            wrong = examine(subject, case)
        except Complaint as complaint:
            wrong = complaint
        if wrong is not None and wrong.got is not None and wrong.expected and wrong.expected.name == name:
            found.append(Evidence(case, wrong.expected, wrong.got))
    return found


def _probe_cases(subject: Subject, limits: Limits) -> list[Case]:
    """Seeded cases within the limits, C-ordered, half of them square; none with an empty output."""
    drawn = [replace(limits, memory_order="C", square=square or limits.square) for square in (True, False)]
    probed = [
        draw_case(seeded_pick(seed), subject.operation, subject.formats, drawn[seed % 2])
        for seed in range(PROBES)
    ]
    return [case for case in probed if 0 not in case.dy.shape]


def _is_right(subject: Subject, case: Case) -> bool:
    """Whether the function answers a case as it should."""
    try:
        return examine(subject, case) is None
    except Complaint:
        return False


def _layout_advice(subject: Subject, case: Case, limits: Limits) -> str | None:
    """The advice to declare the other layout, where the function is right in it.

    A small case may come out right in both layouts by chance: the probes must speak for the other one too.
    """
    layout = "NCHW" if subject.layout == "NHWC" else "NHWC"
    filters = USUAL_FILTERS[layout][subject.operation]
    other = replace(subject, layout=layout, filter_layout=filters)
    if not _is_right(other, case):
        return None
    probed = _probe_cases(subject, limits)
    if sum(_is_right(other, one) for one in probed) <= sum(_is_right(subject, one) for one in probed):
        return None
    usual = subject.filter_layout == USUAL_FILTERS[subject.layout][subject.operation]
    also = "" if usual else f', filter_layout="{filters}"'
    return f'the function seems to take {layout}: pass layout="{layout}"{also}'


def examine(subject: Subject, case: Case) -> Complaint | None:
    """The first wrong array of the function's answer to a case. Raises Complaint as well."""
    backward = subject.check.endswith("backward")
    pairs = zip(
        expected_gradients(case) if backward else (expected_forward(case),),
        subject.backward(case) if backward else (subject.forward(case),),
        strict=True,
    )
    for expected, answer in pairs:
        got = subject.received(case, expected, answer)
        if outside(expected, got).any():
            return Complaint(case, "", expected, got)
    return None


def _mistakes(subject: Subject, name: str) -> dict[str, Answer]:
    """Every known mistake in y, dx or dw."""
    if name != "y":
        return gradient_mistakes(name)
    found: dict[str, Answer] = {words: _answering(reading) for words, reading in READINGS.items()}
    for words in ENLARGING:
        found[cropped(words)] = partial(corner_of_y, reading=READINGS[words])
    for words, writing in (writings("y") | (INTEGER_WRITINGS if subject.formats.exact else {})).items():
        found[words] = _written(writing)
    return found | _other_layouts(subject)


def _answering(reading: Reading) -> Answer:
    return lambda a: reading(a).y()


def _written(writing: Writing) -> Answer:
    return lambda a: writing(a.y())


def _other_layouts(subject: Subject) -> dict[str, Answer]:
    """The user's buffers read as if they had another layout."""
    plain, layout = PLAIN_FILTERS[subject.operation], subject.filter_layout
    found: dict[str, Answer] = {}
    for other in FILTER_LAYOUTS[plain]:
        if other != "".join(letter for letter in layout if letter in plain):
            found[f"the filter's memory is read as {other} (it is {layout})"] = _answering(
                partial(_reread_filter, plain=plain, layout=layout, other=other)
            )
    other_layout = "NCHW" if subject.layout == "NHWC" else "NHWC"
    found[f"the images' memory is read as {other_layout} (it is {subject.layout})"] = lambda a: replace(
        a, x=_reread(a.x, "NHWC", subject.layout, other_layout)
    ).y()
    return found


def _reread_filter(a: Asked, plain: str, layout: str, other: str) -> Asked:
    KH, KW, GM, N = a.w.shape
    native = {"HWIO": (KH, KW, GM, N), "HWC": (KH, KW, N), "IO": (GM, N)}[plain]
    return replace(a, w=_reread(a.w.reshape(native), plain, layout, other).reshape(a.w.shape))


def _reread(array: Array, plain: str, layout: str, other: str) -> Array:
    """The memory of `array` in `layout`, read as `other`; axes as in `plain`."""
    buffer = np.ascontiguousarray(to_layout(array, plain, layout))
    return from_layout(buffer.reshape(layout_shape(array.shape, plain, other)), plain, other)


def _reproduces(words: str, make: Answer, seen: Evidence) -> bool:
    """Whether a mistake gives the answer that was seen, everywhere."""
    wrong = _attempt(make, asked(seen.case))
    if wrong is None:
        return False
    got = seen.got
    if got.shape == seen.case.w.shape and seen.expected.name == "dw":
        got = got.reshape(grouped_shape(seen.case))
    if wrong.shape != got.shape:
        return False
    return not outside(Expected(words, wrong, _allowed(make, seen, wrong)), got).any()


def _attempt(make: Answer, question: Asked) -> Array | None:
    """The mistaken answer, or None where the mistake cannot be made on these sizes."""
    try:
        return make(question)
    except (ValueError, IndexError):
        return None


def _allowed(make: Answer, seen: Evidence, wrong: Array) -> Array:
    """How far from a mistaken answer a kernel that makes the mistake may be: the same bound, for its sums."""
    if seen.case.values == "integers":
        return np.zeros(wrong.shape)
    n = 2 * seen.case.geometry.products[seen.expected.name]
    if not bounded(n, seen.case.formats):
        return np.zeros(wrong.shape)
    return error_bound(wrong, np.abs(make(asked(seen.case).absolute())), n, seen.case.formats)


def _consistent(known: dict[str, Answer], evidence: list[Evidence]) -> list[str]:
    """The mistakes that no evidence speaks against, by how much of it they explain."""
    scores = {}
    for words, make in known.items():
        possible = [seen for seen in evidence if _attempt(make, asked(seen.case)) is not None]
        explained = sum(_reproduces(words, make, seen) for seen in possible)
        if explained == len(possible):
            scores[words] = explained
    most = max(scores.values(), default=0)
    return [words for words, score in scores.items() if score == most][:NAMED]


def _elsewhere(subject: Subject, name: str, limits: Limits) -> list[str]:
    """What explains the function's wrong answers to the probes, where the shrunk case says too little."""
    evidence = probes(subject, name, limits)
    known = _mistakes(subject, name)
    seen = {w: make for w, make in known.items() if any(_reproduces(w, make, one) for one in evidence)}
    return [f"{w} (seen in other cases, which it answers wrongly)" for w in _consistent(seen, evidence)]


def _ignores_strides(subject: Subject, seen: Evidence) -> bool:
    """Whether the answer is right when the arrays are C-contiguous."""
    return seen.case.order != "C" and _is_right(subject, replace(seen.case, order="C"))


def _coarser(seen: Evidence) -> list[str]:
    """A coarser accumulator that would allow the answer."""
    formats = seen.case.formats
    if seen.case.values == "integers" or formats.exact or seen.got.shape != seen.expected.value.shape:
        return []
    for name in FLOATS[FLOATS.index(formats.accumulate) + 1 :]:
        coarse, n = replace(formats, accumulate=name), seen.case.geometry.products[seen.expected.name]
        absolute = asked(seen.case).absolute().answer(seen.expected.name)
        bound = error_bound(seen.expected.value, absolute.reshape(seen.got.shape), n, coarse)
        if not outside(replace(seen.expected, bound=bound), seen.got).any():
            return [
                f"sums are kept in {name}, not in {formats.accumulate} (to allow it: accumulate={name!r})"
            ]
    return []
