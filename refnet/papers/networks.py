"""The networks of one audit run, each built and counted once; nothing is executed."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from ..counting import CONVENTIONS, Cost, Row, Rows
from ..graph import Graph

Build = Callable[..., Graph]
Number = int | float | Fraction

FULL = 224  # the resolution at which the papers' resolution multiplier is 1
RHO2 = "MADD-RHO2"

# The closed list: every name that the audit may give as a convention, and what it means.
MEANINGS = {
    **{name: convention.meaning for name, convention in CONVENTIONS.items()},
    RHO2: f"the count at {FULL} times (resolution/{FULL})^2, instead of a count at that resolution",
}


class Networks:
    """Builds a network when it is first asked for."""

    def __init__(self) -> None:
        self._graphs: dict[Any, Graph] = {}
        self._costs: dict[Any, Cost] = {}

    def graph(self, build: Build, **settings: Any) -> Graph:
        """The graph of a model; build: a function of `refnet.models`."""
        key = build, tuple(sorted(settings.items()))
        if key not in self._graphs:
            self._graphs[key] = build(**settings)
        return self._graphs[key]

    def cost(self, build: Build, **settings: Any) -> Cost:
        """Its Terms, node by node."""
        key = build, tuple(sorted(settings.items()))
        if key not in self._costs:
            self._costs[key] = self.graph(build, **settings).cost()
        return self._costs[key]

    def madds(self, build: Build, **settings: Any) -> dict[str, Number]:
        """Multiply-adds and FLOPs under every convention, also the one that compares two resolutions."""
        counts = count(self.cost(build, **settings).rows, "multiply-adds", "FLOPs")
        rho = Fraction(settings.get("resolution", FULL), FULL)
        if rho != 1:
            counts[RHO2] = self.cost(build, **{**settings, "resolution": FULL}).madds * rho**2
        return counts

    def parameters(self, build: Build, **settings: Any) -> dict[str, Number]:
        """Parameters under every convention."""
        return count(self.cost(build, **settings).rows, "parameters")

    def block(self, name: str, build: Build, **settings: Any) -> tuple[Row, ...]:
        """The rows of one block, e.g. "block_8"."""
        return tuple(row for row in self.cost(build, **settings) if row.node.startswith(f"{name}/"))


def count(rows: Rows, *quantities: str) -> dict[str, Number]:
    """Convention -> count, for every convention of these quantities."""
    return {name: each.count(rows) for name, each in CONVENTIONS.items() if each.quantity in quantities}
