"""The sizes and settings of one convolution, and how they are drawn.

Everything is drawn through one function `pick(options) -> option`. Hypothesis supplies one that remembers
and shrinks (towards the first option), a seeded generator another: the two share what is worth drawing.
Letters as in `oracles_convolution`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from .limits import Limits, numbers, words
from .sizes import PADDINGS, Pads, Pair, output_hw, same_padding, span, symmetric_padding

Pick = Callable[[Sequence[Any]], Any]
CONVOLUTIONS = ("conv2d", "depthwise_conv2d", "pointwise_conv2d", "grouped_conv2d")


@dataclass(frozen=True)
class Geometry:
    """One convolution without its arrays. `padding` says how `pads` were chosen."""

    operation: str
    batch: int
    input_hw: Pair
    M: int
    N: int
    filter_hw: Pair
    stride: Pair
    dilation: Pair
    padding: str
    pads: Pads
    groups: int

    @property
    def x_shape(self) -> tuple[int, ...]:
        return (self.batch, *self.input_hw, self.M)

    @property
    def w_shape(self) -> tuple[int, ...]:
        if self.operation == "pointwise_conv2d":
            return (self.M, self.N)
        if self.operation == "depthwise_conv2d":
            return (*self.filter_hw, self.M)
        return (*self.filter_hw, self.M // self.groups, self.N)

    @property
    def y_shape(self) -> tuple[int, ...]:
        return (
            self.batch,
            *output_hw(self.input_hw, self.filter_hw, self.stride, self.dilation, self.pads),
            self.N,
        )

    @property
    def products(self) -> dict[str, int]:
        """The largest number of products in one sum of y, of dx and of dw."""
        taps, (B, OH, OW, _) = math.prod(self.filter_hw), self.y_shape
        return {
            "y": taps * self.M // self.groups,
            "dx": taps * self.N // self.groups,
            "dw": max(1, B * OH * OW),
        }


def draw_geometry(pick: Pick, operation: str, limits: Limits) -> Geometry:
    """A convolution within `limits`."""
    plain = operation == "pointwise_conv2d"
    taps, strides, rates = (
        ((1,) if plain else numbers(name, getattr(limits, name), 1))
        for name in ("filter_size", "stride", "dilation")
    )
    KH, sy, ry = pick(taps), pick(strides), pick(rates)
    KW, sx, rx = (KH, sy, ry) if limits.square else (pick(taps), pick(strides), pick(rates))
    padding = "valid" if plain else pick(words("padding", limits.padding, PADDINGS))
    H, top, bottom = _draw_axis(pick, padding, KH, sy, ry, limits.max_size)
    W, left, right = _draw_axis(pick, padding, KW, sx, rx, limits.max_size)
    M, N, groups = _draw_channels(pick, operation, limits)
    batch = pick(numbers("batch", limits.batch, 0))
    pads = (top, bottom, left, right)
    return Geometry(operation, batch, (H, W), M, N, (KH, KW), (sy, sx), (ry, rx), padding, pads, groups)


def _draw_axis(
    pick: Pick, padding: str, filter: int, stride: int, dilation: int, max_size: int
) -> tuple[int, int, int]:
    """The size of the image along one axis, and the zeros before and after it; one output at least."""
    if padding == "same":
        size = pick(range(1, max_size + 1))
        return (size, *same_padding(size, filter, stride, dilation))
    before, after = 0, 0
    if padding == "symmetric":
        before, after = symmetric_padding(filter, dilation)
    elif padding == "explicit":
        before, after = (pick(range(span(filter, dilation))) for _ in range(2))
    least = max(1, span(filter, dilation) - before - after)
    return pick(range(least, max(least + 1, max_size) + 1)), before, after


def _draw_channels(pick: Pick, operation: str, limits: Limits) -> tuple[int, int, int]:
    """Input channels, output channels and groups."""
    multiples = limits.channel_multiples()
    if operation == "depthwise_conv2d":
        M = limits.channels_multiple * pick(multiples)
        return M, M, M
    groups = 1 if operation == "pointwise_conv2d" else pick(limits.group_numbers(operation))
    unit = math.lcm(limits.channels_multiple, groups)
    return unit * pick(multiples), unit * pick(multiples), groups
