"""The page's last part: each network behind the figures, layer by layer.

Norms, biases and activations have no line of their own: what they have of parameters is added to the line above them.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..counting import Cost, Rows
from ..graph import Graph
from .behind import Network
from .markup import Html, join, tag

NOTE = (
    "Multiply-adds are counted under MADD, weights under P-WEIGHTS. “Other” are biases, scales and the four vectors of "
    "each batch normalisation; they stand in the line of the layer that they follow. Layers without multiply-adds and "
    "without parameters, such as activations and pooling, are left out; the sums are those of the whole network."
)
FAMILY = 8  # a claim about more networks than this speaks of a family, whose layers are not shown
COLUMNS = ("layer", "operation", "output", "mult-adds", "weights", "other")


@dataclass
class Line:
    """A layer with weights or multiply-adds, and the parameters of what follows it."""

    node: str
    operation: str
    output: str
    madds: int
    weights: int
    other: int


def layers_of(graph: Graph, rows: Rows) -> list[Line]:
    """The lines of a network, in the order of its nodes."""
    lines: list[Line] = []
    for row in rows:
        terms, output = row.terms, "×".join(map(str, graph.shapes[row.node]))
        other = terms.parameters - terms.weights
        if terms.madds or terms.weights or (other and not lines):
            lines.append(Line(row.node, terms.operation, output, terms.madds, terms.weights, other))
        elif other:
            lines[-1].other += other
    return lines


def anchor(network: Network) -> str:
    """The id of a network's table."""
    return "net-" + re.sub(r"[^\w.]+", "-", network.call).strip("-")


def network_link(network: Network) -> Html:
    return tag("a", network.call, href=f"#{anchor(network)}")


def network_tables(behind: Iterable[tuple[Network, ...]]) -> Html:
    """One folded table for each network behind a claim; those of claims about whole families in a list of sums.

    behind: for each claim its networks
    """
    groups = list(behind)
    every = {each.call: each for networks in groups for each in networks}
    single = {each.call: each for networks in groups if len(networks) <= FAMILY for each in networks}
    family = [each for call, each in every.items() if call not in single]
    return join(*map(_network, single.values()), *([_family(family)] if family else ()))


def _family(networks: list[Network]) -> Html:
    """Networks that only claims about many of them speak of."""
    heads = (tag("th", text, scope="col") for text in ("network", "mult-adds", "weights"))
    note = f"Networks of which only claims about more than {FAMILY} at once speak. "
    table = tag("table", tag("thead", tag("tr", *heads)), tag("tbody", *map(_sums, networks)), class_="layers family")
    scroll = tag("div", table, class_="scroll", role="group", tabindex=0, aria_label="Sums of further networks")
    more = "Their layers are printed by "
    text = tag("p", note, more, tag("code", "refnet count MODEL --by layer"), " with the settings named here.")
    summary = tag(
        "summary", tag("b", f"{len(networks)} further networks"), " ", tag("span", "sums only", class_="soft")
    )
    return tag("details", summary, text, scroll, class_="network")


def _sums(network: Network) -> Html:
    cost = network.graph.cost()
    cells = (tag("td", f"{count:,}") for count in (cost.madds, cost.total("P-WEIGHTS")))
    return tag("tr", tag("th", network.call, scope="row"), *cells, id=anchor(network))


def _network(network: Network) -> Html:
    cost = network.graph.cost()
    madds, weights = cost.madds, cost.total("P-WEIGHTS")
    summary = tag(
        "summary", tag("b", network.call), " ", tag("span", f"{madds:,} mult-adds, {weights:,} weights", class_="soft")
    )
    label = f"{network.call}, layer by layer"
    table = tag("table", *_rows(network.graph, cost), class_="layers")
    scroll = tag("div", table, class_="scroll", role="group", tabindex=0, aria_label=label)
    inner = tag("div", scroll, id=anchor(network))
    return tag("details", summary, inner, class_="network")


def _rows(graph: Graph, cost: Cost) -> Iterator[Html]:
    yield tag("thead", tag("tr", *(tag("th", column, scope="col") for column in COLUMNS)))
    lines = layers_of(graph, cost.rows)
    yield tag("tbody", *map(_line, lines))
    weights, every = cost.total("P-WEIGHTS"), cost.total("P-ALL")
    sums = (f"{len(lines)} of {len(cost.rows)} nodes", "", *map("{:,}".format, (cost.madds, weights, every - weights)))
    yield tag("tfoot", tag("tr", tag("th", "sum", scope="row"), *(tag("td", each) for each in sums)))


def _line(line: Line) -> Html:
    numbers = (f"{line.madds:,}", f"{line.weights:,}", f"{line.other:,}" if line.other else "")
    cells = (line.operation, line.output, *numbers)
    return tag("tr", tag("th", line.node, scope="row"), *(tag("td", cell) for cell in cells))
