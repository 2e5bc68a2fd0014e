"""`refnet bench` as a user meets it: results, JSON, the picture, exit statuses, and one clear line for every misuse.

refnet alone, or beside an engine of the tests: nothing here needs another engine. No time is asserted.
"""

import json
import os
import subprocess
import sys
import threading

import numpy as np
import pytest
import small
from click.testing import CliRunner
from refusals import refused

from refnet.cli import main

QUICK = ("--blocks", "2", "--runs", "1", "--threads", "1")
ALONE = (*QUICK, "--peers", "none")
TEXT = """
from refnet import Graph, Node
from refnet.layers import BatchNorm, Conv2d, Dense, DepthwiseConv2d, GlobalAveragePool, Relu6
net = Graph("tiny", {"images": (9, 8, 3)}, [
    Node("conv_first", Conv2d(4, 3, 2)), Node("conv_first_bn", BatchNorm()), Node("conv_first_relu6", Relu6()),
    Node("block_1/depthwise", DepthwiseConv2d(3)), Node("pool", GlobalAveragePool()), Node("classifier", Dense(3)),
])
"""


@pytest.fixture(autouse=True)
def little_memory(monkeypatch):
    """What is read for the ceilings need not be more than a cache holds."""
    from refnet.bench import peak

    monkeypatch.setattr(peak, "IN_MEMORY", 2**20)
    monkeypatch.setattr(peak, "IN_CACHE", 2**16)


@pytest.fixture
def tiny(tmp_path):
    path = tmp_path / "my_file.py"
    path.write_text(TEXT)
    return f"{path}:net"


@pytest.fixture
def beside(monkeypatch):
    """Makes an engine of the tests the only peer: called with the factor on its results."""
    from refnet.bench import contestants

    def add(factor, kind=small.Plain):
        def make():
            return kind("onnxruntime", factor)

        make.name = "onnxruntime"
        monkeypatch.setattr(contestants, "PEERS", (make,))
        monkeypatch.setattr(contestants, "USUAL", ("onnxruntime",))

    return add


def run(*words):
    return CliRunner().invoke(main, ["bench", *words], env={"NO_COLOR": "1", "COLUMNS": "100"})


def refusal(*words, status=2):
    return refused(run(*words), status)


MISUSE = [
    ("mobilenet_v3", "no model 'mobilenet_v3'"),
    ("mobilenet_v2 --threads 0", "wanted integers of at least 1 with commas between, got '0'"),
    ("mobilenet_v2 --threads two", "got 'two'"),
    ("mobilenet_v2 --threads 1,300", "threads: wanted an integer up to 256, got 300"),
    ("mobilenet_v2 --training --threads 300", "threads: wanted an integer up to 256, got 300"),
    ("mobilenet_v2 --batch 1,-2", "got '1,-2'"),
    ("mobilenet_v2 --width wide", "wanted numbers with commas between, got 'wide'"),
    ("mobilenet_v2 --width 0", "width: wanted a width multiplier above 0, got 0.0"),
    ("mobilenet_v2 --resolution 31", "resolution: wanted an integer of at least 32, got 31"),
    ("mobilenet_v2 --set depth=3", "has no setting depth"),
    ("mobilenet_v2 --blocks 0", "--blocks"),
    ("mobilenet_v2 --by layer", "'layer' is not"),
    ("mobilenet_v2 --sweep v2", "--sweep: wanted without MODEL, --width, --resolution, --training; got MODEL"),
    ("--sweep v2 --width 1 --resolution 96", "got --width, --resolution beside it"),
    ("--by operation --plot x.png", "--by: wanted without --training, --plot, --peers; got --plot beside it"),
    ("--training --plot x.png", "--training: wanted without --plot; got --plot beside it"),
    ("--peers tensorflow", "--peers: wanted onnxruntime, openvino, torch, torch.compile or none, got 'tensorflow'"),
    ("--peers none,torch", "--peers: wanted none alone, or names, got none,torch"),
]


@pytest.mark.jit
@pytest.mark.parametrize(("words", "message"), MISUSE)
def test_misuse_gets_one_clear_line(words, message, monkeypatch):
    """Before anything is measured."""
    from refnet.bench import comparison

    for name in ("_bandwidths", "compare", "compare_steps", "by_operation"):
        monkeypatch.setattr(comparison, name, lambda *_: pytest.fail("it began to measure"))
    assert message in refusal(*words.split())


@pytest.mark.jit
@pytest.mark.parametrize("name", ["onnxruntime", "openvino", "torch"])
def test_a_peer_asked_for_and_missing_is_status_3(monkeypatch, name):
    monkeypatch.setitem(sys.modules, name, None)
    line = refusal("--peers", name, status=3)
    assert line.startswith(f"Error: --peers: {name} needs {name}")  # "and onnx", where that is missing too
    assert line.endswith(": pip install '.[peers]' in the folder of refnet")


