"""Why ReLU6: V2 section 4 chose it "because of its robustness when used with low-precision computation".

    stored value  what lies in memory between two layers: see quantization.py

A network is trained in float32, its batch norm is folded, and it is run again with numbers of few bits. Nothing is
trained with them.
"""

import re
from collections.abc import Callable, Mapping
from math import sqrt
from typing import Any, NamedTuple

import numpy as np

from ..data.batches import InOrder
from ..data.dataset import Dataset
from ..data.sources import some
from ..graph import Graph
from ..layers.base import Array
from ..rewrites.fold import fold_batch_norm
from ..training.evaluation import ranks
from . import low_precision_figure
from .experiment import Arm, ByArm, Claim, Column, Experiment, Result, Size
from .learning import images_of, learn, network, settings_of, told
from .quantization import Store, byte_kernel, grids, half, rounded_kernels, run, stored
from .sizes import SIZES

FLOAT32, FLOAT16, MAPS, BYTES = "float32", "float16", "8-bit maps", "8 bits"
_BATCH = 64  # images at a time: all stored values of so many are held
_CHANGES = ("_bn", "_relu", "_relu6", "_bias")  # what a layer's name has behind it where its result is stored


class Precision(NamedTuple):
    """One way to compute the same network."""

    weights: Mapping[str, Array]
    store: Store


def precisions(net: Graph, weights: Mapping[str, Array], images: Array) -> dict[str, Precision]:
    """float16: all weights and stored values. 8-bit maps: stored values alone, on grids over what they are for these
    images. 8 bits: the same, and kernels, each on the grid over its own numbers.
    """
    batches = [images[start : start + _BATCH] for start in range(0, len(images), _BATCH)]
    grid = grids(net, weights, batches)

    def on_grid(name: str, x: Array) -> Array:
        return grid[name].rounded(x)

    halves = {key: half(w) for key, w in weights.items()}
    return {
        FLOAT16: Precision(halves, lambda _, x: half(x)),
        MAPS: Precision(weights, on_grid),
        BYTES: Precision(rounded_kernels(net, weights, byte_kernel), on_grid),
    }


class Sums:
    """Of one precision: images that are right, and that are taken for another class than in float32; value -> squares
    of its errors, and of what it is in float32.
    """

    def __init__(self) -> None:
        self.right = self.changed = 0
        self.errors: dict[str, float] = {}
        self.squares: dict[str, float] = {}

    def add(self, name: str, x: Array, exact: Array) -> None:
        for sums, each in ((self.errors, x - exact), (self.squares, exact)):
            sums[name] = sums.get(name, 0.0) + float(np.square(each).sum(dtype=np.float64))

    def relative(self, name: str) -> float:
        """Root mean square of the error over that of the value; 0 for a value that is 0 everywhere."""
        return sqrt(self.errors[name] / self.squares[name]) if self.squares[name] else 0.0


def compared(
    net: Graph, weights: Mapping[str, Array], ways: Mapping[str, Precision], dataset: Dataset
) -> dict[str, Sums]:
    """Run the network in float32 and in each of the ways, on all images. The errors of the layers before are in it."""
    names = stored(net)
    found = {way: Sums() for way in (FLOAT32, *ways)}
    batches = InOrder(dataset, _BATCH)
    for images, labels in map(batches.batch, range(len(batches))):
        exact: dict[str, Array] = {}
        z = run(net, weights, images, _into(exact), names)
        found[FLOAT32].right += _right(z, labels)
        best = z.argmax(1)
        for way, (own, store) in ways.items():
            z = run(net, own, images, _measured(store, exact, found[way]), names)
            found[way].right += _right(z, labels)
            found[way].changed += int((z.argmax(1) != best).sum())
    return found


def _into(values: dict[str, Array]) -> Store:
    def store(name: str, x: Array) -> Array:
        values[name] = x
        return x

    return store


def _measured(store: Store, exact: Mapping[str, Array], sums: Sums) -> Store:
    def measure(name: str, x: Array) -> Array:
        y = store(name, x)
        sums.add(name, y, exact[name])
        return y

    return measure


def _right(z: Array, labels: Array) -> int:
    return int((ranks(z, labels) < 1).sum())


