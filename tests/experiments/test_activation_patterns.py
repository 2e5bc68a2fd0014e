"""Positive channels of the expanded maps: counts against plain ones, the cell, and the claims on made-up results."""

import numpy as np
import pytest
from cells import computed

from refnet import Graph, Node
from refnet.experiments import activation_patterns
from refnet.experiments.activation_patterns import EXPERIMENT
from refnet.experiments.learning import images_of
from refnet.experiments.patterns import layers_of, normalised, pixels_by_count, summary
from refnet.figures import load_matplotlib
from refnet.layers import BatchNorm, PointwiseConv2d, Relu6

pytestmark = pytest.mark.jit  # in plain Python these networks would take minutes


def expanding(k=3, m=8):
    """Two expansions of k channels to m, with the names that V2 has."""
    nodes = []
    for block in ("block_1", "block_2"):
        nodes += [Node(f"{block}/expand", PointwiseConv2d(m)), Node(f"{block}/expand_bn", BatchNorm())]
        nodes += [Node(f"{block}/expand_relu6", Relu6()), Node(f"{block}/project", PointwiseConv2d(k))]
    return Graph("expanding", {"images": (5, 4, k)}, nodes)


def test_pixels_are_counted_by_their_positive_channels():
    y = np.zeros((1, 2, 2, 3), np.float32)
    y[0, 0, 0] = 0.5, 0, 6
    y[0, 1, 0] = 1e-30, 0, 0
    y[0, 1, 1] = 1, 2, 3
    assert pixels_by_count(y).tolist() == [1, 1, 1, 1]


def test_a_summary_is_that_of_the_counts_themselves():
    counts = np.random.default_rng(0).integers(2, 7, 50)
    found = summary("block_1", 4, np.bincount(counts, minlength=9))
    assert (found["channels"], found["least"], found["most"]) == (8, counts.min(), counts.max())
    assert found["mean"] == pytest.approx(counts.mean(), rel=1e-12)
    assert found["deviation"] == pytest.approx(counts.std(), rel=1e-12)
    assert found["above"] == (counts >= 4).mean()


def test_the_layers_of_a_network_over_all_of_its_batches():
    net, rng = expanding(), np.random.default_rng(1)
    weights = net.init(rng)
    images = rng.standard_normal((7, 5, 4, 3)).astype(np.float32)
    found = layers_of(net, weights, [(images[:4], None), (images[4:], None)])
    x = images
    for layer, name in zip(found, ("block_1", "block_2"), strict=True):
        z = x @ weights[f"{name}/expand/kernel"]
        counts = (z > 0).sum(axis=-1)  # fresh batch norm changes no sign
        assert (layer["layer"], layer["channels"], layer["threshold"]) == (name, 8, 3)
        assert (layer["least"], layer["most"]) == (counts.min(), counts.max())
        assert layer["mean"] == pytest.approx(counts.mean(), rel=1e-12)
        x = np.clip(z / np.sqrt(1 + 1e-3), 0, 6) @ weights[f"{name}/project/kernel"]


def test_the_fresh_network_is_normalised_by_what_it_sees():
    data = images_of("shapes-64", 24, 24)
    net = Graph("one", {"images": (64, 64, 3)}, expanding().nodes[:3])
    weights = net.init(0)
    found = normalised(net, weights, data)
    images = data.train.read(np.arange(24)) / 127.5 - 1
    z = images @ weights["block_1/expand/kernel"].astype(np.float64)
    np.testing.assert_allclose(found["block_1/expand_bn/moving_mean"], z.mean(axis=(0, 1, 2)), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(found["block_1/expand_bn/moving_variance"], z.var(axis=(0, 1, 2)), rtol=1e-4)
    assert found["block_1/expand/kernel"] is weights["block_1/expand/kernel"]
    assert (weights["block_1/expand_bn/moving_variance"] == 1).all()


@pytest.fixture(scope="module")
def quick():
    """The results of the quick size, with one seed."""
    (arm,) = EXPERIMENT.arms(EXPERIMENT.sizes["quick"])
    return {arm.name: [computed(arm.cell(0))]}


def test_the_cell(quick):
    ((found,),) = quick.values()
    assert 0 <= found["accuracy"] <= 1
    for state in ("initial", "trained"):
        assert [layer["layer"] for layer in found[state]] == [f"block_{number}" for number in range(2, 18)]
        for layer in found[state]:
            assert layer["channels"] == 6 * layer["threshold"]
            assert layer["least"] <= layer["mean"] <= layer["most"]
    halves = [layer["mean"] / layer["channels"] for layer in found["initial"]]
    assert np.mean(halves) == pytest.approx(0.5, abs=0.02)
    assert found["initial"] != found["trained"]


def state(mean=30.0, deviation=5.0, least=15, above=1.0, failing=0):
    """Two layers and four, of 60 channels behind 10; failing: of how many a pixel is below."""
    layer = {"channels": 60, "threshold": 10, "most": 50, "deviation": deviation, "above": above, "mean": mean}
    return [layer | {"least": 9 if number < failing else least} for number in range(6)]


RIGHT = {"initial": state(), "trained": state(mean=29.4, deviation=14, least=12, above=0.9, failing=2)}


def advantages(**changes):
    found = {activation_patterns.ARM: RIGHT | changes}
    return [claim.advantage(found) for claim in EXPERIMENT.claims]


def test_the_claims_where_the_paper_is_right():
    assert advantages() == pytest.approx([5, 1, 180, 4, 0.5, 40])


@pytest.mark.parametrize(
    ("which", "changes", "advantage"),
    [
        (0, {"initial": state(mean=18)}, 5 - 20),
        (0, {"initial": [*state()[:3], *state(mean=36)[:3]]}, 5 - 10),
        (1, {"initial": [*state()[:3], *state(above=0.95)[:3]]}, -4),
        (2, {"trained": state(deviation=2)}, -60),
        (3, {"trained": state(mean=18)}, 5 - 20),
        (3, {"trained": [*state(mean=24)[:3], *state(mean=36)[:3]]}, 5 - 10),
        (4, {"trained": state(failing=3)}, -0.5),
        (4, {"trained": state(failing=0)}, 2.5),
        (5, {"trained": [*state()[:3], *state(above=0.3)[:3]]}, -20),
    ],
)
def test_the_claims_where_something_else_is_found(which, changes, advantage):
    assert advantages(**changes)[which] == pytest.approx(advantage)


def test_the_figure(quick):
    figure = load_matplotlib("figures are").Figure(figsize=(9, 5), layout="constrained")
    EXPERIMENT.draw(figure, quick)
    panels = figure.get_axes()
    ((found,),) = quick.values()
    for axes, which in zip(panels, ("initial", "trained"), strict=True):
        mean, threshold = axes.get_lines()
        shares = [100 * layer["mean"] / layer["channels"] for layer in found[which]]
        assert mean.get_ydata() == pytest.approx(shares)
        assert threshold.get_ydata() == pytest.approx([100 / 6] * 16)
