"""distillation: teacher and students from end to end, claims both ways, the figure."""

import json
from io import BytesIO

import numpy as np
import pytest

from refnet import models
from refnet.experiments import teachers, teaching
from refnet.experiments.distillation import EXPERIMENT, FACENET_SHARE, NAMES, TEACHER
from refnet.experiments.students import ATTRIBUTE_LABELS, ATTRIBUTES, EMBEDDING, LABELS, SOFT, TARGETS
from refnet.figures import load_matplotlib

QUICK = EXPERIMENT.sizes["quick"]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(teachers, "user_cache_folder", lambda *_: folder)
        yield {arm.name: [computed(arm.cell(0))] for arm in EXPERIMENT.arms(QUICK)}


def computed(cell):
    module, _, function = cell.work.partition(":")
    assert module == "teaching"
    return getattr(teaching, function)(**cell.settings)


@pytest.mark.jit
def test_a_cell_tells_what_the_experiment_shows(results):
    assert list(results) == [TEACHER, *NAMES.values()]
    for (found,) in results.values():
        assert json.loads(json.dumps(found, allow_nan=False)) == found
        assert all(0 <= found[name] <= 1 for name in ("accuracy", "mean_ap", "nearest"))
        assert [column.value(found) for column in EXPERIMENT.columns][0] == 100 * found["accuracy"]
    student, teacher = results[NAMES[LABELS]][0], results[TEACHER][0]
    assert student["madds"] < 0.5 * teacher["madds"]
    assert results[NAMES[SOFT]][0]["madds"] == student["madds"]
    assert results[NAMES[ATTRIBUTES]][0]["network"] == "mobilenet_v1_attributes-0.125-64"
    assert results[NAMES[EMBEDDING]][0]["network"] == "mobilenet_v1_embedding-0.125-64"


@pytest.mark.jit
@pytest.mark.parametrize("target", [SOFT, ATTRIBUTE_LABELS])
def test_a_cell_depends_on_its_settings_alone(target, results):
    """The teacher trained again, or none."""
    teachers._teacher.cache_clear()
    (arm,) = [arm for arm in EXPERIMENT.arms(QUICK) if arm.name == NAMES[target]]
    assert computed(arm.cell(0)) == results[arm.name][0]


def test_a_target_that_there_is_not_is_refused():
    settings = EXPERIMENT.arms(QUICK)[1].cell(0).settings
    with pytest.raises(ValueError, match="target: wanted one of labels, attribute labels, .*, got 'dreams'"):
        teaching.study(**{**settings, "target": "dreams"})


def made_up(**changed):
    """Percentages of each arm's measures; arms and measures that no claim reads are wrong on purpose."""
    base = {
        TEACHER: {"accuracy": 1, "mean_ap": 80, "nearest": 83},
        NAMES[LABELS]: {"accuracy": 60, "mean_ap": 1, "nearest": 1},
        NAMES[SOFT]: {"accuracy": 64, "mean_ap": 1, "nearest": 1},
        NAMES[ATTRIBUTE_LABELS]: {"accuracy": 1, "mean_ap": 75, "nearest": 1},
        NAMES[ATTRIBUTES]: {"accuracy": 1, "mean_ap": 81, "nearest": 1},
        NAMES[EMBEDDING]: {"accuracy": 1, "mean_ap": 1, "nearest": 77.2},
    }
    both = {arm: found | changed.get(arm, {}) for arm, found in base.items()}
    return {arm: {name: value / 100 for name, value in found.items()} for arm, found in both.items()}


def test_claims_can_come_out_either_way():
    right = [claim.advantage(made_up()) for claim in EXPERIMENT.claims]
    np.testing.assert_allclose(right, [4, 6, 1, 2])
    other = made_up(
        **{
            NAMES[SOFT]: {"accuracy": 59},
            NAMES[ATTRIBUTES]: {"mean_ap": 70},
            NAMES[EMBEDDING]: {"nearest": 75},
        }
    )
    np.testing.assert_allclose([claim.advantage(other) for claim in EXPERIMENT.claims], [-1, -5, -10, -0.2])
    assert pytest.approx(0.906, abs=5e-4) == FACENET_SHARE


def test_students_differ_in_the_target_and_only_those_of_a_teacher_name_one():
    full = EXPERIMENT.sizes["full"]
    teacher, *students = EXPERIMENT.arms(full)
    assert [arm.settings["target"] for arm in students] == list(TARGETS)
    named = {arm.settings["target"] for arm in students if "taught_by" in arm.settings}
    assert named == {SOFT, ATTRIBUTES, EMBEDDING}
    assert all(arm.settings["builder"] == {"width": full.more["student"]} for arm in students)
    assert teacher.settings["builder"] == {"width": full.more["teacher"]}
    assert full.seeds >= 5


def test_the_teacher_has_ten_times_the_multiply_adds_as_the_claims_say():
    more = EXPERIMENT.sizes["full"].more
    teacher, student = (models.mobilenet_v1(more[name], 64, 24).cost().madds for name in ("teacher", "student"))
    assert 9 < teacher / student < 11


@pytest.mark.jit
def test_the_figure(results):
    figure = load_matplotlib("the figure is").Figure(figsize=(9, 4.5), layout="constrained")
    EXPERIMENT.draw(figure, {arm: found * 2 for arm, found in results.items()})
    figure.savefig(BytesIO())
    rows = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert rows[0] == "teacher\n3.3 M multiply-adds"
    assert len(rows) == 6
    assert all(axes.get_title(loc="left") for axes in figure.axes)
