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

from ..jit import jit
from .block import block_chunk
from .claims import claim, finish
from .products import NOTHING, Ending, Panels, Pixels, Window, product
from .register_tile import add, at_least, at_most, load, multiply_add, repeat, rows_at, store, store_row, zero
from .shapes import Shapes

Array = NDArray[Any]

MATRIX, WINDOW, BLOCK, REDUCE, MEAN, ADD = range(6)

_SIZES = "images height width channels inputs out_height out_width out_channels pixels expanded"
_WINDOW = "filter_height filter_width stride_y stride_x dilation_y dilation_x top left columns"
_SCHEDULE = "chunks bands groups rows slab depth ring pitch runs length"
_ADDRESSES = "x y residual scratch scratch_step shared"
_WEIGHTS = "expand_w expand_b depthwise_w depthwise_b project_w project_b"
_TABLES = "x_t y_t slab_t depth_t window_t"
_LIMITS = "expand depthwise project sum"

# kind: one of the names above. x, y, residual: maps. *_w, *_b: packed weights and biases. *_t: tables of offsets.
OPERATION = np.dtype(
    [("kind", np.int64)]
    + [(name, np.int64) for names in (_SIZES, _WINDOW, _SCHEDULE, _ADDRESSES, _WEIGHTS, _TABLES) for name in names.split()]
    + [(f"{name}_{limit}", np.float64) for name in _LIMITS.split() for limit in ("low", "high")]
)


@jit
def run(
    table: Any, arrays: Any, chunks: Array, state: Array, first_serial: int, thread: int, shapes: Shapes
) -> None:
    """Take part in running the table until all of it is done. arrays: memory, weights, tables -> memory."""
    while True:
        phase, chunk = claim(state, chunks, first_serial, thread)
        if phase >= table.size:
            return
        run_chunk(shapes, table[phase], chunk, thread, arrays)
        finish(state, chunks, first_serial, phase)


@jit
def run_chunk(shapes: Shapes, op: Any, chunk: int, thread: int, arrays: Any) -> None:
    """One chunk of one operation."""
    if op.kind == BLOCK:
        block_chunk(shapes, op, chunk, thread, arrays)
    elif op.kind == MATRIX:
        matrix_chunk(shapes, op, chunk, arrays)
