"""The mistakes that people make in a convolution, each as something that can be computed.

A diagnosis tries them on the case that went wrong: a mistake that gives exactly the wrong answer is the
likely one. Every convolution is written as a grouped one here (depthwise: M groups; pointwise: one tap). A
mistake in the *reading* changes what the formula gets, a mistake in the *writing* what it gives. Letters as
in `oracles_convolution`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from .cases import Case
from .oracles_convolution import naive_grouped_conv2d
from .oracles_gradients import naive_grouped_conv2d_filter_gradient, naive_grouped_conv2d_input_gradient
from .plain import Array
from .sizes import Pads, Pair, output_hw


@dataclass(frozen=True, eq=False)
class Asked:
    """A convolution's question in float64: x (B, H, W, M), w (KH, KW, M / groups, N), dy (B, OH, OW, N)."""

    x: Array
    w: Array
    dy: Array
    stride: Pair
    dilation: Pair
    pads: Pads
    groups: int
    padding: str

    def y(self) -> Array:
        return naive_grouped_conv2d(self.x, self.w, self.stride, self.dilation, self.pads, self.groups)

    def dx(self) -> Array:
        size = self.x.shape[1:3]
        settings = (self.stride, self.dilation, self.pads, self.groups)
        return naive_grouped_conv2d_input_gradient(self.dy, self.w, size, *settings)

    def dw(self) -> Array:
        size = self.w.shape[:2]
        settings = (self.stride, self.dilation, self.pads, self.groups)
        return naive_grouped_conv2d_filter_gradient(self.dy, self.x, size, *settings)

    def answer(self, name: str) -> Array:
        """y, dx or dw, by name."""
        return {"y": self.y, "dx": self.dx, "dw": self.dw}[name]()

    def absolute(self) -> Asked:
        return replace(self, x=np.abs(self.x), w=np.abs(self.w), dy=np.abs(self.dy))


Reading = Callable[[Asked], Asked]
Writing = Callable[[Array], Array]


def asked(case: Case) -> Asked:
    """A case in the words of a grouped convolution."""
    w = case.w.astype(np.float64).reshape(grouped_shape(case))
    x, dy = case.x.astype(np.float64), case.dy.astype(np.float64)
    g = case.geometry
    return Asked(x, w, dy, g.stride, g.dilation, g.pads, g.groups, g.padding)


