"""Where refnet's time goes: each operation of a program timed while the whole program runs.

The program is the one that is raced elsewhere, in the same memory, but every operation is a step of its own: one call
from Python and, with several threads, one waking of helpers for each. That is what the sum has too much beside the
whole program, which races with it: some microseconds for each operation on one thread. It is shown, and not hidden.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from ..engine.compiling import compile_apart
from . import peak
from .engines import Task
from .healthy import healthy_weights, inputs_of
from .own import program_of
from .progress import Progress
from .race import Race
from .rows import Case

WHOLE = "the whole program"


@dataclass
class Timed:
    """An operation of a program, and how long its runs took, in seconds. madds: of all images of a run."""

    name: str
    kernel: str
    madds: int
    step: Any = None
    seconds: list[float] = field(default_factory=list)

    def run(self, *arguments: Any) -> None:
        """As a step of a program."""
        begin = time.perf_counter()
        self.step.run(*arguments)
        self.seconds.append(time.perf_counter() - begin)


@dataclass(frozen=True)
class Times:
    """operations: with the runs that count. whole: seconds of the whole program. peaks: multiply-adds per second."""

    case: Case
    operations: Sequence[Timed]
    whole: Sequence[float]
    peaks: Sequence[float]

    def share(self, madds: int, seconds: float) -> float:
        """Of the peak, in per cent."""
        return 100 * madds / (seconds * median(self.peaks))


def by_operation(case: Case, race: Race, seed: int, bar: Progress) -> Times:
    """Time every operation, and the whole program in turns with them."""
    bar.say("compiling the program twice")
    task = Task(case.net, healthy_weights(case.net, seed), inputs_of(case.net, case.batch, seed + 2), case.threads)
    found: list[Timed] = []

    def timed(line: Any, step: Any) -> Timed:
        found.append(Timed(line.name, line.kernel, line.madds * case.batch, step))
        return found[-1]

    parts = compile_apart(task.net, task.weights, task.batch, task.threads, timed)
    whole, inputs = program_of(task.net, task.weights, task.batch, task.threads), dict(task.inputs)
    ceiling = peak.multiply_adds(case.threads)
    try:
        contestants = {"parts": lambda: parts(inputs), WHOLE: lambda: whole(inputs)}
        times = race.hold(contestants, {"peak": ceiling.rate}, bar.done)
    finally:
        ceiling.close()
    for each in found:
        each.seconds = _without_warmups(each.seconds, race)
    return Times(case, found, [run for block in times.runs[WHOLE] for run in block], times.between["peak"])


def _without_warmups(every: list[float], race: Race) -> list[float]:
    size = race.warmups + race.runs
    return [every[block * size + run] for block in range(race.blocks) for run in range(race.warmups, size)]


def operations_data(times: Times) -> dict[str, Any]:
    """As JSON."""
    case = times.case
    rows = [
        {
            "operation": each.name,
            "kernel": each.kernel,
            "madds": each.madds,
            "median": median(each.seconds),
            "minimum": min(each.seconds),
            "peak_percent": times.share(each.madds, median(each.seconds)),
        }
        for each in times.operations
    ]
    return {
        "network": case.net.name,
        "batch": case.batch,
        "threads": case.threads,
        "operations": rows,
        "sum_of_medians": sum(row["median"] for row in rows),
        "whole_program": {"median": median(times.whole), "minimum": min(times.whole)},
        "peak": {"madds_per_second": list(times.peaks)},
    }
