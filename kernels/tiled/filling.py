"""A piece of a block's expanded map: a few padded rows of some channels, in scratch memory.

    expand    a matrix product of the input's pixels (V2)
    stem      the same of the windows of a standard convolution, where a network begins with one
    copy      of the input, where nothing expands (V1)

    py    a padded row: those of the map with `top` rows of zeros above it, and zeros below
    iy    a row of the map

A ring holds some of the padded rows of a slab of channels: row py in place py - base, or where that is too far, again
from the first place on.
"""

from typing import Any, NamedTuple

from ..jit import inlined, inner
from .gather import Source, gather
from .products import NOTHING, Array, Arrays, Ending, Panels, Pixels, Product, Window, clear, product
from .register_tile import apart, load_row, store_row
from .shapes import Shapes, Slides


class Band(NamedTuple):
    """`rows` output rows from oy on, of one image. base: the padded row that lies in the rings' first place."""

    image: int
    oy: int
    rows: int
    base: int


class Depth(NamedTuple):
    """Channels from m on that are projected together, and the group to whose sums they belong."""

    m: int
    channels: int
    group: int


class Slab(NamedTuple):
    """Some channels from m on, and where the ring begins in which their rows lie."""

    m: int
    channels: int
    ring: int


class Room(NamedTuple):
    """A thread's scratch: the rings, the filter's results that are projected, an image's lines under a stem."""

    rings: int
    filtered: int
    lines: int


@inlined
def borders(op: Any, room: Room, memory: Array) -> None:
    """Zeros left and right of all rows that will lie in the rings -> memory."""
    for i in range(op.rings * op.ring):
        row = room.rings + i * op.pitch
        clear(memory, row, row + op.left * op.slab)
        clear(memory, row + (op.left + op.columns) * op.slab, row + op.pitch)


@inlined
def fill(
    shapes: Shapes, op: Any, image: int, slab: Slab, iy: int, most: int, place: int, room: Room, arrays: Arrays
) -> int:
    """Padded rows of a slab, from the map's row iy on, into the ring from a place on -> how many, up to `most`.

    Above and below the map they are zeros.
    """
    row = slab.ring + place * op.pitch
    if iy < 0 or iy >= op.height:
        clear(arrays.memory, row, row + op.pitch)
        return 1
    count, inside = min(most, op.height - iy), row + op.left * op.slab
    line = op.width * op.channels
    x = op.x + (image * op.height + iy) * line
    if op.expand_w < 0:
        for i in range(count):
            copy(shapes, op, x + i * line + slab.m, inside + i * op.pitch, slab.channels, arrays.memory)
    elif op.stem_pitch > 0:
        stem(op, image, iy, count, room, arrays.memory)
        expand(shapes, op, room.lines, inside, count * op.columns, slab, arrays)
    else:
        expand(shapes, op, x, inside, count * op.columns, slab, arrays)
    return int(count)


@inlined
def expand(shapes: Shapes, op: Any, x: int, target: int, pixels: int, slab: Slab, arrays: Arrays) -> None:
    """A slab's channels of the expanded map, for the pixels whose windows begin at x -> memory from `target` on."""
    depth, window = op.runs * op.length, Window(op.runs, op.window_t, op.length)
    panels = Panels(op.expand_w + depth * slab.m, depth, 0, slab.channels)
    ending = Ending(op.expand_b + slab.m, Pixels(NOTHING, 0), op.expand_low, op.expand_high)
    product(shapes, Product(Pixels(x, op.x_t), window, panels, Pixels(target, op.slab_t), pixels, ending), arrays)


@inlined
def stem(op: Any, image: int, iy: int, count: int, room: Room, memory: Array) -> None:
    """The lines of the image under so many rows, from row iy on -> memory."""
    lines = (count - 1) * op.stem_stride + op.stem_lines
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
    gather(source, image, iy * op.stem_stride - op.stem_top, lines, room.lines, memory)


@inlined
def copy(shapes: Shapes, op: Any, x: int, target: int, channels: int, memory: Array) -> None:
    """The pixels of a row from x on, so many of their channels -> memory from `target` on."""
    whole = channels - channels % shapes.products.lanes
    copy_channels(shapes.slides, op, x, target, whole, memory)
    if whole < channels:
        copy_channels(shapes.half_slides, op, x + whole, target + whole, channels - whole, memory)


@inner
def copy_channels(slides: Slides, op: Any, x: int, target: int, channels: int, memory: Array) -> None:
    """The same for whole vectors of channels. The last tile may lie partly over the one before. Shapes: as copy."""
    apart(slides.single)
    rows = slides.long.rows
    for begin in range(0, op.columns if op.columns >= rows else 0, rows):
        i = min(begin, op.columns - rows)
        for m in range(0, channels, slides.long.channels):
            tile = load_row(slides.long, memory, x + i * op.channels + m, op.channels)
            store_row(tile, memory, target + i * op.slab + m, op.slab)
    for i in range(0 if op.columns < rows else op.columns, op.columns):
        for m in range(0, channels, slides.long.channels):
            tile = load_row(slides.single, memory, x + i * op.channels + m, 0)
            store_row(tile, memory, target + i * op.slab + m, 0)
