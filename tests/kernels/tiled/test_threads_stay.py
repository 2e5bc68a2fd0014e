"""Helpers that stay for the next job: they join it, miss none, and leave when they are wanted elsewhere."""

import threading
import time

import numpy as np
import pytest
from shared_work import WAIT, do, meet

from refnet.kernels.jit import jit
from refnet.kernels.tiled.atomics import fetch_add
from refnet.kernels.tiled.claims import BEGUN, LEAVE, Serials, begin_job, claim, finish, new_state, next_job
from refnet.kernels.tiled.threads import run_together

pytestmark = pytest.mark.jit

MOST = 20  # chunks of a phase


@jit
def walk(state, chunks, first_serial, thread, done, joined):
    """Count chunks in `done`, and in `joined` for each thread how often it took part.

    Shapes: chunks (phases,), done (phases * MOST,), joined (threads,) -> done, joined.
    """
    begin_job(state, first_serial, thread)
    while first_serial != LEAVE:
        phase, chunk = claim(state, chunks, first_serial, thread)
        if phase < chunks.size:
            fetch_add(done, phase * MOST + chunk, 1)
            finish(state, chunks, first_serial, phase)
        else:
            fetch_add(joined, thread, 1)
            first_serial = next_job(state, first_serial, thread)


class Repeated:
    """The same job again and again, as a program is called."""

    def __init__(self, phases):
        self.chunks, self.serials = np.array(phases, np.int64), Serials()
        self.done, self.joined = np.zeros(self.chunks.size * MOST, np.int64), np.zeros(4, np.int64)
        self.begun = 0

    def run(self, threads):
        state, first = self.serials.begin(self.chunks.size)
        run_together(
            threads, lambda thread: walk(state, self.chunks, first, thread, self.done, self.joined), state
        )
        self.begun += 1
        wanted = (np.arange(MOST) < self.chunks[:, None]) * self.begun
        np.testing.assert_array_equal(self.done.reshape(-1, MOST), wanted)


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_each_chunk_of_each_job_is_done_once(threads):
    rng = np.random.default_rng(threads)
    jobs = [Repeated(rng.integers(1, MOST, phases)) for phases in (1, 4, 9)]
    for _ in range(1000):
        job = jobs[rng.choice(3, p=(0.8, 0.1, 0.1))]
        job.run(threads)
        if rng.random() < 0.02:
            time.sleep(0.003)  # they leave meanwhile
        if rng.random() < 0.02:
            do(threads, [3, 1])  # a job for which nobody stays


def test_who_stays_sees_that_a_job_has_begun():
    state = new_state()
    assert next_job(state, 0, 1) == LEAVE, "nothing begins"
    begin_job(state, 7, 1)
    assert state[BEGUN] == 0, "only thread 0 begins a job"
    begin_job(state, 7, 0)
    assert next_job(state, 0, 1) == 7
    assert next_job(state, 0, 0) == LEAVE, "thread 0 has a caller"
    state[BEGUN] = LEAVE
    assert next_job(state, 7, 1) == LEAVE


def calls_and_jobs():
    """How often a helper was called in Python, and how many jobs it saw begin in compiled code."""
    state, called, chunks = new_state(), [], np.array([1], np.int64)
    done, joined, entered = np.zeros(MOST, np.int64), np.zeros(2, np.int64), threading.Event()

    def function(thread):
        if thread == 1:
            called.append(thread)
            entered.set()
            walk(state, chunks, 0, thread, done, joined)
        else:
            entered.wait(WAIT)
            end = time.monotonic() + 1
            while joined[1] < 5 and time.monotonic() < end:
                state[BEGUN] += 1  # as if thread 0 had begun and ended a job

    run_together(2, function, state)
    return len(called), joined[1]


def test_a_helper_that_stays_takes_part_without_being_called():
    found = (calls_and_jobs() for _ in range(20))  # on a busy machine it may find too little to stay for
    assert any(called == 1 and jobs >= 5 for called, jobs in found)


def staying(state):
    """A helper is in a job of this state, in Python, until what this returns is set."""
    came, leave = threading.Event(), threading.Event()

    def function(thread):
        came.wait(WAIT) if thread == 0 else (came.set(), leave.wait(WAIT))

    run_together(2, function, state)
    return leave


def test_a_helper_that_is_about_to_leave_does_not_miss_the_next_job():
    state, came = new_state(), threading.Event()
    for _ in range(20):
        leave = staying(state)

        def function(thread, leave=leave):
            if thread == 1:
                came.set()
            else:
                leave.set()  # it has not seen that the next job began, and goes
                assert came.wait(WAIT), "nobody rings for a helper that stays"

        run_together(2, function, state)
        came.clear()


def test_a_helper_is_told_to_leave_when_another_job_begins():
    mine, other = new_state(), new_state()
    mine[BEGUN] = other[BEGUN] = 3
    leave = staying(mine)
    run_together(2, lambda thread: None, mine)
    assert mine[BEGUN] == 3, "it stays for this one"
    run_together(2, lambda thread: None, other)
    assert (mine[BEGUN], other[BEGUN]) == (LEAVE, 3)
    leave.set()
    assert len(set(meet(2))) == 2


def test_a_helper_that_left_long_ago_is_told_nothing():
    state = new_state()
    staying(state).set()
    meet(2)
    state[BEGUN] = 3
    run_together(2, lambda thread: None, new_state())
    assert state[BEGUN] == 3
