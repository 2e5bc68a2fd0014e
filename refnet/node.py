"""One operation at one place of a graph, and one entry of its weights dict."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from numpy.typing import NDArray

from .layers.base import STATISTICS, Layer, Shape

Array = NDArray[Any]


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

    def key(self, role: str) -> str:
        """Where the weight of this role stands in the weights dict."""
        return self.weights.get(role, f"{self.name}/{role}")

    def keys(self, *shapes: Shape) -> dict[str, str]:
        """Role -> key of every weight the layer has, for inputs of these shapes."""
        return {role: self.key(role) for role in self.layer.parameters(*shapes)}