@pytest.mark.jit
def test_pictures_need_their_extra_a_place_and_a_known_kind(monkeypatch, tmp_path):
    assert "--plot: wanted a file that ends in ." in refusal("--plot", "x.txt")
    assert "--plot: no folder 'no_such_folder'" in refusal("--plot", "no_such_folder/x.png")
    (tmp_path / "folder.png").mkdir()
    assert "--plot: wanted a file, got the folder" in refusal("--plot", str(tmp_path / "folder.png"))
    with monkeypatch.context() as change:
        change.setattr(os, "access", lambda *_: False)  # as for everybody but root
        assert "x.png' cannot be written" in refusal("--plot", str(tmp_path / "x.png"))
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert "pip install '.[plots]'" in refusal("--plot", "x.png", status=3)


def test_without_a_compiler_it_is_refused():
    code = "from refnet.cli import main; main(['bench'])"
    words = [sys.executable, "-c", code]
    done = subprocess.run(words, capture_output=True, text=True, env={"NUMBA_DISABLE_JIT": "1", **path()})
    assert (done.returncode, done.stdout) == (2, "")
    assert "wanted compiled kernels, got NUMBA_DISABLE_JIT=1" in done.stderr


def path():
    return {"PYTHONPATH": os.pathsep.join(sys.path), "PATH": os.environ.get("PATH", "")}


@pytest.mark.jit
def test_json_holds_all_that_was_measured(tiny, beside):
    beside(1.0)
    result = run(tiny, *QUICK, "--batch", "1,2", "--json")
    assert result.exit_code == 0, result.output
    data = json.loads(result.stdout)
    assert result.stderr == ""  # no progress where nobody looks
    assert {"processor", "cores", "features", "float32_per_register", "system", "load"} == set(data["machine"])
    assert {"refnet", "python", "numpy", "numba", "llvmlite"} == set(data["versions"])
    assert (data["measurement"]["blocks"], data["measurement"]["runs"]) == (2, 1)
    assert data["peers"]["onnxruntime"] == {"version": np.__version__}
    assert set(data["bytes_per_second"]["1"]) == {"memory", "cache"}
    assert [(row["batch"], row["threads"]) for row in data["rows"]] == [(1, 1), (2, 1)]
    for row in data["rows"]:
        check_row(row)


def check_row(row):
    assert row["network"] == "tiny"
    assert row["madds"] == row["batch"] * (5 * 4 * 4 * 27 + 5 * 4 * 4 * 9 + 12)
    assert len(row["peak"]["madds_per_second"]) == 2
    assert (row["fastest_peer"], row["refused"], row["absent"]) == ("onnxruntime", False, {})
    assert set(row["ratio"]) == {"median", "low", "high", "confidence"}
    own, other = row["engines"]
    assert (own["name"], other["name"], other["settings"]) == ("refnet", "onnxruntime", {"factor": 1.0})
    for engine in row["engines"]:
        assert [len(block) for block in engine["blocks"]] == [1, 1]
        assert 0 < engine["minimum"] <= engine["median"]
        assert engine["peak_percent"] > 0
        assert engine["distance"] < 1e-5
        assert not engine["wrong"]


@pytest.mark.jit
def test_progress_is_shown_on_a_terminal_by_no_thread(tiny, beside):
    before, seen = threading.active_count(), []

    class Watching(small.Plain):
        def prepare(self, task, form):
            seen.append(threading.active_count())
            return super().prepare(task, form)

    beside(1.0, Watching)
    environment = {"TTY_COMPATIBLE": "1", "TERM": "xterm"}
    result = CliRunner().invoke(main, ["bench", tiny, *QUICK, "--json"], env=environment)
    assert "tiny, batch 1, 1 thread: racing" in result.stderr
    assert json.loads(result.stdout)["rows"]
    assert seen == [before]


@pytest.mark.jit
def test_tables_name_everybody(tiny, beside):
    beside(1.0)
    result = run(tiny, *QUICK, "--batch", "1,2")
    assert result.exit_code == 0, result.output
    for words in ("tiny, batch 2, 1 thread", "multiply-adds", "onnxruntime", "with 50.0 %", "6 are wanted"):
        assert words in result.stdout
    assert "refnet is so many times as fast" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 100


@pytest.mark.jit
def test_a_wrong_engine_is_status_1_and_gets_no_times(tiny, beside):
    beside(1.01)
    result = run(tiny, *QUICK)
    assert result.exit_code == 1
    assert "REFUSED tiny, batch 1, 1 thread: onnxruntime is 1.0e-02 off" in " ".join(result.stdout.split())
    assert "median ms" not in result.stdout
    (row,) = json.loads(run(tiny, *QUICK, "--json").stdout)["rows"]
    assert row["refused"]
    assert not any("blocks" in engine for engine in row["engines"])


@pytest.mark.jit
def test_peers_that_are_not_installed_are_named(tiny, monkeypatch):
    for name in ("onnxruntime", "openvino", "torch"):
        monkeypatch.setitem(sys.modules, name, None)
    result = run(tiny, *QUICK)
    assert result.exit_code == 0, result.output
    for name in ("onnxruntime", "openvino", "torch"):
        assert f"{name}: not installed" in result.stdout


