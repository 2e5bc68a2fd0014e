"""The missing cells of a grid, computed beside each other, each kept as soon as it is there.

A cell that fails is told and the others go on. Ctrl-C ends the processes at once; what was kept stays, so that the
same grid goes on where it was left.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.connection import wait

from .cells import Cells
from .experiment import Cell
from .worker import Attempt, Worker, attempt

Told = Callable[[Cell], None]  # is called when a cell is done, well or not
Errors = Mapping[str, str]  # key of a cell that failed -> what went wrong, in a line


def missing(cells: Sequence[Cell], kept: Cells) -> list[Cell]:
    """Those that are not finished, each once, in their order."""
    each = {cell.key: cell for cell in cells}
    return [cell for cell in each.values() if kept.find(cell) is None]


def fill(cells: Sequence[Cell], kept: Cells, processes: int, told: Told) -> Errors:
    """Compute these cells. With one process it is this one."""
    errors: dict[str, str] = {}

    def settle(cell: Cell, made: Attempt) -> None:
        if made.found is None:
            errors[cell.key] = made.error
        else:
            kept.keep(cell, made.found)
        told(cell)

    if min(processes, len(cells)) < 2:
        for cell in cells:
            settle(cell, attempt(cell))
    else:
        _beside(deque(cells), min(processes, len(cells)), settle)
    return errors


def _beside(waiting: deque[Cell], processes: int, settle: Callable[[Cell, Attempt], None]) -> None:
    """So many processes, each with a cell, until there are none left."""
    workers: list[Worker] = []
    try:
        while waiting or workers:
            while waiting and len(workers) < processes:
                workers.append(Worker())
                workers[-1].give(waiting.popleft())
            ready = wait([worker.connection for worker in workers])
            for worker in [each for each in workers if each.connection in ready]:
                _answered(worker, waiting, settle)
                if worker.cell is None:
                    workers.remove(worker)
                    worker.end()
    finally:
        for worker in workers:
            worker.end()


def _answered(worker: Worker, waiting: deque[Cell], settle: Callable[[Cell, Attempt], None]) -> None:
    """Take its answer and give it the next cell, unless it died or none is left."""
    cell, made, worker.cell = worker.cell, worker.answer(), None
    if cell is not None:
        settle(cell, made)
    if waiting and worker.alive:
        worker.give(waiting.popleft())
