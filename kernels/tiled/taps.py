"""The two loops behind depthwise layers: sums over the taps of a filter, and sums over all pixels.

    y[pixel, m]  = sum over taps of   x[pixel + tap, m] * w[tap, m]       forward, and the input's gradient
    dw[tap, m]   = sum over pixels of x[pixel + tap, m] * dy[pixel, m]    the filter's gradient

    P pixels in G groups · T taps, of all groups · C channels, padded to the vector width

Channels do not meet, so a tile is multiplied lane by lane: rows are pixels in the first loop, taps in the second.
Pixels come in groups that meet the same taps (`meetings.py`): a tap on the padding is in no group, and a map needs no
border.
"""

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..jit import jit
from .matmul import pixels_per_chunk
from .meetings import Axis, pairs
from .packing import Map
from .register_tile import add, multiply_add_lanes, rows_from, store, zero
from .shapes import TileShape

Array = NDArray[Any]
Size = tuple[int, int, int, int]  # of a packed map: batch, height, width, channels


class Windows(NamedTuple):
    """Tables: pixels[p] in the source goes with places[p] in the target, taps[t] with filters[t] in the weights.

    Group g has the pixels from pixel_bounds[g] to pixel_bounds[g + 1], and the taps alike.
    """

    pixels: Array
    places: Array
    pixel_bounds: Array
    taps: Array
    filters: Array
    tap_bounds: Array


@functools.lru_cache(maxsize=64)
def windows(source: Size, target: Size, y: Axis, x: Axis) -> Windows:
    """The groups of both axes, each along y with each along x. Kept, as a network asks for the same at each step."""
    wide, found = source[3], []
    of_source, of_target = Map(np.empty(0), *source), Map(np.empty(0), *target)
    for one, other in pairs(y.groups(), x.groups()):
        filters = ((one.taps[:, None] * x.filter + other.taps) * wide).ravel()
        pixels, places = of_source.beginnings(one.begins, other.begins), of_target.beginnings(one.pixels, other.pixels)
        taps = of_source.steps(one.steps, other.steps)
        found.append(Windows(pixels, places, bounds([pixels]), taps, filters, bounds([taps])))
    return joined(found)


def joined(parts: Sequence[Windows]) -> Windows:
    """All groups in one set of tables."""
    pixels, places, taps, filters = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("pixels", "places", "taps", "filters")
    )
    pixel_bounds, tap_bounds = bounds([part.pixels for part in parts]), bounds([part.taps for part in parts])
    return Windows(pixels, places, pixel_bounds, taps, filters, tap_bounds)


def bounds(parts: Sequence[Array]) -> Array:
    """Where each part begins once they are joined, and where the last one ends."""
    return np.cumsum([0, *(part.size for part in parts)])


@jit
def tap_sums(shape: TileShape, x: Array, w: Array, windows: Windows, y: Array, channels: int) -> None:
    """`y[pixel, m] = sum over taps of x[pixel + tap, m] * w[tap, m]`.

    Shapes: x, w, y are flat, with C channels; windows of P pixels and T taps in G groups -> y.
    """
    for g in range(windows.tap_bounds.size - 1):
        pixels, places, taps, filters = group(windows, g)
        for first in range(0, pixels.size, shape.rows):
            rows, targets = rows_from(shape, pixels, first), rows_from(shape, places, first)
            for m in range(0, channels, shape.channels):
                tile = zero(shape)
                for t in range(taps.size):
                    tile = multiply_add_lanes(tile, x, rows, taps[t] + m, w, filters[t] + m)
                store(tile, y, targets, m)


@jit
def tap_products(shape: TileShape, x: Array, dw: Array, windows: Windows, dy: Array, channels: int) -> None:
    """`dw[tap, m] += sum over pixels of x[pixel + tap, m] * dy[pixel, m]`, chunk by chunk of a group's pixels.

    Shapes: x, dw, dy are flat, with C channels; windows of P pixels and T taps in G groups -> adds to dw.
    """
    chunk = pixels_per_chunk(2 * channels)
    for g in range(windows.tap_bounds.size - 1):
        pixels, places, taps, filters = group(windows, g)
        for start in range(0, pixels.size, chunk):
            stop = min(start + chunk, pixels.size)
            for first in range(0, taps.size, shape.rows):
                rows, targets = rows_from(shape, taps, first), rows_from(shape, filters, first)
                for m in range(0, channels, shape.channels):
                    tile = zero(shape)
                    for i in range(start, stop):
                        tile = multiply_add_lanes(tile, x, rows, pixels[i] + m, dy, places[i] + m)
                    store(add(tile, dw, targets, m), dw, targets, m)


@jit
def group(windows: Windows, g: int) -> tuple[Array, Array, Array, Array]:
    """One group's part of the tables -> pixels, places, taps, filters."""
    first, last = windows.pixel_bounds[g], windows.pixel_bounds[g + 1]
    begin, end = windows.tap_bounds[g], windows.tap_bounds[g + 1]
    return windows.pixels[first:last], windows.places[first:last], windows.taps[begin:end], windows.filters[begin:end]
