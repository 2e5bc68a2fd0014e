"""Several threads do one job together: where they come from. (How they divide the work: `claims.py`.)

    helper   a thread that sleeps until it is given a job's function, and calls it with its own number
    team     the helpers of this process, who do one job at a time

Nobody waits for a helper. Thread 0, the caller, can do the whole job alone; a helper that wakes in time claims some of
it, and one that comes late finds nothing left. Who returns from a job is thread 0, when all of it is done.

Helpers that stay
    A function may keep its helper for a moment when the job is over, in case the same job begins again
    (`claims.next_job`): one that looks at a number in compiled code comes at once, where one that sleeps must be woken
    by the operating system, and then wait for the interpreter's lock. `state` says for which job a helper stays. If
    another one begins instead, it is told to leave.
    The new function is given to a staying helper as well, without a bell: whether it joins the job where it is, or has
    just left and looks for something to do before it sleeps, it does not miss it.

Where a helper wakes
    Linux likes to wake a thread on the processor of the one that wakes it, where it waits until the load is balanced:
    for milliseconds, in which a small network is computed several times by thread 0 alone. So a helper is woken on any
    processor that the caller may use but the caller's own. Once awake it may go wherever the caller may.
"""

import contextlib
import ctypes
import os
import sys
import threading
from collections import deque
from collections.abc import Callable
from functools import cached_property
from typing import Any

from numpy.typing import NDArray

from .claims import BEGUN, LEAVE

Job = Callable[[int], object]
State = NDArray[Any] | None

# Seconds that an exception of thread 0 waits for helpers. Compiled code raises nothing, so they end, unless a chunk was
# claimed in Python and never finished.
PATIENCE = 10.0


class Helper:
    """A thread that sleeps until it is given a function, and calls it with its own number."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._given: deque[tuple[Job, State]] = deque(maxlen=1)  # the newest function only
        self._state: State = None  # of the job that it is in, and may stay for
        self._allowed: set[int] | None = None  # the processors that it may go to once it is awake
        self._at_work = threading.Lock()
        self._bell = threading.Lock()  # unlocked to wake the helper, which locks it again
        self._bell.acquire()
        self._thread = threading.Thread(target=self._serve, name=f"refnet-{number}", daemon=True)
        self._thread.start()

    def give(self, function: Job, state: State, places: "Places") -> None:
        """One caller at a time. A helper that has not come for the function before never will."""
        self._given.append((function, state))
        here = self._state
        if here is not None and here is state:
            return
        if here is not None:
            here[BEGUN] = LEAVE
        if self._bell.locked():
            self._allowed = places.allowed
            allow(self._thread.native_id, places.elsewhere)
            self._bell.release()

    def take_back(self) -> None:
        """Keep the helper from beginning, if it has not."""
        with contextlib.suppress(IndexError):
            self._given.pop()

    def wait_until_idle(self) -> None:
        """Until it is in no function, or we lose patience."""
        if self._at_work.acquire(timeout=PATIENCE):
            self._at_work.release()

    def _serve(self) -> None:
        while True:
            self._bell.acquire()
            allow(self._thread.native_id, self._allowed)
            while self._given:
                self._call()

    def _call(self) -> None:
        with self._at_work:
            try:
                function, self._state = self._given.pop()
            except IndexError:
                return  # it was taken back
            try:
                function(self._number)
            except BaseException:
                # It has no caller here. Thread 0, which does not depend on this one, has its own exception or none.
                threading.excepthook(threading.ExceptHookArgs((*sys.exc_info(), threading.current_thread())))
            finally:
                self._state = None


class Places:
    """The processors of a caller, asked for when somebody is to be woken; None where the system does not say."""

    @cached_property
    def allowed(self) -> set[int] | None:
        """Where the caller may run."""
        if _processor is None:
            return None
        with contextlib.suppress(OSError):
            return os.sched_getaffinity(0)
        return None

    @cached_property
    def elsewhere(self) -> set[int] | None:
        """The same without the one where it is now, unless that is the only one."""
        if self.allowed is None or _processor is None:
            return None
        return self.allowed - {_processor()} or self.allowed


def allow(thread: int | None, processors: set[int] | None) -> None:
    """Let a thread run on these. A favour only: where the system forbids it, it runs where it may."""
    if thread is not None and processors is not None:
        with contextlib.suppress(OSError):
            os.sched_setaffinity(thread, processors)


def _found_processor() -> Callable[[], int] | None:
    """What says on which processor a thread is, where the system's library has it."""
    if not hasattr(os, "sched_setaffinity"):
        return None
    try:
        found: Callable[[], int] = ctypes.PyDLL(None).sched_getcpu  # keeps the interpreter's lock: it takes no time
    except (AttributeError, OSError):
        return None
    return found


_processor = _found_processor()


class Team:
    """The helpers of this process, who do one job at a time."""

    def __init__(self) -> None:
        self._free = threading.Lock()
        self._helpers: list[Helper] = []

    def run(self, threads: int, function: Job, state: State) -> None:
        if threads < 2 or not self._free.acquire(blocking=False):
            function(0)
            return
        try:
            self._run_with(self._first(threads - 1), function, state)
        finally:
            self._free.release()

    def _run_with(self, helpers: list[Helper], function: Job, state: State) -> None:
        try:
            places = Places()
            for helper in helpers:
                helper.give(function, state, places)
            function(0)
        except BaseException:
            self._take_back(helpers)
            for helper in helpers:  # who has begun works on, and writes where the next job will work
                helper.wait_until_idle()
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


def run_together(threads: int, function: Job, state: State = None) -> None:
    """Call function(0) here, and function(1) to function(threads - 1) in helper threads if they come in time.

    state: that of the job, if the function keeps its helpers for the next job of the same state.

    Returns, or raises, as soon as function(0) does: it must be able to do the whole job alone, and `claim` must tell
    late helpers that nothing is left. Helpers do one job at a time: a caller who finds them busy with another works
    alone. A helper's own exception is reported by threading.excepthook.
    """
    _team.run(threads, function, state)


def default_threads() -> int:
    """As many threads as cores that this process may use, or NUMBA_NUM_THREADS if that is less."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, int(os.environ.get("NUMBA_NUM_THREADS") or cores)))
