"""A graph and its weights -> a program: fold, match, pack, plan."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..graph import Graph
from ..kernels.tiled.claims import COUNT
from ..kernels.tiled.shapes import granule
from ..kernels.tiled.threads import default_threads
from ..layers.base import canonical, check_count, check_threads
from ..rewrites.fold import fold_batch_norm, innermost
from ..rewrites.split import SplitBottleneck
from . import explaining, tables
from .explaining import Line
from .lowered import Lowering
from .matching import Operation, needed, operations
from .planning import Plan, Working, layouts, plan, rooms
from .program import Parts, PlainStep, Program, Step
from .values import Layout

Array = NDArray[Any]


def compile(net: Graph, weights: Mapping[str, Array], batch: int = 1, threads: int | None = None) -> Program:
    """A program for batches of `batch` images; its results are those of `net.forward` but for rounding.

    threads: how many may share a call, by default one for each core that this process may use. The weights are copied.
    Raises TypeError or ValueError that names what was wanted and what was given.
    """
    built, images, team = _built(net, weights, batch, threads)
    return Program(built.parts(net, built.steps()), images, team)


def compile_apart(
    net: Graph, weights: Mapping[str, Array], batch: int, threads: int, around: Callable[[Line, Step], Step]
) -> Program:
    """The same program with each operation a step of its own: what `around` makes of it and its line of `explain`."""
    built, images, team = _built(net, weights, batch, threads)
    return Program(built.parts(net, [around(*each) for each in built.apart()]), images, team)


def _built(net: Graph, weights: Mapping[str, Array], batch: int, threads: int | None) -> tuple["_Built", int, int]:
    """What there is to run, images of a call, threads."""
    if not isinstance(net, Graph):
        raise TypeError(f"net: wanted a refnet.Graph, got {type(net).__name__}")
    net.check_weights(weights)
    images, team = check_count(batch, "batch"), default_threads() if threads is None else check_threads(threads)
    dtype = next((weights[key].dtype for key in net.parameters()), np.dtype(np.float32))
    folded, own = fold_batch_norm(needed(net), weights)
    found = operations(folded, granule(dtype), fast=tables.compiles())
    lying = layouts(folded, found, images, granule(dtype), dtype.itemsize)
    lower = Lowering(folded, own, images, lying, dtype)
    room = rooms(folded, found, lying)
    lowered = [lower(each, most) if each.fast else None for each, most in zip(found, room, strict=True)]
    if (most := tables.most_chunks(lowered)) > COUNT:
        raise ValueError(f"batch: wanted at most {COUNT} chunks of work in an operation, got {most} by {images} images")
    working = [Working(each.scratch, each.shared) if each else Working() for each in lowered]
    planned = plan(folded, found, lying, working, team, dtype.itemsize)
    packed = tables.pack(found, lowered, planned, dtype)
    scratch = tuple(team * each.scratch + each.shared for each in working)
    return _Built(folded, own, found, lying, planned, packed, scratch), images, team


@dataclass(frozen=True)
class _Built:
    """What `compile` has found. scratch: numbers that each operation holds inside, of all threads together."""

    net: Graph
    weights: Mapping[str, Array]
    operations: Sequence[Operation]
    layouts: Mapping[str, Layout]
    plan: Plan
    packed: tables.Packed
    scratch: Sequence[int]

    def parts(self, given: Graph, steps: Sequence[Step]) -> Parts:
        """What the program keeps. given: the graph as the caller knows it."""
        places = self.plan.places
        return Parts(
            name=given.name,
            inputs={name: places.get(name) for name in given.inputs},
            shapes=given.inputs,
            outputs={name: places[name] for name in given.outputs},
            steps=tuple(steps),
            lines=tuple(self.lines()),
            weights=self.packed.weights,
            tables=self.packed.tables,
            size=self.plan.size,
            least=self.plan.least,
            temporary=max((self.temporary(each) for each in self.operations), default=0),
        )

    def steps(self) -> list[Step]:
        """Fast operations that follow each other are one step."""
        found: list[Step] = []
        rows = zip(self.operations, self.packed.rows, strict=True)
        working = [(each, span) for each, span in rows if each.kind != "alias"]
        for fast, group_of in groupby(working, key=lambda pair: pair[0].fast):
            listed = list(group_of)
            if fast:
                found.append(self.packed.step(listed[0][1].start, listed[-1][1].stop))
            else:
                found.extend(self.plain(operation) for operation, _ in listed)
        return found

    def apart(self) -> Iterator[tuple[Line, Step]]:
        """Each operation that takes time: its line, and a step of its own."""
        for line, each, span in zip(self.lines(), self.operations, self.packed.rows, strict=True):
            if each.kind != "alias":
                yield line, self.packed.step(span.start, span.stop) if each.fast else self.plain(each)

    def plain(self, operation: Operation) -> PlainStep:
        (node,), places = operation.nodes, self.plan.places
        shapes = (self.net.shapes[name] for name in node.inputs)
        own = {role: canonical(np.array(self.weights[key])) for role, key in node.keys(*shapes).items()}
        return PlainStep(node.layer, own, tuple(places[name] for name in node.inputs), places[node.name])

    def temporary(self, operation: Operation) -> int:
        """Bytes of the arrays that a plain step makes: copies of what is padded, its result, what it holds inside."""
        if operation.kind != "plain":
            return 0
        layer, result = innermost(operation.nodes[0].layer), self.layouts[operation.output].shape
        copies = sum(prod(self.layouts[name].shape) for name in operation.inputs if not self.layouts[name].dense)
        inside = 0
        if isinstance(layer, SplitBottleneck):
            shape = self.layouts[operation.inputs[0]].shape
            inside = 2 * prod(shape[:-3]) * layer.inner(shape[-3:])  # each layer's result lies beside what it read
        return (copies + prod(result) + inside) * self.packed.weights.itemsize

    def lines(self) -> list[Line]:
        """What `explain` says of each operation."""
        itemsize, found = self.packed.weights.itemsize, []
        madds = {row.node: row.terms.madds for row in self.net.cost()}
        for each, scratch in zip(self.operations, self.scratch, strict=True):
            memory = sum(self.layouts[name].numbers for name in {*each.inputs, each.output}) * itemsize
            multiplied = sum(madds[node.name] for node in each.nodes)
            found.append(explaining.line(self.net, each, memory, scratch * itemsize, multiplied))
        return found
