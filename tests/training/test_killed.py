"""Processes that are killed, by a signal that nobody can catch, go on to the weights of a run that nobody disturbs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from small_runs import same

from refnet.training import checkpoints, loop

KILLS = 20
FOLDER = Path(__file__).parent


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The folders of all runs, the undisturbed one first."""
    root = tmp_path_factory.mktemp("killed")
    one_thread = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # what forks has no others
    command = [sys.executable, FOLDER / "killing.py", root, str(KILLS)]
    done = subprocess.run(command, env=one_thread, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [root / "whole", *(root / str(i) for i in range(int(done.stdout)))]


def told(folder):
    """The lines of metrics, without what a clock says."""
    found = [json.loads(text) for text in (folder / loop.METRICS).read_text().splitlines()]
    return [{k: v for k, v in line.items() if k not in ("seconds", "images_per_second", "waiting")} for line in found]


pytestmark = [pytest.mark.jit, pytest.mark.skipif(not hasattr(os, "fork"), reason="no processes that fork there")]


def test_runs_killed_at_twenty_random_moments_end_at_the_same_bits(runs):
    whole, *others = (checkpoints.load(folder / loop.CHECKPOINT) for folder in runs)
    assert whole.about.step == whole.about.steps
    for other in others:
        assert same(other.arrays, whole.arrays)
        assert other.about._replace(seconds=0) == whole.about._replace(seconds=0)


def test_their_lines_tell_of_no_step_twice_and_of_every_one(runs):
    whole, *others = map(told, runs)
    assert len(whole) > 15
    assert all(other == whole for other in others)


def test_they_leave_nothing_else_behind(runs):
    for folder in runs:
        assert {path.name for path in folder.iterdir()} == {loop.CHECKPOINT, loop.METRICS}
