"""How many channels of each expanded map are positive: what `activation-patterns` counts.

    k   channels that a block reads, the threshold    m   channels of its expanded map, behind ReLU6: 6 k
    B   images of a batch                             H, W   rows and columns of the map
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ..data.batches import Batch, InOrder
from ..data.dataset import Splits
from ..graph import Graph
from ..layers.base import Array
from ..training.evaluation import BATCH
from ..training.statistics import recalibrate
from .learning import learned_from, test_batches, told

EXPANDED = "/expand_relu6"
COUNTED = 4  # batches of training images that fresh batch norm counts its statistics on


def patterns(*, seed: int, **learning: Any) -> dict[str, Any]:
    """Train V2, and tell beside the usual how many channels of the expanded maps are positive on the test images.

    initial, trained: a list of layers as `summary` tells of each. The fresh network has batch norm's statistics counted
    on training images first: those that it is made with, mean 0 and variance 1, are not those of any map.
    """
    data, learned = learned_from(seed=seed, **learning)
    fresh = normalised(learned.net, learned.net.init(seed), data)
    states = {"initial": fresh, "trained": learned.weights}
    layers = {name: layers_of(learned.net, weights, test_batches(data)) for name, weights in states.items()}
    return told(learned) | layers


def normalised(net: Graph, weights: Mapping[str, Array], data: Splits) -> dict[str, Array]:
    """The weights with batch norm's statistics counted on the first training images."""
    source = InOrder(data.train, BATCH)
    batches = (source.batch(step).images for step in range(min(COUNTED, len(source))))
    return {**weights, **recalibrate(net, weights, batches)}


def layers_of(net: Graph, weights: Mapping[str, Array], batches: Iterable[Batch]) -> list[dict[str, Any]]:
    """A summary of each expanded map, over all pixels of all images, in the order of the network."""
    taps = [node.name for node in net.nodes if node.name.endswith(EXPANDED)]
    counts = {tap: np.zeros(net.shapes[tap][-1] + 1, np.int64) for tap in taps}
    for images, _ in batches:
        _, maps = net.forward(weights, images, taps)
        for tap in taps:
            counts[tap] += pixels_by_count(maps[tap])
    return [summary(tap.removesuffix(EXPANDED), threshold(net, tap), counts[tap]) for tap in taps]


def threshold(net: Graph, tap: str) -> int:
    """k: the channels that the expansion of this map reads."""
    (expand,) = [node for node in net.nodes if node.name == tap.removesuffix("_relu6")]
    return net.shapes[expand.inputs[0]][-1]


def pixels_by_count(y: Array) -> Array:
    """y (B, H, W, m) -> (m + 1,): the number of pixels with 0, 1, ..., m positive channels."""
    return np.bincount((y > 0).sum(axis=-1).reshape(-1), minlength=y.shape[-1] + 1)


def summary(name: str, k: int, pixels: Array) -> dict[str, Any]:
    """What a layer's pixels have, from their number by positive channels (m + 1,).

    least, most    positive channels, of any pixel     mean, deviation   over the pixels
    above          share of the pixels with at least k, from 0 to 1
    """
    seen = np.flatnonzero(pixels)
    channels, total = np.arange(len(pixels)), pixels.sum()
    mean = (channels * pixels).sum() / total
    return {
        "layer": name,
        "channels": len(pixels) - 1,
        "threshold": k,
        "least": int(seen[0]),
        "most": int(seen[-1]),
        "mean": float(mean),
        "deviation": float(np.sqrt(((channels - mean) ** 2 * pixels).sum() / total)),
        "above": float(pixels[k:].sum() / total),
    }
