"""Jobs that threads share: each chunk once, phases one after the other, whoever comes, sleeps or fails."""

import gc
import itertools
import os
import threading
import time
import weakref

import numpy as np
import pytest
from shared_work import WAIT, do, meet

from refnet.kernels.tiled import threads
from refnet.kernels.tiled.claims import LAST_SERIAL, WORD, Serials, claim, finish, new_state
from refnet.kernels.tiled.threads import default_threads, run_together

pytestmark = pytest.mark.jit


@pytest.mark.parametrize("count", [1, 2, 4])
def test_each_chunk_is_done_once_and_in_its_phase(count):
    rng, serials = np.random.default_rng(count), Serials()
    for _ in range(1000):
        do(count, rng.integers(1, rng.integers(2, 20), rng.integers(0, 12)), serials)
    do(count, [1] * 2000, serials)
    do(count, [3000, 1, 3000, 2], serials)


def claims(state, chunks, first, thread, count):
    return [claim(state, chunks, first, thread) for _ in range(count)]


def test_even_threads_claim_from_the_front_and_odd_ones_from_the_back():
    state, first = Serials().begin(2)
    chunks = np.array([7, 1])
    assert claims(state, chunks, first, 0, 2) == [(0, 0), (0, 1)]
    assert claims(state, chunks, first, 1, 2) == [(0, 6), (0, 5)]
    assert claims(state, chunks, first, 2, 1) == [(0, 2)]
    assert claims(state, chunks, first, 3, 2) == [(0, 4), (0, 3)]
    for _ in range(7):
        assert state[WORD] >> 32 == first, "the next phase opens when the last chunk is done"
        finish(state, chunks, first, 0)
    assert claims(state, chunks, first, 1, 1) == [(1, 0)]
    finish(state, chunks, first, 1)
    assert claims(state, chunks, first, 0, 2) == [(2, 0), (2, 0)], "the job is over"


@pytest.mark.parametrize("first", [0, LAST_SERIAL - 1], ids=["first", "last"])
@pytest.mark.parametrize("turn", [(0,), (1,), (0, 1, 1)], ids=["front", "back", "both"])
def test_the_largest_phase_at_either_end_of_the_serial_numbers(turn, first):
    state, chunks = new_state(), np.array([65535])
    state[WORD] = first << 32
    found = {claim(state, chunks, first, thread) for _, thread in zip(range(65535), itertools.cycle(turn))}
    assert found == {(0, chunk) for chunk in range(65535)}
    assert state[WORD] >> 32 == first
    for _ in range(65535):
        finish(state, chunks, first, 0)
    assert state[WORD] == (first + 1) << 32 > 0
    assert claim(state, chunks, first, 0) == (1, 0)


def one_job(serials, chunks):
    """All words that the state holds during a job of one thread."""
    state, first = serials.begin(chunks.size)
    words = [int(state[WORD])]
    while (found := claim(state, chunks, first, 0))[0] < chunks.size:
        words.append(int(state[WORD]))
        finish(state, chunks, first, found[0])
        words.append(int(state[WORD]))
    return state, first, words[:-1]


def test_a_helper_that_slept_finds_nothing_of_its_job():
    """Whatever word it saw before it slept, its claim cannot succeed; and it leaves."""
    serials, chunks = Serials(), np.array([2, 3])
    state, first, words = one_job(serials, chunks)
    for _ in range(3):
        assert claim(state, chunks, first, 1) == (2, 0)
        same, _, others = one_job(serials, chunks)
        assert same is state
        assert set(words).isdisjoint(others), "serial numbers are new"
        words += others


def test_a_new_state_when_serial_numbers_are_used_up():
    serials = Serials()
    state, first = serials.begin(LAST_SERIAL - 3)
    state[WORD] = (first + LAST_SERIAL - 3) << 32  # as if all of that had been done
    same, first = serials.begin(3)
    assert same is state
    assert claim(state, np.array([1, 1, 1]), first, 0) == (0, 0)
    for phase in range(3):
        finish(state, np.array([1, 1, 1]), first, phase)
    other, first = serials.begin(1)
    assert other is not state
    assert first == 0 == other[WORD]
    do(2, [3, 2], serials)


@pytest.mark.parametrize("phases", [0, 1, 2])
def test_a_new_state_when_the_last_job_never_ended(phases):
    """It was left before a claim, between two phases, or in the middle of one."""
    serials, chunks = Serials(), np.array([1, 3])
    state, first = serials.begin(2)
    for phase in range(phases):
        assert claim(state, chunks, first, 0)[0] == phase
        finish(state, chunks, first, phase)
    other, _ = serials.begin(1)
    assert other is not state
    do(2, [3, 2], serials)


def test_helpers_come_and_are_the_same_each_time():
    here, *helpers = meet(4)
    assert here == threading.get_ident()
    assert len({here, *helpers}) == 4
    assert meet(4) == [here, *helpers]
    assert meet(2) == [here, helpers[0]]


def test_one_thread_needs_no_helper(monkeypatch):
    monkeypatch.setattr(threads, "_team", threads.Team())
    before = threading.active_count()
    do(1, [4, 2])
    assert threading.active_count() == before


@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt])
def test_an_exception_of_thread_0_is_the_callers_and_helpers_stay(kind):
    serials, chunks = Serials(), np.array([5])
    helpers = meet(2)

    def fail(thread):
        if thread == 0:
            claim(state, chunks, first, thread)
            raise kind("in the middle")

    for _ in range(3):
        state, first = serials.begin(1)
        with pytest.raises(kind, match="in the middle"):
            run_together(2, fail)
        do(2, [3, 4], serials)
        assert meet(2) == helpers


