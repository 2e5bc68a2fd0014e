"""Batches made ahead by threads, handed over in order.

    step  the number of a batch     ahead  how many batches wait or are being made, at most

Reading, decoding and NumPy's loops let go of the interpreter's lock, as the kernels do: threads are enough.
"""

import threading
from collections.abc import Iterator
from time import perf_counter
from types import TracebackType
from typing import Any, Protocol, Self


class Source(Protocol):
    """What makes a batch from its number, in any order and from several threads at once, as `Batches` does."""

    def batch(self, step: int) -> Any: ...


class Prefetched:
    """The batches of steps start, start + 1, ... stop - 1. Goes through them once; close it, or use `with`.

    waited   seconds that the consumer has spent waiting for batches, the first one included
    workers  threads that make batches; with 0, or where none can be started, batches are made when asked for

    What a worker raises is raised at the consumer, in place of that batch.
    """

    def __init__(self, batches: Source, start: int, stop: int, workers: int = 1, ahead: int | None = None) -> None:
        if not 0 <= start <= stop:
            raise ValueError(f"start, stop: wanted 0 <= start <= stop, got {start} and {stop}")
        ahead = max(4, 2 * workers) if ahead is None else ahead
        if workers < 0 or ahead < 1:
            raise ValueError(f"workers, ahead: wanted at least 0 and at least 1, got {workers} and {ahead}")
        self.waited = 0.0
        self._batches, self._stop, self._ahead = batches, stop, ahead
        self._next = start  # the next step that nobody makes yet
        self._wanted = start  # the next step to be handed over
        self._made: dict[int, Any] = {}
        self._changed = threading.Condition()
        self._closed = False
        self._threads = self._started(min(workers, stop - start))

    def _started(self, workers: int) -> list[threading.Thread]:
        """Those threads that the system would start: as many as wanted, or fewer, or none."""
        started = []
        for i in range(workers):
            thread = threading.Thread(target=self._work, name=f"refnet-data-{i}", daemon=True)
            try:
                thread.start()
            except RuntimeError:
                break
            started.append(thread)
        return started

    def _work(self) -> None:
        while (step := self._claimed()) is not None:
            made: Any
            try:
                made = self._batches.batch(step)
            except BaseException as error:  # whatever it is, the consumer must hear of it and not wait for ever
                made = error
            with self._changed:
                self._made[step] = made
                self._changed.notify_all()

    def _claimed(self) -> int | None:
        """A step for this thread to make, once there is room for it; None when there is nothing left to do."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._next < self._wanted + self._ahead)
            if self._closed or self._next >= self._stop:
                return None
            self._next += 1
            return self._next - 1

    def __iter__(self) -> Iterator[Any]:
        try:
            while self._wanted < self._stop:
                begin = perf_counter()
                made = self._handed_over()
                self.waited += perf_counter() - begin
                if isinstance(made, BaseException):
                    raise made
                yield made
        finally:
            self.close()

    def _handed_over(self) -> Any:
        if self._closed:
            raise ValueError("these batches are closed: wanted a new Prefetched")
        step = self._wanted
        if not self._threads:
            self._wanted += 1
            return self._batches.batch(step)
        with self._changed:
            self._changed.wait_for(lambda: step in self._made)
            self._wanted += 1
            self._changed.notify_all()
            return self._made.pop(step)

    def close(self) -> None:
        """End the threads, once each has finished the batch that it is at. Closing twice is fine."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()
        self._made.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
