"""Weights under which a network of any depth behaves as a trained one does: no signal vanishes, explodes, or is all 0.

Fresh weights will not do: with the stored statistics that they begin with (mean 0, variance 1) the logits of a deep
network are nearly the same for every image, and a wrong engine would pass for a right one. Here kernels are drawn by
how many products they add up, scales and shifts at random, and the stored statistics are about those of a few images,
as after training.

    x value of a node (B, ..., M)    own a node's weights by role
"""

from math import prod

import numpy as np

from .. import kernels
from ..graph import Graph
from ..layers.base import Array, Shape
from ..layers.normalization import BatchNorm
from ..node import Node
from ..rewrites.fold import innermost
from ..running import last_uses

IMAGES = 4  # from which the statistics are taken
# Added to each variance, as a share of the channels' mean: on maps of a few pixels some channel is nearly the same in
# all of the images, and to divide by its deviation would make every rounding a large one.
FLOOR = 0.25
PATCHES = 3  # of one colour, along each axis of an image


def healthy_weights(net: Graph, seed: int) -> dict[str, Array]:
    """Key -> float32 array of every weight of the graph."""
    random = np.random.default_rng(seed)
    weights = {key: _drawn(each.role, each.shape, random) for key, each in net.parameters().items()}
    _take_statistics(net, weights, inputs_of(net, IMAGES, seed + 1))
    return weights


def inputs_of(net: Graph, batch: int, seed: int) -> dict[str, Array]:
    """Input name -> (batch, *shape) of float32 between -1 and 1, as images come: channels beside each other in memory.

    Maps are patches under noise: of noise alone all images look the same to a deep layer, which sees its mean.
    """
    random = np.random.default_rng(seed)
    return {name: _input(batch, shape, random).astype(np.float32, order="C") for name, shape in net.inputs.items()}


def _input(batch: int, shape: Shape, random: np.random.Generator) -> Array:
    noise = random.uniform(-1, 1, (batch, *shape))
    if len(shape) < 3:
        return noise
    height, width, channels = shape
    patches = random.uniform(-1, 1, (batch, PATCHES, PATCHES, channels))
    rows, columns = (np.arange(size) * PATCHES // size for size in (height, width))
    return (3 * patches[:, rows][:, :, columns] + noise) / 4


def _drawn(role: str, shape: Shape, random: np.random.Generator) -> Array:
    kind = role.rpartition("/")[2]
    if kind == "kernel":
        products = prod(shape[: 2 if len(shape) == 3 else -1])
        values = random.standard_normal(shape) * (2 / products) ** 0.5
    elif kind in ("gamma", "scale"):
        values = random.uniform(0.5, 1, shape)
    elif kind == "beta":  # most activations let most through, as in networks that learned something
        values = 0.5 + 0.3 * random.standard_normal(shape)
    elif kind == "moving_variance":
        values = np.ones(shape)
    else:
        values = 0.2 * random.standard_normal(shape)
    return np.asarray(values, np.float32)


def _take_statistics(net: Graph, weights: dict[str, Array], values: dict[str, Array]) -> None:
    """Walk the graph; each batch norm stores the mean and variance of what reaches it, and then applies them."""
    for node, done in zip(net.nodes, last_uses(net.nodes), strict=True):
        xs = [values[source] for source in node.inputs]
        if type(innermost(node.layer)) is BatchNorm:
            _store(node, weights, xs[0])
        own = {role: weights[key] for role, key in node.keys(*(x.shape[1:] for x in xs)).items()}
        values[node.name] = node.layer.forward(kernels, own, *xs)
        for name in done:
            del values[name]


def _store(node: Node, weights: dict[str, Array], x: Array) -> None:
    axes = tuple(range(x.ndim - 1))
    weights[node.key("moving_mean")] = x.mean(axes, dtype=np.float64).astype(np.float32)
    variance = x.var(axes, dtype=np.float64)
    weights[node.key("moving_variance")] = (variance + FLOOR * variance.mean()).astype(np.float32)
