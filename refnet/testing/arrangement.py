"""How an array lies in memory: its order, and the order of its axes in the user's layout.

Layouts are words with one letter per axis. Activations: NHWC or NCHW (N counts images). Filters: H and W
are the taps, I input and O output channels, C the channels of a depthwise filter; an axis of length one is
written 1 (or H, W in a pointwise filter). So a standard filter is HWIO, OIHW, OHWI, ..., a depthwise one
HWC, C1HW, HWC1, ..., a pointwise one IO, OI, OIHW, ...
"""

from __future__ import annotations

import numpy as np

from .plain import Array

ORDERS = ("C", "F", "strided", "negative")
ACTIVATIONS = ("NHWC", "NCHW")
PLAIN_FILTERS = {
    "conv2d": "HWIO",
    "depthwise_conv2d": "HWC",
    "pointwise_conv2d": "IO",
    "grouped_conv2d": "HWIO",
}
USUAL_FILTERS = {
    "NHWC": PLAIN_FILTERS,
    "NCHW": {
        "conv2d": "OIHW",
        "depthwise_conv2d": "C1HW",
        "pointwise_conv2d": "OI",
        "grouped_conv2d": "OIHW",
    },
}


def arrange(array: Array, order: str) -> Array:
    """A fresh copy of the same values in a memory order; the gaps of "strided" hold a value that shows."""
    if order == "F":
        return np.array(array, order="F")
    if order == "strided":
        poison = 99 if array.dtype.kind in "iu" else np.nan
        wide = np.full(tuple(2 * size for size in array.shape), poison, dtype=array.dtype)
        view = wide[(slice(None, None, 2),) * array.ndim]
        view[...] = array
        return view
    if order == "negative":
        backwards = (slice(None, None, -1),) * array.ndim
        flipped: Array = np.array(array[backwards], order="C")[backwards]
        return flipped
    return np.array(array, order="C")


def check_layouts(operation: str, layout: str, filter_layout: str | None) -> str:
    """The filter layout, by default the usual one. Raises ValueError for a layout that is not known."""
    if layout not in ACTIVATIONS:
        raise ValueError(f"layout: wanted {' or '.join(ACTIVATIONS)}, got {layout!r}")
    found = USUAL_FILTERS[layout][operation] if filter_layout is None else filter_layout
    plain = PLAIN_FILTERS[operation]
    extra = "1" if "H" in plain else "1HW"
    letters = "".join(letter for letter in found if letter in plain)
    if sorted(letters) != sorted(plain) or not set(found) - set(plain) <= set(extra):
        raise ValueError(
            f"filter_layout: wanted the letters {plain} in any order, with {' or '.join(extra)} for an "
            f"axis of length one, got {filter_layout!r}"
        )
    return found


def to_layout(array: Array, plain: str, layout: str) -> Array:
    """A view of `array`, whose axes are `plain`, with the axes of `layout`."""
    moved = array.transpose([plain.index(letter) for letter in layout if letter in plain])
    return moved[tuple(slice(None) if letter in plain else None for letter in layout)]


def from_layout(array: Array, plain: str, layout: str) -> Array:
    """The inverse of `to_layout`."""
    squeezed = array[tuple(slice(None) if letter in plain else 0 for letter in layout)]
    kept = [letter for letter in layout if letter in plain]
    return squeezed.transpose([kept.index(letter) for letter in plain])


def layout_shape(shape: tuple[int, ...], plain: str, layout: str) -> tuple[int, ...]:
    """The shape in `layout` of an array whose axes are `plain`."""
    return tuple(shape[plain.index(letter)] if letter in plain else 1 for letter in layout)
