"""Counts by execution: every convolution and dense layer of a network, run on ones.

Where all factors are 1, each product adds 1 to the sum it belongs to: the sum of the output is the number of
products that reached it. The kernels are those that networks run on, called through their layers; an
instrumented copy would prove nothing about them.

    x, w, dy   ones, in the shapes of the node
    executed   products of all taps: the padding holds ones, too
    inside     products of the taps inside the image: the padding adds nothing
    dx, dw     products of the two gradients

Ones are float32 while no value can reach 2^24, float64 otherwise, and outputs are summed in float64: the
counts are exact.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import formulas
from ..graph import Graph
from ..layers.base import Layer, Shape
from ..layers.convolution import Conv2d, DepthwiseConv2d, GroupedConv2d
from ..layers.window import Pads
from ..models.v1 import conv_mobilenet, mobilenet_v1, shallow_mobilenet
from ..models.v2 import mobilenet_v2

Array = NDArray[Any]
Count = int | None  # None: the kernel's sum is not a whole number

Windowed = Conv2d | DepthwiseConv2d | GroupedConv2d
_NO_PADS = (0, 0, 0, 0)
FLOAT32_COUNTS = 2**24  # below it, float32 holds every integer


class Execution(NamedTuple):
    """What one layer's kernels did, forward on padded and on plain ones, and backward."""

    executed: Count
    inside: Count
    dx: Count
    dw: Count


Run = Callable[[Layer, Shape], Execution]


@dataclass(frozen=True)
class NodeCount:
    """One node's multiply-adds, counted in three ways.

    formula, graph, executed       every tap (MADD): closed formula, Terms, forward kernel
    graph_inside, inside, dx, dw   taps inside the image (MADD-INSIDE): Terms, forward and backward kernels
    """

    node: str
    formula: int
    graph: int
    executed: Count
    graph_inside: int
    inside: Count
    dx: Count
    dw: Count

    @property
    def ok(self) -> bool:
        """Formula, graph and kernels give the same integers."""
        every_tap = {self.formula, self.graph, self.executed}
        return len(every_tap) == len({self.graph_inside, self.inside, self.dx, self.dw}) == 1


COLUMNS = tuple(field.name for field in fields(NodeCount) if field.name != "node")


@dataclass(frozen=True)
class ModelCount:
    """The counted nodes of one model."""

    model: str
    nodes: tuple[NodeCount, ...]

    @property
    def ok(self) -> bool:
        return all(node.ok for node in self.nodes)

    def total(self, column: str) -> Count:
        """Sum of a column over the nodes; None if a kernel gave no whole number."""
        values = [getattr(node, column) for node in self.nodes]
        return None if None in values else sum(values)


def table_models() -> list[Graph]:
    """The networks of the papers' tables: 16 V1 and the bodies of V1 Tables 4 and 5, 21 V2 (V2 Figure 5)."""
    sizes = (224, 192, 160, 128, 96)
    first = [mobilenet_v1(width, size) for width in (1.0, 0.75, 0.5, 0.25) for size in sizes[:4]]
    second = [mobilenet_v2(width, size) for width in (1.0, 0.75, 0.5, 0.35) for size in sizes]
    return [*first, conv_mobilenet(), shallow_mobilenet(), mobilenet_v2(1.4), *second]


def execute_models(
    graphs: Iterable[Graph] | None = None, kernels: Any = None, progress: Callable[[str], None] | None = None
) -> list[ModelCount]:
    """Count each graph (default: `table_models`) by formula, graph and execution.

    kernels: as in `Graph.forward`. progress: is told each model's name before it runs. A layer that occurs
    several times with the same shape runs once.
    """
    run, results = _remembering(kernels), []
    for graph in table_models() if graphs is None else graphs:
        if progress is not None:
            progress(graph.name)
        results.append(ModelCount(graph.name, tuple(_node_counts(graph, run))))
    return results


def execute_counts(graph: Graph, kernels: Any = None) -> list[NodeCount]:
    """Every node of a graph that multiplies with weights, counted by formula, graph and execution.

    kernels: as in `Graph.forward`. Raises ValueError for kernels that are not square, for which the papers
    have no formula.
    """
    return _node_counts(graph, _remembering(kernels))


def exit_status(results: Sequence[ModelCount]) -> int:
    """0 if all counts agree; 1 if not, or if there are none."""
    return 0 if results and all(result.ok and result.nodes for result in results) else 1


def _node_counts(graph: Graph, run: Run) -> list[NodeCount]:
    layers = {node.name: (node.layer, graph.shapes[node.inputs[0]]) for node in graph.nodes}
    counts = []
    for name, terms in ((row.node, row.terms) for row in graph.cost() if row.terms.products):
        layer, shape = layers[name]
        executed, *inside = run(layer, shape)
        closed = formulas.node_madds(layer.parameters(shape)["kernel"], graph.shapes[name])
        counts.append(NodeCount(name, closed, terms.madds, executed, terms.madds_inside, *inside))
    return counts


def _remembering(kernels: Any) -> Run:
    """`execute` with these kernels (default: the plain ones); the same layer on the same shape runs once."""
    if kernels is None:
        from .. import kernels  # here, because counting without execution must not load a compiler
    known: dict[tuple[str, Shape], Execution] = {}

    def run(layer: Layer, shape: Shape) -> Execution:
        key = repr(layer), shape
        if key not in known:
            known[key] = execute(layer, shape, kernels)
        return known[key]

    return run


def execute(layer: Layer, shape: Shape, kernels: Any) -> Execution:
    """Run a layer's kernels on ones. shape: of its input, without the batch."""
    weights_shape, out = layer.parameters(shape)["kernel"], layer.out_shape(shape)
    ones = partial(np.ones, dtype=_exact(prod(weights_shape), prod(out)))
    x, w, dy = ones((1, *shape)), {"kernel": ones(weights_shape)}, ones((1, *out))
    y, saved, _ = layer.train_forward(kernels, w, x, rng=np.random.default_rng(0))
    # dy has the promised shape, whatever came out: kernels do not check.
    (dx,), gradients = layer.backward(kernels, w, saved._replace(shape=dy.shape), dy)
    bare, pads = _without_padding(layer, shape)
    # Without padding, y is the output for every tap already.
    every_tap = bare.forward(kernels, w, _framed(x, pads)) if any(pads) else y
    return Execution(_whole(every_tap), _whole(y), _whole(dx), _whole(gradients["kernel"]))


def _without_padding(layer: Layer, shape: Shape) -> tuple[Layer, Pads]:
    """The layer without its padding, and the padding (top, bottom, left, right)."""
    if not isinstance(layer, Windowed):
        return layer, _NO_PADS
    return replace(layer, padding=_NO_PADS), layer.window().pads(shape[0], shape[1])


def _framed(x: Array, pads: Pads) -> Array:
    """x (1, H, W, M) in a frame of ones, as wide as the padding."""
    top, bottom, left, right = pads
    return np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)), constant_values=1)


def _exact(weights: int, outputs: int) -> type[np.floating[Any]]:
    """A dtype that holds every count: a value of y or dx sums up to `weights` products, of dw `outputs`."""
    return np.float32 if max(weights, outputs) < FLOAT32_COUNTS else np.float64


def _whole(array: Array) -> Count:
    """The sum, as an integer; None if it is not a whole number."""
    total = float(array.sum(dtype=np.float64))
    return int(total) if total.is_integer() else None
