"""What this processor can do at most: multiply-adds on registers, and reading memory; by as many threads at once.

    threads   how many run the loop at the same time, each on numbers of its own
    rate      what all of them did together, over the time from the first one's begin to the last one's end
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..kernels.jit import REASSOCIATE, jit
from ..kernels.tiled.packing import empty
from ..kernels.tiled.register_tile import multiply_add, rows_from, store, zero
from ..kernels.tiled.shapes import TileShape, program_shapes

Array = NDArray[Any]
Task = Callable[[], object]

TRIES = 5
STEPS = 2_000_000  # of the tile loop: some milliseconds, long after the last of the threads has begun
IN_MEMORY, IN_CACHE = 2**28, 2**22  # bytes: more than any cache holds; what a second or third level holds


@jit
def peak_loop(shape: TileShape, x: Array, w: Array, rows: Array, steps: int, y: Array) -> None:
    """Nothing but multiply-adds on one tile, from numbers that stay in the first-level cache.

    Shapes: rows (shape.rows,), x and w flat and a little longer than a tile -> y, a tile.
    """
    tile, where = zero(shape), rows_from(shape, rows, 0)
    for k in range(steps):
        tile = multiply_add(tile, x, where, k & 7, w, 0)
    store(tile, y, where, 0)


@jit(REASSOCIATE)
def read_loop(x: Array) -> Any:
    """Shapes: x (N,) -> its sum."""
    total = np.float32(0)
    for i in range(x.size):
        total += x[i]
    return total


def peak_task(shape: TileShape, steps: int = STEPS) -> tuple[Task, int]:
    """A task that runs at the peak of one core, and its multiply-adds. No vector lies across two cache lines."""
    rows, size = np.arange(shape.rows) * shape.channels, shape.rows * shape.channels + 8
    x, w, y = (empty(size, shape.dtype) for _ in range(3))
    x[:], w[:] = 0.5, 0.5
    return lambda: peak_loop(shape, x, w, rows, steps, y), steps * shape.rows * shape.channels


def read_task(size: int) -> tuple[Task, int]:
    """A task that reads an array of so many bytes again and again, and how many it reads in all."""
    x = np.ones(max(size // 4, 1), np.float32)
    times = max(IN_MEMORY // 4 // x.nbytes, 1)
    return lambda: [read_loop(x) for _ in range(times)], times * x.nbytes


class Ceiling:
    """The highest rate of a loop on so many threads at once. Close it when done.

    make: makes a thread's own task and says how much it does.
    """

    def __init__(self, make: Callable[[], tuple[Task, int]], threads: int) -> None:
        self._tasks = [make() for _ in range(threads)]
        self._barrier = Barrier(threads)
        self._pool = ThreadPoolExecutor(threads, "ceiling")
        self._tasks[0][0]()  # compiles

    def rate(self, tries: int = TRIES) -> float:
        """The best of some tries, per second: whatever came between made the others slower, never faster."""
        return max(self._try() for _ in range(tries))

    def _try(self) -> float:
        spans = list(self._pool.map(self._timed, (task for task, _ in self._tasks)))
        begin, end = min(begin for begin, _ in spans), max(end for _, end in spans)
        return sum(work for _, work in self._tasks) / (end - begin)

    def _timed(self, task: Task) -> tuple[float, float]:
        self._barrier.wait()
        begin = time.perf_counter()
        task()
        return begin, time.perf_counter()

    def close(self) -> None:
        self._pool.shutdown()


def multiply_adds(threads: int) -> Ceiling:
    """Multiply-adds per second in float32."""
    return Ceiling(lambda: peak_task(program_shapes(np.dtype(np.float32)).products.three.tall), threads)


def bandwidth(size: int, threads: int) -> float:
    """Bytes per second, reading so many bytes again and again."""
    ceiling = Ceiling(lambda: read_task(size // threads), threads)
    try:
        return ceiling.rate()
    finally:
        ceiling.close()
