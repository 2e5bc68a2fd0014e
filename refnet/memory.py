"""Memory for activations, from shapes alone (V2 section 5); no array is needed.

    value      what a node or the caller puts into the graph       buffer   the memory that values lie in
    operation  one node, or one block: nodes that share the prefix before `/`
    M(G)       V2 eq. (2): the largest, over operations, of inputs + outputs + |op|, where |op| is what the operation
               holds inside. Inner values of a block cost nothing: they are disposable
    live       the same and what waits meanwhile for a later operation, such as the input of a residual block while
               the layers inside it work: the most that is held while the nodes run in their order

Everything counts values of one image, as many as it has bytes times `bytes_per_value`; weights are never in these sums.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import prod
from typing import NamedTuple

from .graph import Graph
from .layers.base import Layer, Shape, check_choice, check_count
from .layers.channels import Flatten
from .layers.dropout import Dropout
from .layers.normalization import BatchNorm
from .layers.regions import Each
from .node import Node
from .rewrites.split import IN_PLACE, SplitBottleneck

# Layers whose output is their input: dropout in inference only.
VIEWS = (Flatten,)
INFERENCE_VIEWS = (Dropout, *VIEWS)
STATISTIC = 8  # bytes: batch norm's mean and inverse deviation are float64 for every dtype


@dataclass(frozen=True)
class Step:
    """One operation and the values at work in it, each buffer counted once.

    inputs, outputs  values read; values written, which do not lie on the inputs
    inner            |op|: values held only inside of it
    held             values that are neither, and wait for a later operation
    """

    name: str
    inputs: int
    outputs: int
    inner: int
    held: int

    @property
    def values(self) -> int:
        """The operation's term of eq. (2)."""
        return self.inputs + self.outputs + self.inner

    @property
    def live(self) -> int:
        return self.values + self.held


@dataclass(frozen=True)
class Memory:
    """The plan of one graph.

    layers, blocks   a Step for each node; for each block
    weights          values of all weights (P-ALL), which stand beside the plan and are not in it
    in_place         whether batch norm, bias and activations write onto their input where nothing else reads it
    """

    name: str
    bytes_per_value: int
    layers: tuple[Step, ...]
    blocks: tuple[Step, ...]
    weights: int
    in_place: bool

    def m(self, by: str = "layer") -> Step:
        """Where M(G) sits: the first operation with the largest inputs + outputs + |op|."""
        return max(self.steps(by), key=lambda step: step.values)

    def peak(self, by: str = "layer") -> Step:
        """Where most is live."""
        return max(self.steps(by), key=lambda step: step.live)

    def steps(self, by: str) -> tuple[Step, ...]:
        """by: "layer" or "block"."""
        return self.layers if check_choice(by, ("layer", "block"), "by") == "layer" else self.blocks

    def bytes(self, values: int) -> int:
        return values * self.bytes_per_value


def plan(net: Graph, bytes_per_value: int = 4, in_place: bool = True) -> Memory:
    """Memory of one image's inference.

    bytes_per_value: 4 for float32, 2 for the 16 bits of the paper. in_place: batch norm, bias and activations write
    onto their input (or are folded into the layer before), as inference engines do it; without it the plan is that of
    `net.forward`, whose kernels return fresh arrays. Raises TypeError for another net, ValueError for bytes below 1.
    """
    _check_graph(net)
    size = check_count(bytes_per_value, "bytes_per_value")
    buffers = _buffers(net, in_place)
    layers = tuple(_step(net, [node], at, buffers, in_place) for at, node in enumerate(net.nodes))
    blocks, at = [], 0
    for _, group in groupby(net.nodes, key=lambda node: block_of(node.name)):
        nodes = list(group)
        blocks.append(_step(net, nodes, at, buffers, in_place))
        at += len(nodes)
    return Memory(net.name, size, layers, tuple(blocks), net.cost().total("P-ALL"), in_place)


def _check_graph(net: object) -> None:
    if not isinstance(net, Graph):
        raise TypeError(f"net: wanted a Graph, got {net!r}")


def block_of(name: str) -> str:
    """block_3/expand -> block_3; a node outside of blocks is one of its own."""
    return name.partition("/")[0]


@dataclass
class _Buffer:
    """One piece of memory: values in it, its size, the node that writes it first and the last that reads it."""

    size: int
    begin: int
    end: int


def _last_reads(net: Graph) -> dict[str, int]:
    """Value -> index of the last node that reads it; outputs, and what nobody reads, stay to the end."""
    last = {source: at for at, node in enumerate(net.nodes) for source in node.inputs}
    stay = dict.fromkeys(net.outputs, len(net.nodes))
    return dict.fromkeys(net.shapes, len(net.nodes)) | last | stay


def _buffers(net: Graph, in_place: bool) -> dict[str, _Buffer]:
    """Value -> the buffer that it lies in."""
    last = _last_reads(net)
    found = {name: _Buffer(prod(shape), -1, last[name]) for name, shape in net.inputs.items()}
    for at, node in enumerate(net.nodes):
        below = found[node.inputs[0]]
        free = below.begin >= 0 and below.end == at  # not the caller's array, and nobody else reads it
        if _is(node.layer, INFERENCE_VIEWS) or (in_place and free and _is(node.layer, IN_PLACE)):
            found[node.name] = below
            below.end = max(below.end, last[node.name])
        else:
            found[node.name] = _Buffer(prod(net.shapes[node.name]), at, last[node.name])
    return found


