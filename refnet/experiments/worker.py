"""Computing a cell: in this process, or in one of its own that does one cell after another.

A process of its own has one thread, ends with the process that started it, and leaves Ctrl-C to that one.
"""

import json
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from multiprocessing import get_context, parent_process, resource_tracker
from multiprocessing.connection import Connection
from time import perf_counter
from typing import NamedTuple

from .cells import Finished
from .experiment import Cell

# Each library asks the environment for its number of threads when it is loaded.
THREADS = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class Attempt(NamedTuple):
    """What came of a cell: the one, or what went wrong, in a line."""

    found: Finished | None
    error: str = ""


def attempt(cell: Cell) -> Attempt:
    """Compute the cell. What it raises is told, and so is a result that is no object of JSON."""
    begin = perf_counter()
    module, _, function = cell.work.partition(":")
    try:
        result = getattr(import_module(f".{module}", __package__), function)(**cell.settings)
        read = json.loads(json.dumps(result, allow_nan=False))
        if not isinstance(read, dict):
            raise TypeError(f"result of {cell.work}: wanted names with values, got {type(result).__name__}")
    except Exception as error:  # whatever it is, the other cells go on
        return Attempt(None, " ".join(f"{type(error).__name__}: {error}".split()))
    return Attempt(Finished(read, perf_counter() - begin))


class Worker:
    """A process that computes the cells that it is given, one at a time. `connection`: ready when it has an answer."""

    def __init__(self) -> None:
        context = get_context("spawn")  # a fork would share the locks of Numba's and NumPy's threads
        self.connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs,), daemon=True)
        with _one_thread(), _interrupts_held():
            self._process.start()
        theirs.close()  # so that its end, whatever the cause, ends the connection
        self.cell: Cell | None = None

    def give(self, cell: Cell) -> None:
        """A process that is gone already says so in `answer`."""
        self.cell = cell
        try:
            self.connection.send(cell)
        except OSError:
            return

    def answer(self) -> Attempt:
        """Of the cell that it was given. The process may have died of it."""
        try:
            found: Attempt = self.connection.recv()
        except (EOFError, OSError):
            self._process.join()
            return Attempt(None, f"its process {_ending(self._process.exitcode)}")
        return found

    @property
    def alive(self) -> bool:
        return self._process.is_alive()

    def end(self) -> None:
        """At once, whatever it is at."""
        self._process.kill()
        self._process.join()
        self.connection.close()


def _serve(connection: Connection) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    while True:
        connection.send(attempt(connection.recv()))


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _ending(code: int | None) -> str:
    if code is not None and code < 0:
        return f"was ended by {signal.Signals(-code).name}, as where memory runs out"
    return f"ended with status {code}"


@contextmanager
def _one_thread() -> Iterator[None]:
    """A process that starts inside has one thread in every library."""
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """A process that starts inside never hears of Ctrl-C; this one does afterwards."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # or it would be started inside, and let signals through afterwards
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
