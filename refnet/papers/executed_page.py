"""What `refnet audit --execute` shows: a line per model, each node where counts differ, what was measured."""

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from .executed import COLUMNS, Count, ModelCount, NodeCount

HEADINGS = ("formula", "graph", "executed", "inside", "dx", "dw")

MEASURES = """\
Multiply-adds of one image. formula, graph, executed: every tap (MADD), by the closed formula, by the graph's
rows, and by running the kernels on ones, with ones in the padding too: the sum of the output is the number of
products that reached it. inside: the forward kernels with their own padding; dx, dw: the gradients (also the
first layer's dx, which training does not need); these three must equal the graph's MADD-INSIDE."""

DOES_NOT_MEASURE = """\
This counts products that contribute to an output. It does not measure time or memory traffic; it does not see
a product that was computed and thrown away, mistakes that cancel in a sum, or a product of the wrong pixel or
weight: the tests of the kernels look for those."""


def render_executed(results: Sequence[ModelCount], console: Console) -> None:
    """Print the table, the nodes whose counts differ, and what all this measures."""
    _print_whole(_summary(results), console)
    wrong = [(result.model, node) for result in results for node in result.nodes if not node.ok]
    if wrong:
        _print_whole(_disagreements(wrong), console)
    nodes = f"nodes: {sum(len(result.nodes) for result in results)}"
    verdict = f"Counts differ ({nodes}, wrong: {len(wrong)})." if wrong else f"All counts agree ({nodes})."
    for text in (verdict, MEASURES, DOES_NOT_MEASURE):
        console.print(text.replace("\n", " "), markup=False)


def to_json(results: Sequence[ModelCount]) -> dict[str, Any]:
    """Totals per model, every node that differs, what was measured; None stands for no whole number."""
    return {
        "models": [
            {"model": result.model, "nodes": len(result.nodes), **_totals(result), "equal": result.ok}
            for result in results
        ],
        "disagreements": [
            {"model": result.model, "node": node.node, **{name: getattr(node, name) for name in COLUMNS}}
            for result in results
            for node in result.nodes
            if not node.ok
        ],
        "measures": " ".join(MEASURES.split()),
        "does_not_measure": " ".join(DOES_NOT_MEASURE.split()),
    }


def _totals(result: ModelCount) -> dict[str, Count]:
    return {name: result.total(name) for name in COLUMNS}


def _summary(results: Sequence[ModelCount]) -> Table:
    table = _table("model", "nodes", *HEADINGS, "ok")
    for result in results:
        totals = (_text(result.total(name)) for name in HEADINGS)
        table.add_row(result.model, str(len(result.nodes)), *totals, "yes" if result.ok else "NO")
    return table


def _disagreements(wrong: Sequence[tuple[str, NodeCount]]) -> Table:
    table = _table("model", "node that differs", *COLUMNS)
    for model, node in wrong:
        table.add_row(model, node.node, *(_text(getattr(node, name)) for name in COLUMNS))
    return table


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for column in columns:
        is_name = column.startswith(("model", "node that"))
        table.add_column(column, justify="left" if is_name else "right", no_wrap=True)
    return table


def _print_whole(table: Table, console: Console) -> None:
    """Print without cutting a digit: a table that is wider than the console runs over."""
    table.width = console.measure(table, options=console.options.update(max_width=10_000)).maximum
    console.print(table, crop=False, no_wrap=True, overflow="ignore")


def _text(count: Count) -> str:
    return "no integer" if count is None else str(count)
