"""One network computed with numbers of fewer and fewer bits: what `low-precision` compares.

    stored value  what lies in memory between two layers: see quantization.py

A network is trained in float32, its batch norm is folded, and it is run again with numbers of few bits. Nothing is
trained with them.
"""

import re
from collections.abc import Mapping
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
from .learning import learned_from, told
from .quantization import Store, byte_kernel, grids, half, rounded_kernels, run, stored

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


def quantized(*, ranges: int, seed: int, **learning: Any) -> dict[str, Any]:
    """The cell: train in float32, run in each precision. ranges: training images that the grids are made from."""
    data, learned = learned_from(seed=seed, **learning)
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
