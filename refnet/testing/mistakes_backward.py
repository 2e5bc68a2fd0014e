"""The mistakes that people make in a convolution's backward pass (see `mistakes`).

The readings of the forward pass are tried here too: dx uses the misread filter, stride or pads; dw, which
has the filter's shape, comes out misplaced in the same way. Then the mistakes that only a backward pass can
have.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from .mistakes import ENLARGING, READINGS, Asked, Reading, Writing, corner_of_dy, cropped, writings
from .plain import Array

Answer = Callable[[Asked], Array]


def gradient_mistakes(name: str) -> dict[str, Answer]:
    """Every known mistake in dx or in dw, by its description, as a function that makes it."""
    right: Answer = Asked.dx if name == "dx" else Asked.dw
    found: dict[str, Answer] = dict(DX_ONLY if name == "dx" else DW_ONLY)
    found["dx and dw are returned in the wrong order"] = Asked.dw if name == "dx" else Asked.dx
    found[f"{name} is computed as if dy were all ones"] = lambda a: right(replace(a, dy=np.ones_like(a.dy)))
    for words, reading in READINGS.items():
        found[words] = _misread(right, reading)
        if name == "dw" and words.startswith("the filter"):
            found[f"{words}, in dw itself"] = _misplaced(reading)
    for words in ENLARGING:
        found[cropped(words)] = _misread(right, partial(corner_of_dy, reading=READINGS[words]))
    for words, writing in writings(name).items():
        found[words] = _miswritten(right, writing)
    return found


def _misread(right: Answer, reading: Reading) -> Answer:
    """The gradient of what was misread. A reading that changes sizes gives one of another shape."""
    return lambda a: right(reading(a))


def _miswritten(right: Answer, writing: Writing) -> Answer:
    return lambda a: writing(right(a))


def _misplaced(reading: Reading) -> Answer:
    """dw read as a misread filter."""
    return lambda a: reading(replace(a, w=a.dw())).w


def _last_write(a: Asked, whole_pixels: bool) -> Array:
    """dx where each product (or each sum over output channels) overwrites what was there."""
    dx = np.zeros(a.x.shape)
    per_group = a.w.shape[3] // a.groups
    for b, oy, ox, g, ky, kx in np.ndindex(*a.dy.shape[:3], a.groups, *a.w.shape[:2]):
        iy = oy * a.stride[0] + ky * a.dilation[0] - a.pads[0]
        ix = ox * a.stride[1] + kx * a.dilation[1] - a.pads[2]
        if 0 <= iy < a.x.shape[1] and 0 <= ix < a.x.shape[2]:
            N = slice(g * per_group, (g + 1) * per_group) if whole_pixels else [(g + 1) * per_group - 1]
            M = slice(g * a.w.shape[2], (g + 1) * a.w.shape[2])
            dx[b, iy, ix, M] = a.w[ky, kx][:, N] @ a.dy[b, oy, ox, N]
    return dx


def _last_pixel(a: Asked) -> Array:
    """dw where each product overwrites what was there: the last output pixel's that has the tap inside."""
    dw, per_group = np.zeros(a.w.shape), a.w.shape[3] // a.groups
    for b, oy, ox, n, ky, kx in np.ndindex(*a.dy.shape, *a.w.shape[:2]):
        iy = oy * a.stride[0] + ky * a.dilation[0] - a.pads[0]
        ix = ox * a.stride[1] + kx * a.dilation[1] - a.pads[2]
        if 0 <= iy < a.x.shape[1] and 0 <= ix < a.x.shape[2]:
            first = n // per_group * a.w.shape[2]
            dw[ky, kx, :, n] = a.dy[b, oy, ox, n] * a.x[b, iy, ix, first : first + a.w.shape[2]]
    return dw


def _only(part: tuple[int | slice, ...]) -> Answer:
    """dw of one part of dy."""

    def answer(a: Asked) -> Array:
        dy = np.zeros_like(a.dy)
        dy[part] = a.dy[part]
        return replace(a, dy=dy).dw()

    return answer


DX_ONLY: dict[str, Answer] = {
    "dx is overwritten instead of accumulated (over outputs)": lambda a: _last_write(a, whole_pixels=True),
    "dx is overwritten instead of accumulated (over outputs and channels)": (
        lambda a: _last_write(a, whole_pixels=False)
    ),
}
DW_ONLY: dict[str, Answer] = {
    "dw is overwritten instead of accumulated over images (only the last counts)": _only((-1,)),
    "dw is overwritten instead of accumulated over output rows (only the last counts)": _only((-1, -1)),
    "dw is overwritten instead of accumulated over output columns (only the last counts)": (
        _only((slice(None), slice(None), -1))
    ),
    "dw is overwritten instead of accumulated over images and pixels": _last_pixel,
    "dw is divided by the number of images": lambda a: a.dw() / len(a.x),
    "dw is divided by the number of output pixels": lambda a: a.dw() / (a.dy.size / a.dy.shape[3]),
}
