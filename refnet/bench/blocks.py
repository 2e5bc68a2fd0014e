"""Where refnet's time goes: each block of a network compiled as a graph of its own, run one after another.

A run is the whole chain, in the network's order and on the network's own values, and every block in it is timed. So
each finds the caches as the block before left them, with its weights pushed out by the others', as in the whole
program; a block run again and again alone would not. What the sum has too much beside the whole program, which races
with the chain, is one call from Python and one waking of threads for each block: it is shown, and not hidden.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import median
from typing import Any, NamedTuple

from ..graph import Graph
from ..layers.base import Array
from ..layers.dropout import Dropout
from . import peak
from .engines import Task, named_outputs
from .healthy import healthy_weights, inputs_of
from .own import program_of
from .progress import Progress
from .race import Race
from .rows import Case

WHOLE = "the whole program"


@dataclass(frozen=True)
class Times:
    """blocks: name -> seconds of each run. whole: of the whole program. peaks: multiply-adds per second."""

    case: Case
    madds: Mapping[str, int]
    blocks: Mapping[str, Sequence[float]]
    whole: Sequence[float]
    peaks: Sequence[float]

    def share(self, madds: int, seconds: float) -> float:
        """Of the peak, in per cent."""
        return 100 * madds / (seconds * median(self.peaks))


class Part(NamedTuple):
    """A program, and what it makes of the values that others left."""

    name: str
    graph: Graph
    program: Any

    def run(self, values: dict[str, Array]) -> None:
        """Add the block's outputs to the values."""
        inputs = {name: values[name] for name in self.graph.inputs}
        values.update(named_outputs(self.graph, self.program(inputs)))


def split(net: Graph) -> dict[str, Graph]:
    """Name -> the block as a graph of its own: it reads what others left, and gives what others or the caller read.

    A block is what shares the name before `/`; without one, what begins with the name of the first and `_`:
    conv_first, conv_first_bn. Dropout, which does nothing here, is part of what is before it. Raises ValueError where
    a value between blocks cannot be an input of a graph.
    """
    found: dict[str, Graph] = {}
    groups = [(name, list(nodes)) for name, nodes in groupby(net.nodes, _Grouping())]
    for name, nodes in groups:
        inside = {node.name for node in nodes}
        inputs = {source for node in nodes for source in node.inputs} - inside
        others = {source for node in net.nodes if node.name not in inside for source in node.inputs}
        outputs = [each.name for each in nodes if each.name in others or each.name in net.outputs]
        shapes = {source: net.shapes[source] for source in net.shapes if source in inputs}
        if wrong := [source for source in shapes if len(shapes[source]) > 3]:
            raise ValueError(f"--by: wanted maps or features between blocks, got {wrong[0]!r} {shapes[wrong[0]]}")
        title = name if name not in found else f"{name} again, {nodes[0].name}"
        found[title] = Graph(title, shapes, nodes, outputs or (nodes[-1].name,))
    return found


class _Grouping:
    """Called with one node after another; the name of the group that each belongs to."""

    def __init__(self) -> None:
        self.name = ""

    def __call__(self, node: Any) -> str:
        before, slash, _ = node.name.partition("/")
        tail = node.name.startswith(f"{self.name}_") or isinstance(node.layer, Dropout)
        if slash or not (self.name and tail):
            self.name = before
        return self.name


def by_block(case: Case, race: Race, seed: int, bar: Progress) -> Times:
    """Time every block, and the whole program in turns with them."""
    bar.say("compiling the blocks")
    task = Task(case.net, healthy_weights(case.net, seed), inputs_of(case.net, case.batch, seed + 2), case.threads)
    parts = [Part(name, graph, _compiled(graph, task)) for name, graph in split(case.net).items()]
    whole, inputs = _compiled(case.net, task), dict(task.inputs)
    spans: dict[str, list[float]] = {part.name: [] for part in parts}

    def chain() -> None:
        values = dict(inputs)
        for part in parts:
            begin = time.perf_counter()
            part.run(values)
            spans[part.name].append(time.perf_counter() - begin)

    ceiling = peak.multiply_adds(case.threads)
    try:
        times = race.hold({"chain": chain, WHOLE: lambda: whole(inputs)}, {"peak": ceiling.rate}, bar.done)
    finally:
        ceiling.close()
    counted = {name: _without_warmups(every, race) for name, every in spans.items()}
    madds = {part.name: part.graph.cost().madds * case.batch for part in parts}
    return Times(case, madds, counted, [run for block in times.runs[WHOLE] for run in block], times.between["peak"])


def _compiled(graph: Graph, task: Task) -> Any:
    weights = {key: task.weights[key] for key in graph.parameters()}
    return program_of(graph, weights, task.batch, task.threads)


def _without_warmups(every: list[float], race: Race) -> list[float]:
    size = race.warmups + race.runs
    return [every[block * size + run] for block in range(race.blocks) for run in range(race.warmups, size)]


def block_data(times: Times) -> dict[str, Any]:
    """As JSON."""
    case = times.case
    rows = [
        {
            "block": name,
            "madds": times.madds[name],
            "median": median(every),
            "minimum": min(every),
            "peak_percent": times.share(times.madds[name], median(every)),
        }
        for name, every in times.blocks.items()
    ]
    return {
        "network": case.net.name,
        "batch": case.batch,
        "threads": case.threads,
        "blocks": rows,
        "sum_of_medians": sum(row["median"] for row in rows),
        "whole_program": {"median": median(times.whole), "minimum": min(times.whole)},
        "peak": {"madds_per_second": list(times.peaks)},
    }
