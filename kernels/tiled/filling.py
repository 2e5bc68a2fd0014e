"""A piece of a block's expanded map: a few padded rows of some channels, in scratch memory.

    expand    a matrix product of the input's pixels (V2)
    stem      the same of the windows of a standard convolution, where a network begins with one
    copy      of the input, where nothing expands and the filter is not one of 3 x 3

    py    a padded row: those of the map with `top` rows of zeros above it, and zeros below
    iy    a row of the map

A ring holds some of the padded rows of a slab of channels: row py in place py - base, or where that is too far, again
from the first place on.
"""

from typing import Any, NamedTuple

from ..jit import inlined, inner
from .gather import Source, gather
from .products import NOTHING, NOTHING_SOON, Array, Arrays, Ending, Panels, Pixels, Product, Spaced, Window, product
from .register_tile import store_row, zero
from .shapes import Shapes, TileShape


class Slab(NamedTuple):
    """Some channels from m on, and where the ring begins in which their rows lie."""

    m: int
    channels: int
    ring: int


class Room(NamedTuple):
    """A thread's scratch: the rings, the filter's results that are projected, an image's lines under a stem.

    Without rings, a vector of zeros lies in their place.
    """

    rings: int
    filtered: int
    lines: int


@inlined
def borders(shape: TileShape, op: Any, room: Room, memory: Array) -> None:
    """Zeros left and right of all rows that will lie in the rings; or where there are none -> memory."""
    if op.rings == 0:
        clear_vectors(shape, memory, room.rings, room.filtered)
    left, behind = op.left * op.slab, (op.left + op.columns) * op.slab
    for i in range(op.rings * op.ring):
        row = room.rings + i * op.pitch
        clear_vectors(shape, memory, row, row + left)
        clear_vectors(shape, memory, row + behind, row + op.pitch)


@inlined
def clear_vectors(shape: TileShape, memory: Array, start: int, stop: int) -> None:
    """Zeros from start to stop, which are whole vectors -> memory. (For few of them, a loop calls a library.)"""
    for at in range(start, stop, shape.channels):
        store_row(zero(shape), memory, at, 0)


@inlined
def fill(
    shapes: Shapes, op: Any, image: int, slab: Slab, iy: int, most: int, place: int, room: Room, arrays: Arrays
) -> int:
    """Padded rows of a slab, from the map's row iy on, into the ring from a place on -> how many, up to `most`.

    Above and below the map they are zeros.
    """
    row = slab.ring + place * op.pitch
    if iy < 0 or iy >= op.height:
        clear_vectors(shapes.half_slides.single, arrays.memory, row, row + op.pitch)
        return 1
    count, inside = min(most, op.height - iy), row + op.left * op.slab
    line, step = op.width * op.channels, op.channels
    x = op.x + (image * op.height + iy) * line
    if op.expand_w < 0:
        copy(op, x + slab.m, inside, count, slab.channels, arrays.memory)
        return int(count)
    if op.stem_pitch > 0:
        stem(op, image, iy, count, room, arrays.memory)
        x, line, step = room.lines, op.stem_stride_y * op.stem_pitch, op.stem_stride_x * op.stem_inputs
    together = count if line == op.columns * step else 1  # lines between whose pixels there is no gap
    for i in range(0, count, together):
        pixels, target = Spaced(x + i * line, step), inside + i * op.pitch
        expand(shapes, op, pixels, target, together * op.columns, slab, arrays)
    return int(count)


@inlined
def expand(shapes: Shapes, op: Any, x: Spaced, target: int, pixels: int, slab: Slab, arrays: Arrays) -> None:
    """A slab's channels of the expanded map, for so many pixels' windows x -> memory from `target` on."""
    depth, window = op.runs * op.length, Window(op.runs, op.window_t, op.length)
    panels = Panels(op.expand_w + depth * slab.m, depth, 0, slab.channels)
    ending = Ending(op.expand_b + slab.m, Pixels(NOTHING, 0), op.expand_low, op.expand_high)
    product(shapes, Product(x, window, panels, Pixels(target, op.slab_t), pixels, ending, NOTHING_SOON), arrays)


@inlined
def stem(op: Any, image: int, iy: int, count: int, room: Room, memory: Array) -> None:
    """The lines of the image under so many rows, from row iy on -> memory."""
    lines = (count - 1) * op.stem_stride_y + op.stem_lines
    source = Source(
        op.x,
        op.stem_height,
        op.stem_width,
        op.stem_channels,
        op.stem_inputs,
        op.stem_left,
        op.stem_columns,
        op.stem_pitch,
    )
    gather(source, image, iy * op.stem_stride_y - op.stem_top, lines, room.lines, memory)


@inner
def copy(op: Any, x: int, target: int, count: int, channels: int, memory: Array) -> None:
    """So many rows of the map from x on, so many of their channels -> memory from `target` on. Shapes: op a row."""
    for i in range(count):
        for j in range(op.columns):
            source, place = x + (i * op.width + j) * op.channels, target + i * op.pitch + j * op.slab
            for m in range(channels):
                memory[place + m] = memory[source + m]
