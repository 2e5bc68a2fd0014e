"""Pooling over windows, and padding, each with its gradient, on a map that is padded first.

Letters: **B** images, **H, W** input rows and columns, **OH, OW** output ones, **KH, KW** taps of the window, **M**
channels. Strides are an int or a pair (y, x); `pads` is (top, bottom, left, right). A window is a slice of the padded
map; beside the map goes a mask that says which pixels are no padding.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike

from .oracles_convolution import NO_PADS, IntOrPair, pad_image
from .plain import Array, answer, rank, zeros
from .sizes import four_pads, output_hw, pair

Place = tuple[int, int]


def naive_max_pool(
    x: ArrayLike, window: IntOrPair, stride: IntOrPair = 1, pads: Sequence[int] = NO_PADS
) -> Array:
    """x (B, H, W, M) -> y (B, OH, OW, M): the largest pixel of each window; NaN if there is one among them.

    Raises ValueError for a window that lies on padding alone.
    """
    x = rank("x", x, "B H W M")
    (B, H, W, M), places = x.shape, list(_places(x.shape[1:3], window, stride, pads))
    y = [[[_largest(x[b, :, :, m], pixels)[0] for m in range(M)] for _, pixels in places] for b in range(B)]
    return answer(y, (B, *_outputs((H, W), window, stride, pads), M), x)


def naive_max_pool_gradient(
    dy: ArrayLike, x: ArrayLike, window: IntOrPair, stride: IntOrPair = 1, pads: Sequence[int] = NO_PADS
) -> Array:
    """dy (B, OH, OW, M), x (B, H, W, M) -> dx like x: dy goes to the first pixel that holds the largest value.

    First in reading order; the first NaN, if there is one.
    """
    dy, x = rank("dy", dy, "B OH OW M"), rank("x", x, "B H W M")
    dx = zeros(*x.shape)
    for (oy, ox), pixels in _places(x.shape[1:3], window, stride, pads):
        for b, m in np.ndindex(x.shape[0], x.shape[3]):
            iy, ix = _largest(x[b, :, :, m], pixels)[1]
            dx[b][iy][ix][m] += dy[b, oy, ox, m].item()
    return answer(dx, x.shape, dy)


def naive_average_pool(
    x: ArrayLike,
    window: IntOrPair,
    stride: IntOrPair = 1,
    pads: Sequence[int] = NO_PADS,
    count_padding: bool = False,
) -> Array:
    """x (B, H, W, M) -> y (B, OH, OW, M): the mean of each window, with zeros for padding or without padding."""
    x = rank("x", x, "B H W M")
    wide, weights = pad_image(x, pads), _weights(x.shape[1:3], window, stride, pads, count_padding)
    OH, OW = _outputs(x.shape[1:3], window, stride, pads)
    y = zeros(len(x), OH, OW, x.shape[3])
    for b, oy, ox, m in np.ndindex(len(x), OH, OW, x.shape[3]):
        rows, columns = _slices((oy, ox), window, stride)
        y[b][oy][ox][m] = math.fsum(wide[b, rows, columns, m].ravel().tolist()) / weights[oy, ox].item()
    return answer(y, (len(x), OH, OW, x.shape[3]), x)


def naive_average_pool_gradient(
    dy: ArrayLike,
    input_hw: Sequence[int],
    window: IntOrPair,
    stride: IntOrPair = 1,
    pads: Sequence[int] = NO_PADS,
    count_padding: bool = False,
) -> Array:
    """dy (B, OH, OW, M) -> dx (B, H, W, M): scattered over the padded map, whose padding is cut off at the end."""
    dy = rank("dy", dy, "B OH OW M")
    (top, bottom, left, right), (H, W) = four_pads(pads), input_hw
    wide = np.zeros((len(dy), top + H + bottom, left + W + right, dy.shape[3]))
    weights = _weights(input_hw, window, stride, pads, count_padding)
    for oy, ox in np.ndindex(*dy.shape[1:3]):
        rows, columns = _slices((oy, ox), window, stride)
        wide[:, rows, columns] += dy[:, oy, ox].astype(float)[:, None, None] / weights[oy, ox]
    return answer(wide[:, top : top + H, left : left + W], (len(dy), H, W, dy.shape[3]), dy)


def naive_pad(x: ArrayLike, pads: Sequence[int]) -> Array:
    """x (B, H, W, M) -> y with (top, bottom, left, right) rows and columns of zeros, or so many less if negative."""
    x = rank("x", x, "B H W M")
    top, bottom, left, right = (max(0, -number) for number in pads)
    cut = x[:, top : x.shape[1] - bottom, left : x.shape[2] - right]
    return pad_image(cut, [max(0, number) for number in pads])


def naive_pad_gradient(dy: ArrayLike, pads: Sequence[int]) -> Array:
    """dy -> dx: what was padded is cut off, and what was cut off is padded."""
    return naive_pad(dy, [-number for number in pads])


def _outputs(input_hw: Sequence[int], window: IntOrPair, stride: IntOrPair, pads: Sequence[int]) -> Place:
    return output_hw(input_hw, pair("window", window), pair("stride", stride), (1, 1), four_pads(pads))


def _slices(output: Place, window: IntOrPair, stride: IntOrPair) -> tuple[slice, slice]:
    """Rows and columns of the padded map that one output pixel sees."""
    (KH, KW), (sy, sx) = pair("window", window), pair("stride", stride)
    return slice(output[0] * sy, output[0] * sy + KH), slice(output[1] * sx, output[1] * sx + KW)


def _places(
    input_hw: Sequence[int], window: IntOrPair, stride: IntOrPair, pads: Sequence[int]
) -> Iterator[tuple[Place, list[Place]]]:
    """Each output pixel, with the pixels of the map in its window in reading order."""
    numbers = np.arange(1, input_hw[0] * input_hw[1] + 1).reshape(1, *input_hw, 1)
    wide = pad_image(numbers, pads)[0, :, :, 0]  # 0 is padding
    for output in np.ndindex(*_outputs(input_hw, window, stride, pads)):
        oy, ox = output
        seen = wide[_slices((oy, ox), window, stride)].ravel().tolist()
        pixels = [divmod(number - 1, input_hw[1]) for number in seen if number]
        if not pixels:
            raise ValueError(f"pads: wanted a pixel of the map in every window, got {tuple(pads)}")
        yield (oy, ox), pixels


def _largest(channel: Array, pixels: list[Place]) -> tuple[float, Place]:
    """The largest of these pixels of channel (H, W), or NaN, and the first place that holds it."""
    values = [channel[pixel].item() for pixel in pixels]
    for value, pixel in zip(values, pixels, strict=True):
        if value != value:
            return value, pixel
    largest = max(values)
    return largest, pixels[values.index(largest)]


def _weights(
    input_hw: Sequence[int], window: IntOrPair, stride: IntOrPair, pads: Sequence[int], count_padding: bool
) -> Array:
    """What the sum of each window is divided by: (OH, OW)."""
    mask = pad_image(np.ones((1, *input_hw, 1), int), pads, fill=int(count_padding))[0, :, :, 0]
    outputs = _outputs(input_hw, window, stride, pads)
    sums = [mask[_slices((oy, ox), window, stride)].sum() for oy, ox in np.ndindex(*outputs)]
    return np.array(sums).reshape(outputs)