def quantized(
    *,
    model: str,
    builder: Mapping[str, Any],
    ranges: int,
    seed: int,
    steps: int,
    batch: int,
    train: int,
    test: int,
    source: str,
    root: str | None = None,
) -> dict[str, Any]:
    """The cell: train in float32, run in each precision. ranges: training images that the grids are made from."""
    data = images_of(source, root, train, test)
    learned = learn(network(model, builder, data), data, settings_of(batch), steps, seed)
    net, weights = fold_batch_norm(learned.net, learned.weights)
    ways = precisions(net, weights, InOrder(some(data.train, ranges, seed), ranges).batch(0).images)
    found = compared(net, weights, ways, data.test)
    (output,) = net.outputs
    return {
        **told(learned),
        "accuracies": {way: sums.right / len(data.test) for way, sums in found.items()},
        "changed": {way: found[way].changed / len(data.test) for way in ways},
        "logit_errors": {way: found[way].relative(output) for way in ways},
        "layers": [
            {"layer": _layer(name), **{way: found[way].relative(name) for way in ways}} for name in stored(net)
        ],
    }


def _layer(name: str) -> str:
    return re.sub(f"({'|'.join(_CHANGES)})$", "", name)


# What is told.

RELU6, RELU = "ReLU6", "ReLU"


def arms(size: Size) -> list[Arm]:
    common = {"model": "mobilenet_v2", "ranges": size.more["ranges"], **size.learning}
    builders = {name: {"width": size.more["width"], "activation": name.lower()} for name in (RELU6, RELU)}
    return [
        Arm(name, "low_precision:quantized", {**common, "builder": builder}) for name, builder in builders.items()
    ]


def changed(result: Result, way: str) -> float:
    """Images that are taken for another class than in float32, in %."""
    return 100 * float(result["changed"][way])


def logit_error(result: Result, way: str) -> float:
    """Root mean square of the error of the logits, in % of the logits'."""
    return 100 * float(result["logit_errors"][way])


def _less(measure: Callable[[Result, str], float], way: str) -> Callable[[ByArm], float]:
    """By how much ReLU6 has less of it than ReLU."""
    return lambda found: measure(found[RELU], way) - measure(found[RELU6], way)


_SOURCE = "V2 section 4"
CLAIMS = (
    Claim(
        "With 8-bit weights and stored activations a network with ReLU6 takes fewer images for another class than in "
        "float32 than one with ReLU.",
        _SOURCE,
        "% of the images",
        _less(changed, BYTES),
    ),
    Claim(
        "With 8-bit weights and stored activations the logits change less with ReLU6 than with ReLU.",
        _SOURCE,
        "% of the logits",
        _less(logit_error, BYTES),
    ),
    Claim(
        "With 8-bit stored activations alone the logits change less with ReLU6 than with ReLU.",
        _SOURCE,
        "% of the logits",
        _less(logit_error, MAPS),
    ),
    Claim(
        "With float16 weights and stored activations the logits change less with ReLU6 than with ReLU.",
        _SOURCE,
        "% of the logits",
        _less(logit_error, FLOAT16),
    ),
)


def _accuracy(way: str) -> Callable[[Result], float]:
    return lambda result: 100 * float(result["accuracies"][way])


def _error(way: str) -> Callable[[Result], float]:
    return lambda result: logit_error(result, way)


COLUMNS = (
    *(Column(f"accuracy, {way}, %", _accuracy(way)) for way in (FLOAT32, FLOAT16, MAPS, BYTES)),
    Column("class changed, 8 bits, %", lambda result: changed(result, BYTES)),
    Column("error of logits, float16, %", _error(FLOAT16), ".3f"),
    Column("error of logits, 8-bit maps, %", _error(MAPS), ".1f"),
    Column("error of logits, 8 bits, %", _error(BYTES), ".1f"),
)

EXPERIMENT = Experiment(
    name="low-precision",
    source="V2 section 4",
    question="Is a network with ReLU6 more robust than one with ReLU when it is computed with few bits?",
    sizes=SIZES["low-precision"],
    arms=arms,
    columns=COLUMNS,
    claims=CLAIMS,
    draw=low_precision_figure.draw,
    notes=(
        "The paper states the robustness and measures nothing; its source, V1, gives no figure either.",
        "Few bits are simulated: numbers are rounded to 8 bits or float16, and sums are taken in float32.",
        "8 bits: one scale and zero per tensor, over the least and greatest number of each kernel (batch norm folded) "
        "and of each stored map on 256 training images; biases stay in float32.",
        "Networks are trained in float32 and rounded afterwards.",
    ),
)
