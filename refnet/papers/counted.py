"""Claims about the size of a whole network: its multiply-adds or its parameters."""

from typing import Any

from .claim import Claim, Computed, Table
from .networks import Build, Networks

MADDS, PARAMETERS = "mult-adds", "parameters"


def size_claim(
    id: str,
    table: Table,
    what: str,
    quantity: str,
    printed: str,
    build: Build,
    recorded: str = "exact",
    note: str = "",
    **settings: Any,
) -> Claim:
    """A printed number of million multiply-adds or parameters of build(**settings)."""

    def compute(networks: Networks) -> Computed:
        count = networks.madds if quantity == MADDS else networks.parameters
        return Computed(count(build, **settings))

    main = table.madds if quantity == MADDS else table.parameters
    return Claim(
        id,
        table.source or table.name,
        printed,
        "M",
        table,
        f"{what}, {quantity}",
        compute,
        recorded,
        note,
        main,
    )


def size_claims(
    stem: str, table: Table, what: str, prints: tuple[str, str], build: Build, **settings: Any
) -> list[Claim]:
    """A row of a table whose figures are both exact: multiply-adds (id `stem`-M), parameters (`stem`-P)."""
    madds, parameters = prints
    return [
        size_claim(f"{stem}-M", table, what, MADDS, madds, build, **settings),
        size_claim(f"{stem}-P", table, what, PARAMETERS, parameters, build, **settings),
    ]
