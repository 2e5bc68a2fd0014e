"""A whole network as a table of operations, and the function that runs it.

    table     one row per operation, with named columns (OPERATION)
    arrays    memory (all maps and all scratch), weights (packed), tables (offsets): three flat arrays
    chunks    how many chunks each operation has: pieces of work that any thread may take

Several threads run the same function on the same table. A thread claims a chunk, works on it, and says that it is
finished; the next operation begins when all chunks of the one before are finished (`claims.py`). Chunks follow from
shapes alone, and no two write to the same place: so the result does not depend on the threads.

Addresses and sizes count numbers. Columns that an operation does not need are 0.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..jit import bare, inlined, inner
from .block import block_chunk
from .claims import LEAVE, begin_job, claim, finish, next_job
from .gather import Source, gather
from .instructions import pointer
from .products import NOTHING, NOTHING_SOON, Arrays, Ending, Panels, Pixels, Product, Spaced, Window, product, share
from .register_tile import add_row, apart, at_least, at_most, load_row, multiply_add, repeat, rows_at, store_row, zero
from .shapes import Shapes, Slides, TileShape

Array = NDArray[Any]

MATRIX, WINDOW, BLOCK, REDUCE, MEAN, ADD = range(6)

_KIND = "kind"
_SIZES = "height width channels inputs out_height out_width out_channels out_step pixels expanded filtered"
_WINDOW = "filter_height filter_width stride_y stride_x dilation_y dilation_x top left columns"
_STEM = "height width channels inputs stride_y stride_x top left columns lines pitch"
_SCHEDULE = "chunks bands groups rows slab depth rings ring pitch fetches runs length"
_ADDRESSES = "x y residual scratch scratch_step shared"
_WEIGHTS = "expand_w expand_b depthwise_w depthwise_b project_w project_b"
_TABLES = "y_t slab_t window_t"
_LIMITS = "expand depthwise project"

# kind: one of the names above. channels, out_step: from pixel to pixel in memory, of x and of y. stem: of a block that
# begins with a standard convolution, how that reads; stem_lines are those under one row. x, y, residual: maps.
# *_w, *_b: packed weights and biases. *_t: tables of offsets.
_INTEGERS = " ".join((_KIND, _SIZES, _WINDOW, _SCHEDULE, _ADDRESSES, _WEIGHTS, _TABLES)).split()
_INTEGERS += [f"stem_{name}" for name in _STEM.split()]
_REALS = [f"{name}_{limit}" for name in _LIMITS.split() for limit in ("low", "high")]

OPERATION = np.dtype([(name, np.int64) for name in _INTEGERS] + [(name, np.float64) for name in _REALS])


@bare
def run(
    table: Any, arrays: Arrays, chunks: Array, state: Array, first_serial: int, thread: int, shapes: Shapes
) -> None:
    """Take part in running the table until all of it is done; helpers stay for the next time, if that comes soon.

    Shapes: table (operations,), chunks (operations,) -> memory.
    """
    numbers = Arrays(pointer(arrays.memory), pointer(arrays.weights), pointer(arrays.tables))
    begin_job(state, first_serial, thread)
    while first_serial != LEAVE:
        phase, chunk = claim(state, chunks, first_serial, thread)
        if phase < table.size:
            run_chunk(shapes, table[phase], chunk, thread, numbers)
            finish(state, chunks, first_serial, phase)
        else:
            first_serial = next_job(state, first_serial, thread)


@inlined
def run_chunk(shapes: Shapes, op: Any, chunk: int, thread: int, arrays: Arrays) -> None:
    """One chunk of one operation. Shapes: op a row of the table, arrays as for run -> memory."""
    if op.kind == BLOCK:
        block_chunk(shapes, op, chunk, thread, arrays)
    elif op.kind == MATRIX:
        matrix_chunk(shapes, op, chunk, arrays)
    elif op.kind == WINDOW:
        window_chunk(shapes, op, chunk, thread, arrays)
    elif op.kind == REDUCE:
        reduce_chunk(shapes, op, chunk, arrays)
    elif op.kind == MEAN:
        mean_chunk(shapes, op, chunk, arrays)
    else:
        add_chunk(shapes.half_slides.single, op, chunk, arrays)


@inlined
def matrix_chunk(shapes: Shapes, op: Any, chunk: int, arrays: Arrays) -> None:
    """A matrix product -> memory: some pixels, in blocks of `rows`, and one group of `slab` columns."""
    band, group = chunk // op.groups, chunk % op.groups
    n = group * op.slab
    panels = Panels(op.project_w + op.inputs * n, op.inputs, 0, min(op.slab, op.out_channels - n))
    first, last = share(op.pixels, op.bands, band)
    for pixel in range(first, last, op.rows):
        source, (target, ending) = Spaced(op.x + pixel * op.channels, op.channels), goal(op, pixel, n)
        window, pixels = Window(1, op.window_t, op.inputs), min(op.rows, last - pixel)
        product(shapes, Product(source, window, panels, target, pixels, ending, NOTHING_SOON), arrays)


@inlined
def goal(op: Any, pixel: int, n: int) -> tuple[Pixels, Ending]:
    """An output pixel, a column -> where the sums from there on go, and how they begin and end."""
    at = pixel * op.out_step + n
    residual = Pixels(op.residual + at if op.residual >= 0 else NOTHING, op.y_t)
    return Pixels(op.y + at, op.y_t), Ending(op.project_b + n, residual, op.project_low, op.project_high)


@inlined
def window_chunk(shapes: Shapes, op: Any, chunk: int, thread: int, arrays: Arrays) -> None:
    """A standard convolution -> memory: some rows of an image, in bands of `rows`, one group of `slab` columns.

    The input rows under a band are copied into scratch memory, between zeros, so that each filter line is one run.
    """
    image, rest = chunk // (op.bands * op.groups), chunk % (op.bands * op.groups)
    n = rest % op.groups * op.slab
    depth = op.runs * op.length
    panels = Panels(op.project_w + depth * n, depth, 0, min(op.slab, op.out_channels - n))
    first, last = share(op.out_height, op.bands, rest // op.groups)
    place = op.scratch + thread * op.scratch_step
    source = Source(op.x, op.height, op.width, op.channels, op.inputs, op.left, op.columns, op.pitch)
    for row in range(first, last, op.rows):
        rows = min(op.rows, last - row)
        lines = (rows - 1) * op.stride_y + (op.filter_height - 1) * op.dilation_y + 1
        gather(source, image, row * op.stride_y - op.top, lines, place, arrays.memory)
        for i in range(rows):
            x = Spaced(place + i * op.stride_y * op.pitch, op.stride_x * op.inputs)
            target, ending = goal(op, (image * op.out_height + row + i) * op.out_width, n)
            window = Window(op.runs, op.window_t, op.length)
            product(shapes, Product(x, window, panels, target, op.out_width, ending, NOTHING_SOON), arrays)


@inlined
def reduce_chunk(shapes: Shapes, op: Any, chunk: int, arrays: Arrays) -> None:
    """The sums of a block's groups, in their order, with bias and residual -> memory: some pixels."""
    whole = op.out_channels - op.out_channels % shapes.slides.single.channels
    reduce_channels(shapes.slides, op, chunk, 0, whole, arrays)
    if whole < op.out_channels:
        reduce_channels(shapes.half_slides, op, chunk, whole, op.out_channels, arrays)


