"""Several threads do one job together: how they divide the work.

    job      a list of phases, one after the other; for instance the layers of a network
    phase    a number of chunks, in any order and by any thread; all are done before the next phase begins
    chunk    what one thread does at a stretch; how many there are depends on shapes, never on the number of threads,
             so that results do not depend on it either

Why chunks are claimed
    The text-book gives each thread an equal part of each phase, and lets all wait for each other at a barrier. Where
    each has a core for itself that is fast. But a core is shared with other programs: the operating system may stop a
    thread in the middle of anything for milliseconds, and at a barrier all others stop with it, in every phase anew.
    Here no thread has a part. It claims a chunk, does it, claims the next; one that was stopped claims nothing
    meanwhile, and the others do its work. All wait for a thread only while it is stopped *in* a chunk. A helper that
    never comes costs nothing: thread 0 does the whole job.

The claim word
    Which chunks are claimed is one 64-bit number, so that one atomic operation (`atomics.py`) can change all of it:

        bits  63..32   serial number of the current phase
              31..16   chunks claimed from the front: 0, 1, 2, ...
              15..0    chunks claimed from the back:  chunks - 1, chunks - 2, ...

    A thread reads the word, computes what it would be after its claim, and writes that if the word is still the same;
    if not, somebody else was first, and it looks again. Even threads claim from the front and odd ones from the back:
    so a thread finds in its core's cache what it wrote itself in the phase before.
    A second number counts the chunks that are done. Who finishes the last one of a phase sets the count back to 0 and
    writes the next serial number, with nothing claimed, which opens the next phase to all. Between the last claim and
    that moment the word says "all claimed": nobody can change it but the thread that finishes last.

Why phases have serial numbers
    Suppose that a helper read the word, computed its claim, and then slept. When it wakes, the job is over, and
    perhaps the same phase of the next job is open, with the same number of chunks claimed. If the word held only the
    phase's place in the list, its claim would succeed, and the chunk would be computed on the old job's data. Serial
    numbers never repeat within a state array: the word is another one, the claim fails, the helper sees a number that
    is not of its job and leaves. So nobody ever waits for helpers to leave.
    A job of P phases takes the numbers first_serial to first_serial + P - 1. When it is over the word has the number
    behind them, at which the next job of this state begins (`Serials` keeps account).

Memory order
    Each thread counts its chunk as done *after* it wrote the results; the last one reads the whole count before it
    opens the next phase; a claim reads the opened word before anything of that phase. Each of these is atomic, so a
    chunk finds all that earlier phases wrote.

Waiting
    A thread that finds all claimed and not yet done looks again, soon and often: a phase may take only microseconds.
    If that lasts, the one that it waits for was probably stopped, perhaps in favour of this very loop; so from some
    turn on it offers its core to others at each look.

Staying for the next job
    To wake a sleeping thread takes longer than a small network. So a helper does not leave at once when its job is
    over: for about a millisecond it looks whether the same job begins again, on new data (a program's next call). A
    third number of the state has the first serial number of the job that thread 0 began last, or LEAVE.

A function that shares work like this claims in compiled code that does not raise: nobody would ever finish its chunk.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..jit import jit
from .atomics import compare_and_swap, fetch_add, load, pause, store, yield_processor

Array = NDArray[Any]

# Places in a state array: at least 128 bytes from each other and from the array's ends, so that a core that writes one
# number does not take away the cache line of another.
WORD, DONE, BEGUN, SIZE = 16, 32, 48, 64
ONE_FROM_FRONT, ONE_FROM_BACK, COUNT = 1 << 16, 1, (1 << 16) - 1
LAST_SERIAL = (1 << 31) - 1  # the word is a signed number, and stays positive

# How often a waiting thread looks before it offers its core to others, and a staying one before it leaves: the latter
# is a millisecond, more or less.
SPINS, STAYS = 200, 3000
LEAVE = -1


@jit
def claim(state: Array, chunks: Array, first_serial: int, thread: int) -> tuple[int, int]:
    """Wait for a chunk that nobody has claimed, and claim it -> (phase, chunk); (chunks.size, 0) when the job is over.

    Shapes: state (SIZE,), chunks (phases,), both int64, 1 <= chunks[phase] <= 65535. To be finished by `finish`.
    """
    looks = 0
    while True:
        word = load(state, WORD)
        phase = (word >> 32) - first_serial
        if phase < 0 or phase >= chunks.size:
            return chunks.size, 0
        front, back = (word >> 16) & COUNT, word & COUNT
        if front + back == chunks[phase]:
            looks += 1
            wait(looks)
        elif thread % 2 == 0:
            if compare_and_swap(state, WORD, word, word + ONE_FROM_FRONT):
                return phase, front
        elif compare_and_swap(state, WORD, word, word + ONE_FROM_BACK):
            return phase, chunks[phase] - 1 - back


@jit
def finish(state: Array, chunks: Array, first_serial: int, phase: int) -> None:
    """Count a claimed chunk as done; the last one of its phase opens the next phase -> changes state.

    Shapes: state (SIZE,), chunks (phases,), as for `claim`.
    """
    if fetch_add(state, DONE, 1) + 1 == chunks[phase]:
        store(state, DONE, 0)
        store(state, WORD, (first_serial + phase + 1) << 32)


@jit
def begin_job(state: Array, first_serial: int, thread: int) -> None:
    """Thread 0 tells helpers who stayed that a job has begun -> changes state."""
    if thread == 0:
        store(state, BEGUN, first_serial)


@jit
def next_job(state: Array, first_serial: int, thread: int) -> int:
    """Stay for a moment after the job with that serial number -> that of another one, or LEAVE. Thread 0 leaves."""
    if thread != 0:
        for looks in range(STAYS):
            begun: int = load(state, BEGUN)
            if begun != first_serial:
                return begun
            wait(looks)
    return LEAVE


@jit
def wait(looks: int) -> None:
    """A moment between two looks, the first of which follow each other quickly: looks -> nothing."""
    if looks < SPINS:
        pause()
    else:
        yield_processor()


def new_state() -> Array:
    """State before its first job, which has first_serial 0: int64, (SIZE,)."""
    return np.zeros(SIZE, np.int64)


class Serials:
    """A state array and its serial numbers, for jobs that come one after the other."""

    def __init__(self) -> None:
        self._state, self._next = new_state(), 0

    def begin(self, phases: int) -> tuple[Array, int]:
        """State and first serial number for a job of so many phases.

        The state is a new one where the numbers are used up (after some hours of uninterrupted work), and where the
        last job never came to its end: it raised an exception, or this process was forked in the middle of it. Those
        who still work on that one keep the old array.
        """
        state = self._state
        ended = state[WORD] == self._next << 32 and state[DONE] == 0
        if not ended or self._next + phases > LAST_SERIAL:
            self._state, self._next = new_state(), 0
        first = self._next
        self._next += phases
        return self._state, first
