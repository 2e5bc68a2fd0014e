"""Operands in the order in which tiles read them: activations, weights, and tables of where things are.

    B images · H, W rows and columns · M, N channels in and out · K rows of a weight matrix

    A packed map is flat, and has a border of zeros and channels padded with zeros to the vector width:
    pixel (b, y, x) begins at ((b * height + y) * width + x) * channels. A table holds such beginnings:

    pixels    one entry per output pixel: where its window begins (in a source), where its sums go (in a target)
    runs      one entry per run of consecutive numbers in a window, counted from the window's beginning

    Packed weights are panels: the N columns of a (K, N) matrix are cut into strips as wide as a tile, and a strip is
    stored row by row, so that a tile's loop over k reads memory from front to back.

Everything here is Python and NumPy; a map that needs no border and no further channels is not copied.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from .shapes import TileShape, matrix_strips, padded

Array = NDArray[Any]
Pair = tuple[int, int]
Pads = tuple[int, int, int, int]
NO_PADS = (0, 0, 0, 0)
CACHE_LINE = 64  # bytes


class Map(NamedTuple):
    """A packed (batch, height, width, channels): border and padded channels are counted."""

    values: Array
    batch: int
    height: int
    width: int
    channels: int

    @property
    def size(self) -> tuple[int, int, int, int]:
        return self.batch, self.height, self.width, self.channels

    def beginnings(self, ys: Array, xs: Array) -> Array:
        """A table of the pixels (b, y, x) of all images, for the rows ys and the columns xs."""
        images = np.arange(self.batch) * self.height
        lines = (images[:, None] + ys) * self.width
        table: Array = ((lines[:, :, None] + xs) * self.channels).ravel()
        return table

    def all_beginnings(self) -> Array:
        """A table of all pixels."""
        return np.arange(self.batch * self.height * self.width) * self.channels

    def windows(self, outputs: Pair, stride: Pair) -> Array:
        """A table of the first pixels of the windows of a convolution without padding."""
        return self.beginnings(np.arange(outputs[0]) * stride[0], np.arange(outputs[1]) * stride[1])

    def steps(self, ys: Array, xs: Array) -> Array:
        """A table of how far pixel (y, x) lies behind pixel (0, 0) of its image."""
        table: Array = ((ys[:, None] * self.width + xs) * self.channels).ravel()
        return table


class Source(NamedTuple):
    """What a window reads: `length` numbers from values[pixel + run] on, for each pixel and run.

    For a depthwise layer a run is a tap, and `length` the channels in memory.
    """

    values: Array
    pixels: Array
    runs: Array
    length: int


class Target(NamedTuple):
    """Where sums go: those of pixel i from values[pixels[i]] on."""

    values: Array
    pixels: Array


class Panels(NamedTuple):
    """Tiles side by side of a (depth, N) matrix, from `channel` on: values[tile, k, column of the tile]."""

    values: Array
    depth: int
    tiles: int
    channel: int


def flat(x: Array) -> Array:
    """All numbers in a row: the same memory if it is contiguous."""
    return np.ascontiguousarray(x).reshape(-1)


def empty(numbers: int, dtype: DTypeLike) -> Array:
    """Flat memory that begins on a cache line, so that no vector lies across two."""
    line = CACHE_LINE // np.dtype(dtype).itemsize
    memory = np.empty(numbers + line, dtype)
    start = -memory.ctypes.data % CACHE_LINE // memory.itemsize
    return memory[start : start + numbers]


def pack_map(x: Array, pads: Pads, channels: int) -> Map:
    """x (B, H, W, M) with a border of zeros, each pixel followed by zeros up to `channels` numbers."""
    B, H, W, M = x.shape
    top, bottom, left, right = pads
    height, width = top + H + bottom, left + W + right
    if (height, width, channels) == (H, W, M):
        return Map(flat(x), B, H, W, M)
    values = empty(B * height * width * channels, x.dtype).reshape(B, height, width, channels)
    values[:, :top] = values[:, top + H :] = 0
    values[:, top : top + H, :left] = values[:, top : top + H, left + W :] = 0
    inside = values[:, top : top + H, left : left + W]
    inside[..., :M], inside[..., M:] = x, 0
    return Map(values.reshape(-1), B, height, width, channels)


def empty_map(batch: int, height: int, width: int, channels: int, dtype: DTypeLike) -> Map:
    """A map to be filled, without a border: channels are padded to the vector width."""
    room = padded(channels, dtype)
    return Map(empty(batch * height * width * room, dtype), batch, height, width, room)


def unpack_map(packed: Map, channels: int) -> Array:
    """(B, H, W, channels) of a map without a border: the same memory where no channels were padded."""
    y = packed.values.reshape(packed.size)
    return y if channels == packed.channels else y[..., :channels].copy()


def pack_matrix(w: Array) -> list[tuple[TileShape, Panels]]:
    """w (K, N) as panels: one entry for each tile shape that it takes to cover the channels."""
    K, N = w.shape
    wide, found = pad_columns(w), []
    for shape, tiles, channel in matrix_strips(N, w.dtype):
        values = empty(K * tiles * shape.channels, w.dtype)
        part = wide[:, channel : channel + tiles * shape.channels].reshape(K, tiles, shape.channels)
        values.reshape(tiles, K, shape.channels)[...] = part.transpose(1, 0, 2)
        found.append((shape, Panels(values, K, tiles, channel)))
    return found


def pad_columns(w: Array) -> Array:
    """w (K, N), each row followed by zeros up to the vector width."""
    K, N = w.shape
    if padded(N, w.dtype) == N:
        return np.ascontiguousarray(w)
    wide = np.zeros((K, padded(N, w.dtype)), w.dtype)
    wide[:, :N] = w
    return wide


def zero_matrix(rows: int, columns: int, dtype: DTypeLike) -> Target:
    """Zeros to add sums to: (rows, columns), columns padded to the vector width."""
    room = padded(columns, dtype)
    values = empty(rows * room, dtype)
    values[:] = 0
    return Target(values, np.arange(rows) * room)