@inner
def reduce_channels(slides: Slides, op: Any, chunk: int, begin: int, end: int, arrays: Arrays) -> None:
    """The same for the channels from begin to end, with several pixels at a time as far as possible.

    Shapes: as reduce_chunk.
    """
    apart(slides.single)
    first, last = share(op.pixels, op.bands, chunk)
    several = first + (last - first) // slides.long.rows * slides.long.rows
    for n in range(begin, end, slides.single.channels):
        for pixel in range(first, several, slides.long.rows):
            reduce_tile(slides.long, op, pixel, n, arrays)
        for pixel in range(several, last):
            reduce_tile(slides.single, op, pixel, n, arrays)


@inlined
def reduce_tile(shape: TileShape, op: Any, pixel: int, n: int, arrays: Arrays) -> None:
    """One vector of channels from n on, of the pixels from `pixel` on -> memory."""
    memory, weights, _ = arrays
    at, step = pixel * op.out_step + n, op.out_step
    tile = repeat(shape, weights, op.project_b + n)
    for group in range(op.groups):
        tile = add_row(tile, memory, op.shared + group * op.pixels * op.out_step + at, step)
    if op.residual >= 0:
        tile = add_row(tile, memory, op.residual + at, step)
    store_row(at_most(at_least(tile, op.project_low), op.project_high), memory, op.y + at, step)


@inlined
def mean_chunk(shapes: Shapes, op: Any, chunk: int, arrays: Arrays) -> None:
    """The means of an image's channels over its pixels -> memory; weights hold 1/pixels."""
    whole = op.channels - op.channels % shapes.slides.single.channels
    mean_channels(shapes.slides.single, op, chunk, 0, whole, arrays)
    if whole < op.channels:
        mean_channels(shapes.half_slides.single, op, chunk, whole, op.channels, arrays)


@inner
def mean_channels(shape: TileShape, op: Any, chunk: int, begin: int, end: int, arrays: Arrays) -> None:
    """The same for the channels from begin to end. Shapes: as mean_chunk."""
    apart(shape)
    memory, weights, tables = arrays
    place = rows_at(shape, tables, op.window_t)
    for n in range(begin, end, shape.channels):
        tile = zero(shape)
        for pixel in range(chunk * op.pixels, (chunk + 1) * op.pixels):
            tile = multiply_add(tile, weights, place, op.project_w, memory, op.x + pixel * op.channels + n)
        store_row(tile, memory, op.y + chunk * op.channels + n, 0)


@inner
def add_chunk(shape: TileShape, op: Any, chunk: int, arrays: Arrays) -> None:
    """The sum of two maps, clamped -> memory: some pixels."""
    apart(shape)
    first, last = share(op.pixels, op.bands, chunk)
    for at in range(first * op.channels, last * op.channels, shape.channels):
        tile = add_row(load_row(shape, arrays.memory, op.x + at, 0), arrays.memory, op.residual + at, 0)
        store_row(at_most(at_least(tile, op.project_low), op.project_high), arrays.memory, op.y + at, 0)