def test_a_helpers_exception_is_reported_and_it_stays(monkeypatch):
    reported, helpers, came = [], meet(2), threading.Event()
    monkeypatch.setattr(threading, "excepthook", lambda found: (reported.append(found), came.set()))

    def fail(thread):
        if thread == 1:
            raise ValueError("in a helper")
        assert came.wait(WAIT)

    run_together(2, fail)
    assert [str(each.exc_value) for each in reported] == ["in a helper"]
    assert reported[0].thread.ident == helpers[1]
    assert meet(2) == helpers


def test_a_late_helper_is_not_waited_for_and_comes_back():
    helpers, called = meet(2), []
    came, may_leave = threading.Event(), threading.Event()

    def linger(thread):
        came.wait(WAIT) if thread == 0 else (came.set(), may_leave.wait(WAIT))

    run_together(2, linger)
    for i in range(20):
        do(2, [3, 1, 2])

        def function(thread, i=i):
            called.append((i, thread))

        run_together(2, function)
        kept = weakref.ref(function)
        del function
        assert kept() is None, "a job that is over waits for nobody"
    may_leave.set()
    assert meet(2) == helpers
    assert called == [(i, 0) for i in range(20)]


def test_callers_who_find_the_helpers_busy_work_alone():
    failed = []

    def call(seed):
        rng, serials = np.random.default_rng(seed), Serials()
        try:
            for _ in range(100):
                do(2, rng.integers(1, 9, 6), serials)
        except BaseException as error:
            failed.append(error)

    callers = [threading.Thread(target=call, args=(seed,)) for seed in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(WAIT)
    assert not failed
    assert not any(caller.is_alive() for caller in callers)
    assert len(meet(2)) == 2


def test_a_job_within_a_job_is_done_alone():
    inner = []
    run_together(2, lambda thread: thread or (run_together(2, inner.append), do(2, [2, 3])))
    assert inner == [0]


def test_a_job_is_forgotten_when_helpers_have_left_it():
    array = np.zeros(3)
    kept = weakref.ref(array)
    run_together(2, lambda thread, array=array: array.sum())
    del array
    end = time.monotonic() + WAIT
    while kept() is not None and time.monotonic() < end:  # the helper may still be on its way
        gc.collect()
        time.sleep(0.001)
    assert kept() is None


def test_without_further_threads_thread_0_does_all(monkeypatch):
    def refuse(_thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threads, "_team", threads.Team())
    monkeypatch.setattr(threading.Thread, "start", refuse)
    do(4, [5, 1, 7])
    monkeypatch.undo()
    assert len(set(meet(3))) == 3


def asleep():
    """Wait until all helpers sleep."""
    end, helpers = time.monotonic() + WAIT, threads._team._helpers
    while any(each._at_work.locked() or each._given or not each._bell.locked() for each in helpers):
        assert time.monotonic() < end
        time.sleep(0.001)


def where_helpers_may_run(monkeypatch):
    """-> where the system was asked to wake them, and where they may run once they are awake; one of two threads."""
    told, found, barrier = [], {}, threading.Barrier(2)
    real = os.sched_setaffinity

    def watched(thread, places):
        told.append(set(places))
        real(thread, places)

    monkeypatch.setattr(os, "sched_setaffinity", watched)

    def function(thread):
        found[thread] = os.sched_getaffinity(0)
        barrier.wait(WAIT)

    asleep()
    run_together(2, function)
    monkeypatch.setattr(os, "sched_setaffinity", real)
    return told[0], found[1]


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="threads have no processors of their own there")
def test_a_helper_wakes_on_another_processor_than_its_caller_and_may_go_anywhere(monkeypatch):
    before = os.sched_getaffinity(0)
    if threads._processor is None or len(before) < 2:
        pytest.skip("there is no other processor, or nobody knows")
    meet(2)
    for here in before:
        monkeypatch.setattr(threads, "_processor", lambda here=here: here)
        assert where_helpers_may_run(monkeypatch) == (before - {here}, before)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert where_helpers_may_run(monkeypatch) == ({min(before)}, {min(before)}), "there is no other"
    finally:
        os.sched_setaffinity(0, before)
    assert where_helpers_may_run(monkeypatch)[1] == before


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="threads have no processors of their own there")
def test_a_caller_is_where_the_system_says():
    if threads._processor is None:
        pytest.skip("nobody knows")
    before = os.sched_getaffinity(0)
    try:
        for place in before:
            os.sched_setaffinity(0, {place})
            assert threads._processor() == place
    finally:
        os.sched_setaffinity(0, before)


@pytest.mark.parametrize("forbidden", ["sched_setaffinity", "sched_getaffinity"])
def test_a_system_that_forbids_it_lets_helpers_come_as_they_may(forbidden, monkeypatch):
    def refuse(*_given):
        raise PermissionError

    monkeypatch.setattr(os, forbidden, refuse, raising=False)
    monkeypatch.setattr(threads, "_processor", lambda: 0)
    assert len(set(meet(3))) == 3
    monkeypatch.setattr(threads, "_processor", None)
    assert len(set(meet(3))) == 3


def test_as_many_threads_as_this_process_may_use_cores(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: {0, 2, 5}, raising=False)
    for limit, wanted in (("", 3), ("2", 2), ("8", 3)):
        monkeypatch.setenv("NUMBA_NUM_THREADS", limit)
        assert default_threads() == wanted
    monkeypatch.delenv("NUMBA_NUM_THREADS")
    assert default_threads() == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert default_threads() == 1
