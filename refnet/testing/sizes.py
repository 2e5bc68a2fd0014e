"""Sizes along one axis: how many outputs, and which padding a name stands for.

Legend: `size` pixels of the image, `filter` taps, `stride`, `dilation`, `before` and `after` the
rows (or columns) of zeros on either side. `pads` is always (top, bottom, left, right); pairs are (y, x).

Written here once more, and not taken from the code under test: an oracle borrows nothing from what it judges.
"""

from __future__ import annotations

from collections.abc import Sequence

Pair = tuple[int, int]
Pads = tuple[int, int, int, int]

PADDINGS = ("same", "symmetric", "valid", "explicit")


def span(filter: int, dilation: int) -> int:
    """Pixels from the first to the last tap, both included."""
    return dilation * (filter - 1) + 1


def output_size(size: int, filter: int, stride: int, dilation: int, before: int, after: int) -> int:
    """How many times the filter fits: `floor((before + size + after - span) / stride) + 1`."""
    return (before + size + after - span(filter, dilation)) // stride + 1


def same_padding(size: int, filter: int, stride: int, dilation: int) -> Pair:
    """TensorFlow's SAME: `ceil(size / stride)` outputs; an odd pixel goes after (bottom, right)."""
    outputs = -(-size // stride)
    total = max(0, (outputs - 1) * stride + span(filter, dilation) - size)
    return total // 2, total - total // 2


def symmetric_padding(filter: int, dilation: int) -> Pair:
    """`dilation * (filter - 1) // 2` on either side, whatever the size."""
    return dilation * (filter - 1) // 2, dilation * (filter - 1) // 2


def pair(name: str, value: int | Sequence[int], least: int = 1) -> Pair:
    """`value` as (y, x): an int means both. Raises ValueError below `least`."""
    both = (value, value) if isinstance(value, int) else tuple(int(part) for part in value)
    if len(both) != 2 or min(both) < least:
        raise ValueError(f"{name}: wanted an int or a pair (y, x) of at least {least}, got {value!r}")
    return both[0], both[1]


def four_pads(pads: Sequence[int]) -> Pads:
    """`pads` as (top, bottom, left, right). Raises ValueError for anything else than four counts."""
    if len(pads) != 4 or min(pads) < 0:
        raise ValueError(f"pads: wanted four counts (top, bottom, left, right) of at least 0, got {pads!r}")
    top, bottom, left, right = (int(pad) for pad in pads)
    return top, bottom, left, right


def output_hw(
    input_hw: Sequence[int], filter_hw: Sequence[int], stride: Pair, dilation: Pair, pads: Pads
) -> Pair:
    """Height and width of a convolution's output. Raises ValueError where the filter does not fit once."""
    OH = output_size(input_hw[0], filter_hw[0], stride[0], dilation[0], pads[0], pads[1])
    OW = output_size(input_hw[1], filter_hw[1], stride[1], dilation[1], pads[2], pads[3])
    if OH < 1 or OW < 1:
        raise ValueError(
            f"wanted a filter that fits into the padded image, got filter {tuple(filter_hw)} with dilation "
            f"{dilation} on an image {tuple(input_hw)} with pads {pads}"
        )
    return OH, OW


def taps_inside(
    outputs: int, size: int, filter: int, stride: int, dilation: int, before: int
) -> list[list[Pair]]:
    """For each output along one axis, the pairs (tap, input pixel) that lie inside the image."""
    return [
        [
            (k, o * stride + k * dilation - before)
            for k in range(filter)
            if 0 <= o * stride + k * dilation - before < size
        ]
        for o in range(outputs)
    ]
