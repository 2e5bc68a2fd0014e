"""One kernel, done by several threads: how a training step's kernels share their pixels, and their memory.

    P pixels of all images · parts, of `size` pixels each; the last one may have fewer

    team     how many threads, and the memory     work    a kernel's arrays, a NamedTuple
    job      where its chunks are claimed         scratch (threads, numbers): each thread's own memory

A part is a chunk of the first phase. It writes pixels that no other part writes, and sums of its own, which are
combined in the order of the parts. So a result is the same on any number of threads, to the last bit.
"""

import os
import threading
from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple
from weakref import WeakSet

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ..jit import inner
from .claims import new_state
from .packing import CACHE_LINE
from .threads import run_together

Array = NDArray[Any]


IDLE_STEPS = 2  # so that two sizes can take turns


class Job(NamedTuple):
    """What `claim` and `finish` want to know."""

    state: Array
    chunks: Array
    first: int


class Waiting(NamedTuple):
    """A block that nobody uses, and the step in which it was given back."""

    since: int
    block: Array


class Shelf:
    """Blocks of one dtype that nobody uses, and their sizes in numbers, side by side, the smallest first."""

    def __init__(self) -> None:
        self.sizes, self.waiting = list[int](), list[Waiting]()

    def take(self, numbers: int) -> Array | None:
        """The smallest block that is large enough, and not too large."""
        at = bisect_left(self.sizes, numbers)
        if at == len(self.sizes) or self.sizes[at] > 2 * numbers:
            return None
        del self.sizes[at]
        return self.waiting.pop(at).block

    def give(self, block: Array, step: int) -> None:
        at = bisect_left(self.sizes, block.size)
        self.sizes.insert(at, block.size)
        self.waiting.insert(at, Waiting(step, block))

    def forget(self, before: int) -> None:
        """What was given back before this step."""
        self.waiting = [each for each in self.waiting if each.since >= before]
        self.sizes = [each.block.size for each in self.waiting]


class Memory:
    """Arrays that a step is done with, for whoever needs one of their size next.

    Fresh memory is slow: the operating system clears each page when it is touched first, which takes longer than to
    write it. A step of a network needs hundreds of megabytes, and the next one the same again.

    A step of another batch size needs other sizes, and what was right for those before would be kept for nothing. So a
    block serves requests of at least half its size only, and one that serves none for some steps is forgotten: what is
    kept is at most twice what those steps asked for.
    """

    def __init__(self) -> None:
        self._step = 0
        self._shelves: dict[np.dtype[Any], Shelf] = {}
        self._lock = threading.Lock()
        _memories.add(self)

    def __reduce__(self) -> tuple[type["Memory"], tuple[()]]:
        """A copy, or one in another process, begins with nothing."""
        return Memory, ()

    def take(self, numbers: int, dtype: DTypeLike) -> Array:
        """Flat memory with anything in it, that begins on a cache line."""
        kind = np.dtype(dtype)
        room = numbers + CACHE_LINE // kind.itemsize
        with self._lock:
            shelf = self._shelves.get(kind)
            block = shelf.take(room) if shelf else None
        if block is None:
            block = np.empty(room, kind)
        address: int = block.__array_interface__["data"][0]  # in half the time of `block.ctypes.data`
        start = -address % CACHE_LINE // kind.itemsize
        return block[start : start + numbers]

    def give(self, *arrays: Array) -> None:
        """Take back arrays that `take` gave and nobody reads any more."""
        with self._lock:
            for block in (array.base for array in arrays if array.base is not None):
                shelf = self._shelves.get(block.dtype)
                if shelf is None:
                    shelf = self._shelves[block.dtype] = Shelf()
                shelf.give(block, self._step)

    def begin_step(self) -> None:
        """Forget what nobody took during the last steps."""
        with self._lock:
            self._step += 1
            for shelf in self._shelves.values():
                shelf.forget(self._step - IDLE_STEPS)

    def held(self) -> dict[int, int]:
        """Identity of each block that nobody uses -> its bytes."""
        with self._lock:
            return {id(each.block): each.block.nbytes for shelf in self._shelves.values() for each in shelf.waiting}


_memories: WeakSet[Memory] = WeakSet()


def _unlock_all() -> None:
    """After a fork: what another thread of the parent was about to take or give does not go on in the child."""
    for memory in _memories:
        memory._lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_unlock_all)


class Team(NamedTuple):
    """Who does the work, and where its results find room."""

    threads: int
    memory: Memory


def together(threads: int, kernel: Callable[..., Any], phases: Sequence[int], *work: Any) -> None:
    """Call kernel(*work, job, thread) in so many threads; phases: how many chunks each has, from 1 to 65535."""
    job = Job(new_state(), np.array(phases, np.int64), 0)
    run_together(threads, lambda thread: kernel(*work, job, thread))


def scratch(team: Team, numbers: int, dtype: DTypeLike) -> Array:
    """Memory for each thread, with anything in it, to be given back; rows begin on cache lines.

    Whoever comes late to a job must not touch it: it may belong to another job by then.
    """
    line = CACHE_LINE // np.dtype(dtype).itemsize
    room = -(-numbers // line) * line
    return team.memory.take(team.threads * room, dtype).reshape(team.threads, room)


def pitch(channels: int, dtype: DTypeLike) -> int:
    """Numbers from one pixel to the next in a scratch: an odd number of cache lines.

    Were it a power of two, many pixels' numbers would compete for the same few places of the first-level cache.
    """
    line = CACHE_LINE // np.dtype(dtype).itemsize
    return (-(-channels // line) | 1) * line


def part_size(pixels: int, parts: int, block: int) -> int:
    """Pixels of a part, in whole blocks, so that there are at most so many parts."""
    return -(-pixels // (parts * block)) * block


@inner
def add_parts(partial: Array, size: tuple[int, int], parts: int, share: int, shares: int, total: Array) -> None:
    """One share of the rows of `total` becomes the sum of the parts', in their order.

    Shapes: partial (parts * K * C,), size (K, C), total (M, N) with M <= K, N <= C -> total[its share].
    """
    (K, C), (M, N) = size, total.shape
    for m in range(M * share // shares, M * (share + 1) // shares):
        row = total[m]
        for n in range(N):
            row[n] = partial[m * C + n]
        for part in range(1, parts):
            for n in range(N):
                row[n] += partial[(part * K + m) * C + n]
