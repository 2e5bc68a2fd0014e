"""What is kept of a run: whole, of the right network, and saying what it is, or refused with the file's name."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from small_runs import RECIPE, network, run, same

from refnet.io.tensors import save_tensors
from refnet.training import checkpoints


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    ready = run(tmp_path_factory.mktemp("whole"))
    return ready, ready.go()


def test_a_checkpoint_cut_short_is_refused(whole, tmp_path):
    content = whole[0].checkpoint.read_bytes()
    (tmp_path / "cut").write_bytes(content[:-100])
    with pytest.raises(ValueError, match="cut: wanted a whole file of tensors"):
        checkpoints.load(tmp_path / "cut")


def test_other_tensors_are_no_checkpoint(tmp_path):
    save_tensors(tmp_path / "x", {"x": np.zeros(1)})
    with pytest.raises(ValueError, match="x: wanted a checkpoint of `refnet train`, got other tensors"):
        checkpoints.load(tmp_path / "x")
    save_tensors(tmp_path / "x", {"x": np.zeros(1)}, {"refnet": '{"format": 99}'})
    with pytest.raises(ValueError, match="x: wanted a checkpoint of format 1, got another"):
        checkpoints.load(tmp_path / "x")


ABOUT = checkpoints.About("tiny", {}, 1, 16, {}, 0.5)._asdict() | {"format": 1}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("{", "wanted a checkpoint of `refnet train`, got one that is no JSON: Expecting property name"),
        ("[]", "wanted a checkpoint of format 1, got another"),
        (json.dumps({k: v for k, v in ABOUT.items() if k != "step"}), "whose step is int, got None"),
        (json.dumps(ABOUT | {"run": "digits"}), "whose run is dict, got 'digits'"),
        (json.dumps({**ABOUT, "sums": None}), "whose sums is dict, got None"),
    ],
)
def test_a_checkpoint_that_says_nothing_of_its_run_is_refused(text, wanted, tmp_path):
    save_tensors(tmp_path / "x", {"x": np.zeros(1)}, {"refnet": text})
    with pytest.raises(ValueError, match=f"x: .*{re.escape(wanted)}"):
        checkpoints.load(tmp_path / "x")


@pytest.mark.parametrize(("value", "wanted"), [(None, "1 missing, first"), (np.zeros(1), r"wanted .*\(3,\)")])
def test_a_state_that_does_not_fit_names_the_file(value, wanted, whole, tmp_path):
    found = checkpoints.load(whole[0].checkpoint)
    name = "optimizer/velocity/classifier_bias/bias"
    found.arrays.pop(name)
    if value is not None:
        found.arrays[name] = value
    with pytest.raises((ValueError, TypeError), match=rf"checkpoint\.safetensors: state.*{wanted}"):
        run(tmp_path).restore(found)


def test_the_weights_of_a_checkpoint_are_the_averages(whole):
    found = checkpoints.load(whole[0].checkpoint)
    best = whole[0].trainer.best_weights
    assert same(found.fitting(network(), "x"), dict(best))
    assert (best["classifier/kernel"] != whole[0].trainer.weights["classifier/kernel"]).any()


def test_averages_are_not_there_without_a_recipe_for_them(tmp_path):
    ready = run(tmp_path, replace(RECIPE, average=None))
    ready.go()
    assert same(checkpoints.load(ready.checkpoint).weights, ready.trainer.weights)
