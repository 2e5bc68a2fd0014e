"""Several threads do one job together: how they divide the work, and where they come from.

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

A function that shares work like this claims in compiled code that does not raise: nobody would ever finish its chunk.
"""

import contextlib
import os
import sys
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..jit import jit
from .atomics import compare_and_swap, fetch_add, load, pause, store, yield_processor

Array = NDArray[Any]
Job = Callable[[int], object]
Done = Any  # a lock

# Places in a state array: at least 128 bytes from each other and from the array's ends, so that a core that writes one
# number does not take away the cache line of another.
WORD, DONE, SIZE = 16, 32, 48
ONE_FROM_FRONT, ONE_FROM_BACK, COUNT = 1 << 16, 1, (1 << 16) - 1
LAST_SERIAL = (1 << 31) - 1  # the word is a signed number, and stays positive

# How often a waiting thread looks before it offers its core to others.
SPINS = 200

# Seconds that an exception of thread 0 waits for helpers. Compiled code raises nothing, so they end, unless a chunk was
# claimed in Python and never finished.
PATIENCE = 10.0


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


class Helper:
    """A thread that sleeps until it is given a function, and calls it with its own number."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._given: deque[tuple[Job, Done]] = deque(maxlen=1)  # the newest function only
        self._bell = threading.Lock()  # unlocked to wake the helper, which locks it again
        self._bell.acquire()
        threading.Thread(target=self._serve, name=f"refnet-{number}", daemon=True).start()

    def give(self, function: Job) -> "Done":
        """One caller at a time. A helper that has not come for the function before never will.

        What it answers is locked until the helper is done with the function, or has given it back.
        """
        done = threading.Lock()
        done.acquire()
        self._given.append((function, done))
        if self._bell.locked():
            self._bell.release()
        return done

    def take_back(self) -> None:
        """Keep the helper from beginning, if it has not."""
        with contextlib.suppress(IndexError):
            self._given.pop()[1].release()

    def _serve(self) -> None:
        while True:
            self._bell.acquire()
            self._call()

    def _call(self) -> None:
        try:
            function, done = self._given.pop()
        except IndexError:
            return  # it was taken back
        try:
            function(self._number)
        except BaseException:
            # It has no caller here. Thread 0, which does not depend on this one, has its own exception or none.
            threading.excepthook(threading.ExceptHookArgs((*sys.exc_info(), threading.current_thread())))
        finally:
            done.release()


class Team:
    """The helpers of this process, who do one job at a time."""

    def __init__(self) -> None:
        self._free = threading.Lock()
        self._helpers: list[Helper] = []

    def run(self, threads: int, function: Job) -> None:
        if threads < 2 or not self._free.acquire(blocking=False):
            function(0)
            return
        try:
            self._run_with(self._first(threads - 1), function)
        finally:
            self._free.release()

    def _run_with(self, helpers: list[Helper], function: Job) -> None:
        given: list[Done] = []
        try:
            for helper in helpers:
                given.append(helper.give(function))
            function(0)
        except BaseException:
            self._take_back(helpers)
            for done in given:  # who has begun works on, and writes where the next job will work
                done.acquire(timeout=PATIENCE)
            raise
        finally:
            self._take_back(helpers)

    def _take_back(self, helpers: list[Helper]) -> None:
        for helper in helpers:
            helper.take_back()

    def _first(self, count: int) -> list[Helper]:
        """So many helpers, or as many as the system lets us have."""
        try:
            while len(self._helpers) < count:
                self._helpers.append(Helper(len(self._helpers) + 1))
        except RuntimeError:  # too many threads, or the interpreter is about to end
            pass
        return self._helpers[:count]


_team = Team()


def _new_team() -> None:
    """After a fork: the child has one thread, and locks that a thread may have held which it has not."""
    global _team
    _team = Team()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_new_team)


def run_together(threads: int, function: Job) -> None:
    """Call function(0) here, and function(1) to function(threads - 1) in helper threads if they come in time.

    Returns, or raises, as soon as function(0) does: it must be able to do the whole job alone, and `claim` must tell
    late helpers that nothing is left. Helpers do one job at a time: a caller who finds them busy with another works
    alone. A helper's own exception is reported by threading.excepthook.
    """
    _team.run(threads, function)


def default_threads() -> int:
    """As many threads as cores that this process may use, or NUMBA_NUM_THREADS if that is less."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, int(os.environ.get("NUMBA_NUM_THREADS") or cores)))
