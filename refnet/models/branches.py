"""Inception's blocks: branches beside each other, whose ends are concatenated in their order.

    <block>/branch_<b>/conv_<i>, .../pool    layer i of branch b; convolutions have batch norm and activation
    <block>/branch_<b>/split_<j>             layers that all read the end of their branch
    <block>/concat                           the end of the block

Branches count from 0, as in TF-slim; layers from 1.
"""

from typing import NamedTuple

from ..layers.base import Layer
from ..layers.channels import Concat
from ..layers.pooling import AveragePool2d, MaxPool2d
from ..node import Node
from .blocks import Style


class Branch(NamedTuple):
    """Layers behind each other and, at the end of some, layers beside each other."""

    chain: tuple[Layer, ...]
    split: tuple[Layer, ...] = ()


def block(style: Style, name: str, start: str, branches: tuple[Branch, ...]) -> list[Node]:
    """The nodes of one block that reads `start`; the last is `name`/concat."""
    nodes: list[Node] = []
    ends: list[str] = []
    for number, branch in enumerate(branches):
        prefix, end = f"{name}/branch_{number}", start
        for place, layer in enumerate(branch.chain, start=1):
            nodes += step(style, prefix, place, layer, end)
            end = nodes[-1].name
        for place, layer in enumerate(branch.split, start=1):
            nodes += style.activated(f"{prefix}/split_{place}", layer, (end,))
            ends.append(nodes[-1].name)
        ends += [] if branch.split else [end]
    return [*nodes, Node(f"{name}/concat", Concat(len(ends)), tuple(ends))]


def step(style: Style, prefix: str, place: int, layer: Layer, start: str) -> list[Node]:
    """A pool as it is, a convolution with batch norm and activation."""
    if isinstance(layer, (MaxPool2d, AveragePool2d)):
        return [Node(f"{prefix}/pool", layer, (start,))]
    return style.activated(f"{prefix}/conv_{place}", layer, (start,))
