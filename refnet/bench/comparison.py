"""A whole comparison: every case one after another, what is printed of it, and its JSON."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from rich.console import Console
from rich.table import Table

from ..figures import check_figure
from ..kernels.tiled.tile_types import COMPILES
from ..tables import print_table
from . import peak, report, tables
from .contestants import contestants
from .machine import machine, versions
from .operations import by_operation, operations_data
from .plot import write_plot
from .progress import progress
from .race import Race
from .rows import Case, Row, compare
from .training import compare_steps, trainers

Found = TypeVar("Found")


@dataclass(frozen=True)
class Comparison:
    """data: the JSON. pages: what is printed. rows: of an inference, for the plot. refused: whether anything was.

    interrupted: whether cases are missing, because the user did not want to wait for them.
    """

    data: dict[str, Any]
    pages: Sequence[Table | str]
    rows: Sequence[Row] = ()
    bandwidths: Mapping[int, Mapping[str, float]] = field(default_factory=dict)
    refused: bool = False
    interrupted: bool = False


def check(plot: str | None) -> None:
    """What can be known to fail is said before anything is measured. Raises ValueError or ImportError."""
    if not COMPILES:
        raise ValueError("bench: wanted compiled kernels, got NUMBA_DISABLE_JIT=1")
    if plot is not None:
        check_figure("--plot", plot)


def inference(cases: Sequence[Case], peers: Sequence[str] | None, race: Race, seed: int) -> Comparison:
    """Everybody on every case."""
    engines = contestants(peers)
    data = _head(race) | {"peers": {each.name: _presence(each) for each in engines[1:]}}
    bandwidths = _bandwidths(cases)
    with progress(len(cases) * race.blocks) as bar:
        rows = _finished(cases, lambda case: compare(case, engines, race, seed, bar.about(tables.title(case))))
    rates = {str(threads): dict(found) for threads, found in bandwidths.items()}
    data |= {"bytes_per_second": rates, "rows": [report.row_data(row) for row in rows]}
    pages = list(tables.tables(rows))
    return Comparison(data, pages, rows, bandwidths, any(row.refused for row in rows), len(rows) < len(cases))


def training(cases: Sequence[Case], peers: Sequence[str] | None, race: Race, seed: int) -> Comparison:
    """A step of refnet, and of torch where it is among the peers."""
    engines = trainers(contestants(peers)[1:])
    data = _head(race) | {"peers": {each.name: _presence(each) for each in engines[1:]}}
    with progress(len(cases) * race.blocks) as bar:
        rows = _finished(cases, lambda case: compare_steps(case, engines, race, seed, bar.about(tables.title(case))))
    data |= {"training": [report.step_data(row) for row in rows]}
    pages, refused = list(tables.step_tables(rows)), any(row.refused for row in rows)
    return Comparison(data, pages, refused=refused, interrupted=len(rows) < len(cases))


def operations(cases: Sequence[Case], race: Race, seed: int) -> Comparison:
    """refnet alone, operation by operation."""
    with progress(len(cases) * race.blocks) as bar:
        found = _finished(cases, lambda case: by_operation(case, race, seed, bar.about(tables.title(case))))
    data = {"by_operation": [operations_data(each) for each in found]}
    pages: list[Table | str] = [*map(tables.operations, found), tables.OPERATIONS]
    return Comparison(_head(race) | data, pages, interrupted=len(found) < len(cases))


def _finished(cases: Sequence[Case], run: Callable[[Case], Found]) -> list[Found]:
    """What becomes of the cases; of those before Ctrl-C, if it comes after the first is finished."""
    found: list[Found] = []
    for case in cases:
        try:
            found.append(run(case))
        except KeyboardInterrupt:
            if not found:
                raise
            break
    return found


def draw(path: str, found: Comparison) -> None:
    """Write the picture."""
    write_plot(path, found.rows, found.bandwidths)


def show(found: Comparison) -> None:
    """Print all pages on standard output; 100 columns where it is not a terminal."""
    out = Console(highlight=False, markup=False)
    out = out if out.is_terminal else Console(highlight=False, markup=False, width=100)
    for page in found.pages:
        print_table(page, out)


def _head(race: Race) -> dict[str, Any]:
    return {"machine": machine(), "versions": versions(), "measurement": report.measurement(race)}


def _presence(engine: Any) -> dict[str, Any]:
    missing = engine.missing()
    return {"missing": list(missing)} if missing else {"version": engine.version()}


def _bandwidths(cases: Sequence[Case]) -> dict[int, dict[str, float]]:
    sizes = {"memory": peak.IN_MEMORY, "cache": peak.IN_CACHE}
    counts = dict.fromkeys(case.threads for case in cases)
    return {count: {name: peak.bandwidth(size, count) for name, size in sizes.items()} for count in counts}
