"""`refnet train` and `refnet evaluate` as a user meets them."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from click.testing import CliRunner
from refusals import refused

from refnet.cli import main
from refnet.io.tensors import load_tensors, save_tensors
from refnet.training.command import RECIPE_NAMES, TASK_NAMES
from refnet.training.recipes import RECIPES
from refnet.training.task import TASKS

pytestmark = pytest.mark.jit  # in plain Python these runs would take minutes
PIL = pytest.importorskip("PIL.Image")
NET = """
from refnet import Graph, Node
from refnet.layers import BatchNorm, Conv2d, Dense, GlobalAveragePool, Relu6
def small(classes=2):
    nodes = [Node("conv", Conv2d(4, 3, 2)), Node("bn", BatchNorm(0.9)), Node("relu6", Relu6()),
             Node("pool", GlobalAveragePool()), Node("classifier", Dense(classes))]
    return Graph("small", {"images": (32, 32, 3)}, nodes)
net = small()
three = small(3)
"""


def invoke(*words):
    return CliRunner().invoke(main, [str(word) for word in words], env={"NO_COLOR": "1", "COLUMNS": "100"})


def refusal(*words, status=2):
    return refused(invoke(*words), status)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a network and a folder of pictures: dark cats and light dogs."""
    root = tmp_path_factory.mktemp("train")
    (root / "net.py").write_text(NET)
    random = np.random.default_rng(0)
    for split, count in (("train", 12), ("test", 4)):
        for light, name in enumerate(("cat", "dog")):
            folder = root / "pets" / split / name
            folder.mkdir(parents=True)
            for i in range(count):
                pixels = random.integers(0, 120, (32, 32, 3)) + 130 * light
                PIL.fromarray(pixels.astype(np.uint8)).save(folder / f"{i}.png")
    return root


def words(place, out, *more):
    options = ("--resolution", 32, "--epochs", 3, "--batch", 6, "--rate", 0.05)
    return ("train", f"{place}/net.py:net", "--data", place / "pets", "--out", out, *options, *more)


@pytest.fixture(scope="module")
def trained(place):
    result = invoke(*words(place, place / "whole"))
    assert result.exit_code == 0, result.output
    return place / "whole", result


def test_it_prints_the_recipe_and_the_end(trained):
    folder, result = trained
    assert "8 images: top-1" in result.stdout
    assert len(result.stdout.splitlines()) == 1
    for told in ("recipe small", "eps", "V2 section 6.1", "12 steps, 4 in an epoch", "waiting for data", "step 12"):
        assert told in result.stderr
    assert {path.name for path in folder.iterdir()} >= {"checkpoint.safetensors", "metrics.jsonl"}


def test_a_terminal_has_a_bar(place, tmp_path):
    line = [str(word) for word in words(place, tmp_path / "run")]
    result = CliRunner().invoke(main, line, env={"TTY_COMPATIBLE": "1", "TERM": "xterm", "COLUMNS": "120"})
    for told in ("1/12", "images/s", "epoch 3, step 12: test loss"):
        assert told in result.stderr


def test_json_alone_on_standard_output(place, tmp_path):
    data = json.loads(invoke(*words(place, tmp_path / "run", "--json")).stdout)
    assert (data["network"], data["step"], data["steps"]) == ("small", 12, 12)
    assert data["test"]["classes"] == ["cat", "dog"]
    assert np.sum(data["test"]["confusion"]) == 8
    assert data["recipe"]["eps"] == RECIPES["small"].eps
    assert 0 <= data["waiting"] <= 1


def test_the_same_command_makes_the_same_bits(trained, place, tmp_path):
    invoke(*words(place, tmp_path / "again", "--threads", 1, "--workers", 0))
    one, other = (load_tensors(folder / "checkpoint.safetensors")[0] for folder in (trained[0], tmp_path / "again"))
    assert all(one[name].tobytes() == other[name].tobytes() for name in one)


