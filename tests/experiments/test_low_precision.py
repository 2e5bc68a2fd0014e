"""low-precision: every error against sums of its own, the cell from end to end, claims both ways, the figure."""

import json
from io import BytesIO

import numpy as np
import pytest

from refnet import Graph, Node
from refnet.data import Images
from refnet.experiments.experiment import Cell
from refnet.experiments.low_precision import EXPERIMENT, RELU, RELU6
from refnet.experiments.precisions import (
    BYTES,
    FLOAT16,
    FLOAT32,
    MAPS,
    Precision,
    Sums,
    compared,
    precisions,
    quantized,
)
from refnet.experiments.quantization import grids, run, stored
from refnet.figures import load_matplotlib
from refnet.layers import BiasAdd, Conv2d, Dense, GlobalAveragePool, Relu
from refnet.training.evaluation import evaluate

QUICK = EXPERIMENT.sizes["quick"]


def network():
    nodes = [
        Node("conv", Conv2d(5, 3, 2)),
        Node("conv_bn", BiasAdd()),
        Node("conv_relu", Relu()),
        Node("pool", GlobalAveragePool()),
        Node("classifier", Dense(3)),
        Node("classifier_bias", BiasAdd()),
    ]
    return Graph("tiny", {"images": (6, 6, 3)}, nodes)


@pytest.fixture(scope="module")
def tiny():
    """A network, its weights, and more images than a batch has."""
    net, random = network(), np.random.default_rng(3)
    weights = {key: random.standard_normal(each.shape).astype(np.float32) for key, each in net.parameters().items()}
    images = random.integers(0, 256, (70, 6, 6, 3), dtype=np.uint8)
    return net, weights, Images("noise", ("a", "b", "c"), images, np.arange(70) % 3)


def scaled(dataset):
    return dataset.images.astype(np.float32) / np.float32(127.5) - 1


def test_errors_are_root_mean_squares_over_that_of_the_value():
    sums = Sums()
    sums.add("x", np.array([1.0, 2.0]), np.array([1.0, 4.0]))
    sums.add("x", np.array([[3.0]]), np.array([[2.0]]))
    assert sums.relative("x") == pytest.approx(np.sqrt((0 + 4 + 1) / (1 + 16 + 4)))
    sums.add("zeros", np.zeros(2), np.zeros(2))
    assert sums.relative("zeros") == 0


def test_a_way_that_rounds_nothing_has_no_error_and_the_accuracy_of_evaluation(tiny):
    net, weights, dataset = tiny
    found = compared(net, weights, {"same": Precision(weights, lambda _, x: x)}, dataset)
    wanted = evaluate(net, weights, [(scaled(dataset), dataset.labels)]).top1
    for way in (FLOAT32, "same"):
        assert found[way].right == round(70 * wanted)
    assert [found["same"].relative(name) for name in stored(net)] == [0] * 3
    assert found["same"].changed == 0


def test_each_way_rounds_what_it_says(tiny):
    """The whole computation again, in float64 and in one batch."""
    net, weights, dataset = tiny
    images = scaled(dataset)
    ways = precisions(net, weights, images)
    found = compared(net, weights, ways, dataset)
    exact = {}
    run(net, weights, images, lambda name, x: exact.setdefault(name, x), stored(net))

    def on_own_grid(x, low, high):
        low, high = min(low, 0), max(high, 0)
        step = (high - low) / 255
        zero = np.rint(-low / step)
        return (np.clip(np.rint(x / step) + zero, 0, 255) - zero) * step

    def halves(x):
        return x.astype(np.float16).astype(float)

    def rounding(way, name, x):
        return halves(x) if way == FLOAT16 else on_own_grid(x, float(exact[name].min()), float(exact[name].max()))

    for way in (FLOAT16, MAPS, BYTES):
        own = {key: w.astype(float) for key, w in weights.items()}
        if way == FLOAT16:
            own = {key: halves(w) for key, w in own.items()}
        if way == BYTES:
            own |= {key: on_own_grid(w, w.min(), w.max()) for key, w in own.items() if key.endswith("/kernel")}
        conv = Graph("conv", net.inputs, net.nodes[:3])
        x = {"conv_relu": rounding(way, "conv_relu", conv.forward(own, images.astype(float)))}
        x["pool"] = rounding(way, "pool", x["conv_relu"].mean((1, 2)))
        logits = x["pool"] @ own["classifier/kernel"] + own["classifier_bias/bias"]
        x["classifier_bias"] = rounding(way, "classifier_bias", logits)
        for name, value in x.items():
            wanted = np.sqrt(np.square(value - exact[name]).sum() / np.square(exact[name].astype(float)).sum())
            assert found[way].relative(name) == pytest.approx(wanted, rel=0.02), (way, name)
        best = x["classifier_bias"].argmax(1)
        assert found[way].right == (best == dataset.labels).sum()
        assert found[way].changed == (best != exact["classifier_bias"].argmax(1)).sum()