@pytest.mark.jit
def test_the_picture_is_written(tiny, beside, tmp_path):
    beside(1.0)
    target = tmp_path / "cost.png"
    result = run(tiny, *QUICK, "--batch", "1,4", "--plot", str(target))
    assert result.exit_code == 0, result.output
    assert target.read_bytes().startswith(b"\x89PNG")


@pytest.mark.jit
def test_what_was_measured_is_shown_even_if_the_picture_fails(tiny, beside, tmp_path, monkeypatch):
    from refnet.bench import comparison

    def fails(*_):
        raise OSError("no room")

    beside(1.0)
    monkeypatch.setattr(comparison, "write_plot", fails)
    result = run(tiny, *QUICK, "--plot", str(tmp_path / "cost.png"))
    assert (result.exit_code, "median ms" in result.stdout, "no room" in result.stderr) == (2, True, True)


@pytest.mark.jit
@pytest.mark.parametrize("finished", [0, 2])
def test_ctrl_c_shows_what_is_finished(tiny, beside, finished):
    prepared = []

    class Stopped(small.Plain):
        def prepare(self, task, form):
            prepared.append(task)
            if len(prepared) > finished:
                raise KeyboardInterrupt
            return super().prepare(task, form)

    beside(1.0, Stopped)
    result = run(tiny, *QUICK, "--batch", "1,2,3", "--json")
    assert (result.exit_code, "Aborted!" in result.stderr) == (130, True)
    assert len(json.loads(result.stdout)["rows"] if result.stdout else ()) == finished


@pytest.mark.jit
def test_by_operation_adds_up(tiny):
    result = run(tiny, *QUICK, "--by", "operation", "--json")
    assert result.exit_code == 0, result.output
    (found,) = json.loads(result.stdout)["by_operation"]
    rows = {row["operation"]: row for row in found["operations"]}
    kernels = [(name, row["kernel"]) for name, row in rows.items()]
    assert kernels == [("conv_first", "block"), ("pool", "mean"), ("classifier", "matrix")]
    assert rows["conv_first"]["madds"] > 5 * 4 * 4 * 27, "the block behind it is the same operation"
    assert found["sum_of_medians"] == pytest.approx(sum(row["median"] for row in rows.values()))
    shown = run(tiny, *QUICK, "--by", "operation").stdout
    for name in (*rows, "sum", "the whole program"):
        assert name in shown


@pytest.mark.jit
def test_training_alone(tiny, monkeypatch):
    from refnet.bench import training

    monkeypatch.setattr(training, "memory_of", lambda engine, lesson: 12_300_000)
    result = run(tiny, *ALONE, "--training", "--batch", "4", "--json")
    assert result.exit_code == 0, result.output
    (row,) = json.loads(result.stdout)["training"]
    assert [engine["name"] for engine in row["engines"]] == ["refnet"]
    assert row["madds"] == 4 * (2 * 5 * 4 * 4 * 27 + 3 * (5 * 4 * 4 * 9 + 12))
    shown = run(tiny, *ALONE, "--training", "--batch", "4").stdout
    assert "a step of training, tiny, batch 4, 1 thread" in shown
    assert " 12 " in shown


def test_training_has_the_batches_of_its_sizes():
    from refnet.bench.command import _cases

    given = dict.fromkeys(("model", "width", "resolution", "batch", "sweep"))
    cases = list(_cases({**given, "training": True, "threads": (1,), "more": ()}))
    wanted = [("mobilenet_v2-1.0-224", 16), ("mobilenet_v2-1.0-96", 32)]
    assert [(case.net.name, case.batch) for case in cases] == wanted


def test_sweeps_are_the_papers_configurations():
    from refnet.bench.command import _cases

    given = dict.fromkeys(("model", "width", "resolution", "batch", "training"))
    for sweep, count, madds in (("v2", 21, 300_774_272), ("v1", 16, 568_740_352)):
        cases = list(_cases({**given, "sweep": sweep, "threads": (1, 2), "more": ()}))
        assert len(cases) == 2 * count
        assert len({case.net.name for case in cases}) == count
        assert madds in {case.net.cost().madds for case in cases}


def test_every_combination_is_a_case():
    from refnet.bench.command import _cases

    given = {"model": ("mobilenet_v1", "mobilenet_v2"), "width": (0.5, 1.0), "resolution": (64, 96), "sweep": None}
    cases = list(_cases({**given, "batch": (1, 8), "threads": (1, 2), "training": False, "more": ("classes=7",)}))
    assert len({(case.net.name, case.batch, case.threads) for case in cases}) == 2**5
    assert {case.net.shapes["classifier"] for case in cases} == {(7,)}


def test_help_explains_every_option():
    import click

    from refnet.bench.command import bench

    assert all(option.help for option in bench.params if isinstance(option, click.Option))
    assert run("--help").exit_code == 0
