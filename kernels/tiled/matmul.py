"""The two loops behind standard, pointwise and dense layers: sums over a window, and sums over all pixels.

    y[pixel, n]  = sum over runs and k of x[pixel + run + k] * w[(run, k), n]     forward, and the input's gradient
    dw[input, n] = sum over pixels of     x[pixel + input]   * dy[pixel, n]       the filter's gradient

    P pixels · K numbers in a window · N channels

Where a pixel's window begins is an entry of a table (`packing.py`), so stride, padding and dilation are not in here.
Sums are in the dtype of the arrays: in the order of the window, or of the pixels of a chunk and then chunk by chunk.
Blocks and chunks depend on shapes alone.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..jit import jit
from .packing import NO_PADS, Panels, Source, Target, pack_map, pack_matrix, zero_matrix
from .register_tile import add, multiply_add, rows_from, store, zero
from .shapes import TileShape, matrix_strips, padded

Array = NDArray[Any]



def multiply(source: Source, w: Array, target: Target) -> None:
    """Fill the target with the sums over each pixel's window. w (K, N) -> target.values, P pixels of N channels."""
    for shape, panels in pack_matrix(w):
        window_sums(shape, source, panels, target)


def filter_gradient(source: Source, dy: Array) -> Array:
    """The gradient of w (K, N), where source.runs are the K inputs of a window. dy (B, OH, OW, N) -> dw (K, N)."""
    N = dy.shape[3]
    packed = pack_map(dy, NO_PADS, padded(N, dy.dtype))
    grads = Target(packed.values, packed.all_beginnings())
    dw = zero_matrix(source.runs.size, N, dy.dtype)
    for shape, tiles, channel in matrix_strips(N, dy.dtype):
        pixel_sums(shape, source, grads, dw, (channel, channel + tiles * shape.channels))
    return np.ascontiguousarray(dw.values.reshape(source.runs.size, packed.channels)[:, :N])


@jit
def window_sums(shape: TileShape, source: Source, panels: Panels, target: Target) -> None:
    """`y[pixel, n] = sum over runs and k of x[pixel + run + k] * w[(run, k), n]`, for the channels of the panels.

    Shapes: source.pixels and target.pixels (P,), panels of a (K, N) matrix -> target.values, P pixels of N channels.
    A block of pixels stays in cache while the tiles of weights pass over it.
    """
    pixels = target.pixels.size
    block = pixels_per_block(panels.depth + panels.tiles * shape.channels, shape.rows)
    for start in range(0, pixels, block):
        for strip in range(panels.tiles):
            for first in range(start, min(start + block, pixels), shape.rows):
                window_tile(shape, source, panels, target, first, strip)


@jit
def window_tile(
    shape: TileShape, source: Source, panels: Panels, target: Target, first: int, strip: int
) -> None:
    """The sums of the pixels from `first` on, for one strip of channels -> one tile of target.values."""
    x, w, runs, length = source.values, panels.values, source.runs, source.length
    rows = rows_from(shape, source.pixels, first)
    tile = zero(shape)
    n = strip * panels.depth * shape.channels
    for i in range(runs.size):
        for k in range(runs[i], runs[i] + length):
            tile = multiply_add(tile, x, rows, k, w, n)
            n += shape.channels
    places = rows_from(shape, target.pixels, first)
    store(tile, target.values, places, panels.channel + strip * shape.channels)


@jit
def pixel_sums(shape: TileShape, source: Source, dy: Target, dw: Target, channels: tuple[int, int]) -> None:
    """`dw[input, n] += sum over pixels of x[pixel + input] * dy[pixel, n]`, for n in range(*channels).

    Shapes: source.pixels and dy.pixels (P,), source.runs and dw.pixels (K,) -> adds to dw.values, K rows of N.
    A chunk of pixels stays in cache while all tiles pass over it.
    """
    pixels, inputs = dy.pixels.size, dw.pixels.size
    chunk = pixels_per_chunk(inputs + channels[1])
    for start in range(0, pixels, chunk):
        stop = min(start + chunk, pixels)
        for first in range(0, inputs, shape.rows):
            places = rows_from(shape, dw.pixels, first)
            for n in range(channels[0], channels[1], shape.channels):
                tile = pixel_tile(shape, source, dy, (first, n), (start, stop))
                store(add(tile, dw.values, places, n), dw.values, places, n)


@jit
def pixel_tile(
    shape: TileShape, source: Source, dy: Target, corner: tuple[int, int], chunk: tuple[int, int]
) -> Any:
    """The sums over a chunk of pixels, for the inputs and channels from the corner (input, n) on -> a tile."""
    x, grads, windows, pixels = source.values, dy.values, source.pixels, dy.pixels
    inputs = rows_from(shape, source.runs, corner[0])
    tile = zero(shape)
    for i in range(chunk[0], chunk[1]):
        tile = multiply_add(tile, x, inputs, windows[i], grads, pixels[i] + corner[1])
    return tile


@jit
def pixels_per_block(numbers: int, rows: int) -> int:
    """As many pixels of so many numbers, read and written, as fit into half of a small second-level cache -> pixels."""
    return max(1, 32768 // max(1, numbers * rows)) * rows


@jit
def pixels_per_chunk(numbers: int) -> int:
    """As many pixels as fit into the first-level cache, and not too few for one tile's sums -> pixels."""
    return max(64, 6144 // max(1, numbers))
