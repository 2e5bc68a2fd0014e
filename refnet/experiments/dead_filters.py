"""Depthwise filters that trained to zero: what `depthwise-decay` counts.

    M   filters of a depthwise layer    w   (KH, KW, M) its kernel

A filter's deviation is the standard deviation of its output behind batch norm, before ReLU6, over all pixels of all
test images. Batch norm makes it |gamma|, some 1, of any filter whose output varies: unless it varies so little that eps
outweighs the variance, because w or the input have gone to zero. That is what dead means here. The size of w alone says
nothing: batch norm undoes its scale.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ..data.batches import Batch
from ..graph import Graph
from ..layers.base import Array
from ..layers.convolution import DepthwiseConv2d
from ..layers.normalization import BatchNorm
from .learning import learned_from, test_batches, told

DEAD = 0.01  # a filter with less deviation is: a hundredth of what batch norm gives at first
# Four levels in each power of ten, up to 10: where the distribution of deviations is told.
LEVELS = tuple(float(f"{10 ** (each / 4):.4g}") for each in range(-16, 5))


def filters(**learning: Any) -> dict[str, Any]:
    """Train, and tell beside the usual what became of the depthwise filters.

    filters, dead   counts             layers    name, filters and dead of each depthwise layer, as the network has them
    below           for each of LEVELS the number of filters with less
    largest_tap     the greatest |w| of a filter, median over the filters
    """
    data, learned = learned_from(**learning)
    layers = deviations(learned.net, learned.weights, test_batches(data))
    taps = [np.abs(learned.weights[f"{name}/kernel"]).max(axis=(0, 1)) for name in layers]
    everyone = np.concatenate(list(layers.values()))
    return told(learned) | {
        "filters": len(everyone),
        "dead": dead(everyone),
        "below": [int((everyone < level).sum()) for level in LEVELS],
        "largest_tap": float(np.median(np.concatenate(taps))),
        "layers": [{"layer": name, "filters": len(own), "dead": dead(own)} for name, own in layers.items()],
    }


def dead(deviation: Array) -> int:
    """deviation (M,) -> how many are."""
    return int((deviation < DEAD).sum())


def deviations(net: Graph, weights: Mapping[str, Array], batches: Iterable[Batch]) -> dict[str, Array]:
    """Depthwise layer -> deviation behind batch norm of each of its filters (M,): their own times what batch norm
    multiplies by."""
    names = [node.name for node in net.nodes if isinstance(node.layer, DepthwiseConv2d)]
    pixels = dict.fromkeys(names, 0)
    sums, squares = ({name: np.zeros(net.shapes[name][-1]) for name in names} for _ in range(2))
    for images, _ in batches:
        _, maps = net.forward(weights, images, names)
        for name, z in maps.items():
            values = z.reshape(-1, z.shape[-1]).astype(np.float64)
            pixels[name] += len(values)
            sums[name] += values.sum(axis=0)
            squares[name] += (values**2).sum(axis=0)
    variances = {name: squares[name] / pixels[name] - (sums[name] / pixels[name]) ** 2 for name in names}
    factors = batch_norm_factors(net, weights)
    return {name: factors[name] * np.sqrt(np.maximum(each, 0)) for name, each in variances.items()}


def batch_norm_factors(net: Graph, weights: Mapping[str, Array]) -> dict[str, Array]:
    """What batch norm reads -> |gamma| / sqrt(variance + eps) of each channel (M,), in float64."""
    found = {}
    for node in net.nodes:
        if isinstance(node.layer, BatchNorm):
            gamma, variance = (weights[node.key(role)].astype(np.float64) for role in ("gamma", "moving_variance"))
            found[node.inputs[0]] = np.abs(gamma) / np.sqrt(variance + node.layer.eps)
    return found
