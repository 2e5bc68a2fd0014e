"""The t-way split of a bottleneck (V2 section 5.1): `F(x) = sum over i of (A_i . N . B_i)(x)`, the right one first.

    B   expansion: a convolution to n channels       N   per channel: batch norm, activation, depthwise convolution
    A   projection: a 1x1 convolution to k' channels      B_i, A_i   their slices for part i of the n channels
    t   parts, executed one after the other              q   channels of a part: n/t, up or down
    x (H, W, k) input, y (H', W', k') output, h a part of the expanded map; s^2 = H*W, s'^2 = H'*W'

The sum is built up in y, so that x, y and one part are all that is held. The weights stay whole under their keys.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil, prod
from typing import Any

import numpy as np

from ..counting import Terms
from ..graph import Graph
from ..layers.activation import LeakyRelu, Relu, Relu6
from ..layers.base import Array, Gradients, Layer, Shape, Weights, canonical, check_count
from ..layers.convolution import Conv2d, DepthwiseConv2d, PointwiseConv2d
from ..layers.dense import BiasAdd
from ..layers.normalization import BatchNorm, ChannelScale
from ..layers.pooling import AveragePool2d, MaxPool2d
from ..node import Node

Expansion = Conv2d | PointwiseConv2d
# Layers that can write onto their input, as each value depends on one; and all that work on each channel alone.
IN_PLACE = (BatchNorm, BiasAdd, ChannelScale, Relu, Relu6, LeakyRelu)
PER_CHANNEL = (*IN_PLACE, DepthwiseConv2d, MaxPool2d, AveragePool2d)

# Fields of Terms.
_MADDS = ("madds", "madds_inside", "madds_padded_grid")
_SUMS = ("products", "weights", "biases", "bn_channels", "bn_outputs", "scales")
_ACCESSED = ("inputs", "outputs")


@dataclass(frozen=True)
class SplitBottleneck(Layer):
    """Expansion, per-channel layers and projection as one operation: (H, W, k) -> (H', W', k').

    names  of the nodes that it stands for, in order; a weight's role is its key there, e.g. block_3/expand/kernel
    parts  t, from 1 to the n expanded channels; where t does not divide n, some parts have one channel more
    """

    names: tuple[str, ...]
    expansion: Expansion
    between: tuple[Layer, ...]
    projection: PointwiseConv2d
    parts: int

    def __post_init__(self) -> None:
        if wrong := [each for each in self.between if not isinstance(each, PER_CHANNEL)]:
            raise ValueError(f"between: wanted layers that work on each channel alone, got {wrong[0]}")
        if len(self.names) != len(self._narrowed(1)):
            raise ValueError(f"names: wanted one for each of {len(self._narrowed(1))} layers, got {self.names}")
        if check_count(self.parts, "parts") > self.width:
            raise ValueError(f"parts: wanted 1 to {self.width}, the expanded channels, got {self.parts}")

    @property
    def width(self) -> int:
        """n, the expanded channels."""
        return self.expansion.filters

    def ranges(self) -> list[tuple[int, int]]:
        """First channel of each part, and the one behind its last."""
        return list(pairwise(part * self.width // self.parts for part in range(self.parts + 1)))

    def _narrowed(self, width: int) -> tuple[Layer, ...]:
        """The layers for a part of so many channels."""
        return (replace(self.expansion, filters=width), *self.between, self.projection)

    def _shapes(self, shape: Shape, width: int) -> list[Shape]:
        """The input's shape and that behind each layer, for a part of so many channels."""
        shapes = [shape]
        for layer in self._narrowed(width):
            shapes.append(layer.out_shape(shapes[-1]))
        return shapes

    def out_shape(self, *shapes: Shape) -> Shape:
        return self._shapes(shapes[0], self.width)[-1]

    def parameters(self, *shapes: Shape) -> dict[str, Shape]:
        layers, before = self._narrowed(self.width), self._shapes(shapes[0], self.width)
        stages = zip(self.names, layers, before, strict=False)
        return {f"{name}/{role}": size for name, layer, x in stages for role, size in layer.parameters(x).items()}

    def first_values(self) -> dict[str, float]:
        stages = zip(self.names, self._narrowed(self.width), strict=True)
        return {f"{name}/{role}": value for name, layer in stages for role, value in layer.first_values().items()}

    def cost(self, *shapes: Shape) -> Terms:
        """Sums over the layers that it stands for; multiply-adds part by part, as they are executed."""
        sums = self._sums(shapes[0], self.width)
        sums |= dict.fromkeys(_MADDS, 0)
        for width, times in Counter(stop - start for start, stop in self.ranges()).items():
            part = self._sums(shapes[0], width)
            sums |= {name: sums[name] + times * part[name] for name in _MADDS}
        expansion = self.expansion.cost(shapes[0]).madds
        return Terms(self.operation, **sums, madds_behind=sums["madds"] - expansion)

    def _sums(self, shape: Shape, width: int) -> dict[str, int]:
        """Sums of the layers' Terms for so many expanded channels; values read and written by those that multiply."""
        stages = zip(self._narrowed(width), self._shapes(shape, width), strict=False)
        terms = [layer.cost(before) for layer, before in stages]
        sums = {name: sum(getattr(each, name) for each in terms) for name in (*_MADDS, *_SUMS)}
        multiplying = [each for each in terms if each.products]
        return sums | {name: sum(getattr(each, name) for each in multiplying) for name in _ACCESSED}

    def inner(self, shape: Shape, in_place: bool = False) -> int:
        """|op| of V2 eq. (2): the most values of one image that are held at a time besides x and y.

        A layer reads and writes a part, and the projection writes as many channels at a time as a part has. In a block
        of V2 this is `2 * q * max(s^2, s'^2)`, or `q * (s^2 + s'^2)` if what can write onto its input does: in_place.
        """
        x, *inside, y = self._shapes(shape, ceil(self.width / self.parts))
        held = [prod(inside[0])]
        for layer, (before, behind) in zip(self.between, pairwise(inside), strict=True):
            held.append(prod(behind) + (0 if in_place and isinstance(layer, IN_PLACE) else prod(before)))
        pixels, channels = prod(y[:2]), inside[-1][2]
        return max(*held, pixels * (channels + min(channels, y[2])))

    def _forward(self, kernels: Any, weights: Weights, xs: tuple[Array, ...]) -> Array:
        (x,) = xs
        y = np.zeros((len(x), *self.out_shape(x.shape[1:])), x.dtype)
        for part in self._parts(weights):
            h = x  # drops what is left of the part before
            for layer, own in part[:-1]:
                h = layer._forward(kernels, own, (h,))
            _add_projection(kernels, y, h, part[-1][1]["kernel"])
        return y

    def _parts(self, weights: Weights) -> Iterator[list[tuple[Layer, dict[str, Array]]]]:
        """Per part: each layer with its slices of the weights, by its own roles."""
        for start, stop in self.ranges():
            stages = zip(self.names, self._narrowed(stop - start), strict=True)
            yield [(layer, self._own(weights, name, start, stop)) for name, layer in stages]

    def _own(self, weights: Weights, name: str, start: int, stop: int) -> dict[str, Array]:
        at, prefix = self._slice(name, start, stop), f"{name}/"
        return {role.removeprefix(prefix): canonical(w[at]) for role, w in weights.items() if role.startswith(prefix)}

    def _slice(self, name: str, start: int, stop: int) -> Any:
        """Expanded channels are the rows of the projection's kernel, and the last axis of every other weight."""
        return slice(start, stop) if name == self.names[-1] else (..., slice(start, stop))

    def _train_forward(
        self, kernels: Any, weights: Weights, xs: tuple[Array, ...], rng: np.random.Generator, statistics: str
    ) -> tuple[Array, Any, dict[str, Array]]:
        """Of the maps only x is saved: backward computes each part again."""
        (x,) = xs
        y = np.zeros((len(x), *self.out_shape(x.shape[1:])), x.dtype)
        updates: dict[str, Array] = {}
        for (start, stop), part in zip(self.ranges(), self._parts(weights), strict=True):
            h = x
            for name, (layer, own) in zip(self.names, part[:-1], strict=False):
                h, content, changed = layer._train_forward(kernels, own, (h,), rng, statistics)
                del content  # it holds what the layer read
                self._put(updates, weights, name, changed, start, stop)
            _add_projection(kernels, y, h, part[-1][1]["kernel"])
        return y, (x, statistics), updates

    def _put(
        self, sums: dict[str, Array], weights: Weights, name: str, values: dict[str, Array], start: int, stop: int
    ) -> None:
        """Put a layer's values for one part into arrays for all parts, of the weights' shapes."""
        for role, value in values.items():
            whole = sums.setdefault(f"{name}/{role}", np.zeros_like(weights[f"{name}/{role}"]))
            whole[self._slice(name, start, stop)] = value

    def _backward(self, kernels: Any, weights: Weights, saved: Any, dy: Array, input_gradient: bool) -> Gradients:
        x, statistics = saved
        rng = np.random.default_rng(0)  # none of the layers draws from it
        dx = np.zeros_like(x)
        dweights: dict[str, Array] = {}
        for (start, stop), part in zip(self.ranges(), self._parts(weights), strict=True):
            h, contents = x, []
            for layer, own in part:
                h, content, _ = layer._train_forward(kernels, own, (h,), rng, statistics)
                contents.append(content)
            dh = dy
            for at in reversed(range(len(part))):
                layer, own = part[at]
                dhs, gradients = layer._backward(kernels, own, contents.pop(), dh, at > 0 or input_gradient)
                self._put(dweights, weights, self.names[at], gradients, start, stop)
                dh = dhs[0] if dhs else dh
            if input_gradient:
                dx += dh
        return (dx,) if input_gradient else (), dweights


def _add_projection(kernels: Any, y: Array, h: Array, w: Array) -> None:
    """`y += h . w`, never holding more channels of the product than h has. h (B, H', W', q), w (q, k')."""
    q, filters = w.shape
    for n in range(0, filters, q):
        y[..., n : n + q] += kernels.pointwise_conv2d_forward(h, canonical(w[:, n : n + q]))


def split_bottleneck(net: Graph, block: str, parts: int) -> Graph:
    """The same network with one block split `parts` ways; block: e.g. "block_3", the prefix of its nodes.

    A block without an expansion of its own, such as V2's first, is split together with the convolution before it: the
    trick for the first layer in the caption of V2 Table 3. Names of nodes inside the split vanish; keys, outputs and
    cost stay. Raises ValueError if the block is no such chain, or for parts beyond 1 to its expanded channels.
    """
    return Graph(f"{net.name}, {block} in {parts} parts", net.inputs, _split(net, block, parts), net.outputs)


def split_bottlenecks(net: Graph, parts: int) -> Graph:
    """The same network with each block that expands and projects split `parts` ways, or as often as it has channels.

    Left whole are blocks with inner maps that are read elsewhere (a detector's tap, an output), or with layers between
    that mix channels or maps; the network's name says how many are split. Raises ValueError if none can be.
    """
    check_count(parts, "parts")
    names = {node.name for node in net.nodes}
    blocks = [name.removesuffix("/expand") for name in net.shapes if name.endswith("/expand")]
    blocks = [block for block in blocks if f"{block}/project" in names]
    if not blocks:
        raise ValueError(f"{net.name}: wanted blocks with nodes `expand` and `project`, as in mobilenet_v2; got none")
    refusals = {block: _refusal(net, block) for block in blocks}
    possible = [block for block, why in refusals.items() if not why]
    if not possible:
        raise ValueError(f"{net.name}: wanted a bottleneck that can be split, got none; {refusals[blocks[0]]}")
    split, name = net, f"{net.name}, {len(possible)} of {len(blocks)} bottlenecks in {parts} parts"
    for block in possible:
        width = net.shapes[f"{block}/expand"][2]
        split = Graph(name, net.inputs, _split(split, block, min(parts, width)), net.outputs)
    return split


def _refusal(net: Graph, block: str) -> str:
    """Why the block cannot be split; nothing if it can."""
    try:
        _chain(net, block)
    except ValueError as error:
        return str(error)
    return ""


def _split(net: Graph, block: str, parts: int) -> list[Node]:
    """The graph's nodes, one node in place of the block's chain: under the projection's name, with everybody's keys."""
    chain = _chain(net, block)
    first, *between, last = (node.layer for node in chain)
    assert isinstance(first, Expansion)
    assert isinstance(last, PointwiseConv2d)
    names = tuple(node.name for node in chain)
    layer = SplitBottleneck(names, first, tuple(between), last, parts)
    keys = {role: _key(chain, role) for role in layer.parameters(net.shapes[chain[0].inputs[0]])}
    merged = Node(names[-1], layer, chain[0].inputs, keys)
    return [merged if node.name == names[-1] else node for node in net.nodes if node.name not in names[:-1]]


def _key(chain: list[Node], role: str) -> str:
    """Where the weight `<node>/<role of its layer>` stands."""
    name, _, own = role.rpartition("/")
    return next(node for node in chain if node.name == name).key(own)


def _chain(net: Graph, block: str) -> list[Node]:
    """From the expansion to the projection: the block's last 1x1 convolution, and upwards what is per channel."""
    by_name = {node.name: node for node in net.nodes}
    ends = [n for n in net.nodes if n.name.startswith(f"{block}/") and isinstance(n.layer, PointwiseConv2d)]
    if not ends:
        near = dict.fromkeys(name.partition("/")[0] for name in by_name if "/" in name)
        raise ValueError(f"block: wanted one with a 1x1 projection, of {', '.join(near)}; got {block!r}")
    chain, readers = [ends[-1]], Counter(source for node in net.nodes for source in node.inputs)
    while len(chain) == 1 or not isinstance(chain[0].layer, Expansion):
        above = chain[0].inputs[0]
        if above not in by_name or not isinstance(by_name[above].layer, (Conv2d, PointwiseConv2d, *PER_CHANNEL)):
            what = by_name[above].layer if above in by_name else "an input of the graph"
            raise ValueError(f"{block}: wanted per-channel layers below an expansion, got {what} at {above!r}")
        if readers[above] > 1 or above in net.outputs:
            raise ValueError(f"{block}: wanted maps that nothing else reads, got {above!r}, which is read elsewhere")
        chain.insert(0, by_name[above])
    return chain
