"""One kernel, done by several threads: how a training step's kernels share their pixels.

    P pixels of all images · parts, of `size` pixels each; the last one may have fewer

    work     a kernel's arrays, a NamedTuple        job     where its chunks are claimed
    scratch  (threads, numbers): each thread's own memory

A part is a chunk of the first phase. It writes pixels that no other part writes, and sums of its own, which are combined
in the order of the parts. So a result is the same on any number of threads, to the last bit.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ..jit import jit
from .packing import CACHE_LINE, empty
from .threads import new_state, run_together

Array = NDArray[Any]


class Job(NamedTuple):
    """What `claim` and `finish` want to know."""

    state: Array
    chunks: Array
    first: int


def together(threads: int, kernel: Callable[..., Any], phases: Sequence[int], *work: Any) -> None:
    """Call kernel(*work, job, thread) in so many threads; phases: how many chunks each has, from 1 to 65535."""
    job = Job(new_state(), np.array(phases, np.int64), 0)
    run_together(threads, lambda thread: kernel(*work, job, thread))


def scratch(threads: int, numbers: int, dtype: DTypeLike) -> Array:
    """Memory for so many threads, with zeros in none of it; rows begin on cache lines."""
    line = CACHE_LINE // np.dtype(dtype).itemsize
    room = -(-numbers // line) * line
    return empty(threads * room, dtype).reshape(threads, room)


def pitch(channels: int, dtype: DTypeLike) -> int:
    """Numbers from one pixel to the next in a scratch: an odd number of cache lines.

    Were it a power of two, many pixels' numbers would compete for the same few places of the first-level cache.
    """
    line = CACHE_LINE // np.dtype(dtype).itemsize
    return (-(-channels // line) | 1) * line


def part_size(pixels: int, parts: int, block: int) -> int:
    """Pixels of a part, in whole blocks, so that there are at most so many parts."""
    return -(-pixels // (parts * block)) * block


@jit
def add_parts(partial: Array, parts: int, share: int, shares: int, total: Array) -> None:
    """One share of the numbers of `total` becomes the sum of the parts', in their order.

    Shapes: partial (parts * size,), total (size,) -> total[its share].
    """
    size = total.size
    begin, end = size * share // shares, size * (share + 1) // shares
    for i in range(begin, end):
        total[i] = partial[i]
    for part in range(1, parts):
        for i in range(begin, end):
            total[i] += partial[part * size + i]
