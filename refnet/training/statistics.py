"""Batch norm's moving statistics: how fast they forget, whether a run is long enough for them, and a fresh count.

    decay   the share of the old statistics that stays in one step: of the fresh ones, decay**n stays after n steps

The official code has 0.9997 for V1 (research/slim/nets/mobilenet_v1.py) and 0.997 for V2 (bn_decay in
research/slim/nets/mobilenet/mobilenet.py), for runs of millions of steps; refnet's builders have these too.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from math import ceil, log

import numpy as np

from ..graph import Graph
from ..layers.base import Array, Layer
from ..layers.normalization import BatchNorm
from ..layers.regions import Each

LEFT = 0.01  # of the fresh statistics, mean 0 and variance 1: more is too much
FOREVER = 2**62  # steps


def with_decay(net: Graph, decay: float) -> Graph:
    """The same graph with this decay in every batch norm: name, weights and outputs stay."""
    nodes = [replace(node, layer=_with_decay(node.layer, decay)) for node in net.nodes]
    return Graph(net.name, net.inputs, nodes, net.outputs)


def _with_decay(layer: Layer, decay: float) -> Layer:
    if isinstance(layer, Each):
        return replace(layer, layer=_with_decay(layer.layer, decay))
    return replace(layer, decay=decay) if isinstance(layer, BatchNorm) else layer


def decays(net: Graph) -> list[float]:
    """The decay of each batch norm, each value once, the slowest last."""
    return sorted(set(_decays(net)))


def _decays(net: Graph) -> Iterator[float]:
    for node in net.nodes:
        layer = node.layer
        while isinstance(layer, Each):
            layer = layer.layer
        if isinstance(layer, BatchNorm):
            yield float(layer.decay)


def steps_needed(decay: float) -> int:
    """The least n for which decay**n is at most a hundredth: 15,349 for 0.9997, 1,533 for 0.997."""
    if not decay:
        return 1
    return FOREVER if decay == 1 else ceil(log(LEFT) / log(decay))


def warning(net: Graph, steps: int) -> str | None:
    """What is wrong with a run of so many steps, None if it is long enough for every batch norm."""
    slowest = max(decays(net), default=0.0)
    needed = steps_needed(slowest)
    if steps >= needed:
        return None
    wanted = "more steps than any run has" if needed == FOREVER else f"{needed:,} steps"
    return (
        f"batch norm: a decay of {slowest:g} wants {wanted} to forget the fresh statistics, the run has {steps:,}: "
        f"{100 * slowest**steps:.0f} % of them will be left. A smaller one, --change batch_norm_decay=0.9, forgets "
        "faster; refnet.training.recalibrate counts anew"
    )


def recalibrate(net: Graph, weights: Mapping[str, Array], batches: Iterable[Array]) -> dict[str, Array]:
    """New moving statistics: the plain mean over the batches of each batch's mean and unbiased variance, in float64.

    The weights stay as they are; `weights.update(found)` puts the statistics in, and so does `{**weights, **found}`.
    batches: of images (B, H, W, M); the network sees each in training mode. Raises ValueError without any.
    """
    forgetful = with_decay(net, 0.0)  # its moving statistics are those of the batch
    sums: dict[str, Array] = {}
    count = 0
    for images in batches:
        _, tape = forgetful.train_forward(weights, images, 0)
        for key, value in tape.updates.items():
            sums[key] = sums.get(key, 0) + value.astype(np.float64)
        count += 1
    if not count:
        raise ValueError("batches: wanted at least one, got none")
    return {key: (total / count).astype(weights[key].dtype) for key, total in sums.items()}
