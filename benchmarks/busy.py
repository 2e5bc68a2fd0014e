"""A program of two threads on a machine that is busy with something else.

    python benchmarks/busy.py

times V2-1.0-224 quietly, and then beside two other processes that spin; in turns, three times each. A thread that waits
for a colleague which the operating system has taken off its core would make a call many times as long: what is printed
is the median, the 90th percentile and the longest of the calls, and the 90th percentile over the quiet median.
"""

import multiprocessing
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from rich.console import Console
from rich.table import Table

import refnet
from refnet.bench.healthy import healthy_weights

ROUNDS, CALLS = 3, 200
SPINNERS = 2


def spin() -> None:
    while True:
        pass


@contextmanager
def company() -> Iterator[None]:
    """Others who spin, until the block ends."""
    spawn = multiprocessing.get_context("spawn")
    others = [spawn.Process(target=spin, daemon=True) for _ in range(SPINNERS)]
    try:
        for each in others:
            each.start()
        time.sleep(1)
        yield
    finally:
        for each in others:
            each.terminate()


def calls(program: refnet.engine.Program, images: np.ndarray) -> list[float]:
    """Milliseconds of each call."""
    found = []
    for _ in range(CALLS):
        begin = time.perf_counter()
        program(images)
        found.append(1e3 * (time.perf_counter() - begin))
    return found


def main() -> None:
    net = refnet.mobilenet_v2()
    program = refnet.compile(net, healthy_weights(net, 0), threads=2)
    images = np.random.default_rng(0).standard_normal((1, 224, 224, 3), dtype=np.float32)
    calls(program, images)
    quiet, busy = [], []
    for _ in range(ROUNDS):
        quiet += calls(program, images)
        with company():
            busy += calls(program, images)
    table = Table(title=f"{net.name}, 2 threads, beside {SPINNERS} processes that spin; milliseconds")
    for column in ("machine", "calls", "median", "90th percentile", "longest", "90th over the quiet median"):
        table.add_column(column, justify="left" if column == "machine" else "right", no_wrap=True)
    for name, times in (("quiet", quiet), ("busy", busy)):
        late = statistics.quantiles(times, n=10)[-1]
        shown = (statistics.median(times), late, max(times), late / statistics.median(quiet))
        table.add_row(name, str(len(times)), *(f"{number:.2f}" for number in shown))
    Console().print(table)


if __name__ == "__main__":
    main()
