"""What `refnet audit --execute` shows: a line per model, each node where counts differ, what was measured."""

import os
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from ..tables import add_columns, print_table, table
from .executed import COLUMNS, Count, ModelCount, NodeCount, execute_models, table_models

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


def execute_with_progress() -> list[ModelCount]:
    """Count every model of the tables by running it; progress goes to standard error.

    Raises ValueError where kernels are not compiled.
    """
    if os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0"):
        raise ValueError("--execute: wanted compiled kernels, got NUMBA_DISABLE_JIT=1, where it would take hours")
    err, graphs = Console(stderr=True), table_models()
    if not err.is_terminal:
        return execute_models(graphs)
    from rich.progress import Progress

    with Progress(console=err, transient=True) as bar:
        task = bar.add_task("", total=len(graphs))
        return execute_models(
            graphs, progress=lambda name: bar.update(task, advance=1, description=f"running {name}")
        )


def render_executed(results: Sequence[ModelCount], console: Console) -> None:
    """Print the table, the nodes whose counts differ, and what all this measures."""
    print_table(_summary(results), console)
    wrong = [(result.model, node) for result in results for node in result.nodes if not node.ok]
    if wrong:
        print_table(_disagreements(wrong), console)
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
    made = _table("model", "nodes", *HEADINGS, "ok")
    for result in results:
        totals = (_text(result.total(name)) for name in HEADINGS)
        made.add_row(result.model, str(len(result.nodes)), *totals, "yes" if result.ok else "NO")
    return made


def _disagreements(wrong: Sequence[tuple[str, NodeCount]]) -> Table:
    made = _table("model", "node that differs", *COLUMNS)
    for model, node in wrong:
        made.add_row(model, node.node, *(_text(getattr(node, name)) for name in COLUMNS))
    return made


def _table(*columns: str) -> Table:
    made = table()
    for column in columns:
        add_columns(made, column, right=not column.startswith(("model", "node that")), whole=True)
    return made


def _text(count: Count) -> str:
    return "no integer" if count is None else str(count)
