"""What `refnet count` shows: the conventions, the layers, the types of layer; as rich tables and as JSON."""

from collections import defaultdict
from decimal import Decimal
from fractions import Fraction
from typing import Any

from rich.console import Console
from rich.table import Table

from . import choosing, models
from .choosing import Reading
from .counting import CONVENTIONS, Cost
from .digits import Figure
from .graph import Graph
from .papers.audit import plain
from .papers.claim import UNCOUNTED
from .tables import add_columns, table


def console(markup: bool = True) -> Console:
    """Standard output; 100 columns where it is not a terminal. Honours NO_COLOR. markup: whether [red] is a colour."""
    out = Console(highlight=False, markup=markup)
    return out if out.is_terminal else Console(highlight=False, markup=markup, width=100)


def _table(title: str, *columns: str, numbers: int) -> Table:
    """A table whose last columns, `numbers` of them, are aligned to the right."""
    made = table(title)
    add_columns(made, *columns[:-numbers])
    add_columns(made, *columns[-numbers:], right=True, whole=True)
    return made


def conventions(net: Graph) -> Table:
    """Every convention with its count."""
    made = _table(net.name, "convention", "what is counted", "quantity", "count", numbers=1)
    for name, count in net.cost().totals().items():
        made.add_row(name, CONVENTIONS[name].meaning, CONVENTIONS[name].quantity, f"{count:,}")
    return made


def model_rows() -> list[dict[str, Any]]:
    """Every model with its builder's defaults: name, what it is, multiply-adds (MADD), kernel weights (P-WEIGHTS)."""
    found = []
    for name in models.__all__:
        cost = choosing.build(name, {}).cost()
        counts = {"madds": cost.madds, "weights": cost.total("P-WEIGHTS")}
        found.append({"model": name, "summary": choosing.summary(name), **choosing.settings_of(name, {}), **counts})
    return found


def models_table(rows: list[dict[str, Any]]) -> Table:
    """One line per model."""
    made = _table("", "model", "input", "classes", "madds (MADD)", "weights (P-WEIGHTS)", numbers=4)
    for row in rows:
        size, classes = (UNCOUNTED if row[name] is None else str(row[name]) for name in ("resolution", "classes"))
        made.add_row(row["model"], size, classes, f"{row['madds']:,}", f"{row['weights']:,}")
    return made


def layers(net: Graph) -> Table:
    """One line per node."""
    made = _table(net.name, "node", "operation", "output", "parameters (P-ALL)", "madds (MADD)", numbers=2)
    for row in layer_rows(net):
        output = "x".join(map(str, row["output"]))
        made.add_row(row["node"], row["operation"], output, f"{row['parameters']:,}", f"{row['madds']:,}")
    return made


def types(net: Graph) -> Table:
    """Shares by operation, as in V1 Table 2."""
    made = _table(net.name, "operation", "nodes", "madds (MADD)", "share", "weights (P-WEIGHTS)", "share", numbers=5)
    for row in type_rows(net.cost()):
        made.add_row(
            row["operation"],
            str(row["nodes"]),
            f"{row['madds']:,}",
            f"{row['madds_percent']:.2f} %",
            f"{row['weights']:,}",
            f"{row['weights_percent']:.2f} %",
        )
    return made


def layer_rows(net: Graph) -> list[dict[str, Any]]:
    """One record per node, in order."""
    return [
        {
            "node": row.node,
            "operation": row.terms.operation,
            "output": list(net.shapes[row.node]),
            "parameters": row.terms.parameters,
            "madds": row.terms.madds,
            "conventions": {name: each.count([row]) for name, each in CONVENTIONS.items()},
        }
        for row in net.cost()
    ]


def type_rows(cost: Cost) -> list[dict[str, Any]]:
    """One record per operation that multiplies or has weights, the most expensive first."""
    nodes: dict[str, int] = defaultdict(int)
    madds: dict[str, int] = defaultdict(int)
    weights: dict[str, int] = defaultdict(int)
    for row in cost:
        if row.terms.madds or row.terms.weights:
            nodes[row.terms.operation] += 1
            madds[row.terms.operation] += row.terms.madds
            weights[row.terms.operation] += row.terms.weights
    all_madds, all_weights = max(sum(madds.values()), 1), max(sum(weights.values()), 1)
    return [
        {
            "operation": operation,
            "nodes": nodes[operation],
            "madds": madds[operation],
            "madds_percent": 100 * madds[operation] / all_madds,
            "weights": weights[operation],
            "weights_percent": 100 * weights[operation] / all_weights,
        }
        for operation in sorted(madds, key=lambda each: -madds[each])
    ]


def explanation_rows(readings: list[Reading], figure: Figure) -> list[dict[str, Any]]:
    """One record per reading that gives the figure to its digits."""
    found = ((each, figure.reading(each.value)) for each in readings)
    return [{**each._asdict(), "value": plain(each.value), "digits": how} for each, how in found if how]


def explanation(net: Graph, readings: list[Reading], text: str, figure: Figure) -> Table | str:
    """The readings that give the figure, or a sentence that none does."""
    low, high = max(Fraction(0), figure.value - figure.step / 2), figure.value + figure.step / 2
    range_of = f"{text} stands for {_decimal(low)} to {_decimal(high)}"
    found = explanation_rows(readings, figure)
    if not found:
        cut = _decimal(figure.value + figure.step)
        return f"{net.name}: no convention gives {text} ({range_of}, or cut, to {cut})."
    columns = "convention", "what is counted", "quantity", "digits", "count"
    made = _table(f"{net.name}: {range_of}", *columns, numbers=1)
    for row in found:
        made.add_row(row["convention"], row["meaning"], row["quantity"], row["digits"], f"{row['value']:,.0f}")
    return made


def _decimal(value: Fraction) -> str:
    """A figure's bound, which is a finite decimal: 313,500,000 or 0.05."""
    return f"{(Decimal(value.numerator) / Decimal(value.denominator)).normalize():,f}"
