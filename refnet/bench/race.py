"""Contestants in one process, in turns, so that whatever slows the machine down slows all of them.

In each block everybody has one turn: a pause, in which the helper threads of the one before go to sleep, some runs that
do not count, then those that do. Whose turn comes first moves on from block to block.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from ..garbage import no_garbage_collection

Run = Callable[[], object]
Clock = Callable[[], float]


class Times(NamedTuple):
    """Seconds: for each contestant a list of blocks, each a list of runs; for each measure between, one per block."""

    runs: dict[str, list[list[float]]]
    between: dict[str, list[float]]


@dataclass(frozen=True)
class Race:
    """How long it takes: blocks of `runs` runs, before each a pause in seconds and `warmups` runs."""

    blocks: int
    runs: int
    warmups: int = 3
    pause: float = 0.05

    def hold(
        self,
        contestants: Mapping[str, Run],
        between: Mapping[str, Callable[[], float]] | None = None,
        done: Callable[[], None] = lambda: None,
        clock: Clock = time.perf_counter,
        sleep: Callable[[float], None] = time.sleep,
    ) -> Times:
        """Let them race. between: what is measured once in each block, such as the peak; done: called after each."""
        names, measures = list(contestants), dict(between or {})
        times = Times({name: [] for name in names}, {name: [] for name in measures})
        for block in range(self.blocks):
            for name in _from(names, block):
                sleep(self.pause)
                times.runs[name].append(self._turn(contestants[name], clock))
            for name, measure in measures.items():
                sleep(self.pause)
                times.between[name].append(measure())
            done()
        return times

    def _turn(self, run: Run, clock: Clock) -> list[float]:
        for _ in range(self.warmups):
            run()
        with no_garbage_collection():  # as `timeit` does: the collector does not run into anybody's times
            return [_seconds(run, clock) for _ in range(self.runs)]


def _from(names: list[str], block: int) -> list[str]:
    """The names in their order, another one first in each block."""
    first = block % max(len(names), 1)
    return names[first:] + names[:first]


def _seconds(run: Run, clock: Clock) -> float:
    begin = clock()
    run()
    return clock() - begin
