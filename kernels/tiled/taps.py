"""The two loops behind depthwise layers: sums over the taps of a filter, and sums over all pixels.

    y[pixel, m]  = sum over taps of   x[pixel + tap, m] * w[tap, m]       forward, and the input's gradient
    dw[tap, m]   = sum over pixels of x[pixel + tap, m] * dy[pixel, m]    the filter's gradient

    P pixels · T taps · C channels, padded to the vector width

Channels do not meet, so a tile is multiplied lane by lane: rows are pixels in the first loop, taps in the second.
"""

from typing import Any

from numpy.typing import NDArray

from ..jit import jit
from .matmul import pixels_per_chunk
from .packing import Source, Target
from .register_tile import add, multiply_add_lanes, rows_from, store, zero
from .shapes import TileShape

Array = NDArray[Any]


@jit
def tap_sums(shape: TileShape, source: Source, w: Array, target: Target) -> None:
    """`y[pixel, m] = sum over taps of x[pixel + tap, m] * w[tap, m]`.

    Shapes: source.pixels and target.pixels (P,), source.runs (T,), source.length C, w (T * C,) -> target.values.
    """
    x, taps, channels = source.values, source.runs, source.length
    for first in range(0, source.pixels.size, shape.rows):
        rows, places = rows_from(shape, source.pixels, first), rows_from(shape, target.pixels, first)
        for m in range(0, channels, shape.channels):
            tile = zero(shape)
            for t in range(taps.size):
                tile = multiply_add_lanes(tile, x, rows, taps[t] + m, w, t * channels + m)
            store(tile, target.values, places, m)


@jit
def tap_products(shape: TileShape, source: Source, dy: Target, dw: Target) -> None:
    """`dw[tap, m] += sum over pixels of x[pixel + tap, m] * dy[pixel, m]`, chunk by chunk of pixels.

    Shapes: source.pixels and dy.pixels (P,), source.runs and dw.pixels (T,), source.length C -> adds to dw.values.
    """
    x, grads, windows, channels = source.values, dy.values, source.pixels, source.length
    chunk = pixels_per_chunk(2 * channels)
    for start in range(0, windows.size, chunk):
        stop = min(start + chunk, windows.size)
        for first in range(0, source.runs.size, shape.rows):
            taps, places = rows_from(shape, source.runs, first), rows_from(shape, dw.pixels, first)
            for m in range(0, channels, shape.channels):
                tile = zero(shape)
                for i in range(start, stop):
                    tile = multiply_add_lanes(tile, x, taps, windows[i] + m, grads, dy.pixels[i] + m)
                store(add(tile, dw.values, places, m), dw.values, places, m)
