"""A bottleneck as one operation (V2 section 5.1): the expanded map never lies in memory, only a piece of it.

    fill      a few padded rows of a slab of channels: expanded from the input, or copied where nothing expands;
              a network's first convolution, where a depthwise one follows it, expands as well. A filter of 3 x 3 goes
              over the input as it lies where nothing expands (V1): nothing is filled, there are no rings
    slide     the depthwise filter over these rows
    project   a matrix product of the result, added to the output

    for depths of channels that are projected together:
        for bands of output rows:
            for slabs of these channels:    fill, slide
            project

Large maps take all channels together and bands of one or two rows. Each slab then has a ring: the input rows under a
band stay in it until the next band has used them. Small maps take all rows and a slab of some channels, of which
nothing stays; the output then holds the sum so far. Without a projection the filter writes into the output: a depthwise
layer alone.

A chunk of the work is one image, some rows, and some of the depths (a group). With several groups each has sums of its
own in shared memory, which `program.py` adds up in order.

    op    a row of the table of operations (`program.py`): its columns are what one layer is made of
    py    a padded row: those of the input with `top` rows of zeros above it, and zeros below (`filling.py`)
    oy    an output row, m a channel of the depthwise filter
"""

from math import inf
from typing import Any, NamedTuple

from ..jit import inlined
from .filling import Room, Slab, borders, fill
from .products import (
    GO_ON,
    NOTHING,
    NOTHING_SOON,
    Arrays,
    Ending,
    Panels,
    Pixels,
    Product,
    Soon,
    Spaced,
    Window,
    product,
    share,
)
from .shapes import Shapes, Slides
from .slide import ENDLESS, Filter, Goal, Lines, slide_over


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


