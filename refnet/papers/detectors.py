"""Claims about detectors: billions of multiply-adds and millions of parameters, of a whole network or of its head."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ..counting import Row
from .claim import Claim, Computed, Table, Value
from .counted import MADDS, PARAMETERS
from .networks import Build, Networks, Number, count

UNITS = {MADDS: "B", PARAMETERS: "M"}
HEAD = ("extra_", "boxes_", "classes_")  # how the names of everything behind the taps begin

Facts = Callable[[Networks], Mapping[str, Value | str]]


class Detector(NamedTuple):
    """A network of a table. head: only what stands behind its taps is counted."""

    name: str
    build: Build
    settings: Mapping[str, Any] = {}
    head: bool = False

    def rows(self, networks: Networks) -> tuple[Row, ...]:
        rows = networks.cost(self.build, **self.settings).rows
        return tuple(row for row in rows if not self.head or row.node.startswith(HEAD))

    def counts(self, networks: Networks, quantity: str) -> dict[str, Number]:
        """The count under every convention. (The resolution multiplier compares classifiers only.)"""
        quantities = ("multiply-adds", "FLOPs") if quantity == MADDS else ("parameters",)
        return count(self.rows(networks), *quantities)


def figure(
    id: str,
    table: Table,
    detector: Detector,
    quantity: str,
    printed: str,
    recorded: str = "exact",
    note: str = "",
    facts: Facts = lambda networks: {},
    refuted: Callable[[Networks], bool] = lambda networks: False,
) -> Claim:
    """A printed figure. facts: what else its explanation quotes; refuted: a check that proves the print wrong."""

    def compute(networks: Networks) -> Computed:
        values = detector.counts(networks, quantity)
        return Computed(values, refuted=refuted(networks), facts=facts(networks))

    main = table.madds if quantity == MADDS else table.parameters
    source, what, unit = table.source or table.name, f"{detector.name}, {quantity}", UNITS[quantity]
    return Claim(id, source, printed, unit, table, what, compute, recorded, note, main)
