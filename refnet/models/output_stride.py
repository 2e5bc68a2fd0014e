"""Denser maps out of the same weights: strides that become dilations (atrous convolution).

    output stride   pixels of the image per pixel of the last map, along an axis: 32 for all bodies here
    grid            where a value stands: (stride so far, rate), rate = how many times denser than in the body itself

From the point where the wanted output stride is reached no node strides any more; every window behind a stride that was
taken away spreads its taps by as much. DeepLabv3 (Chen et al. 2017, arXiv:1706.05587, section 3.1); the same rule as
in TF-slim's `mobilenet_base` and `stack_blocks_dense`.

The coarse map is part of the dense one, pixel for pixel and up to the borders, because taps that stood beside each
other stand `rate` apart. With symmetric padding it is every rate-th pixel from the first on. SAME pads a map of even
size only at the end, so that a stride taken from such a map moves the first of these pixels on by that map's own rate.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from ..layers.base import check_choice
from ..layers.convolution import Conv2d, DepthwiseConv2d, GroupedConv2d
from ..layers.pooling import AveragePool2d, MaxPool2d
from ..node import Node

OUTPUT_STRIDES = (8, 16, 32)

_CONVOLUTIONS = (Conv2d, DepthwiseConv2d, GroupedConv2d)
_POOLS = (MaxPool2d, AveragePool2d)


class Grid(NamedTuple):
    """Where a value stands: one pixel for `stride` of the image's, `rate` times denser than in the body itself."""

    stride: int
    rate: int


def dilated(nodes: Sequence[Node], output_stride: int) -> list[Node]:
    """The nodes of a body, which name their inputs, with no map coarser than output_stride: same names, same weights.

    output_stride: one of OUTPUT_STRIDES. Raises ValueError for anything else, if values of different density meet, or
    if a pooling window would have to spread.
    """
    grids: dict[str, Grid] = {}
    stride = check_choice(output_stride, OUTPUT_STRIDES, "output_stride")
    return [_placed(node, grids, stride) for node in nodes]


def _placed(node: Node, grids: dict[str, Grid], output_stride: int) -> Node:
    """The node with its own stride and dilation; notes the grid of its output."""
    found = {grids.get(source, Grid(1, 1)) for source in node.inputs}
    if len(found) != 1:
        raise ValueError(f"node {node.name!r}: wanted inputs on one grid, got {sorted(found)}")
    (grid,) = found
    layer = node.layer
    if not isinstance(layer, (*_CONVOLUTIONS, *_POOLS)):
        grids[node.name] = grid
        return node
    stride = layer.window().stride[0]
    kept = grid.stride * stride <= output_stride
    grids[node.name] = Grid(grid.stride * stride, grid.rate) if kept else Grid(grid.stride, grid.rate * stride)
    if not kept:
        layer = replace(layer, stride=1)
    if grid.rate > 1 and layer.window().kernel != (1, 1):
        if isinstance(layer, _POOLS):
            raise ValueError(f"node {node.name!r}: wanted no pooling beyond output stride {output_stride}, got {layer}")
        layer = replace(layer, dilation=layer.window().dilation[0] * grid.rate)
    return replace(node, layer=layer)
