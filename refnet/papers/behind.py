"""Which networks stand behind a claim: an audit that notes what each claim asks for while it is computed."""

import inspect
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from ..counting import Cost
from ..graph import Graph
from .audit import Audit, choose
from .networks import Build, Networks
from .table_of_claims import CLAIMS
from .verdict import audit_claim


@dataclass(frozen=True)
class Network:
    """A network that claims were computed from; call: how refnet builds it, e.g. mobilenet_v1(width=0.5)."""

    call: str
    graph: Graph


class Recorder(Networks):
    """Networks that remember who was asked for since the last `take`."""

    def __init__(self) -> None:
        super().__init__()
        self._known: dict[str, Network] = {}
        self._asked: dict[str, Network] = {}

    def graph(self, build: Build, **settings: Any) -> Graph:
        graph = super().graph(build, **settings)
        self._note(build, settings, graph)
        return graph

    def cost(self, build: Build, **settings: Any) -> Cost:
        self.graph(build, **settings)  # what was counted before is not built again
        return super().cost(build, **settings)

    def take(self) -> tuple[Network, ...]:
        """Those asked for since this was last called."""
        asked = tuple(self._asked.values())
        self._asked.clear()
        return asked

    def _note(self, build: Build, settings: dict[str, Any], graph: Graph) -> None:
        """One network for all ways to ask for it: mobilenet_v1(width=1.0) is mobilenet_v1()."""
        chosen = ", ".join(f"{name}={value!r}" for name, value in _unlike_defaults(build, settings))
        call = f"{getattr(build, '__name__', graph.name)}({chosen})"
        self._asked[call] = self._known.setdefault(call, Network(call, graph))


def recorded_audit(
    paper: str | None = None, table: str | int | None = None, ids: Collection[str] | str | None = None
) -> tuple[Audit, dict[str, tuple[Network, ...]]]:
    """`run_audit`, and for each claim's id the networks behind it. Raises ValueError as `run_audit` does."""
    networks, results, behind = Recorder(), [], {}
    for claim in choose(CLAIMS, paper, table, ids):
        results.append(audit_claim(claim, networks))
        behind[claim.id] = networks.take()
    return Audit(tuple(results)), behind


def _unlike_defaults(build: Build, settings: dict[str, Any]) -> list[tuple[str, Any]]:
    """The settings that are not the builder's own, in the builder's order."""
    defaults = {name: each.default for name, each in inspect.signature(build).parameters.items()}
    order = [*defaults, *(name for name in settings if name not in defaults)]
    return [(name, settings[name]) for name in order if name in settings and settings[name] != defaults.get(name)]
