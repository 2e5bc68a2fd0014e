"""The committed results: of sizes that the code has, with findings that follow from them by today's code."""

import json
from pathlib import Path

import pytest
from made_up import results_of

import refnet.experiments
from refnet.experiments.basis import basis
from refnet.experiments.registry import NAMES, named
from refnet.experiments.report import Done, to_json

FOLDER = Path(refnet.experiments.__file__).parent / "results"
COMMITTED = sorted(FOLDER.glob("*.json"))


def complaints(path):
    """What today's code says otherwise of a file of `refnet experiment NAME --json`; nothing where all is well."""
    (told,) = json.loads(path.read_text(encoding="utf-8"))["experiments"]
    if told["name"] != path.stem or path.stem not in NAMES:
        return [f"of {told['name']!r}, in a file of another name"]
    experiment = named(told["name"])
    size = experiment.sizes["full"]
    results = {arm["name"]: arm["results"] for arm in told["arms"]}
    wanted_arms = [arm.name for arm in experiment.arms(size)]
    if list(results) != wanted_arms or any(len(found) != size.seeds for found in results.values()):
        return [f"wanted {size.seeds} seeds of {wanted_arms}, got {list(results)}"]
    known = basis() | {"code": told["basis"]["code"]}  # the code has gone on since
    again = json.loads(json.dumps(to_json(Done(experiment, "full", size, results, told["seconds"]), known)))
    return [name for name in {**again, **told} if told.get(name) != again.get(name)]


def test_committed_results_of_every_experiment_follow_by_todays_code():
    assert {path.stem: complaints(path) for path in COMMITTED} == {name: [] for name in NAMES}
    assert all(path.with_suffix(".png").read_bytes().startswith(b"\x89PNG") for path in COMMITTED)


@pytest.fixture
def told():
    experiment = named("shortcuts")
    size = experiment.sizes["full"]
    percents = {arm.name: 60 + number for number, arm in enumerate(experiment.arms(size))}
    done = Done(experiment, "full", size, results_of(percents, seeds=size.seeds), 12.0)
    return json.loads(json.dumps({"experiments": [to_json(done, basis())]}))


def written(told, folder, name="shortcuts"):
    path = folder / f"{name}.json"
    path.write_text(json.dumps(told))
    return path


def test_what_the_code_itself_says_has_no_complaints(told, tmp_path):
    assert complaints(written(told, tmp_path)) == []


def spoil_finding(one):
    one["claims"][0]["finding"] = "as in the paper"


def spoil_result(one):
    one["arms"][0]["results"][0]["accuracy"] += 0.1


def spoil_steps(one):
    one["settings"]["steps"] += 1


def spoil_width(one):
    one["arms"][1]["settings"]["builder"]["width"] = 1.0


def spoil_recipe(one):
    one["basis"]["recipe"]["rate"] *= 2


def drop_a_seed(one):
    one["arms"][0]["results"].pop()


SPOILERS = (spoil_finding, spoil_result, spoil_steps, spoil_width, spoil_recipe, drop_a_seed)


@pytest.mark.parametrize("spoil", SPOILERS, ids=lambda spoil: spoil.__name__)
def test_whatever_is_not_as_the_code_says_is_noticed(told, tmp_path, spoil):
    spoil(told["experiments"][0])
    assert complaints(written(told, tmp_path))


def test_a_file_of_another_name_is_noticed(told, tmp_path):
    assert complaints(written(told, tmp_path, "linear-bottleneck"))