@inlined
def block_chunk(shapes: Shapes, op: Any, chunk: int, thread: int, arrays: Arrays) -> None:
    """One chunk of a block -> memory."""
    image, rest = chunk // (op.bands * op.groups), chunk % (op.bands * op.groups)
    part, group = rest // op.groups, rest % op.groups
    first, last = share(op.out_height, op.bands, part)
    room = room_of(shapes, op, thread)
    borders(shapes.half_slides.single, op, room, arrays.memory)
    depths = -(-op.expanded // op.depth)
    begin, end = share(depths, op.groups, group)
    for i in range(begin, end):
        depth = Depth(i * op.depth, min(op.depth, op.expanded - i * op.depth), group)
        stay = depth.channels <= op.rings * op.slab  # the rows of a slab that has a ring of its own
        filled = first * op.stride_y  # the padded rows before this one have been in the rings
        for oy in range(first, last, op.rows):
            top = oy * op.stride_y
            base = first * op.stride_y if stay else top
            band = Band(image, oy, min(op.rows, last - oy), base)
            filled = max(filled, top) if stay else top
            filled = depthwise(shapes, op, band, depth, filled, room, arrays)
            if op.project_w >= 0:
                project(shapes, op, band, depth, room.filtered, arrays)


@inlined
def room_of(shapes: Shapes, op: Any, thread: int) -> Room:
    """A thread -> where its scratch memory lies, and what in it."""
    rings = op.scratch + thread * op.scratch_step
    filtered = rings + (op.rings * op.ring * op.pitch if op.rings > 0 else shapes.products.lanes)
    return Room(rings, filtered, filtered + (op.rows * op.out_width * op.depth if op.project_w >= 0 else 0))


@inlined
def depthwise(shapes: Shapes, op: Any, band: Band, depth: Depth, filled: int, room: Room, arrays: Arrays) -> int:
    """The depthwise result of a band, slab by slab -> the padded row up to which the rings are filled."""
    end = (band.oy + band.rows - 1) * op.stride_y + (op.filter_height - 1) * op.dilation_y + 1
    for first in range(0, depth.channels, op.slab):
        ring = room.rings + first // op.slab % max(op.rings, 1) * op.ring * op.pitch
        slab = Slab(depth.m + first, min(op.slab, depth.channels - first), ring)
        py = filled if op.rings > 0 else end
        while py < end:
            place = (py - band.base) % op.ring
            most = min(end - py, op.ring - place)
            py += fill(shapes, op, band.image, slab, py - op.top, most, place, room, arrays)
        filter_slab(shapes, op, band, slab, first, room, arrays)
    return int(max(filled, end))


@inlined
def filter_slab(shapes: Shapes, op: Any, band: Band, slab: Slab, first: int, room: Room, arrays: Arrays) -> None:
    """The depthwise filter over the rows of a slab -> what is projected, from channel `first` on, or the output."""
    whole = slab.channels - slab.channels % shapes.products.lanes
    filter_vectors(shapes.slides, op, band, Slab(slab.m, whole, slab.ring), first, room, arrays)
    if whole < slab.channels:
        rest = Slab(slab.m + whole, slab.channels - whole, slab.ring + whole)
        filter_vectors(shapes.half_slides, op, band, rest, first + whole, room, arrays)


@inlined
def filter_vectors(
    slides: Slides, op: Any, band: Band, slab: Slab, first: int, room: Room, arrays: Arrays
) -> None:
    """The same for a slab of as many channels as vectors hold -> memory."""
    m = slab.m
    if op.project_w >= 0:
        apart, target = op.depth, room.filtered + first
    else:
        apart = op.out_step
        target = op.y + (band.image * op.out_height + band.oy) * op.out_width * apart + m
    goal = Goal(target, op.out_width * apart, apart, band.rows, op.out_width)
    lines = ring_lines(op, band, slab.ring) if op.rings > 0 else map_lines(op, band, m, room.rings)
    filter = Filter(
        op.filter_height,
        op.filter_width,
        op.stride_y,
        op.stride_x,
        op.dilation_y,
        op.dilation_x,
        op.depthwise_w + m,
        op.expanded,
        op.depthwise_b + m,
        op.depthwise_low,
        op.depthwise_high,
    )
    slide_over(slides, goal, lines, filter, slab.channels, arrays)


@inlined
def ring_lines(op: Any, band: Band, start: int) -> Lines:
    """A band -> the lines under it, in a ring from `start` on. All that a window meets is there."""
    first = (band.oy * op.stride_y - band.base) % op.ring * op.pitch
    return Lines(start, first, op.ring * op.pitch, op.pitch, op.slab, 0, ENDLESS, 0, ENDLESS, NOTHING)


@inlined
def map_lines(op: Any, band: Band, m: int, zeros: int) -> Lines:
    """A band -> the lines under it, as they lie in the input: channel m and the next ones."""
    pitch, top = op.width * op.channels, band.oy * op.stride_y - op.top
    start = op.x + band.image * op.height * pitch + m
    return Lines(start, top * pitch, ENDLESS, pitch, op.channels, top, op.height, op.left, op.width, zeros)


@inlined
def project(shapes: Shapes, op: Any, band: Band, depth: Depth, source: int, arrays: Arrays) -> None:
    """Some channels of a band's depthwise result -> sums of the projection; the first begin them, the last end them."""
    pixel = (band.image * op.out_height + band.oy) * op.out_width
    at = pixel * op.out_step
    target, bias, low, high, residual = op.y + at, op.project_b, op.project_low, op.project_high, NOTHING
    if op.groups > 1:
        target += op.shared - op.y + depth.group * op.pixels * op.out_step
        bias = NOTHING
    begins = depth.m == share(-(-op.expanded // op.depth), op.groups, depth.group)[0] * op.depth
    if op.groups > 1 or depth.m + depth.channels < op.expanded:
        low, high = -inf, inf
    elif op.residual >= 0:
        residual = op.residual + at
    ending = Ending(bias if begins else GO_ON, Pixels(residual, op.y_t), low, high)
    panels = Panels(op.project_w, op.expanded, depth.m, op.out_channels)
    # Without padded channels: behind an infinite input they are not zero but NaN.
    window = Window(1, op.window_t, min(depth.channels, op.filtered - depth.m))
    pixels = band.rows * op.out_width
    soon = next_lines(op, band) if op.fetches > 0 else NOTHING_SOON
    x, y = Spaced(source, op.depth), Pixels(target, op.y_t)
    product(shapes, Product(x, window, panels, y, pixels, ending, soon), arrays)


@inlined
def next_lines(op: Any, band: Band) -> Soon:
    """A band -> the lines of the input that the next one reads and this one did not."""
    line, reach = op.width * op.channels, (op.filter_height - 1) * op.dilation_y + 1 - op.stride_y - op.top
    begin, end = (band.oy + band.rows) * op.stride_y + reach, (band.oy + band.rows + op.rows) * op.stride_y + reach
    x = op.x + band.image * op.height * line
    return Soon(x + min(begin, op.height) * line, x + min(end, op.height) * line)
