"""A step of training: everybody is held against float64 first, and a wrong gradient is as bad as a wrong result."""

import pickle

import numpy as np
import pytest
import small

from refnet import Graph, Node
from refnet.bench import growth, judge, tables, training
from refnet.bench.engines import Unable
from refnet.bench.progress import Progress
from refnet.bench.report import step_data
from refnet.bench.rows import OWN, Case
from refnet.bench.training import RefnetTraining, TorchTraining, compare_steps
from refnet.layers import L2Normalize, Relu

pytestmark = pytest.mark.jit


def case(batch=6, net=None):
    return Case("small", {}, net or small.network(), batch, 1)


@pytest.fixture
def no_processes(monkeypatch):
    monkeypatch.setattr(training, "memory_of", lambda engine, lesson: 10**6)


class Other(RefnetTraining):
    """refnet under another name, with a factor on its logits and one on a gradient: 1 is right.

    rounding: the factor where it computes in float32. lost: keys whose gradients it forgets.
    """

    name = "other"
    logits = gradient = rounding = 1.0
    key = "block_1/expand/kernel"
    lost = ()

    def pupil(self, lesson):
        pupil = super().pupil(lesson)

        def look(given):
            logits, gradients = pupil.look(given)
            factor = self.gradient * (self.rounding if logits.dtype == np.float32 else 1)
            gradients[self.key] = gradients[self.key] * logits.dtype.type(factor)
            kept = {key: g for key, g in gradients.items() if key not in self.lost}
            return logits * logits.dtype.type(self.logits), kept

        return training.Pupil(pupil.step, look, pupil.settings)


class WrongLogits(Other):
    logits = 1.001


class WrongGradient(Other):
    gradient = 1 + 1e-4


class WrongSmallGradient(WrongGradient):
    key = "block_1/expand_bn/gamma"  # a fiftieth of all gradients together


class NoSmallGradient(WrongSmallGradient):
    gradient = 0.0


class LostGradient(Other):
    lost = (Other.key,)


class WrongInFloat32(Other):
    rounding = 2.0


class RoundedOverAKink(Other):
    rounding = 1.02


@pytest.mark.usefixtures("no_processes")
@pytest.mark.parametrize("right", [Other, RoundedOverAKink])
def test_right_steps_are_timed(right):
    row = compare_steps(case(), [RefnetTraining(), right()], small.QUICK, 0, Progress())
    assert not row.refused
    assert row.madds == 6 * row.case.net.cost().total("MADD-STEP")
    assert [len(block) for block in row.lanes["other"].blocks] == [2, 2]
    data = step_data(row)
    assert data["engines"][1]["share_of_time"]["median"] > 0
    assert [engine["memory_bytes"] for engine in data["engines"]] == [10**6, 10**6]
    assert all(engine["gradient_distance"] < 1e-9 for engine in data["engines"])
    *_, ratios, certainty = tables.step_tables([row])
    assert "below 1 refnet takes less" in ratios
    assert "with 50.0 %" in certainty


@pytest.mark.usefixtures("no_processes")
@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (WrongLogits, "other is 1.0e-03 off of the largest value, in float64 (wanted at most 1e-04)."),
        (WrongGradient, "other is 1.0e-04 off of a gradient, in float64 (wanted at most 1e-06)."),
        (WrongSmallGradient, "other is 1.0e-04 off of a gradient, in float64 (wanted at most 1e-06)."),
        (NoSmallGradient, "other is 1.0e+00 off of a gradient"),
        (LostGradient, "other is inf off of a gradient"),
        (WrongInFloat32, "other is inf off of a gradient"),
    ],
)
def test_a_wrong_step_is_refused(wrong, said):
    row = compare_steps(case(), [RefnetTraining(), wrong()], small.QUICK, 0, Progress())
    assert row.refused
    assert f"REFUSED small, batch 6, 1 thread: {said}" in tables.refusal(row)
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


def test_each_gradient_is_a_vector():
    wanted = {"a": np.array([3.0, 0.0]), "b": np.array([[4.0]])}
    off = {"a": np.array([3.0, 1.5]), "b": np.array([[4.4]])}
    assert judge.gradient_distance(wanted, wanted) == 0
    assert judge.gradient_distance(off, wanted) == pytest.approx(1.5 / 3)
    assert judge.gradient_distance(off, wanted, least=1) == pytest.approx(1.5 / 5)
    assert judge.gradient_distance(wanted | {"b": off["b"]}, wanted) == pytest.approx(0.1)


def test_gradients_that_are_nothing_but_rounding_are_held_against_all_of_them():
    wanted = {"a": np.array([3.0, 4.0]), "b": np.array([1e-16])}
    assert judge.gradient_distance(wanted | {"b": np.array([-1e-16])}, wanted) < judge.GRADIENT_TOLERANCE
    assert judge.gradient_distance(wanted | {"b": np.array([1e-11])}, wanted) > judge.GRADIENT_TOLERANCE


def test_gradients_of_other_shapes_or_without_a_number_are_infinitely_far():
    wanted, zeros = {"a": np.ones(2), "b": np.ones((1, 1))}, {"a": np.zeros(2)}
    for wrong in ({"a": np.ones(2)}, wanted | {"b": np.ones(1)}, wanted | {"b": np.full((1, 1), np.nan)}):
        assert judge.gradient_distance(wrong, wanted) == float("inf")
    assert judge.gradient_distance({"a": np.ones(2)}, zeros) == float("inf")
    assert judge.gradient_distance(zeros, zeros) == 0


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
    assert max(lane.gradients for lane in row.lanes.values()) < 1e-9
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