def test_images_that_are_taken_for_another_class_are_counted(tiny):
    """Right or wrong."""
    net, weights, dataset = tiny
    last = {**weights, "classifier_bias/bias": weights["classifier_bias/bias"] + np.float32([0, 0, 100])}
    found = compared(net, weights, {"always c": Precision(last, lambda _, x: x)}, dataset)["always c"]
    was = net.forward(weights, scaled(dataset)).argmax(1)
    assert found.changed == (was != 2).sum() > 0
    assert found.right == (dataset.labels == 2).sum()


def test_grids_are_made_from_all_images_though_they_come_in_batches(tiny):
    net, weights, dataset = tiny
    images = scaled(dataset)
    images[-1] *= 7
    store = precisions(net, weights, images)[MAPS].store
    grid, x = grids(net, weights, [images])["conv_relu"], np.linspace(0, 100, 999)
    np.testing.assert_array_equal(store("conv_relu", x), grid.rounded(x))


# The experiment


@pytest.fixture(scope="module")
def results():
    arms = EXPERIMENT.arms(QUICK)
    return {arm.name: [quantized(**arm.cell(0).settings)] for arm in arms}


@pytest.mark.jit
def test_a_cell_tells_what_the_experiment_shows(results):
    assert list(results) == [RELU6, RELU]
    for (found,) in results.values():
        assert json.loads(json.dumps(found, allow_nan=False)) == found
        assert found["accuracy"] == found["accuracies"][FLOAT32]
        layers = [layer["layer"] for layer in found["layers"]]
        assert (layers[0], layers[-1]) == ("conv_first", "classifier")
        assert {"block_3/add", "block_3/expand", "block_3/project"} <= set(layers)
        assert found["layers"][-1][BYTES] == found["logit_errors"][BYTES]
        assert 0 < found["logit_errors"][FLOAT16] < found["logit_errors"][MAPS]
        assert [column.value(found) for column in EXPERIMENT.columns][0] == 100 * found["accuracy"]
    six, relu = (found[0] for found in results.values())
    assert (six["madds"], six["weights"]) == (relu["madds"], relu["weights"])
    assert [layer["layer"] for layer in six["layers"]] == [layer["layer"] for layer in relu["layers"]]


@pytest.mark.jit
def test_a_cell_depends_on_its_settings_alone(results):
    arm = EXPERIMENT.arms(QUICK)[0]
    assert quantized(**arm.cell(0).settings) == results[RELU6][0]


def made_up(six, relu):
    """Both: images of another class with 8 bits in %, errors of the logits by way."""
    return {
        arm: {
            "changed": {BYTES: share / 100},
            "logit_errors": dict(zip((BYTES, MAPS, FLOAT16), errors, strict=True)),
        }
        for arm, (share, errors) in {RELU6: six, RELU: relu}.items()
    }


def test_claims_can_come_out_either_way():
    few, many = (1, (0.1, 0.2, 0.01)), (3, (0.4, 0.3, 0.03))
    for found, sign in ((made_up(few, many), 1), (made_up(many, few), -1)):
        advantages = [claim.advantage(found) for claim in EXPERIMENT.claims]
        np.testing.assert_allclose(advantages, np.array([2, 30, 10, 2]) * sign)


def test_arms_differ_in_the_activation_alone():
    full = EXPERIMENT.sizes["full"]
    six, relu = EXPERIMENT.arms(full)
    assert six.cell(0).settings["ranges"] == 256
    assert six.settings["builder"] == {"width": full.more["width"], "activation": "relu6"}
    assert {**relu.settings, "builder": six.settings["builder"]} == six.settings
    assert Cell(six.work, six.settings).key != Cell(relu.work, relu.settings).key
    assert full.seeds >= 5


@pytest.mark.jit
def test_the_figure(results):
    figure = load_matplotlib("the figure is").Figure(figsize=(9, 4.5), layout="constrained")
    EXPERIMENT.draw(figure, {arm: found * 2 for arm, found in results.items()})
    left, right = figure.axes
    assert [each.get_text() for each in left.get_legend().get_texts()] == [RELU6, RELU]
    assert len(right.get_lines()) == 2 * 3
    for line in right.get_lines():
        assert len(line.get_xdata()) == len(results[RELU6][0]["layers"])
    figure.savefig(BytesIO())
