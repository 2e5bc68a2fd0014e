"""A job whose chunks look at what the others have done, for the tests of threads and for processes that they start."""

import faulthandler
import threading

import numpy as np

from refnet.kernels.jit import jit
from refnet.kernels.tiled.atomics import fetch_add, yield_processor
from refnet.kernels.tiled.claims import Serials, claim, finish
from refnet.kernels.tiled.threads import run_together

WAIT = 30  # seconds until a test gives up


@jit
def walk(state, chunks, first_serial, thread, starts, done, wrong):
    """Count each chunk in `done`, and in wrong[0] the chunks that began too early or too late.

    Shapes: chunks (phases,), starts (phases + 1,), done (starts[-1],), wrong (1,) -> how many chunks were this thread's
    """
    mine = 0
    while True:
        phase, chunk = claim(state, chunks, first_serial, thread)
        if phase == chunks.size:
            return mine
        if out_of_turn(starts, done, phase):
            fetch_add(wrong, 0, 1)
        if (phase + chunk) % 5 == 0:
            yield_processor()  # others overtake
        fetch_add(done, starts[phase] + chunk, 1)
        mine += 1
        finish(state, chunks, first_serial, phase)


@jit
def out_of_turn(starts, done, phase):
    """Whether a chunk of the phase before is missing, or one of the next phase is there: -> bool."""
    early = late = 0
    for i in range(starts[max(0, phase - 1)], starts[phase]):
        late += done[i] != 1
    for i in range(starts[phase + 1], starts[min(phase + 2, starts.size - 1)]):
        early += done[i] != 0
    return early + late > 0


def do(threads, phases, serials=None):
    """Do one job of so many chunks in each phase, and fail if a chunk was not done once, in its turn."""
    chunks = np.array(phases, np.int64)
    starts = np.concatenate([[0], np.cumsum(chunks)]).astype(np.int64)
    done, wrong = np.zeros(max(1, starts[-1]), np.int64), np.zeros(1, np.int64)
    state, first = (serials or Serials()).begin(chunks.size)
    run_together(threads, lambda thread: walk(state, chunks, first, thread, starts, done, wrong))
    assert (done[: starts[-1]] == 1).all(), "each chunk is done once"
    assert wrong[0] == 0, "a phase begins when the one before is done"


def meet(threads):
    """Run a function that ends only if all threads are in it at once; the identities of the threads, by number."""
    barrier, found = threading.Barrier(threads), {}

    def function(thread):
        found[thread] = threading.get_ident()
        barrier.wait(WAIT)

    run_together(threads, function)
    return [found[thread] for thread in range(threads)]


def work_in_a_new_process():
    """For processes that are spawned: imports this file afresh."""
    faulthandler.dump_traceback_later(2 * WAIT, exit=True)
    do(2, [3, 1, 7])
    assert len(set(meet(3))) == 3