def grouped_shape(case: Case) -> tuple[int, ...]:
    """The shape of a case's filter as that of a grouped convolution."""
    g = case.geometry
    return (*g.filter_hw, g.M // g.groups, g.N)


def _swapped(w: Array, first: int, second: int) -> Array:
    """w with two axes swapped; where their lengths differ, w's buffer read as if they were."""
    shape = list(w.shape)
    shape[first], shape[second] = shape[second], shape[first]
    return np.ascontiguousarray(w).reshape(shape).swapaxes(first, second)


def _with(array: Array, index: tuple[int | slice, ...], factor: float) -> Array:
    """The array with one part multiplied by a factor."""
    changed = array.copy()
    changed[index] *= factor
    return changed


def _copied(array: Array, axis: int, source: int, target: int) -> Array:
    """The array with one entry along an axis in the place of another."""
    if array.shape[axis] < 2:
        raise ValueError("wanted two entries along this axis")
    places = list(range(array.shape[axis]))
    places[target] = places[source]
    return array.take(places, axis=axis)


def _pads(order: tuple[int, int, int, int]) -> Reading:
    top, bottom, left, right = order
    return lambda a: replace(a, pads=(a.pads[top], a.pads[bottom], a.pads[left], a.pads[right]))


def _odd_first(a: Asked) -> Asked:
    if a.padding != "same":
        raise ValueError("only SAME has an odd pixel")
    top, bottom, left, right = a.pads
    return replace(a, pads=(bottom, top, right, left))


def _padded(mode: str) -> Reading:
    """Pixels outside the image taken from its other side, or from its edge, instead of zeros."""

    def read(a: Asked) -> Asked:
        top, bottom, left, right = a.pads
        around = ((0, 0), (top, bottom), (left, right), (0, 0))
        wide = np.pad(a.x, around, mode="edge" if mode == "edge" else "wrap")
        return replace(a, x=wide, pads=(0, 0, 0, 0))

    return read


def _dealt(a: Asked) -> Asked:
    """Output channel n in group n % groups."""
    order = np.arange(a.w.shape[3]).reshape(-1, a.groups).T.ravel()
    back = np.argsort(order)
    return replace(a, w=a.w[..., back])


ALL = slice(None)
READINGS: dict[str, Reading] = {
    "the filter is transposed (ky and kx are swapped)": lambda a: replace(a, w=_swapped(a.w, 0, 1)),
    "the filter is flipped in both directions (a true convolution; the papers' formula does not flip)": (
        lambda a: replace(a, w=a.w[::-1, ::-1])
    ),
    "the filter is flipped top to bottom": lambda a: replace(a, w=a.w[::-1]),
    "the filter is flipped left to right": lambda a: replace(a, w=a.w[:, ::-1]),
    "the filter's input and output channels are swapped": lambda a: replace(a, w=_swapped(a.w, 2, 3)),
    "odd pixel first (SAME puts the odd row and column bottom and right, not top and left)": _odd_first,
    "swapped pads: top with bottom and left with right": _pads((1, 0, 3, 2)),
    "swapped pads: top with bottom": _pads((1, 0, 2, 3)),
    "swapped pads: left with right": _pads((0, 1, 3, 2)),
    "swapped pads: (left, right) is used along y and (top, bottom) along x": _pads((2, 3, 0, 1)),
    "swapped pads: read in the order (top, left, bottom, right)": _pads((0, 2, 1, 3)),
    "the pads are ignored": lambda a: replace(a, pads=(0, 0, 0, 0)),
    "pixels outside the image are taken from its edge instead of zero": _padded("edge"),
    "pixels outside the image are taken from its other side (a negative index?) instead of zero": _padded(
        "wrap"
    ),
    "stride is used as (x, y)": lambda a: replace(a, stride=a.stride[::-1]),
    "stride is ignored": lambda a: replace(a, stride=(1, 1)),
    "dilation is used as (x, y)": lambda a: replace(a, dilation=a.dilation[::-1]),
    "dilation is ignored": lambda a: replace(a, dilation=(1, 1)),
    "the last row of taps is skipped": lambda a: replace(a, w=_with(a.w, (-1,), 0)),
    "the last column of taps is skipped": lambda a: replace(a, w=_with(a.w, (ALL, -1), 0)),
    "the first row of taps is skipped": lambda a: replace(a, w=_with(a.w, (0,), 0)),
    "the first column of taps is skipped": lambda a: replace(a, w=_with(a.w, (ALL, 0), 0)),
    "the last input channel is skipped": lambda a: replace(a, w=_with(a.w, (ALL, ALL, -1), 0)),
    "the first input channel is skipped": lambda a: replace(a, w=_with(a.w, (ALL, ALL, 0), 0)),
    "the last input channel is counted twice": lambda a: replace(a, w=_with(a.w, (ALL, ALL, -1), 2)),
    "the first input channel is counted twice": lambda a: replace(a, w=_with(a.w, (ALL, ALL, 0), 2)),
    "the last input channel is read from the one before": lambda a: replace(a, x=_copied(a.x, 3, -2, -1)),
    "every input channel is read from the first": lambda a: replace(a, x=a.x[..., [0] * a.x.shape[3]]),
    "the last row of the image is not read": lambda a: replace(a, x=_with(a.x, (ALL, -1), 0)),
    "the last column of the image is not read": lambda a: replace(a, x=_with(a.x, (ALL, ALL, -1), 0)),
    "the first row of the image is not read": lambda a: replace(a, x=_with(a.x, (ALL, 0), 0)),
    "the first column of the image is not read": lambda a: replace(a, x=_with(a.x, (ALL, ALL, 0), 0)),
    "every image is read from the first": lambda a: replace(a, x=a.x[[0] * len(a.x)]),
    "output channels are dealt to groups in turn (n % groups), not in runs": _dealt,
    "numbers are read without their sign (as uint8)": lambda a: replace(a, x=a.x % 256, w=a.w % 256),
}

# readings that ask for a larger output; a kernel that loops over the right one computes its first corner
ENLARGING = ("stride is ignored", "dilation is ignored")


def cropped(words: str) -> str:
    """The description of an enlarging reading whose output has the right size all the same."""
    return f"{words} (in an output of the right size)"


def corner_of_y(a: Asked, reading: Reading) -> Array:
    """What an enlarging reading writes into an output of the right size."""
    OH, OW = a.dy.shape[1:3]
    return reading(a).y()[:, :OH, :OW]


def corner_of_dy(a: Asked, reading: Reading) -> Asked:
    """An enlarging reading for which dy is the first corner of a larger one, with zeros elsewhere."""
    misread = reading(a)
    sizes = (a.x.shape[1:3], a.w.shape[:2], misread.stride, misread.dilation, misread.pads)
    (OH, OW), (_, oh, ow, _) = output_hw(*sizes), a.dy.shape
    return replace(misread, dy=np.pad(a.dy, ((0, 0), (0, OH - oh), (0, OW - ow), (0, 0))))


AXES = {
    "y": ("image", "row", "column", "channel"),
    "dx": ("image", "row", "column", "channel"),
    "dw": ("row of taps", "column of taps", "input channel", "output channel"),
}


def writings(name: str) -> dict[str, Writing]:
    """Mistakes in the writing of y, dx or dw (in the shape of a grouped convolution)."""
    found: dict[str, Writing] = {
        f"{name} has the wrong sign": lambda y: -y,
        f"{name} is left at zero": np.zeros_like,
    }
    for axis, word in enumerate(AXES[name]):
        found[f"the last {word} of {name} is left at zero"] = partial(_with, index=_at(axis, -1), factor=0)
        found[f"the first {word} of {name} is left at zero"] = partial(_with, index=_at(axis, 0), factor=0)
        found[f"the last {word} of {name} is a copy of the one before"] = partial(
            _copied, axis=axis, source=-2, target=-1
        )
        found[f"the last {word} of {name} is missing"] = partial(_shortened, axis=axis)
    return found


def _at(axis: int, place: int) -> tuple[int | slice, ...]:
    return (ALL,) * axis + (place,)


def _shortened(array: Array, axis: int) -> Array:
    return array.take(range(array.shape[axis] - 1), axis)


INTEGER_WRITINGS: dict[str, Writing] = {
    "the sum wraps around in 8 bits": lambda y: y.astype(np.int64).astype(np.int8).astype(float),
    "the sum wraps around in 16 bits": lambda y: y.astype(np.int64).astype(np.int16).astype(float),
    "the sum is clipped to 8 bits": lambda y: np.clip(y, -128, 127),
    "the sum is clipped to 16 bits": lambda y: np.clip(y, -(2**15), 2**15 - 1),
}