def test_a_run_has_a_folder_of_its_own(place, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    told = invoke(*(word for word in words(place, "") if word not in ("--out", "")), "--json")
    folder = json.loads(told.stdout)["folder"]
    assert folder == "runs/small-pets-0"
    assert (tmp_path / folder / "checkpoint.safetensors").is_file()


def test_a_checkpoint_is_not_written_over(trained, place):
    assert "a checkpoint is there: --resume goes on from it" in refusal(*words(place, trained[0]))


def test_resume_without_a_checkpoint_begins(trained, place, tmp_path):
    result = invoke(*words(place, tmp_path / "new", "--resume"))
    assert result.stdout == trained[1].stdout
    assert "from the beginning" in result.stderr
    assert "going on behind step 12" in invoke(*words(place, tmp_path / "new", "--resume")).stderr


def test_a_file_is_no_folder_of_a_run(place):
    line = refusal(*words(place, place / "net.py"))
    assert "--out: wanted a folder, or a name for a new one, got the file" in line


def test_a_run_goes_on_with_the_same_images_and_network_only(place, tmp_path):
    pets = tmp_path / "pets"
    shutil.copytree(place / "pets", pets)
    shutil.copy(place / "net.py", tmp_path / "net.py")
    given = ("train", f"{tmp_path}/net.py:net", "--data", pets, "--out", tmp_path / "run", *words(place, "")[6:])
    assert invoke(*given).exit_code == 0
    (tmp_path / "net.py").write_text(NET.replace("Relu6()", "Relu()").replace("Relu6\n", "Relu\n"))
    assert "wanted a run with this network small, got another's" in refusal(*given, "--resume")
    (tmp_path / "net.py").write_text(NET)
    shutil.copy(pets / "train/cat/0.png", pets / "train/cat/new.png")
    assert "wanted a run with images [25, 8], got one with images [24, 8]" in refusal(*given, "--resume")


def test_a_checkpoint_is_judged_from_anywhere(place, tmp_path, monkeypatch):
    monkeypatch.chdir(place)
    given = words(place, tmp_path / "run")
    done = invoke("train", "net.py:net", "--data", "pets", *given[4:])
    assert done.exit_code == 0, done.output
    monkeypatch.chdir(tmp_path)
    assert invoke("evaluate", "run").stdout.splitlines()[-1] == done.stdout.strip()


def test_all_of_another_folder_is_judged_at_the_networks_size(trained, place, tmp_path):
    told = json.loads(invoke("evaluate", trained[0], "--data", place / "pets/train", "--json").stdout)
    assert told["images"] == 24
    for path in (place / "pets/test").rglob("*.png"):
        copy = tmp_path / path.relative_to(place / "pets/test")
        copy.parent.mkdir(exist_ok=True)
        PIL.open(path).resize((50, 40)).save(copy)
    told = json.loads(invoke("evaluate", trained[0], "--data", tmp_path, "--json").stdout)
    assert told["images"] == 8


def test_groups_of_a_run_that_is_there(trained, place):
    assert invoke(*words(place, trained[0], "--groups")).exit_code == 0


def test_control_c_while_the_trained_network_is_judged(place, tmp_path, monkeypatch):
    """All steps are done and saved: what is left is said, and --resume does it."""
    from refnet.training.loop import Run

    real = Run._evaluate

    def interrupted(self, asked):
        if self.trainer.step == 12:
            os.kill(os.getpid(), signal.SIGINT)
        return real(self, asked)

    with monkeypatch.context() as patch:
        patch.setattr(Run, "_evaluate", interrupted)
        stopped = invoke(*words(place, tmp_path / "run"))
    assert stopped.exit_code == 130
    assert "Stopped behind the last step, before the network was judged" in stopped.stderr
    assert stopped.stdout == ""
    done = invoke(*words(place, tmp_path / "run", "--resume"))
    assert "8 images: top-1" in done.stdout


def test_a_warm_up_as_long_as_the_run_is_told(place, tmp_path):
    told = "The warm-up would take the whole run: it takes half of it."
    assert told in invoke(*words(place, tmp_path / "short")).stderr
    assert told not in invoke(*words(place, tmp_path / "other", "--change", "warmup_epochs=1.0")).stderr


def test_a_run_too_short_for_batch_norm_is_warned_of(place, tmp_path):
    result = invoke(*words(place, tmp_path / "run", "--change", "batch_norm_decay=0.9997"))
    err = " ".join(result.stderr.split())
    assert "Warning: batch norm: a decay of 0.9997 wants 15,349 steps" in err
    assert "--change batch_norm_decay=0.9, forgets faster" in err


@pytest.mark.parametrize("name", ["paper-v1", "paper-v2", "slim-v1", "slim-v2"])
def test_every_recipe_runs_and_tells_where_the_papers_say_so(name, place, tmp_path):
    result = invoke(*words(place, tmp_path / "run", "--recipe", name))
    assert result.exit_code == 0, result.output
    err = " ".join(result.stderr.split())
    for told in (f"recipe {name}", "V1 section 3.2", "neither paper says how long", "16 asynchronous workers"):
        assert told in err


def test_an_image_that_cannot_be_read_is_named(place, tmp_path):
    shutil.copytree(place / "pets", tmp_path / "pets")
    broken = tmp_path / "pets/train/dog/3.png"
    broken.write_bytes(broken.read_bytes()[:60])
    line = refusal(*words(place, tmp_path / "run")[:3], tmp_path / "pets", *words(place, tmp_path / "run")[4:])
    assert "3.png: wanted an image that Pillow can read" in line


def test_mnist_is_learnt_at_the_size_of_the_smallest_mobilenet(tmp_path):
    for split, count in (("train", 12), ("t10k", 4)):
        images = np.random.default_rng(0).integers(0, 256, (count, 28, 28)).astype(np.uint8)
        header = np.array([0x00000803, count, 28, 28], ">i4").tobytes()
        (tmp_path / f"{split}-images-idx3-ubyte").write_bytes(header + images.tobytes())
        labels = np.array([0x801, count], ">i4").tobytes() + bytes(i % 10 for i in range(count))
        (tmp_path / f"{split}-labels-idx1-ubyte").write_bytes(labels)
    options = ("--width", 0.1, "--epochs", 1, "--batch", 6, "--out", tmp_path / "run")
    done = invoke("train", "mobilenet_v2", "--data", "mnist", "--root", tmp_path, *options)
    assert done.exit_code == 0, done.output
    assert "mobilenet_v2-0.1-32" in done.stderr


def test_curves_that_cannot_be_written_spoil_no_run(place, tmp_path):
    (tmp_path / "run" / "curves.png").mkdir(parents=True)
    result = invoke(*words(place, tmp_path / "run"))
    assert result.exit_code == 0, result.output
    assert "8 images: top-1" in result.stdout
    assert "Note: " in result.stderr


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        (("--seed", 1), "wanted a run with seed 1, got one with seed 0"),
        (("--change", "smoothing=0.2"), "wanted a run with smoothing 0.2, got one with smoothing 0.1"),
    ],
)
def test_a_run_goes_on_as_the_same_run_only(more, wanted, trained, place):
    assert wanted in refusal(*words(place, trained[0], "--resume", *more))


