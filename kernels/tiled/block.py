"""A bottleneck as one operation (V2 section 5.1): the expanded map never lies in memory, only a piece of it.

    fill      a few padded rows of a slab of channels: expanded from the input, or copied where nothing expands (V1)
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
    py    a padded row: those of the input with `top` rows of zeros above it, and zeros below
    iy    an input row, oy an output row, m a channel of the depthwise filter
"""

from math import inf
from typing import Any, NamedTuple

from ..jit import inlined
from .products import GO_ON, NOTHING, Arrays, Ending, Panels, Pixels, Product, Window, clear, product, share
from .register_tile import load, rows_at, store
from .shapes import Shapes, Slides, TileShape
from .slide import Filter, Lines, slide_over


class Band(NamedTuple):
    """`rows` output rows from oy on, of one image. base: the padded row that lies in the ring's first place."""

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
    """Some channels of a depth, from its `first` on, and where the ring begins in which their rows lie."""

    first: int
    channels: int
    ring: int


@inlined
def block_chunk(shapes: Shapes, op: Any, chunk: int, thread: int, arrays: Arrays) -> None:
    """One chunk of a block -> memory."""
    image, rest = chunk // (op.bands * op.groups), chunk % (op.bands * op.groups)
    part, group = rest // op.groups, rest % op.groups
    first, last = share(op.out_height, op.bands, part)
    ring = op.scratch + thread * op.scratch_step
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
            filled = depthwise(shapes, op, band, depth, filled, ring, arrays)
            if op.project_w >= 0:
                project(shapes, op, band, depth, ring + op.rings * op.ring * op.pitch, arrays)


@inlined
def depthwise(shapes: Shapes, op: Any, band: Band, depth: Depth, filled: int, ring: int, arrays: Arrays) -> int:
    """The depthwise result of a band, slab by slab -> the padded row up to which the rings are filled."""
    end = (band.oy + band.rows - 1) * op.stride_y + (op.filter_height - 1) * op.dilation_y + 1
    numbers = op.ring * op.pitch
    filtered = ring + op.rings * numbers
    for first in range(0, depth.channels, op.slab):
        own = ring + first // op.slab % op.rings * numbers
        slab = Slab(first, min(op.slab, depth.channels - first), own)
        py = filled
        while py < end:
            place = (py - band.base) % op.ring
            most = min(end - py, op.ring - place)
            py += fill(shapes, op, band, depth, slab, py - op.top, most, slab.ring + place * op.pitch, arrays)
        filter_slab(shapes, op, band, depth, slab, filtered, arrays)
    return int(max(filled, end))


@inlined
def fill(
    shapes: Shapes, op: Any, band: Band, depth: Depth, slab: Slab, iy: int, most: int, place: int, arrays: Arrays
) -> int:
    """Padded rows of a slab, from the input's row iy on -> how many, up to `most`.

    Above and below the input they are zeros; else its pixels, expanded or copied, between zeros.
    """
    memory = arrays.memory
    if iy < 0 or iy >= op.height:
        clear(memory, place, place + op.pitch)
        return 1
    count = min(most, op.height - iy)
    for i in range(count):
        inside, behind = place + i * op.pitch + op.left * op.slab, place + (i + 1) * op.pitch
        clear(memory, place + i * op.pitch, inside)
        clear(memory, inside + op.columns * op.slab, behind)
    line, inside, m = op.width * op.channels, place + op.left * op.slab, depth.m + slab.first
    x = op.x + (band.image * op.height + iy) * line
    if op.expand_w >= 0:
        expand(shapes, op, x, inside, count * op.columns, m, slab.channels, arrays)
    else:
        for i in range(count):
            copy_row(shapes.half_slides.single, op, x + i * line + m, inside + i * op.pitch, slab.channels, arrays)
    return int(count)


@inlined
def expand(shapes: Shapes, op: Any, x: int, target: int, pixels: int, m: int, channels: int, arrays: Arrays) -> None:
    """Some channels of the expanded map, for the pixels from x on -> memory from `target` on."""
    panels = Panels(op.expand_w + op.inputs * m, op.inputs, 0, channels)
    ending = Ending(op.expand_b + m, Pixels(NOTHING, 0), op.expand_low, op.expand_high)
    window = Window(1, op.window_t, op.inputs)
    product(shapes, Product(Pixels(x, op.x_t), window, panels, Pixels(target, op.slab_t), pixels, ending), arrays)


@inlined
def copy_row(shape: TileShape, op: Any, x: int, target: int, channels: int, arrays: Arrays) -> None:
    """The pixels of a row, some of their channels -> memory from `target` on."""
    place = rows_at(shape, arrays.tables, op.window_t)
    for i in range(op.columns):
        for m in range(0, channels, shape.channels):
            tile = load(shape, arrays.memory, place, x + i * op.channels + m)
            store(tile, arrays.memory, place, target + i * op.slab + m)


@inlined
def filter_slab(shapes: Shapes, op: Any, band: Band, depth: Depth, slab: Slab, filtered: int, arrays: Arrays) -> None:
    """The depthwise filter over the rows of a slab -> what is projected, from `filtered` on, or the output."""
    whole = slab.channels - slab.channels % shapes.products.lanes
    filter_channels(shapes.slides, op, band, depth, slab, filtered, 0, whole, arrays)
    if whole < slab.channels:
        filter_channels(shapes.half_slides, op, band, depth, slab, filtered, whole, slab.channels, arrays)


@inlined
def filter_channels(
    slides: Slides,
    op: Any,
    band: Band,
    depth: Depth,
    slab: Slab,
    filtered: int,
    begin: int,
    end: int,
    arrays: Arrays,
) -> None:
    """The same for the slab's channels from `begin` to `end`."""
    m = depth.m + slab.first + begin
    if op.project_w >= 0:
        apart, target = op.depth, filtered + slab.first + begin
    else:
        apart = op.out_channels
        target = op.y + (band.image * op.out_height + band.oy) * op.out_width * apart + m
    lines = Lines(
        target,
        op.out_width * apart,
        apart,
        band.rows,
        op.out_width,
        slab.ring + begin,
        (band.oy * op.stride_y - band.base) % op.ring * op.pitch,
        op.ring * op.pitch,
        op.pitch,
        op.slab,
    )
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
    slide_over(slides, lines, filter, end - begin, arrays)


@inlined
def project(shapes: Shapes, op: Any, band: Band, depth: Depth, source: int, arrays: Arrays) -> None:
    """Some channels of a band's depthwise result -> sums of the projection; the first begin them, the last end them."""
    pixel = (band.image * op.out_height + band.oy) * op.out_width
    at = pixel * op.out_channels
    target, bias, low, high, residual = op.y + at, op.project_b, op.project_low, op.project_high, NOTHING
    if op.groups > 1:
        target += op.shared - op.y + depth.group * op.pixels * op.out_channels
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
    source_pixels, target_pixels = Pixels(source, op.depth_t), Pixels(target, op.y_t)
    product(shapes, Product(source_pixels, window, panels, target_pixels, pixels, ending), arrays)