def _is(layer: Layer, kinds: tuple[type[Layer], ...]) -> bool:
    """Whether the layer, or the one that it applies to each region, is of one of these classes."""
    return isinstance(_on_one(layer), kinds)


def _on_one(layer: Layer) -> Layer:
    """The layer itself, or the one that it applies to each region."""
    return _on_one(layer.layer) if isinstance(layer, Each) else layer


def _step(net: Graph, nodes: Sequence[Node], start: int, buffers: dict[str, _Buffer], in_place: bool) -> Step:
    """The operation made of these nodes, the first of which is number `start`."""
    stop = start + len(nodes)
    live = _distinct([each for each in buffers.values() if each.begin < stop and each.end >= start])
    read = _distinct([buffers[source] for node in nodes for source in node.inputs])
    inputs = [each for each in read if each.begin < start]
    outputs = [each for each in live if each.begin >= start and each.end >= stop]
    held = [each for each in live if each.begin < start and not any(each is other for other in inputs)]
    name = nodes[0].name if len(nodes) == 1 else block_of(nodes[0].name)
    inner = max(_inner(net, node, in_place) for node in nodes)
    return Step(name, _size(inputs), _size(outputs), inner, _size(held))


def _distinct(buffers: Sequence[_Buffer]) -> list[_Buffer]:
    return list({id(each): each for each in buffers}.values())


def _size(buffers: Sequence[_Buffer]) -> int:
    return sum(each.size for each in buffers)


def _inner(net: Graph, node: Node, in_place: bool) -> int:
    """|op|: only a split block holds values of its own."""
    layer, shape = _on_one(node.layer), net.shapes[node.inputs[0]]
    if not isinstance(layer, SplitBottleneck):
        return 0
    return prod(shape[:-3]) * layer.inner(shape[-3:], in_place)  # for all regions at a time


def maps(net: Graph) -> dict[str, Shape]:
    """Node -> shape of every value that must exist when each block is one operation: what leaves a block.

    Batch norm, bias and activations behind an operation write onto its output, so only the last of them is named.
    """
    _check_graph(net)
    readers: dict[str, list[Node]] = {name: [] for name in net.shapes}
    for node in net.nodes:
        for source in node.inputs:
            readers[source].append(node)
    return {node.name: net.shapes[node.name] for node in net.nodes if _leaves(node, readers[node.name])}


def _leaves(node: Node, readers: list[Node]) -> bool:
    block = block_of(node.name)
    inside = bool(readers) and all(block_of(other.name) == block for other in readers)
    written_onto = len(readers) == 1 and _is(readers[0].layer, IN_PLACE)
    return not (inside or written_onto or _is(node.layer, INFERENCE_VIEWS))


class Largest(NamedTuple):
    """The largest of the `maps` of one size; features, (M,), are maps of 1x1, and values count all regions."""

    node: str
    height: int
    width: int
    channels: int
    values: int


def largest_by_size(values: Mapping[str, Shape]) -> dict[tuple[int, int], Largest]:
    """(height, width) -> the one with most values (V2 Table 3), in their order; values: `maps(net)`, or some."""
    found: dict[tuple[int, int], Largest] = {}
    for name, shape in values.items():
        height, width, channels = shape[-3:] if len(shape) > 2 else (1, 1, shape[-1])
        each = Largest(name, height, width, channels, prod(shape))
        found[height, width] = max(found.get((height, width), each), each, key=lambda one: one.values)
    return found


@dataclass(frozen=True)
class Training:
    """What the tape of one training step holds until its backward pass; weights and their gradients stand apart.

    values      of maps and features, images included, each buffer once; for `batch` images
    masks       values of dropout's masks, one byte each
    statistics  values of batch norm's means and inverse deviations, eight bytes each
    """

    batch: int
    bytes_per_value: int
    values: int
    masks: int
    statistics: int

    @property
    def bytes(self) -> int:
        return self.values * self.bytes_per_value + self.masks + STATISTIC * self.statistics


def training(net: Graph, bytes_per_value: int = 4, batch: int = 1) -> Training:
    """What `net.train_forward` leaves on the tape, with batch statistics."""
    _check_graph(net)
    size, images = check_count(bytes_per_value, "bytes_per_value"), check_count(batch, "batch")
    owner = {name: name for name in net.inputs}
    saved, masks, statistics = set[str](), 0, 0
    for node in net.nodes:
        owner[node.name] = owner[node.inputs[0]] if _is(node.layer, VIEWS) else node.name
        if _is(node.layer, (Dropout,)):
            masks += prod(net.shapes[node.name])
        if _is(node.layer, (BatchNorm,)):
            statistics += 2 * net.shapes[node.name][-1]
        saved.update(owner[name] for name in _saved(node))
    values = sum(prod(net.shapes[name]) for name in saved)
    return Training(images, size, images * values, images * masks, statistics)


def _saved(node: Node) -> tuple[str, ...]:
    """The values that a node's layer keeps for its backward pass."""
    return {"inputs": node.inputs, "output": (node.name,), "nothing": ()}[_on_one(node.layer).saves]
