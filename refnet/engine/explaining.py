"""What a program does, for people: one line for each operation, and what they add up to."""

from collections import Counter
from collections.abc import Sequence
from io import StringIO
from textwrap import wrap
from typing import NamedTuple

from ..graph import Graph
from .matching import Operation, Stage

PLAIN = "plain "  # before the layer that runs so
WIDTH, ANY = 100, 10_000  # columns of the notes; of the table: one operation is one line, however long


class Line(NamedTuple):
    """One operation. shapes: of its first input and of its output. memory, scratch: bytes. madds: of one image."""

    name: str
    nodes: str
    kernel: str
    shapes: str
    memory: int
    scratch: int
    madds: int


class Totals(NamedTuple):
    """Of the program; all but threads, batch and dtype are bytes. least: no arena is smaller."""

    threads: int
    batch: int
    dtype: str
    arena: int
    least: int
    temporary: int
    weights: int
    peak: int


def line(net: Graph, operation: Operation, memory: int, scratch: int, madds: int) -> Line:
    shapes = " -> ".join(_shape(net, name) for name in (operation.inputs[0], operation.output))
    names = [node.name for node in operation.nodes]
    blocks = {name.rpartition("/")[0] for name in names}
    block = blocks.pop() if len(blocks) == 1 else ""
    name = block if block and len(names) > 1 else names[0]
    kernel = f"{PLAIN}{operation.nodes[0].layer.operation}" if operation.kind == "plain" else operation.kind
    return Line(name, fused(operation, f"{block}/" if block else ""), kernel, shapes, memory, scratch, madds)


def fused(operation: Operation, prefix: str) -> str:
    """The nodes in one operation: stages by `>`, what rides on a stage's store by `+`, without what names share."""
    stages = operation.stages or (Stage("", operation.nodes),)
    inside = {node.name for stage in stages for node in stage.nodes}
    parts = [_stage(stage, prefix) for stage in stages]
    after = [_after(node.name, prefix, "") for node in operation.nodes if node.name not in inside]
    return " + ".join([" > ".join(parts), *after])


def _stage(stage: Stage, prefix: str) -> str:
    first, *others = (node.name for node in stage.nodes)
    return "+".join([_after(first, prefix, ""), *(_after(each, prefix, first) for each in others)])


def _after(name: str, prefix: str, first: str) -> str:
    """The name without the block before it and without the name of the node that it follows."""
    if first and name.startswith(f"{first}_"):
        return name.removeprefix(f"{first}_")
    return name.removeprefix(prefix)


def _shape(net: Graph, name: str) -> str:
    return "x".join(map(str, net.shapes[name]))


def text(name: str, lines: Sequence[Line], totals: Totals) -> str:
    from rich.console import Console  # which a program that nobody explains does not wait for

    from ..tables import add_columns, table

    made = table(f"{name}: batch {totals.batch}, {totals.dtype}, {totals.threads} thread(s)")
    add_columns(made, "operation", "nodes", "kernel", "shapes")
    add_columns(made, "bytes", "scratch", "madds (MADD)", right=True, whole=True)
    for each in lines:
        numbers = (each.memory, each.scratch, each.madds)
        made.add_row(*each[:4], *(f"{number:,}" for number in numbers))
    out = StringIO()
    Console(file=out, width=ANY, highlight=False, markup=False, color_system=None).print(made)
    listed = [row.rstrip() for row in out.getvalue().splitlines()]
    return "\n".join([*listed, *(row for note in notes(lines, totals) for row in wrap(note, WIDTH))])


def notes(lines: Sequence[Line], totals: Totals) -> list[str]:
    """What the lines add up to, and what they count."""
    plain = Counter(each.kernel.removeprefix(PLAIN) for each in lines if each.kernel.startswith(PLAIN))
    listed = ", ".join(f"{count} {layer}" for layer, count in plain.items())
    slow = f"{plain.total()} run plain, by the loops of refnet.kernels: {listed}" if plain else "none runs plain"
    return [
        f"{len(lines)} operations, {sum(each.madds for each in lines):,} multiply-adds for each image (MADD); {slow}.",
        f"peak: {totals.peak:,} bytes: one arena of {totals.arena:,} (at least {totals.least:,} live at one time), in "
        f"which images, results and the scratch of {totals.threads} thread(s) lie, and {totals.temporary:,} of arrays "
        f"that plain steps make. Packed weights: {totals.weights:,} bytes.",
        "bytes: of inputs and output, channels padded. scratch: bytes held inside, of all threads together.",
    ]


