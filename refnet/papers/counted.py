"""Claims about the size of a whole network: its multiply-adds or its parameters."""

from typing import Any

from .claim import Claim, Compute, Computed, Table
from .networks import Build, Networks


def madds(build: Build, **settings: Any) -> Compute:
    """Multiply-adds of a network under every convention."""
    return lambda networks: Computed(networks.madds(build, **settings))


def parameters(build: Build, **settings: Any) -> Compute:
    """Parameters of a network under every convention."""
    return lambda networks: Computed(networks.parameters(build, **settings))


def madds_claim(
    id: str, table: Table, what: str, printed: str, compute: Compute, recorded: str = "exact", note: str = "", **more: str
) -> Claim:
    """A printed number of million multiply-adds. more: fields of the claim that differ from the table's."""
    fields = {"source": table.name, "unit": "M", **more}
    return Claim(
        id=id,
        table=table,
        what=f"{what}, mult-adds",
        printed=printed,
        compute=compute,
        recorded=recorded,
        explanation=note,
        main=table.madds,
        **fields,
    )


def parameters_claim(
    id: str, table: Table, what: str, printed: str, compute: Compute, recorded: str = "exact", note: str = "", **more: str
) -> Claim:
    """A printed number of million parameters."""
    fields = {"source": table.name, "unit": "M", **more}
    return Claim(
        id=id,
        table=table,
        what=f"{what}, parameters",
        printed=printed,
        compute=compute,
        recorded=recorded,
        explanation=note,
        main=table.parameters,
        **fields,
    )