def test_evaluate_says_what_training_said(trained):
    result = invoke("evaluate", trained[0])
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[-1] == trained[1].stdout.strip()
    data = json.loads(invoke("evaluate", trained[0] / "checkpoint.safetensors", "--json").stdout)
    assert f"top-1 {100 * data['top1']:.2f} %" in result.stdout
    assert (data["network"], data["step"], np.sum(data["confusion"])) == ("small", 12, 8)


def test_evaluate_wants_the_same_classes(trained, place, tmp_path):
    for name in ("cat", "cow"):
        for split in ("train", "test"):
            (tmp_path / split / name).mkdir(parents=True)
            (tmp_path / split / name / "0.png").write_bytes((place / "pets/test/cat/0.png").read_bytes())
    assert "test: wanted the classes cat, dog, got cat, cow" in refusal("evaluate", trained[0], "--data", tmp_path)


def test_evaluate_refuses_a_broken_file(trained, tmp_path):
    content = (trained[0] / "checkpoint.safetensors").read_bytes()
    (tmp_path / "cut").write_bytes(content[:-1])
    assert "cut: wanted a whole file of tensors" in refusal("evaluate", tmp_path / "cut")
    assert "No such file" in refusal("evaluate", tmp_path / "nothing")
    save_tensors(tmp_path / "other", {"x": np.zeros(2)})
    assert "wanted a checkpoint of `refnet train`" in refusal("evaluate", tmp_path / "other")


def test_evaluate_wants_to_know_what_was_trained(trained, tmp_path):
    arrays, metadata = load_tensors(trained[0] / "checkpoint.safetensors")
    about = json.loads(metadata["refnet"])
    del about["run"]["classes"]
    save_tensors(tmp_path / "x", arrays, {"refnet": json.dumps(about)})
    assert "x: wanted a checkpoint of `refnet train`, got one that does not say classes" in refusal(
        "evaluate", tmp_path / "x"
    )


