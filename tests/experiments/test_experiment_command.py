"""`refnet experiment` as a user meets it."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest
from click.testing import CliRunner
from refusals import refused

from refnet.cli import main
from refnet.experiments import worker
from refnet.experiments.page import _signed
from refnet.experiments.pairs import AS_IN_THE_PAPER, OPPOSITE, UNDECIDED
from refnet.experiments.registry import NAMES, named
from refnet.experiments.shipped import shipped

PNG = b"\x89PNG"
FINDINGS = (AS_IN_THE_PAPER, OPPOSITE, UNDECIDED)


def invoke(*words):
    words = ["experiment", *map(str, words)]
    return CliRunner().invoke(main, words, env={"NO_COLOR": "1", "COLUMNS": "100"})


def refusal(*words, status=2):
    return refused(invoke(*words), status)


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    return tmp_path_factory.mktemp("cells")


def quick(out, *words):
    return invoke(*words, "--size", "quick", "--processes", 1, "--out", out)


@pytest.mark.jit
@pytest.mark.parametrize("name", NAMES)
def test_the_quick_size_end_to_end(name, out, tmp_path, monkeypatch):
    """Computed once, with a figure and JSON; the second time nothing is computed, and the tables come."""
    pytest.importorskip("matplotlib")
    figure = tmp_path / "figure.png"
    first = quick(out, name, "--json", "--figure", figure)
    assert first.exit_code == 0, first.output
    (told,) = json.loads(first.stdout)["experiments"]
    experiment, size = named(name), named(name).sizes["quick"]
    assert (told["name"], told["settings"]["seeds"]) == (name, size.seeds)
    assert [arm["name"] for arm in told["arms"]] == [arm.name for arm in experiment.arms(size)]
    assert all(len(arm["results"]) == size.seeds for arm in told["arms"])
    assert all(len(claim["advantages"]) == size.seeds for claim in told["claims"])
    assert figure.read_bytes().startswith(PNG)
    monkeypatch.setattr(worker, "import_module", None)  # whoever computes a cell fails
    again = quick(out, name)
    assert again.exit_code == 0, again.output
    assert not again.stderr
    printed = " ".join(again.stdout.split())
    assert all(arm["name"] in printed for arm in told["arms"])
    assert all(claim["finding"] in printed for claim in told["claims"])
    assert experiment.question in printed
    images = f"{size.train} images of {size.source} to train on, {size.test} to test with"
    assert (images in printed) == bool(size.steps)


def test_without_a_name_it_lists_them():
    result = invoke()
    assert result.exit_code == 0
    assert [line.split()[0] for line in result.stdout.splitlines()[1:] if not line.startswith(" ")] == list(NAMES)
    assert [each["name"] for each in json.loads(invoke("--json").stdout)["experiments"]] == list(NAMES)


@pytest.mark.jit
def test_a_cell_that_fails_is_named_and_the_status_is_1(out, tmp_path, monkeypatch):
    """Of two experiments the whole one is told all the same."""
    usual = worker.attempt

    def attempt(cell):
        if cell.settings["builder"].get("shortcut") == "none" and cell.settings["seed"] == 1:
            return worker.Attempt(None, "NotFinite: step 2: the loss is nan")
        return usual(cell)

    monkeypatch.setattr("refnet.experiments.grid.attempt", attempt)
    result = quick(tmp_path, "shortcuts", "linear-bottleneck")
    assert result.exit_code == 1
    assert result.stderr == "shortcuts: no shortcuts, seed 1: NotFinite: step 2: the loss is nan\n"
    assert result.stdout.lstrip().startswith("linear-bottleneck:")
    assert "shortcuts:" not in result.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["shortcut"], "NAME: wanted an experiment, such as shortcuts; got 'shortcut'"),
        (["shortcuts", "--root", "."], "--root: wanted with --data cifar10 only"),
        (["shortcuts", "--data", "cifar10"], "root: wanted the folder that holds the files of cifar10, got none"),
        (["shortcuts", "tradeoff", "--figure", "a.png"], "--figure: wanted with one NAME, got 2"),
        (["shortcuts", "--figure", "a.xyz"], "--figure: wanted a file that ends in"),
        (["shortcuts", "--figure", "no-such-folder/a.png"], "--figure: no folder 'no-such-folder'"),
        (["shortcuts", "--out", ""], "--out: wanted a folder, got ''"),
    ],
)
def test_misuse_is_one_line(words, message, tmp_path):
    if "--figure" in words:
        pytest.importorskip("matplotlib")
    assert message in refusal("--out", tmp_path, *words, "--size", "quick")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--size", "full"),
        ("--seeds", 3),
        ("--steps", 5),
        ("--data", "shapes-64"),
        ("--root", "."),
        ("--processes", 1),
        ("--out", "runs/experiments"),
        ("--figure", "a.png"),
    ],
)
def test_an_option_that_would_do_nothing_is_refused(option, value):
    """The defaults too, where they are given."""
    assert refusal(option, value) == f"Error: {option}: wanted with a NAME"
    for words in (["--shipped"], ["shortcuts", "--shipped", "--json"]):
        assert refusal(*words, option, value) == f"Error: {option}: wanted without --shipped, which computes nothing"


def test_one_seed_is_refused_as_usage():
    assert invoke("shortcuts", "--seeds", 1).exit_code == 2


@pytest.mark.jit
def test_a_folder_that_is_a_file_is_one_line(tmp_path):
    (tmp_path / "file").touch()
    line = refusal("thin-or-shallow", "--size", "quick", "--processes", 1, "--out", tmp_path / "file")
    assert "file" in line


def test_a_folder_that_cannot_be_made_is_named_before_anything_is_computed(tmp_path, monkeypatch):
    nowhere = tmp_path / "link"
    nowhere.symlink_to(tmp_path / "gone")
    monkeypatch.setattr("refnet.experiments.preparing.read_images", None)  # which comes first
    line = refusal("thin-or-shallow", "--size", "quick", "--processes", 1, "--out", nowhere)
    assert line.endswith(repr(str(nowhere)))


@pytest.mark.slow
@pytest.mark.jit
@pytest.mark.skipif(os.name != "posix", reason="process groups are POSIX")
def test_ctrl_c_ends_all_processes_and_the_same_command_goes_on(tmp_path):
    """Ctrl-C as a terminal sends it, to every process of the command, as soon as one cell is finished.

    Its smaller twins are in test_grid.py: an interrupt within one process, and a process that does not hear of it.
    """
    words = ["experiment", "thin-or-shallow", "--size", "quick", "--steps", "200", "--out", str(tmp_path)]
    command = [sys.executable, "-m", "refnet", *words, "--processes", "2"]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    end = time.monotonic() + 120
    while not (finished := list(tmp_path.glob("[!.]*.json"))) and time.monotonic() < end:
        time.sleep(0.01)
    os.killpg(running.pid, signal.SIGINT)
    stdout, stderr = running.communicate(timeout=60)  # until nobody holds them any more, the processes included
    assert (running.returncode, stdout, stderr) == (130, b"", b"Aborted!\n")
    assert finished
    assert not list(tmp_path.glob(".*"))
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert len(before) < 4
    result = CliRunner().invoke(main, [*words, "--processes", "1"])
    assert result.exit_code == 0, result.output
    assert len(list(tmp_path.iterdir())) == 4
    assert all(path.stat().st_mtime_ns == then for path, then in before.items())


def test_shipped_results_are_told_without_computing(monkeypatch):
    monkeypatch.setattr(worker, "import_module", None)  # whoever computes a cell fails
    found = json.loads(invoke("--shipped", "--json").stdout)["experiments"]
    printed = invoke("--shipped")
    assert (printed.exit_code, printed.stderr) == (0, "")
    lines = printed.stdout.splitlines()
    assert [line.strip() for line in lines if line.strip() in NAMES] == [each["name"] for each in found]
    claims = [claim for each in found for claim in each["claims"]]
    assert len(claims) == sum(line.rstrip().endswith(FINDINGS) for line in lines) > 0
    told = re.findall(r"([+-][\d.]+) +(?:[+-][\d.e-]+ to |every seed alike)", printed.stdout)
    assert told == [_signed(claim["mean"]) for claim in claims]


def test_a_number_that_is_not_zero_is_not_printed_as_zero():
    assert [_signed(value) for value in (0.0, 0.004, -0.00012, 1.005, -24.518)] == [
        "+0.00",
        "+0.004",
        "-0.0001",
        "+1.00",
        "-24.52",
    ]


def test_shipped_results_of_one_experiment():
    (found,) = json.loads(invoke("relu-collapse", "--shipped", "--json").stdout)["experiments"]
    assert found["name"] == "relu-collapse"
    printed = invoke("relu-collapse", "--shipped").stdout
    assert [name for name in NAMES if name in printed] == ["relu-collapse"]
    assert "relu-collapse" in refusal("relu-colapse", "--shipped")


def test_results_that_are_not_shipped(monkeypatch):
    one = [each for each in shipped() if each["name"] == "relu-collapse"]
    monkeypatch.setattr("refnet.experiments.shipped.shipped", lambda: one)
    line = refusal("relu-collapse", "tradeoff", "--shipped")
    assert line == "Error: --shipped: wanted NAME of relu-collapse; got 'tradeoff'"
