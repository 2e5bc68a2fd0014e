"""Batches that threads make ahead: the same, in order, whatever happens."""

import threading
import time

import numpy as np
import pytest
from data_samples import drawn

from refnet.data import AUGMENTATIONS, Batch, Batches, Prefetched


def ours():
    return [thread for thread in threading.enumerate() if thread.name.startswith("refnet-data")]


class Counted:
    """Batches whose only label is the step; `hold` keeps the makers waiting, `fail` makes a step impossible."""

    def __init__(self, hold=None, fail=None):
        self.hold, self.fail, self.asked = hold, fail, []

    def batch(self, step):
        self.asked.append(step)
        if self.hold is not None:
            assert self.hold.wait(60)
        if step == self.fail:
            raise ValueError(f"cat/{step}.jpg: no image")
        return Batch(np.zeros((1, 1, 1, 3), np.float32), np.array([step]))


def steps(batches):
    return [int(batch.labels[0]) for batch in batches]


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_it_gives_what_the_batches_give_in_their_order(workers):
    batches = Batches(drawn(30), 4, 2, AUGMENTATIONS["inception"])
    with Prefetched(batches, 3, 17, workers) as ahead:
        found = [batch.images.tobytes() for batch in ahead]
    assert found == [batches.batch(step).images.tobytes() for step in range(3, 17)]
    assert ours() == []


def test_a_slow_first_batch_does_not_let_later_ones_pass():
    class Uneven(Counted):
        def batch(self, step):
            time.sleep(0.05 if step % 3 == 0 else 0)
            return super().batch(step)

    assert steps(Prefetched(Uneven(), 0, 9, workers=3)) == list(range(9))


def test_no_more_are_made_than_may_wait():
    counted = Counted()
    with Prefetched(counted, 0, 100, workers=2, ahead=3) as ahead:
        stream = iter(ahead)
        for _ in range(4):
            next(stream)
        deadline = time.monotonic() + 60
        while len(counted.asked) < 7 and time.monotonic() < deadline:
            time.sleep(0.001)
        time.sleep(0.05)  # long enough for a thread that runs on, short enough for a test
        assert sorted(counted.asked) == list(range(7))


def test_making_runs_while_the_consumer_works():
    counted = Counted()
    with Prefetched(counted, 0, 5):
        deadline = time.monotonic() + 60
        while len(counted.asked) < 4 and time.monotonic() < deadline:
            time.sleep(0.001)
        assert len(counted.asked) == 4  # nobody has asked for any


def test_waiting_is_counted():
    gate = threading.Event()
    threading.Timer(0.2, gate.set).start()
    with Prefetched(Counted(hold=gate), 0, 3) as ahead:
        assert steps(ahead) == [0, 1, 2]
        assert ahead.waited > 0.1
    with Prefetched(Counted(), 0, 3, workers=0) as ahead:
        assert steps(ahead) == [0, 1, 2]
        assert 0 < ahead.waited < 0.1


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_what_a_worker_raises_is_raised_at_the_consumer_in_its_turn(workers):
    seen = []
    with pytest.raises(ValueError, match=r"cat/5\.jpg: no image"):
        seen.extend(int(batch.labels[0]) for batch in Prefetched(Counted(fail=5), 0, 20, workers))
    assert seen == [0, 1, 2, 3, 4]
    assert ours() == []


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
def test_the_threads_end_when_the_consumer_leaves(error):
    def train():
        with Prefetched(Counted(), 0, 100, workers=2) as ahead:
            for batch in ahead:
                if batch.labels[0] == 3:
                    raise error

    with pytest.raises(error):
        train()
    assert ours() == []


def test_the_threads_end_after_break():
    for batch in Prefetched(Counted(), 0, 100, workers=2):
        if batch.labels[0] == 3:
            break
    assert ours() == []


def test_closing_twice_is_fine_and_going_on_is_not():
    ahead = Prefetched(Counted(), 0, 10)
    ahead.close()
    ahead.close()
    with pytest.raises(ValueError, match="these batches are closed"):
        next(iter(ahead))


@pytest.mark.parametrize("possible", [0, 1])
def test_where_no_thread_can_be_started_it_works_without(monkeypatch, possible):
    start = threading.Thread.start
    tried = []

    def refuse(thread):
        tried.append(thread)
        if len(tried) > possible:
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with Prefetched(Counted(), 2, 9, workers=3) as ahead:
        assert steps(ahead) == list(range(2, 9))
    assert len(tried) == possible + 1


def test_nothing_to_do():
    with Prefetched(Counted(), 4, 4) as ahead:
        assert steps(ahead) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((5, 4), "wanted 0 <= start <= stop, got 5 and 4"),
        ((-1, 4), "wanted 0 <= start <= stop, got -1 and 4"),
        ((0, 4, -1), "wanted at least 0 and at least 1, got -1 and 4"),
        ((0, 4, 1, 0), "wanted at least 0 and at least 1, got 1 and 0"),
    ],
)
def test_impossible_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Prefetched(Counted(), *arguments)
