"""Runs that are killed again and again: for test_killed.py, as a process of its own, which forks each of them.

    python killing.py FOLDER KILLS

FOLDER/whole is a run that nobody disturbs; FOLDER/0, FOLDER/1 ... are the same run, killed at random moments and
gone on with until KILLS processes have been killed, and then left alone. Each fourth process is killed when it has
written half of a checkpoint. On standard output: how many runs there are.
"""

import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from time import perf_counter, sleep

import numpy as np
from small_runs import RECIPE, run

from refnet.training import checkpoints, loop

LONG = replace(RECIPE, epochs=15)
PART = 4  # a process lives for up to one in so many parts of the time that the whole run took
MOST = 5  # checkpoints of a process that is killed while it writes one


def go_on(folder, threads=None):
    """What `refnet train --resume` does, with a checkpoint after every step: killed processes come forward."""
    ready = run(folder, LONG, every=0, threads=threads)
    if ready.checkpoint.exists():
        ready.restore(checkpoints.load(ready.checkpoint))
    ready.go()


def started(folder, writes=None):
    """The number of a new process that goes on with the run, and kills itself in so many writes of a checkpoint."""
    if process := os.fork():
        return process
    status = 1
    try:
        if writes is not None:
            die_in_a_write(writes)
        go_on(folder)
        status = 0
    finally:
        os._exit(status)


def die_in_a_write(number):
    """Of that number, 1 for the next."""
    whole, left = Path.write_bytes, number

    def half(path, content):
        nonlocal left
        left -= loop.CHECKPOINT in path.name
        whole(path, content if left else content[: len(content) // 2])
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

    Path.write_bytes = half


def killed(folder, process):
    """Whether the process, which has ended, was killed; else it was done."""
    status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    if status not in (0, -signal.SIGKILL):
        raise RuntimeError(f"{folder}: wanted a process that was killed or done, got status {status}")
    return status != 0


def killed_at(folder, seconds):
    process = started(folder)
    sleep(seconds)
    os.kill(process, signal.SIGKILL)
    return killed(folder, process)


def killed_in_a_write(folder, number):
    if not killed(folder, started(folder, number)):
        return False
    if not any(path.name.endswith(".part") for path in folder.iterdir()):
        raise RuntimeError(f"{folder}: wanted half a file beside the checkpoint, got none")
    return True


def main(root, kills):
    go_on(root / "warm", threads=1)  # threads would not live on in a fork
    begin = perf_counter()
    go_on(root / "whole", threads=1)
    span = (perf_counter() - begin) / PART
    random, runs, processes = np.random.default_rng(0), 0, 0
    while kills:
        folder, processes = root / str(runs), processes + 1
        if processes % 4:
            dead = killed_at(folder, random.uniform(0, span))
        else:
            dead = killed_in_a_write(folder, int(random.integers(1, MOST + 1)))
        kills, runs = kills - dead, runs + (not dead)
    go_on(root / str(runs), threads=1)
    print(runs + 1)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
