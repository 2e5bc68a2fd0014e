"""Helpers and the life of a process: fork, spawn, and an end that waits for nobody."""

import os

import pytest
from processes import python

pytestmark = pytest.mark.jit

# Whoever hangs is ended after a while, and that is a failure.
START = """
import faulthandler, os, sys, threading, warnings
faulthandler.dump_traceback_later(60, exit=True)
from refnet.kernels.tiled.claims import Serials, claim
from refnet.kernels.tiled.threads import run_together
from shared_work import do, meet
"""

FORK = f"""{START}
import signal
warnings.simplefilter("ignore", DeprecationWarning)  # Python >= 3.12 warns of threads that a child has not
serials, ready, leave = Serials(), threading.Event(), threading.Event()
do(2, [3, 1, 7], serials)
meet(3)

def hold(thread):  # the helpers, and with them the lock, while the process is forked
    if thread == 0:
        ready.set()
        leave.wait(60)

threading.Thread(target=run_together, args=(2, hold)).start()
ready.wait(60)
serials.begin(5)  # a job that nobody does
child = os.fork()
if child == 0:
    signal.alarm(60)  # faulthandler's own thread is one of those that a child has not
    do(2, [4, 2, 6], serials)
    os._exit(len(set(meet(3))))
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
leave.set()
do(2, [2, 2], serials)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_has_helpers_of_its_own():
    """Although it was forked while another thread had the parent's, and in the middle of a job."""
    assert python(FORK) == ["3"]


FORK_IN_A_TAKE = f"""{START}
import signal
from refnet.kernels.tiled.teamwork import Memory
memory = Memory()
with memory._lock:  # as another thread holds it in the middle of `take`
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        os._exit(memory.take(5, "float32").size)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_can_take_memory():
    assert python(FORK_IN_A_TAKE) == ["5"]


SPAWN = f"""{START}
import multiprocessing
from shared_work import work_in_a_new_process
if __name__ == "__main__":
    do(2, [3, 1, 7])
    child = multiprocessing.get_context("spawn").Process(target=work_in_a_new_process)
    child.start()
    child.join(60)
    print(child.exitcode)
"""


def test_a_spawned_child_too():
    assert python(SPAWN) == ["0"]


# Where a helper is when the interpreter ends.
PLACES = {
    "parked": "meet(2)",
    "in Python": "run_together(2, lambda thread: time.sleep(0.05 if thread == 0 else 1000))",
    "in a claim": """
state, first = Serials().begin(1)
chunks = np.ones(1, np.int64)
claim(state, chunks, first, 0)  # never finished: who claims next waits forever
run_together(2, lambda thread: time.sleep(0.05) if thread == 0 else claim(state, chunks, first, thread))
""",
    "never started": """
@atexit.register
def late():
    do(2, [2, 1])
""",
}
END = """
import atexit, time
import numpy as np
{place}
print("over")
"""


@pytest.mark.parametrize("place", PLACES)
def test_the_interpreter_ends_wherever_helpers_are(place):
    assert python(START + END.format(place=PLACES[place])) == ["over"]


def test_without_jit_the_file_can_be_imported():
    python("import refnet.kernels.tiled.threads", NUMBA_DISABLE_JIT="1")
