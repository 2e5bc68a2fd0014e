"""A bottleneck as one operation (V2 section 5.1): the expanded map never lies in memory, only a piece of it.

    fill      a few padded rows of a slab of channels: expanded from the input, or copied where nothing expands (V1)
    slide     the depthwise filter over these rows
    project   a matrix product of the result, added to the output

    for depths of channels that are projected together:
        for bands of output rows:
            for slabs of these channels:    fill, slide
            project

Large maps take all channels at once and a band of one or two rows; the input rows under a band stay in a ring until the
next band has used them. Small maps take all rows and a slab of some channels; the output then holds the sum so far.
Without a projection the filter writes into the output: a depthwise layer alone.

A chunk of the work is one image, some rows, and some of the depths (a group). With several groups each has sums of its
own in shared memory, which `reduce_chunk` of `program.py` adds up in order.

    op   a row of the table of operations (`program.py`): its columns are what one layer is made of
"""

from typing import Any

from numpy.typing import NDArray

from ..jit import inlined
from .products import GO_ON, NOTHING, Ending, Panels, Pixels, Product, Window, product
from .register_tile import load, rows_at, store
from .shapes import Shapes, TileShape
from .slide import Filter, Lines, slide_row

Array = NDArray[Any]


@inlined
def block_chunk(shapes: Shapes, op: Any, chunk: int, thread: int, arrays: Any) -> None:
    """One chunk of a block. Shapes: op a row of the table; arrays are memory, weights, tables, all flat -> memory."""
    image, rest = chunk // (op.bands * op.groups), chunk % (op.bands * op.groups)
    band, group = rest // op.groups, rest % op.groups
    first, last = op.out_height * band // op.bands, op.out_height * (band + 1) // op.bands
    depths = -(-op.expanded // op.depth)
    for i in range(depths * group // op.groups, depths * (group + 1) // op.groups):
        channel = i * op.depth
        channels = min(op.depth, op.expanded - channel)
        filled = 0  # padded rows of this chunk that were filled already
        for row in range(first, last, op.rows):
            rows = min(op.rows, last - row)
            filled = depthwise_band(shapes, op, (image, first, row, rows, filled), (channel, channels), thread, arrays)
            if op.project_w >= 0:
                project(shapes, op, (image, row, rows), (channel, channels, group), thread, arrays)


@inlined
def depthwise_band(shapes: Shapes, op: Any, band: Any, part: Any, thread: int, arrays: Any) -> int:
    """The depthwise result of some rows for one depth of channels -> rows of the chunk that are filled now.

    band: image, the chunk's first row, this band's first row, how many, padded rows filled already. part: first channel
    and number of channels. One slab's rows stay for the next band; where there are several slabs, nothing stays.
    """
    image, start, row, rows, filled = band
    reach = (op.filter_height - 1) * op.dilation_y + 1
    begin, end = row * op.stride_y, (row + rows - 1) * op.stride_y + reach
    one_slab = part[1] <= op.slab
    base = start * op.stride_y if one_slab else begin
    if not one_slab:
        filled = 0
    ring = op.scratch + thread * op.scratch_step
    for slab in range(0, part[1], op.slab):
        channels = min(op.slab, part[1] - slab)
        py = max(begin, base + filled)
        while py < end:
            line = (py - base) % op.ring
            slots = min(end - py, op.ring - line)
            place = ring + line * op.pitch
            py += fill(shapes, op, (image, py - op.top, slots), (part[0] + slab, channels), place, arrays)
        for i in range(rows):
            slide_over(shapes, op, (image, row + i, i), (part[0], slab, channels), base, thread, arrays)
    held: int = end - base
    return held


@inlined
def fill(shapes: Shapes, op: Any, rows: Any, part: Any, place: int, arrays: Any) -> int:
    """Padded rows of a slab, expanded or copied from the input between zeros -> how many, up to what was asked.

    rows: image, the input's row of the first one, how many at most. part: first channel, channels. place: where.
    """
    image, iy, most = rows
    memory = arrays[0]
    if iy < 0 or iy >= op.height:
        memory[place : place + op.pitch] = 0
        return 1
    count = min(most, op.height - iy)
    for i in range(count):
        inside, behind = place + i * op.pitch + op.left * op.slab, place + (i + 1) * op.pitch
        memory[place + i * op.pitch : inside] = 0
        memory[inside + op.columns * op.slab : behind] = 0
    x, inside = op.x + (image * op.height + iy) * op.width * op.channels, place + op.left * op.slab
    if op.expand_w >= 0:
        panels = Panels(op.expand_w + op.inputs * part[0], op.inputs, 0, part[1])
        ending = Ending(op.expand_b + part[0], Pixels(NOTHING, 0), op.expand_low, op.expand_high)
        window, pixels = Window(1, op.window_t, op.inputs), count * op.columns
        product(shapes, Product(Pixels(x, op.x_t), window, panels, Pixels(inside, op.slab_t), pixels, ending), arrays)
    else:
        for i in range(count):
            line = x + i * op.width * op.channels + part[0]
            copy_row(shapes.half_slides.single, op, line, part[1], inside + i * op.pitch, arrays)
    return int(count)


@inlined
def copy_row(shape: TileShape, op: Any, x: int, channels: int, place: int, arrays: Any) -> None:
    """The pixels of a row, some of their channels."""
    memory, _, tables = arrays
    row = rows_at(shape, tables, op.window_t)
    for i in range(op.columns):
        for m in range(0, channels, shape.channels):
            store(load(shape, memory, row, x + i * op.channels + m), memory, row, place + i * op.slab + m)


@inlined
def slide_over(shapes: Shapes, op: Any, line: Any, part: Any, base: int, thread: int, arrays: Any) -> None:
    """The depthwise filter over one output row of a slab, into the scratch memory that is projected, or the output.

    line: image, output row, its number in the band. part: first channel of the depth, of the slab in it, channels.
    """
    image, oy, i = line
    depth, slab, channels = part
    ring = op.scratch + thread * op.scratch_step
    if op.project_w >= 0:
        apart = op.depth
        target = ring + op.ring * op.pitch + i * op.out_width * apart + slab
    else:
        apart = op.out_channels
        target = op.y + (image * op.out_height + oy) * op.out_width * apart + depth + slab
    first = (oy * op.stride_y - base) % op.ring * op.pitch
    lines = Lines(target, apart, op.out_width, ring, first, op.ring * op.pitch, op.pitch, op.slab)
    m = depth + slab
    filter = Filter(
        op.filter_height,
        op.filter_width,
        op.stride_x,
        op.dilation_y,
        op.dilation_x,
        op.depthwise_w + m,
        op.expanded,
        op.depthwise_b + m,
        op.depthwise_low,
        op.depthwise_high,
    )
    if channels % shapes.products.lanes == 0:
        slide_row(shapes.slides, lines, filter, channels, arrays)
    else:
        slide_row(shapes.half_slides, lines, filter, channels, arrays)


@inlined
def project(shapes: Shapes, op: Any, band: Any, part: Any, thread: int, arrays: Any) -> None:
    """The projection of a band's depthwise result, some of its channels. part: first channel, channels, group."""
    image, row, rows = band
    channel, channels, group = part
    pixel = (image * op.out_height + row) * op.out_width
    source = Pixels(op.scratch + thread * op.scratch_step + op.ring * op.pitch, op.depth_t)
    panels = Panels(op.project_w, op.expanded, channel, op.out_channels)
    residual = Pixels(NOTHING, 0)
    low, high = op.project_low, op.project_high
    if op.groups > 1:
        pixels = op.images * op.out_height * op.out_width
        start = op.shared + (group * pixels + pixel) * op.out_channels
        first = -(-op.expanded // op.depth) * group // op.groups * op.depth
        bias = NOTHING if channel == first else GO_ON
        low, high = op.sum_low, op.sum_high
    else:
        start = op.y + pixel * op.out_channels
        bias = op.project_b if channel == 0 else GO_ON
        if channel + channels < op.expanded:
            low, high = op.sum_low, op.sum_high
        elif op.residual >= 0:
            residual = Pixels(op.residual + pixel * op.out_channels, op.y_t)
    ending = Ending(bias, residual, low, high)
    window = Window(1, op.window_t, channels)
    product(shapes, Product(source, window, panels, Pixels(start, op.y_t), rows * op.out_width, ending), arrays)
