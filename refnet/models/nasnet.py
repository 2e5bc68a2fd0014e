"""NASNet-A mobile, 4 @ 1056 (Zoph et al. 2017, Figure 4 and appendix A), as TF-slim has it (nets/nasnet/).

    F       filters: channels of every state inside a cell
    N       normal cells between two reductions; the cell at the end has 6 F = 1056 channels
    state   0 is the cell before through a 1x1 convolution, 1 the cell before that made to fit, 2 to 6 the sums of the
            five combinations

Every convolution reads a ReLU and is followed by batch norm. A separable operation is depthwise, pointwise and batch
norm, twice; only the first has the cell's stride. A state of another size is halved by two 1x1 convolutions on every
other pixel, one of them a pixel further right and down, and no information lost ("factorized reduction"). The stem
starts without a cell before it: both its first states are the first convolution. Average pools leave the padding out.
TF-slim's auxiliary classifier, which only training has, is left out here.
"""

from typing import NamedTuple

from ..graph import Graph
from ..layers.activation import Relu
from ..layers.add import Add
from ..layers.base import check_count
from ..layers.channels import Concat, Pad2d
from ..layers.convolution import Conv2d, DepthwiseConv2d, PointwiseConv2d
from ..layers.pooling import AveragePool2d, MaxPool2d
from ..node import Node
from .blocks import Style, head

Operand = tuple[int, str, int]  # state, operation, size of its window


class Cell(NamedTuple):
    """One of Figure 4's cells: pairs of operations whose results are added, states that come out."""

    stride: int
    combinations: tuple[tuple[Operand, Operand], ...]
    outputs: tuple[int, ...]


NORMAL = Cell(
    1,
    (
        ((0, "separable", 5), (1, "separable", 3)),
        ((1, "separable", 5), (1, "separable", 3)),
        ((0, "average", 3), (1, "none", 1)),
        ((1, "average", 3), (1, "average", 3)),
        ((0, "separable", 3), (0, "none", 1)),
    ),
    (1, 2, 3, 4, 5, 6),
)
REDUCTION = Cell(
    2,
    (
        ((0, "separable", 5), (1, "separable", 7)),
        ((0, "max", 3), (1, "separable", 7)),
        ((0, "average", 3), (1, "separable", 5)),
        ((3, "none", 1), (2, "average", 3)),
        ((2, "separable", 3), (0, "max", 3)),
    ),
    (3, 4, 5, 6),
)

FIRST, FILTERS, REPEATS = 32, 44, 4


def cells() -> list[tuple[str, Cell, int]]:
    """Name, cell and F of each, from the stem on: a reduction doubles F."""
    rows = [("cell_stem_0", REDUCTION, FILTERS // 4), ("cell_stem_1", REDUCTION, FILTERS // 2)]
    for group in range(3):
        filters = FILTERS * 2**group
        rows += [(f"reduction_cell_{group - 1}", REDUCTION, filters)] if group else []
        rows += [(f"cell_{group * REPEATS + i}", NORMAL, filters) for i in range(REPEATS)]
    return rows


class End(NamedTuple):
    """A node that later cells read, and by what its map is smaller than the first convolution's."""

    node: str
    scale: int


STYLE = Style(0.9997, 1e-3, "relu")


def nasnet_a_mobile(resolution: int = 224, classes: int = 1000) -> Graph:
    """NASNet-A mobile: images (resolution, resolution, 3) -> logits (classes,), or pooled features for classes=0.

    resolution: any from 32. Raises ValueError for anything else.
    """
    check_count(resolution, "resolution", least=32)
    nodes = STYLE.linear("conv_first", Conv2d(FIRST, 3, 2, padding="valid"))
    current = End(nodes[-1].name, 1)
    before = current
    for name, cell, filters in cells():
        nodes += _cell(name, cell, filters, current, before)
        before, current = current, End(nodes[-1].name, current.scale * cell.stride)
    nodes.append(Node("last_relu", Relu()))
    nodes += head(classes, dropout=0.5)
    return Graph(f"nasnet_a_mobile-{resolution}", {"images": (resolution, resolution, 3)}, nodes)


def _cell(name: str, cell: Cell, filters: int, current: End, before: End) -> list[Node]:
    nodes = [] if before == current else _fit(name, filters, current, before)
    previous = nodes[-1].name if nodes else before.node
    nodes += _relu_and_convolution(f"{name}/current", filters, current.node)
    states = [nodes[-1].name, previous]
    for number, operands in enumerate(cell.combinations):
        ends = []
        for side, operand in zip(("left", "right"), operands, strict=True):
            more = _operation(f"{name}/{side}_{number}", operand, states, filters, cell.stride)
            nodes += more
            ends.append(more[-1].name if more else states[operand[0]])
        nodes.append(Node(f"{name}/add_{number}", Add(), tuple(ends)))
        states.append(nodes[-1].name)
    outputs = tuple(states[each] for each in cell.outputs)
    return [*nodes, Node(f"{name}/concat", Concat(len(outputs)), outputs)]


def _relu_and_convolution(name: str, filters: int, start: str) -> list[Node]:
    return [Node(f"{name}_relu", Relu(), (start,)), *STYLE.linear(name, PointwiseConv2d(filters))]


def _fit(name: str, filters: int, current: End, before: End) -> list[Node]:
    """The cell before the last with this cell's channels and the last one's size."""
    if before.scale == current.scale:
        return _relu_and_convolution(f"{name}/before", filters, before.node)
    path, start = f"{name}/before", f"{name}/before_relu"
    every_other = AveragePool2d(1, 2, "valid")
    return [
        Node(start, Relu(), (before.node,)),
        Node(f"{path}_1_pool", every_other),
        Node(f"{path}_1", PointwiseConv2d(filters // 2)),
        Node(f"{path}_2_shift", Pad2d((-1, 1, -1, 1)), (start,)),
        Node(f"{path}_2_pool", every_other),
        Node(f"{path}_2", PointwiseConv2d(filters // 2)),
        *STYLE.linear(path, Concat(2), (f"{path}_1", f"{path}_2")),
    ]


def _operation(name: str, operand: Operand, states: list[str], filters: int, stride: int) -> list[Node]:
    """The nodes of one operation, none for "none"; only states 0 and 1 still have the size before a reduction."""
    state, operation, size = operand
    start, stride = states[state], stride if state < 2 else 1
    if operation == "separable":
        return [
            *_separable(f"{name}/first", size, stride, filters, start),
            *_separable(f"{name}/second", size, 1, filters, f"{name}/first_bn"),
        ]
    if operation == "none":
        return []
    pool = MaxPool2d(size, stride) if operation == "max" else AveragePool2d(size, stride)
    return [Node(f"{name}/pool", pool, (start,))]


def _separable(name: str, size: int, stride: int, filters: int, start: str) -> list[Node]:
    return [
        Node(f"{name}_relu", Relu(), (start,)),
        Node(f"{name}_depthwise", DepthwiseConv2d(size, stride)),
        *STYLE.linear(name, PointwiseConv2d(filters)),
    ]
