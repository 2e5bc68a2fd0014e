"""A step of training: everybody is held against float64 first, and a wrong gradient is as bad as a wrong result."""

import pickle

import numpy as np
import pytest
import small

from refnet import Graph, Node
from refnet.bench import growth, tables, training
from refnet.bench.engines import Unable
from refnet.bench.progress import Progress
from refnet.bench.report import step_data
from refnet.bench.rows import OWN, Case
from refnet.bench.training import RefnetTraining, TorchTraining, compare_steps, gradient_distance
from refnet.layers import L2Normalize, Relu

pytestmark = pytest.mark.jit


def case(batch=6, net=None):
    return Case("small", {}, net or small.network(), batch, 1)


@pytest.fixture
def no_processes(monkeypatch):
    monkeypatch.setattr(training, "memory_of", lambda engine, lesson: 10**6)


class Other(RefnetTraining):
    """refnet under another name, with a factor on its logits and one on a gradient: 1 is right."""

    name = "other"
    logits = gradient = 1.0

    def pupil(self, lesson):
        pupil = super().pupil(lesson)

        def look(given):
            logits, gradients = pupil.look(given)
            gradients["block_1/expand/kernel"] = gradients["block_1/expand/kernel"] * np.float32(self.gradient)
            return logits * np.float32(self.logits), gradients

        return training.Pupil(pupil.step, look, pupil.settings)


class WrongLogits(Other):
    logits = 1.001


class WrongGradient(Other):
    gradient = 1.5


@pytest.mark.usefixtures("no_processes")
def test_right_steps_are_timed():
    row = compare_steps(case(), [RefnetTraining(), Other()], small.QUICK, 0, Progress())
    assert not row.refused
    assert row.madds == 6 * row.case.net.cost().total("MADD-STEP")
    assert [len(block) for block in row.lanes["other"].blocks] == [2, 2]
    data = step_data(row)
    assert data["engines"][1]["share_of_time"]["median"] > 0
    assert [engine["memory_bytes"] for engine in data["engines"]] == [10**6, 10**6]
    *_, ratios, certainty = tables.step_tables([row])
    assert "below 1 refnet takes less" in ratios
    assert "with 50.0 %" in certainty


@pytest.mark.usefixtures("no_processes")
@pytest.mark.parametrize("wrong", [WrongLogits, WrongGradient])
def test_a_wrong_step_is_refused(wrong):
    row = compare_steps(case(), [RefnetTraining(), wrong()], small.QUICK, 0, Progress())
    assert row.refused
    assert not row.lanes[OWN].wrong
    assert not any(lane.blocks for lane in row.lanes.values())
    assert "memory_bytes" in step_data(row)["engines"][0]


def test_a_step_changes_the_engines_own_weights():
    lesson = training._lesson(case(), 0)
    before = {key: w.copy() for key, w in lesson.weights.items()}
    pupil = RefnetTraining().pupil(lesson)
    first, _ = pupil.look(lesson)
    pupil.step()
    second, _ = pupil.look(lesson)
    assert (first != second).any()
    assert all((lesson.weights[key] == w).all() for key, w in before.items())


def test_dropout_is_off():
    lesson = training._lesson(case(), 0)
    logits, _ = RefnetTraining().pupil(lesson).look(lesson)
    again, _ = RefnetTraining().pupil(lesson).look(lesson)
    assert (logits == again).all()


def test_a_network_that_no_labels_fit_is_refused():
    with pytest.raises(ValueError, match=r"--training: wanted a network with one input and one output \(classes,\)"):
        training._lesson(case(net=Graph("map", {"x": (4, 4, 2)}, [Node("relu", Relu())])), 0)


def test_gradients_are_one_vector():
    wanted = {"a": np.array([3.0, 0.0]), "b": np.array([[4.0]])}
    assert gradient_distance(wanted, wanted) == 0
    assert gradient_distance({"a": np.array([3.0, 1.0]), "b": np.array([[4.0]])}, wanted) == pytest.approx(0.2)
    assert gradient_distance({"a": wanted["a"]}, wanted) == float("inf")
    assert gradient_distance({"a": wanted["a"], "b": np.array([[np.nan]])}, wanted) == float("inf")


@pytest.mark.skipif(not growth.CLEAR.exists(), reason="only Linux says how large the peak was")
def test_the_growth_is_that_of_a_step():
    little, much = (growth.growth(small.Hungry(), small.Meal(size)) for size in (1, 2**26))
    assert abs(much - little - 2**26) < 2**23


@pytest.mark.skipif(not growth.CLEAR.exists(), reason="only Linux says how large the peak was")
def test_memory_is_measured_in_a_process_of_its_own():
    before = small.Hungry.meals
    assert abs(growth.memory_of(small.Hungry, small.Meal(2**26)) - 2**26) < 2**23
    assert small.Hungry.meals == before


@pytest.mark.skipif(not growth.CLEAR.exists(), reason="only Linux says how large the peak was")
def test_a_process_that_fails_says_why():
    with pytest.raises(RuntimeError, match="(?s)Hungry: its step fails in a process of its own.*MemoryError"):
        growth.memory_of(small.Hungry, small.Meal(2**62))


@pytest.mark.parametrize("engine", [RefnetTraining, TorchTraining])
def test_lessons_can_be_sent_to_another_process(engine):
    lesson = training._lesson(case(), 0)
    kind, again = pickle.loads(pickle.dumps((engine, lesson)))
    assert kind is engine
    assert [node.name for node in again.net.nodes] == [node.name for node in lesson.net.nodes]
    assert all((again.weights[key] == w).all() for key, w in lesson.weights.items())


def test_a_graph_that_no_other_process_knows_has_no_figure():
    assert growth.memory_of(Other, lambda: None) is None


@pytest.mark.torch
@pytest.mark.usefixtures("no_processes")
def test_torch_learns_the_same():
    pytest.importorskip("torch")
    row = compare_steps(case(), [RefnetTraining(), TorchTraining()], small.QUICK, 0, Progress())
    assert not row.refused
    assert max(lane.distance for lane in row.lanes.values()) < 1e-5
    assert row.lanes["torch"].settings["layout"] == "channels_last"


@pytest.mark.torch
def test_after_some_steps_the_weights_are_still_the_same():
    pytest.importorskip("torch")
    lesson = training._lesson(case(), 0)
    ours, theirs = RefnetTraining().pupil(lesson), TorchTraining().pupil(lesson)
    for _ in range(3):
        ours.step()
        theirs.step()
    np.testing.assert_allclose(ours.look(lesson)[0], theirs.look(lesson)[0], rtol=1e-3, atol=1e-3)


@pytest.mark.torch
def test_an_unknown_layer_leaves_torch_out():
    pytest.importorskip("torch")
    net = Graph("unit", {"images": (12, 10, 3)}, [*small.network().nodes, Node("unit", L2Normalize())])
    with pytest.raises(Unable, match="no torch module for L2Normalize"):
        TorchTraining().pupil(training._lesson(case(net=net), 0))
