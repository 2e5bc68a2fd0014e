"""Every missing cell is computed once, whatever becomes of the others."""

import os
import signal
import sys
import threading
import time
from multiprocessing import active_children

import pytest
from made_up import BASIS, Toy, toy

from refnet.experiments.cells import Cells
from refnet.experiments.experiment import Cell
from refnet.experiments.grid import fill, missing
from refnet.experiments.worker import THREADS, Worker, attempt

TINY = {
    "model": "mobilenet_v1",
    "builder": {"width": 0.1},
    "changes": {},
    "batch": 2,
    "images": {"source": "shapes-64", "train": 24, "test": 2},
}


@pytest.fixture
def kept(tmp_path):
    return Cells(tmp_path, BASIS)


@pytest.fixture
def function(monkeypatch):
    return Toy(monkeypatch)


def go(cells, kept, processes=1):
    told = []
    errors = fill(missing(cells, kept), kept, processes, told.append)
    return errors, told


def test_each_cell_is_computed_once_and_never_again(kept, function):
    cells = [toy("double", seed) for seed in (0, 1, 2, 1)]
    errors, told = go(cells, kept)
    assert not errors
    assert function.calls == [0, 1, 2]
    assert [cell.settings["seed"] for cell in told] == [0, 1, 2]
    assert kept.find(cells[2]).result == {"value": 4}
    assert go([*cells, toy("double", 3)], kept) == ({}, [toy("double", 3)])
    assert function.calls == [0, 1, 2, 3]


def test_a_torn_cell_is_computed_again(kept, function):
    cells = [toy("double", seed) for seed in (1, 2)]
    go(cells, kept)
    whole = kept.path(cells[1]).read_bytes()
    kept.path(cells[1]).write_bytes(whole[: len(whole) // 2])
    go(cells, kept)
    assert function.calls == [1, 2, 2]
    assert kept.find(cells[1]).result == {"value": 4}


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ("fail", "ArithmeticError: seed 1 is not lucky"),
        ("nan", "ValueError: Out of range float values are not JSON compliant"),
        ("bare", "TypeError: result of toy:bare: wanted names with values, got int"),
        ("nobody", "AttributeError: "),
    ],
)
def test_a_cell_that_fails_is_told_and_the_others_go_on(kept, function, wrong, why):
    cells = [toy("double", 0), toy(wrong, 1), toy("double", 2)]
    errors, told = go(cells, kept)
    assert list(errors) == [cells[1].key]
    assert errors[cells[1].key].startswith(why)
    assert told == cells
    assert missing(cells, kept) == [cells[1]]


def test_an_interrupt_keeps_what_is_finished(kept, function, monkeypatch):
    cells = [toy("double", seed) for seed in range(4)]

    def interrupted(*, seed, by=2):
        if seed == 2 and len(function.calls) == 2:
            raise KeyboardInterrupt
        return Toy.double(function, seed=seed)

    monkeypatch.setattr(sys.modules["refnet.experiments.toy"], "double", interrupted)
    with pytest.raises(KeyboardInterrupt):
        go(cells, kept)
    assert missing(cells, kept) == cells[2:]
    function.calls.append("again")
    go(cells, kept)
    assert function.calls == [0, 1, "again", 2, 3]


def test_a_result_is_as_json_gives_it_back(function):
    found = attempt(toy("double", 1, by=[0]))
    assert found.found.result == {"value": [0]}
    assert found.found.seconds >= 0


@pytest.mark.jit
def test_a_killed_process_is_told_and_the_others_go_on(kept):
    """The first cell would train for hours; it is killed as soon as another is finished."""
    endless = Cell("learning:classify", {**TINY, "steps": 10**6, "seed": 0})
    short = [Cell("learning:classify", {**TINY, "steps": 1, "seed": seed}) for seed in (1, 2)]
    before = set(active_children())

    def kill_first():
        while kept.find(short[0]) is None:
            time.sleep(0.02)
        first = min(set(active_children()) - before, key=lambda child: int(child.name.rpartition("-")[2]))
        os.kill(first.pid, signal.SIGKILL)

    killer = threading.Thread(target=kill_first, daemon=True)
    killer.start()
    errors, told = go([endless, *short], kept, processes=2)
    killer.join()
    assert errors == {endless.key: "its process was ended by SIGKILL, as where memory runs out"}
    assert len(told) == 3
    assert missing([endless, *short], kept) == [endless]
    assert set(active_children()) <= before


def test_a_process_of_its_own_hears_no_interrupt_and_leaves_the_environment_alone(monkeypatch):
    """What a cell raises there is told in the same words as here."""
    monkeypatch.setenv(THREADS[0], "7")
    monkeypatch.delenv(THREADS[1], raising=False)
    cell = Cell("registry:named", {"name": "nothing"})
    before = set(active_children())
    worker = Worker()
    (process,) = set(active_children()) - before
    try:
        os.kill(process.pid, signal.SIGINT)
        worker.give(cell)
        assert worker.answer() == attempt(cell)
        assert "ValueError: NAME: wanted an experiment" in attempt(cell).error
        assert worker.alive
    finally:
        worker.end()
    assert not worker.alive
    assert os.environ[THREADS[0]] == "7"
    assert THREADS[1] not in os.environ
