"""Batch norm folded into the convolution before it: `norm(conv(x, w)) = conv(x, w * scale) + shift`, per channel.

    scale = gamma / sqrt(moving_variance + eps)    shift = beta - moving_mean * scale

That holds for the stored statistics alone: a folded graph is for inference. A concatenation between passes each
convolution its own channels' scales. What stands behind anything else (a sum, a pool, a kernel that others share) stays
as it is.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..graph import Graph
from ..layers.base import Array, Layer
from ..layers.channels import Concat
from ..layers.convolution import Conv2d, DepthwiseConv2d, GroupedConv2d, PointwiseConv2d
from ..layers.dense import BiasAdd, Dense
from ..layers.normalization import BatchNorm
from ..layers.regions import Each
from ..node import Node

# Their kernels' last axis is that of the channels that come out. These very classes: one of a user's own, derived from
# them, may compute anything.
SCALABLE = (Conv2d, DepthwiseConv2d, GroupedConv2d, PointwiseConv2d, Dense)


def fold_batch_norm(net: Graph, weights: Mapping[str, Array]) -> tuple[Graph, dict[str, Array]]:
    """The same function with one bias per channel in place of each batch norm -> graph, its weights.

    Names of nodes stay: the bias stands where its batch norm stood, under the key `<node>/bias`, and scaled kernels
    keep their keys. Products are taken in float64 and rounded once. Raises TypeError or ValueError for weights that do
    not fit the graph.
    """
    net.check_weights(weights)
    folded: dict[str, Array] = {}
    nodes = []
    for node in net.nodes:
        channels = _kernels(net, node) if type(innermost(node.layer)) is BatchNorm else {}
        if channels:
            scale, shift = _affine(node, weights)
            dtype = weights[node.key("gamma")].dtype
            folded[f"{node.name}/bias"] = shift.astype(dtype)
            for key, at in channels.items():
                folded[key] = (weights[key].astype(np.float64) * scale[at]).astype(dtype)
        nodes.append(Node(node.name, _bias_like(node.layer), node.inputs) if channels else node)
    graph = Graph(f"{net.name}, batch norm folded", net.inputs, nodes, net.outputs)
    return graph, {key: folded[key] if key in folded else weights[key] for key in graph.parameters()}


def innermost(layer: Layer) -> Layer:
    """What works on a single region; a layer without regions itself."""
    while isinstance(layer, Each):
        layer = layer.layer
    return layer


def _bias_like(layer: Layer) -> Layer:
    """BiasAdd for as many regions."""
    return Each(_bias_like(layer.layer)) if isinstance(layer, Each) else BiasAdd()


def _affine(node: Node, weights: Mapping[str, Array]) -> tuple[Array, Array]:
    """(scale, shift) of a batch norm in float64, one number per channel each."""
    norm: Any = innermost(node.layer)
    vectors = ("gamma", "beta", "moving_mean", "moving_variance")
    gamma, beta, mean, variance = (weights[node.key(role)].astype(np.float64) for role in vectors)
    scale = gamma / np.sqrt(variance + float(norm.eps))
    return scale, beta - mean * scale


def _kernels(net: Graph, norm: Node) -> dict[str, slice]:
    """Key of each kernel that can take the scale -> its slice of the scale; {} if any of them cannot."""
    by_name = {node.name: node for node in net.nodes}
    readers = Counter(source for node in net.nodes for source in node.inputs) + Counter(net.outputs)
    users = Counter(node.key("kernel") for node in net.nodes)
    found: dict[str, slice] = {}
    waiting, start = [norm.inputs[0]], 0
    while waiting:
        name = waiting.pop(0)
        kind = type(innermost(by_name[name].layer)) if name in by_name else None
        if readers[name] > 1 or kind not in (*SCALABLE, Concat):
            return {}
        if kind is Concat:
            waiting = [*by_name[name].inputs, *waiting]
            continue
        key, stop = by_name[name].key("kernel"), start + net.shapes[name][-1]
        if users[key] > 1:
            return {}
        found[key], start = slice(start, stop), stop
    return found
