"""One operation at one place of a graph, and one entry of its weights dict."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from numpy.typing import NDArray

from .layers.base import STATISTICS, Layer, Shape

Array = NDArray[Any]


def names(given: Any, what: str) -> tuple[str, ...]:
    """Several names, or one as a plain string. Raises TypeError for anything else."""
    if isinstance(given, str):
        return (given,)
    listed = tuple(given) if isinstance(given, Iterable) else (given,)
    if not all(isinstance(each, str) for each in listed):
        raise TypeError(f"{what}: wanted names, got {given!r}")
    return listed


class Parameter(NamedTuple):
    """What stands under one key of the weights dict."""

    shape: Shape
    role: str

    @property
    def trainable(self) -> bool:
        """Whether gradients reach it; batch norm's moving statistics are updated otherwise."""
        return self.role not in STATISTICS


@dataclass(frozen=True)
class Node:
    """A layer at a place.

    name     says the place (`block_3/depthwise`); nodes that share the prefix before `/` are a block
    inputs   names of the nodes or graph inputs it reads; empty means the node listed before it
    weights  role -> key of the weights dict; by default `name/role`. Two nodes may share a key: gradients add up.
    """

    name: str
    layer: Layer
    inputs: tuple[str, ...] = ()
    weights: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise TypeError(f"node: wanted a name, got {self.name!r}")
        if not isinstance(self.layer, Layer):
            raise TypeError(f"node {self.name!r}: wanted a layer such as Relu6(), got {self.layer!r}")
        if not isinstance(self.weights, Mapping):
            raise TypeError(f"node {self.name!r}: weights: wanted a dict of role and key, got {self.weights!r}")
        object.__setattr__(self, "inputs", names(self.inputs, f"node {self.name!r}: inputs"))

    def key(self, role: str) -> str:
        """Where the weight of this role stands in the weights dict."""
        return self.weights.get(role, f"{self.name}/{role}")

    def keys(self, *shapes: Shape) -> dict[str, str]:
        """Role -> key of every weight the layer has, for inputs of these shapes."""
        return {role: self.key(role) for role in self.layer.parameters(*shapes)}


def chained(nodes: Any, inputs: tuple[str, ...]) -> tuple[Node, ...]:
    """Nodes that name no inputs read the node before them, the first one the graph's only input.

    Raises TypeError or ValueError if there is nothing to chain or something that is no node.
    """
    listed: list[Node] = list(nodes) if isinstance(nodes, Iterable) else [nodes]
    if wrong := [each for each in listed if not isinstance(each, Node)]:
        raise TypeError(f"nodes: wanted a list of Node, got {wrong[0]!r}")
    if not listed or not inputs:
        raise ValueError(f"wanted at least one input and one node, got {len(inputs)} and {len(listed)}")
    first, *others = inputs
    if not listed[0].inputs and others:
        raise ValueError(f"node {listed[0].name!r}: wanted the names of its inputs, got none of {', '.join(inputs)}")
    before = (first, *(node.name for node in listed[:-1]))
    pairs = zip(listed, before, strict=True)
    return tuple(node if node.inputs else replace(node, inputs=(source,)) for node, source in pairs)
