"""The audit for readers: the printed figures beside what the code computed.

`render` prints to a rich console; `core_tables` is plain text of fixed width, for documents.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from .audit import Audit
from .claim import UNCOUNTED, Result
from .prose import show
from .verdict import NOT_COVERED

_STYLES = {"exact": "green", "convention": "cyan", "approximate": "cyan", "erratum": "red", "unexplained": "magenta"}
_COLUMNS = ("", "printed", "computed", "convention", "verdict")
LAST_LINE = "Run `refnet audit --execute` to count again by running every kernel on ones."

# The tables of `core_tables`: the papers' main figures.
CORE = ("V1 Table 4", "V1 Table 5", "V1 Table 6", "V1 Table 7", "V2 section 4", "V2 Table 4")


def render(audit: Audit, console: Console) -> None:
    """Print one table per table or section of the papers, then explanations where a figure is not exact, then sums.

    A single claim is printed with every convention side by side.
    """
    if len(audit.results) == 1:
        _render_claim(audit.results[0], console)
    else:
        for name, results in _by_table(audit.covered):
            _render_table(name, results, console)
    for line in summary_lines(audit):
        console.print(line, markup=False, highlight=False)


def core_tables(audit: Audit) -> str:
    """V1 Tables 4 to 7, V2 section 4 and Table 4 as plain text, at most 100 columns."""
    rows: list[tuple[str, ...]] = []
    for name, results in _by_table(audit.covered):
        if name in CORE:
            rows += [(name, *_COLUMNS[1:]), *(_cells(result) for result in results)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(_line(cells, widths) for cells in rows)


def summary_lines(audit: Audit) -> list[str]:
    """Claims by verdict, verdicts that changed, what is not covered, and how to count by running."""
    counts = audit.summary()
    judged = ", ".join(f"{counts[name]} {name}" for name in _STYLES if counts[name])
    lines = [f"{len(audit.covered)} claims recomputed: {judged or 'none'}."]
    if counts[NOT_COVERED]:
        lines.append(f"{counts[NOT_COVERED]} claims not covered yet (listed with --json).")
    for result in audit.changed:
        lines.append(f"CHANGED {result.claim.id}: recorded {result.claim.recorded}, now {result.verdict}.")
    return [*lines, LAST_LINE]


def _by_table(results: Iterable[Result]) -> Iterable[tuple[str, list[Result]]]:
    return ((name, list(group)) for name, group in groupby(results, lambda result: result.claim.table.name))


def _cells(result: Result) -> tuple[str, ...]:
    """label, printed, computed, convention, verdict"""
    claim = result.claim
    unit = claim.unit if claim.unit in ("M", "B", "%") else ""
    convention = result.convention if result.reading != "cut" else f"{result.convention}, cut"
    return claim.what, f"{claim.printed} {unit}".strip(), show(result.value), convention, result.verdict


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    label, printed, computed, convention, verdict = cells
    padded = (label.ljust(widths[0]), printed.rjust(widths[1]), computed.rjust(widths[2]), convention.ljust(widths[3]))
    return "  ".join((*padded, verdict)).rstrip()


def _render_table(name: str, results: list[Result], console: Console) -> None:
    table = Table(title=name, title_justify="left", box=None, pad_edge=False, show_header=True)
    for column in _COLUMNS:
        table.add_column(column, justify="right" if column in ("printed", "computed") else "left")
    for result in results:
        *cells, verdict = map(escape, _cells(result))
        table.add_row(*cells, Text(verdict, style=_STYLES.get(result.verdict, "")))
    console.print(table)
    for result in results:
        if result.verdict != "exact":
            console.print(f"{result.claim.id}: {result.explanation}", style="dim", markup=False, highlight=False)
    console.print()


def _render_claim(result: Result, console: Console) -> None:
    claim = result.claim
    console.print(f"{claim.id} ({claim.source}): {claim.printed} {claim.unit}", markup=False, highlight=False)
    console.print(f"{result.verdict}: {result.explanation}", markup=False, highlight=False)
    if result.significant is not None:
        console.print(f"Significant digits of the print: {result.significant}.", markup=False, highlight=False)
    table = Table(box=None, pad_edge=False)
    for column in ("convention", "computed", "gives the print"):
        table.add_column(column, justify="right" if column == "computed" else "left")
    readings = {fit.convention: fit.reading or "yes" for fit in result.fits}
    for convention, value in result.values.items():
        if convention != UNCOUNTED:
            table.add_row(convention, show(value), readings.get(convention, "no"))
    if table.row_count:
        console.print(table)
