"""A failure in words: the case, the first wrong number, its taps, and the likely mistake.

Letters as in `oracles_convolution`. Coordinates are given in refnet's layout by name, and in the user's.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .arrangement import layout_shape
from .cases import Case
from .mistakes import Asked, asked, grouped_shape
from .plain import Array
from .subject import Complaint, Subject, outside

SHOWN_TAPS = 40
WORDS = {
    "y": ("image", "y", "x", "channel"),
    "dx": ("image", "y", "x", "channel"),
    "dw": ("ky", "kx", "input channel", "output channel"),
}
DW_WORDS = {2: ("input channel", "output channel"), 3: ("ky", "kx", "channel"), 4: WORDS["dw"]}


def failure(subject: Subject, complaint: Complaint, mistakes: list[str]) -> str:
    """The whole message."""
    lines = [f"{subject.check}: {complaint.text or 'wrong answer'}", f"  case: {complaint.case}"]
    lines += _how_called(subject, complaint.case)
    expected, got = complaint.expected, complaint.got
    if expected is not None and got is not None and got.shape == expected.value.shape:
        lines += _first_wrong(subject, complaint)
    lines += [f"  {'likely mistake' if not n else 'or'}: {words}" for n, words in enumerate(mistakes)]
    return "\n".join(lines)


def _how_called(subject: Subject, case: Case) -> list[str]:
    arrays = {"x": case.x, "w": case.w}
    if subject.check.endswith("backward"):
        arrays = {"dy": case.dy, **arrays}
    given = [
        f"{name} {layout_shape(array.shape, *subject.letters(name))} {subject.letters(name)[1]}"
        for name, array in arrays.items()
    ]
    given += [str(setting) for setting in case.settings]
    return [f"  called with: {', '.join(given)}; {subject.formats}"]


def _first_wrong(subject: Subject, complaint: Complaint) -> list[str]:
    """The first wrong entry in refnet's order, its place in both layouts, wanted, got, and its products."""
    expected, got, case = complaint.expected, complaint.got, complaint.case
    assert expected is not None
    assert got is not None
    wrong = outside(expected, got)
    index = tuple(int(place) for place in np.argwhere(wrong)[0])
    name, (plain, layout) = expected.name, subject.letters(expected.name)
    words = DW_WORDS[got.ndim] if name == "dw" else WORDS[name]
    place = ", ".join(f"{word} {i}" for word, i in zip(words, index, strict=True))
    theirs = [index[plain.index(letter)] if letter in plain else 0 for letter in layout]
    wanted, found, allowed = expected.value[index], got[index], float(expected.bound[index])
    rule = (
        f"allowed distance {allowed:.3g}, the bound for its sums"
        if allowed
        else "exact: all sums are integers"
    )
    return [
        f"  wrong: {int(wrong.sum())} of {wrong.size} entries of {name}; the first at {place}: "
        f"{name}{theirs} in {layout}",
        f"  wanted: {wanted!s}",
        f"  got: {found!s} ({rule})",
        *_taps(case, name, index),
    ]


def _taps(case: Case, name: str, index: tuple[int, ...]) -> list[str]:
    """The products whose sum the entry is, one a line."""
    place = tuple(int(i) for i in np.unravel_index(_flat(case, name, index), _grouped(case, name)))
    lines = [f"    {text}" for text in _products(asked(case), name, place)]
    hidden = len(lines) - SHOWN_TAPS
    more = [f"    ... and {hidden} more"] if hidden > 0 else []
    title = {"y": "taps", "dx": "outputs that it reached", "dw": "pixels that it met"}[name]
    return [
        f"  its {title}:" if lines else f"  its {title}: none inside the image",
        *lines[:SHOWN_TAPS],
        *more,
    ]


def _grouped(case: Case, name: str) -> tuple[int, ...]:
    return {"y": case.dy.shape, "dx": case.x.shape, "dw": grouped_shape(case)}[name]


def _flat(case: Case, name: str, index: tuple[int, ...]) -> int:
    shape = {"y": case.dy.shape, "dx": case.x.shape, "dw": case.w.shape}[name]
    return int(np.ravel_multi_index(index, shape))


def _products(a: Asked, name: str, place: tuple[int, ...]) -> Iterator[str]:
    """Every product inside the image that belongs to one entry of y, dx or dw."""
    (KH, KW, GM, N), (B, OH, OW, _) = a.w.shape, a.dy.shape
    for b, oy, ox, n, ky, kx, m in np.ndindex(B, OH, OW, N, KH, KW, GM):
        iy = oy * a.stride[0] + ky * a.dilation[0] - a.pads[0]
        ix = ox * a.stride[1] + kx * a.dilation[1] - a.pads[2]
        im = n // (N // a.groups) * GM + m
        here = {"y": (b, oy, ox, n), "dx": (b, iy, ix, im), "dw": (ky, kx, m, n)}[name]
        if here == place and 0 <= iy < a.x.shape[1] and 0 <= ix < a.x.shape[2]:
            yield _product(a, name, (b, oy, ox, n), (b, iy, ix, im), (ky, kx, m, n))


def _product(a: Asked, name: str, out: tuple[int, ...], pixel: tuple[int, ...], tap: tuple[int, ...]) -> str:
    """One product: what is multiplied, where it lies, and what comes out."""
    parts = {
        "dy": ("dy at image {}, y {}, x {}, channel {}", out, a.dy),
        "x": ("x at image {}, y {}, x {}, channel {}", pixel, a.x),
        "w": ("w at ky {}, kx {}, m {}, n {}", tap, a.w),
    }
    first, second = {"y": ("x", "w"), "dx": ("dy", "w"), "dw": ("dy", "x")}[name]
    texts, values = [], []
    for words, index, array in (parts[first], parts[second]):
        values.append(_number(array, index))
        texts.append(f"{values[-1]:g} ({words.format(*index)})")
    return f"{texts[0]} * {texts[1]} = {values[0] * values[1]:g}"


def _number(array: Array, index: tuple[int, ...]) -> float:
    return float(array[index])