def test_evaluate_of_a_file_with_another_networks_weights_names_both(trained, tmp_path):
    arrays, metadata = load_tensors(trained[0] / "checkpoint.safetensors")
    arrays["average/conv/kernel"] = arrays["average/conv/kernel"][..., :2]  # those that are judged
    metadata["refnet"] = metadata["refnet"].replace('"network": "small"', '"network": "smaller"')
    save_tensors(tmp_path / "x", arrays, metadata)
    assert "wanted a checkpoint of small, got one of smaller" in refusal("evaluate", tmp_path / "x")


def test_groups_are_printed_and_nothing_is_trained(place, tmp_path):
    result = invoke(*words(place, tmp_path / "none", "--groups"))
    assert result.exit_code == 0, result.output
    rows = {line.split()[0]: line.split()[1:] for line in result.stdout.splitlines() if line.strip()}
    assert rows["conv/kernel"] == ["kernels", "3x3x3x4"]
    assert rows["bn/gamma"][0] == rows["bn/beta"][0] == "norms"
    assert rows["bn/moving_mean"][0] == "statistics"
    assert rows["depthwise"][:2] == ["0", "0"]
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        (("--rate", "nan"), "rate: wanted a finite number of at least 0, got nan"),
        (("--epochs", 0), "epochs: wanted an integer of at least 1, got 0"),
        (("--batch", 100), "batch: wanted at most the 24 images"),
        (("--change", "warmth=3"), "recipe: no setting warmth; it has optimizer, flavor"),
        (("--change", "flavor=torch"), "flavor: wanted one of tensorflow, pytorch, keras, got 'torch'"),
        (("--change", "augmentation=wild"), "augmentation: wanted one of none, small"),
        (("--change", "epochs=3"), "--change: epochs is given twice"),
        (("--change", "3"), "--change: wanted NAME=VALUE, such as smoothing=0.1, got '3'"),
        (("--threads", 0), "threads: wanted an integer of at least 1, got 0"),
    ],
)
def test_bad_settings(more, wanted, place, tmp_path):
    assert wanted in refusal(*words(place, tmp_path / "run", *more))
    assert not (tmp_path / "run").exists()


def test_a_network_for_other_images_is_refused(place, tmp_path):
    words = ("--data", place / "pets", "--resolution", 32, "--out", tmp_path / "run")
    line = refusal("train", f"{place}/net.py:three", *words)
    assert "small: wanted images of shape (32, 32, 3) and 2 classes" in line
    assert "got a network for (32, 32, 3) and 3" in line


def test_a_run_that_breaks_ends_with_status_1(place, tmp_path):
    result = invoke(*words(place, tmp_path / "run", "--rate", 1e38, "--change", "optimizer=sgd"))
    assert result.exit_code == 1
    assert "the loss is" in result.stderr or "is not finite" in result.stderr
    assert "Traceback" not in result.stderr


def test_the_commands_names_are_those_of_the_recipes():
    assert tuple(RECIPES) == RECIPE_NAMES
    assert tuple(TASKS) == TASK_NAMES


def started(place, folder, *more):
    line = [sys.executable, "-m", "refnet", *map(str, words(place, folder, *more))]
    return subprocess.Popen(line, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


LONG = ("--epochs", 80)


def when_there(path, process):
    while not (path.exists() and path.stat().st_size) and process.poll() is None:
        time.sleep(0.01)


@pytest.mark.skipif(os.name == "nt", reason="signals are other ones there")
def test_a_process_that_is_stopped_goes_on_to_the_same_bits(place, tmp_path):
    """By Ctrl-C; what kills a process is tests/training/killing.py's."""
    invoke(*words(place, tmp_path / "whole", *LONG))
    process = started(place, tmp_path / "run", *LONG)
    when_there(tmp_path / "run" / "metrics.jsonl", process)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert process.returncode == 130
    assert "Stopping: the step is being ended and saved" in err
    stopped = int(re.search(r"Stopped behind step (\d+) of 320", err)[1])
    result = invoke(*words(place, tmp_path / "run", *LONG, "--resume"))
    assert result.exit_code == 0, result.output
    assert f"going on behind step {stopped}" in result.stderr
    one, other = (load_tensors(tmp_path / name / "checkpoint.safetensors")[0] for name in ("whole", "run"))
    assert all(one[name].tobytes() == other[name].tobytes() for name in one)
