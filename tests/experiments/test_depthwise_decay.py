"""Dead depthwise filters: how they are told, the cell, and the claims on made-up results."""

from itertools import pairwise

import numpy as np
import pytest
from cells import computed

from refnet import Graph, Node
from refnet.experiments.dead_filters import DEAD, LEVELS, dead, deviations
from refnet.experiments.depthwise_decay import EXPERIMENT, KINDS, named
from refnet.figures import load_matplotlib
from refnet.layers import BatchNorm, DepthwiseConv2d, PointwiseConv2d, Relu6

pytestmark = pytest.mark.jit  # in plain Python these networks would take minutes

NET = Graph(
    "two depthwise layers",
    {"images": (6, 5, 4)},
    [
        Node("one/depthwise", DepthwiseConv2d(3)),
        Node("one/depthwise_bn", BatchNorm()),
        Node("one/depthwise_relu6", Relu6()),
        Node("one/pointwise", PointwiseConv2d(6)),
        Node("two/depthwise", DepthwiseConv2d(3, 2)),
        Node("two/depthwise_bn", BatchNorm()),
    ],
)


def batches():
    images = np.random.default_rng(0).standard_normal((9, 6, 5, 4)).astype(np.float32)
    return [(images[:4], None), (images[4:], None)]


def weights():
    """Fresh, but larger, so that no filter is near the threshold; and a shift that must not matter."""
    made = {key: 8 * w if key.endswith("kernel") else w for key, w in NET.init(1).items()}
    made["two/depthwise_bn/beta"][:] = 1000
    made["one/depthwise_bn/gamma"][:] = 1, -2, 0.5, 1
    return made


def test_it_is_the_standard_deviation_behind_batch_norm():
    found = deviations(NET, weights(), batches())
    assert list(found) == ["one/depthwise", "two/depthwise"]
    exact = {key: w.astype(np.float64) for key, w in weights().items()}
    images = np.concatenate([each for each, _ in batches()]).astype(np.float64)
    _, maps = NET.forward(exact, images, [f"{name}_bn" for name in found])
    for name, own in found.items():
        np.testing.assert_allclose(own, maps[f"{name}_bn"].std(axis=(0, 1, 2)), rtol=1e-5)


@pytest.mark.parametrize("role", ["depthwise/kernel", "depthwise_bn/gamma", "pointwise/kernel"])
def test_a_filter_is_dead_without_taps_without_scale_and_without_input(role):
    made = weights()
    key = f"two/{role}" if role.startswith("depthwise") else f"one/{role}"
    made[key][..., [1, 4]] = 0
    found = deviations(NET, made, batches())
    assert np.flatnonzero(found["two/depthwise"] < DEAD).tolist() == [1, 4]
    assert dead(found["two/depthwise"]) == 2
    assert dead(found["one/depthwise"]) == 0


@pytest.mark.parametrize(("factor", "count"), [(1e3, 0), (0.3, 0), (1e-5, 6)])
def test_small_taps_are_dead_only_where_batch_norm_does_not_undo_them(factor, count):
    """With its statistics following, as they do in training, until eps outweighs the variance."""
    made = weights()
    made["two/depthwise/kernel"] *= np.float32(factor)
    _, maps = NET.forward(made, np.concatenate([each for each, _ in batches()]), ["two/depthwise"])
    made["two/depthwise_bn/moving_variance"][:] = maps["two/depthwise"].var(axis=(0, 1, 2))
    assert dead(deviations(NET, made, batches())["two/depthwise"]) == count


@pytest.fixture(scope="module")
def quick():
    """The results of the quick size, with one seed."""
    return {arm.name: [computed(arm.cell(0))] for arm in EXPERIMENT.arms(EXPERIMENT.sizes["quick"])}


def test_the_arms_differ_in_network_and_decay_alone():
    cells = {arm.name: dict(arm.cell(3).settings) for arm in EXPERIMENT.arms(EXPERIMENT.sizes["full"])}
    assert list(cells) == ["V1 without decay", "V1 with decay", "V2 without decay", "V2 with decay"]
    for network in ("V1", "V2"):
        without, decayed = cells[f"{network} without decay"], cells[f"{network} with decay"]
        assert without | {"changes": without["changes"] | {"depthwise_decay": True}} == decayed
        assert without["changes"]["depthwise_decay"] is False
        assert without["changes"]["weight_decay"] > 0
    assert {cells[name]["model"] for name in cells} == {"mobilenet_v1", "mobilenet_v2"}


def test_the_cells(quick):
    for name, (found,) in quick.items():
        assert found["network"].startswith("mobilenet_v1-0.25" if "V1" in name else "mobilenet_v2-0.35")
        assert len(found["layers"]) == (13 if "V1" in name else 17)
        for what in ("filters", "dead"):
            assert found[what] == sum(layer[what] for layer in found["layers"])
        assert found["below"][LEVELS.index(DEAD)] == found["dead"]
        assert all(low <= high for low, high in pairwise(found["below"]))
        assert found["below"][-1] <= found["filters"]


def test_decay_reaches_the_depthwise_kernels(quick):
    """Two steps say no more: how much smaller it makes them takes many."""
    for network in ("V1", "V2"):
        ((without,), (decayed,)) = (quick[named(network, kind)] for kind in KINDS)
        assert decayed["largest_tap"] != without["largest_tap"]


def made_up(accuracies, shares):
    names = [named(network, kind) for network in ("V1", "V2") for kind in KINDS]
    return {
        name: {"accuracy": accuracy, "filters": 200, "dead": int(200 * share)}
        for name, accuracy, share in zip(names, accuracies, shares, strict=True)
    }


@pytest.mark.parametrize(
    ("accuracies", "shares", "advantages"),
    [
        ((0.7, 0.6, 0.8, 0.8), (0.3, 0.0, 0.1, 0.9), (10, 20, -90)),
        ((0.5, 0.6, 0.8, 0.7), (0.2, 0.9, 0.6, 0.1), (-10, -40, 80)),
        ((0.5, 0.5, 0.1, 0.9), (0.0, 0.0, 0.0, 0.0), (0, -5, -5)),
        ((0.5, 0.5, 0.1, 0.9), (0.1, 0.04, 0.0, 0.0), (0, 5, -1)),
    ],
)
def test_the_claims(accuracies, shares, advantages):
    found = made_up(accuracies, shares)
    assert [claim.advantage(found) for claim in EXPERIMENT.claims] == pytest.approx(list(advantages))


def test_the_figure(quick):
    figure = load_matplotlib("figures are").Figure(figsize=(9, 5), layout="constrained")
    EXPERIMENT.draw(figure, quick)
    swung, layers, accuracy = figure.get_axes()
    lines = {line.get_label(): line for line in swung.get_lines()}
    for name, (found,) in quick.items():
        shares = [100 * count / found["filters"] for count in found["below"]]
        assert lines[name].get_ydata() == pytest.approx(shares)
    assert [len(line.get_xdata()) for line in layers.get_lines()] == [13, 13, 17, 17]
    names = [label.get_text() for label in accuracy.get_xticklabels()]
    assert names == ["V1 without", "V1 with", "V2 without", "V2 with"]
