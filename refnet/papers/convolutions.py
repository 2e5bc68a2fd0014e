"""The convolutions of a network as the formulas see them: shapes, and what the graph counts for each."""

from typing import Any, NamedTuple

from ..layers.base import Shape
from .networks import Build, Networks


class Convolution(NamedTuple):
    """A convolution or dense layer; madds, inside: what the graph counts under MADD and MADD-INSIDE."""

    kernel: Shape
    input: Shape
    output: Shape
    madds: int
    inside: int

    @property
    def stride(self) -> int:
        """How much smaller the map becomes."""
        return self.input[0] // self.output[0]


class Pair(NamedTuple):
    """A depthwise k x k convolution with output h x w x d_i, and the 1x1 convolution to d_j channels."""

    h: int
    w: int
    d_i: int
    d_j: int
    k: int
    madds: int


class Bottleneck(NamedTuple):
    """A block of V2 on an input h x w x d_in; terms: multiply-adds of expansion, depthwise and projection.

    The block with t = 1 has no expansion, so two terms.
    """

    h: int
    w: int
    d_in: int
    d_out: int
    t: int
    k: int
    s: int
    terms: tuple[int, ...]


def convolutions(networks: Networks, build: Build, **settings: Any) -> dict[str, Convolution]:
    """Node name -> every node that multiplies with weights."""
    graph, cost = networks.graph(build, **settings), networks.cost(build, **settings)
    found = {}
    for node, row in zip(graph.nodes, cost, strict=True):
        if row.terms.products:
            shape = graph.shapes[node.inputs[0]]
            kernel, output = node.layer.parameters(shape)["kernel"], graph.shapes[node.name]
            found[node.name] = Convolution(kernel, shape, output, row.terms.madds, row.terms.madds_inside)
    return found


def blocks(networks: Networks, build: Build, **settings: Any) -> dict[str, dict[str, Convolution]]:
    """Block -> place in the block -> convolution, e.g. ["block_8"]["depthwise"]."""
    found: dict[str, dict[str, Convolution]] = {}
    for name, convolution in convolutions(networks, build, **settings).items():
        block, _, place = name.partition("/")
        if place:
            found.setdefault(block, {})[place] = convolution
    return found


def pairs(networks: Networks, build: Build, **settings: Any) -> dict[str, Pair]:
    """V1's separable layers, or V2's blocks without their expansion."""
    return {block: _pair(places) for block, places in blocks(networks, build, **settings).items()}


def _pair(places: dict[str, Convolution]) -> Pair:
    depthwise, pointwise = places["depthwise"], places.get("pointwise") or places["project"]
    (h, w, d_i), d_j = depthwise.output, pointwise.kernel[1]
    return Pair(h, w, d_i, d_j, depthwise.kernel[0], depthwise.madds + pointwise.madds)


def bottlenecks(networks: Networks, build: Build, **settings: Any) -> dict[str, Bottleneck]:
    """The blocks of a V2 network."""
    return {block: _bottleneck(places) for block, places in blocks(networks, build, **settings).items()}


def _bottleneck(places: dict[str, Convolution]) -> Bottleneck:
    first, pair = next(iter(places.values())), _pair(places)
    h, w, d_in = first.input
    terms = tuple(each.madds for each in places.values())
    return Bottleneck(h, w, d_in, pair.d_j, pair.d_i // d_in, pair.k, places["depthwise"].stride, terms)
