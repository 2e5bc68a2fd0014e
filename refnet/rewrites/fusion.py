"""A graph for fast training steps: each convolution, batch norm and activation in a row become one layer.

    fused = refnet.fuse(net)
    logits, tape = fused.train_forward(weights, images, rng, kernels=refnet.kernels.tiled)

`normalised.py` tells what these layers spare. What is not such a chain stays as it is.
"""

from collections import Counter
from dataclasses import replace
from typing import Any

from ..graph import Graph
from ..layers.activation import Relu, Relu6
from ..layers.add import Add
from ..layers.base import check_threads
from ..layers.convolution import Conv2d, DepthwiseConv2d, GroupedConv2d, PointwiseConv2d
from ..layers.dense import Dense
from ..layers.normalization import BatchNorm
from ..node import Node
from .normalised import Fused, FusedDense, NormalisedAdd, NormalisedConvolution
from .unread import Memory

# These very classes: one of a user's own, derived from them, may compute anything.
CONVOLUTIONS = (Conv2d, DepthwiseConv2d, GroupedConv2d, PointwiseConv2d)
ACTIVATIONS = (Relu6, Relu)

LARGEST_DENSE = 1 << 22  # weights: more than that are better read where they are than copied

Hands = tuple[int | None, Memory]  # who does the work of all layers, and in which memory


def fuse(net: Graph, threads: int | None = None) -> Graph:
    """The same network on fused layers: the same weights under the same keys, outputs, cost and gradients.

    A merged node has the name of the last that it stands for, so that outputs keep theirs; names inside vanish. Left as
    they are: layers that share weights with others, and maps between a convolution and its activation that something
    else reads, or that come out. The graph keeps the memory of a training step for the next one.

    threads: how many share the work of a training step, as many as there are cores by default. Raises TypeError for
    what is no graph, ValueError for threads that are not an integer from 1 to 256.
    """
    if not isinstance(net, Graph):
        raise TypeError(f"net: wanted a refnet.Graph, got {type(net).__name__}")
    if threads is not None:
        threads = check_threads(threads)
    chains, hands = _chains(net), (threads, Memory())
    inside = {node.name for chain in chains.values() for node in chain[:-1]}
    nodes = [node for node in net.nodes if node.name not in inside]
    nodes = [_merged(net, chains[node.name], hands) if node.name in chains else node for node in nodes]
    nodes = [_with_packed_weights(net, node, hands) if type(node.layer) is Dense else node for node in nodes]
    return Graph(f"{net.name}, fused", net.inputs, _connected(nodes, net.outputs, hands), net.outputs)


def _chains(net: Graph) -> dict[str, list[Node]]:
    """Name of its last node -> convolution, batch norm, and activation if there is one; for all that can be merged."""
    readers: dict[str, list[Node]] = {name: [] for name in net.shapes}
    for node in net.nodes:
        for source in node.inputs:
            readers[source].append(node)
    users = Counter(key for node in net.nodes for key in _keys(net, node).values())

    def only_reader(node: Node, kinds: tuple[type, ...]) -> list[Node]:
        found = readers[node.name]
        return found if len(found) == 1 and type(found[0].layer) in kinds and node.name not in net.outputs else []

    chains = {}
    for node in net.nodes:
        norm = only_reader(node, (BatchNorm,)) if type(node.layer) in CONVOLUTIONS else []
        shared = any(users[key] > 1 for each in (node, *norm) for key in _keys(net, each).values())
        if norm and not shared:
            chain = [node, *norm, *only_reader(norm[0], ACTIVATIONS)]
            chains[chain[-1].name] = chain
    return chains


def _keys(net: Graph, node: Node) -> dict[str, str]:
    """Role -> key of a node's weights."""
    return node.keys(*(net.shapes[source] for source in node.inputs))


def _merged(net: Graph, chain: list[Node], hands: Hands) -> Node:
    """One node for a chain, under the name of its last."""
    layers: list[Any] = [*(node.layer for node in chain), None]
    convolution, norm, activation, *_ = layers
    layer = NormalisedConvolution(*hands, convolution, norm, activation, unread=False)
    keys = {role: key for node in chain for role, key in _keys(net, node).items()}
    return Node(chain[-1].name, layer, chain[0].inputs, keys)


def _with_packed_weights(net: Graph, node: Node, hands: Hands) -> Node:
    """A dense layer as a fused one, unless it is large."""
    assert isinstance(node.layer, Dense)
    units, inputs = node.layer.units, net.shapes[node.inputs[0]][0]
    return replace(node, layer=FusedDense(*hands, units)) if inputs * units <= LARGEST_DENSE else node


def _connected(nodes: list[Node], outputs: tuple[str, ...], hands: Hands) -> list[Node]:
    """The nodes with unread maps between them: sums that can read such, and convolutions that may leave them."""
    merged = {node.name for node in nodes if isinstance(node.layer, NormalisedConvolution)}
    nodes = [
        replace(node, layer=NormalisedAdd(*hands)) if type(node.layer) is Add and merged & set(node.inputs) else node
        for node in nodes
    ]
    arrays = {source for node in nodes if not isinstance(node.layer, Fused) for source in node.inputs} | set(outputs)
    read = {source for node in nodes for source in node.inputs}
    return [
        replace(node, layer=replace(node.layer, unread=True))
        if isinstance(node.layer, NormalisedConvolution) and node.name in read - arrays
        else node
        for node in nodes
    ]
