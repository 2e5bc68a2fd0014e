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
from .products import NOTHING, Arrays, Ending, Panels, Pixels, Product, Window, clear, product, share
from .register_tile import add, at_least, at_most, load, multiply_add, repeat, rows_at, store, zero
from .shapes import Shapes, TileShape
from .tile_types import pointer

Array = NDArray[Any]

MATRIX, WINDOW, BLOCK, REDUCE, MEAN, ADD = range(6)

_KIND = "kind"
_SIZES = "height width channels inputs out_height out_width out_channels pixels expanded filtered"
_WINDOW = "filter_height filter_width stride_y stride_x dilation_y dilation_x top left columns"
_SCHEDULE = "chunks bands groups rows slab depth rings ring pitch runs length"
_ADDRESSES = "x y residual scratch scratch_step shared"
_WEIGHTS = "expand_w expand_b depthwise_w depthwise_b project_w project_b"
_TABLES = "x_t y_t slab_t depth_t window_t"
_LIMITS = "expand depthwise project"

# kind: one of the names above. x, y, residual: maps. *_w, *_b: packed weights and biases. *_t: tables of offsets.
_INTEGERS = " ".join((_KIND, _SIZES, _WINDOW, _SCHEDULE, _ADDRESSES, _WEIGHTS, _TABLES)).split()
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
        reduce_chunk(shapes.half_slides.single, op, chunk, arrays)
    elif op.kind == MEAN:
        mean_chunk(shapes.half_slides.single, op, chunk, arrays)
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
        source, (target, ending) = Pixels(op.x + pixel * op.channels, op.x_t), goal(op, pixel, n)
        pixels = min(op.rows, last - pixel)
        product(shapes, Product(source, Window(1, op.window_t, op.inputs), panels, target, pixels, ending), arrays)


@inlined
def goal(op: Any, pixel: int, n: int) -> tuple[Pixels, Ending]:
    """An output pixel, a column -> where the sums from there on go, and how they begin and end."""
    at = pixel * op.out_channels + n
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
    for row in range(first, last, op.rows):
        rows = min(op.rows, last - row)
        lines = (rows - 1) * op.stride_y + (op.filter_height - 1) * op.dilation_y + 1
        gather(op, image, row * op.stride_y - op.top, lines, place, arrays)
        target, ending = goal(op, (image * op.out_height + row) * op.out_width, n)
        window, pixels = Window(op.runs, op.window_t, op.length), rows * op.out_width
        product(shapes, Product(Pixels(place, op.x_t), window, panels, target, pixels, ending), arrays)


@inlined
def gather(op: Any, image: int, iy: int, lines: int, place: int, arrays: Arrays) -> None:
    """Padded lines of the input from row iy on, without padded channels -> memory from `place` on."""
    memory = arrays.memory
    for i in range(lines):
        start = place + i * op.pitch
        if iy + i < 0 or iy + i >= op.height:
            clear(memory, start, start + op.pitch)
            continue
        inside = start + op.left * op.inputs
        clear(memory, start, inside)
        clear(memory, inside + op.columns * op.inputs, start + op.pitch)
        x = op.x + (image * op.height + iy + i) * op.width * op.channels
        if op.channels == op.inputs:
            for j in range(op.columns * op.inputs):
                memory[inside + j] = memory[x + j]
        else:
            for j in range(op.columns):
                for m in range(op.inputs):
                    memory[inside + j * op.inputs + m] = memory[x + j * op.channels + m]


@inner
def reduce_chunk(shape: TileShape, op: Any, chunk: int, arrays: Arrays) -> None:
    """The sums of a block's groups, in their order, with bias and residual -> memory: some pixels."""
    memory, weights, tables = arrays
    first, last = share(op.pixels, op.bands, chunk)
    for pixel in range(first, last):
        place = rows_at(shape, tables, op.window_t)
        for n in range(0, op.out_channels, shape.channels):
            tile = repeat(shape, weights, op.project_b + n)
            at = pixel * op.out_channels + n
            for group in range(op.groups):
                tile = add(tile, memory, place, op.shared + group * op.pixels * op.out_channels + at)
            if op.residual >= 0:
                tile = add(tile, memory, place, op.residual + at)
            store(at_most(at_least(tile, op.project_low), op.project_high), memory, place, op.y + at)


@inner
def mean_chunk(shape: TileShape, op: Any, chunk: int, arrays: Arrays) -> None:
    """The means of an image's channels over its pixels -> memory; weights hold 1/pixels."""
    memory, weights, tables = arrays
    place = rows_at(shape, tables, op.window_t)
    for n in range(0, op.channels, shape.channels):
        tile = zero(shape)
        for pixel in range(chunk * op.pixels, (chunk + 1) * op.pixels):
            tile = multiply_add(tile, weights, place, op.project_w, memory, op.x + pixel * op.channels + n)
        store(tile, memory, place, op.y + chunk * op.channels + n)


@inner
def add_chunk(shape: TileShape, op: Any, chunk: int, arrays: Arrays) -> None:
    """The sum of two maps, clamped -> memory: some pixels."""
    memory, _, tables = arrays
    first, last = share(op.pixels, op.bands, chunk)
    place = rows_at(shape, tables, op.window_t)
    for at in range(first * op.channels, last * op.channels, shape.channels):
        tile = add(load(shape, memory, place, op.x + at), memory, place, op.residual + at)
        store(at_most(at_least(tile, op.project_low), op.project_high), memory, place, op.y + at)
