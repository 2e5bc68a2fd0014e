"""The audit for readers: the printed figures beside what the code computed.

`render` prints to a rich console; `core_tables` is plain text of fixed width, for documents.
"""

from collections.abc import Iterable

from rich.console import Console
from rich.markup import escape
from rich.text import Text

from ..tables import add_columns, print_table, table
from .audit import Audit
from .claim import UNCOUNTED, Claim, Result
from .networks import MEANINGS
from .prose import show
from .verdict import VERDICTS

_STYLES = {
    "exact": "green",
    "convention": "cyan",
    "approximate": "cyan",
    "erratum": "red",
    "unexplained": "magenta",
    "not determinable": "yellow",
}
_COLUMNS = ("printed", "computed", "convention", "verdict")
LAST_LINE = "To count again by running every kernel on ones: refnet audit --execute"

# The papers' main figures.
CORE = ("V1 Table 4", "V1 Table 5", "V1 Table 6", "V1 Table 7", "V2 section 4", "V2 Table 4")


def render(audit: Audit, console: Console, hint: bool = True) -> None:
    """Print one table per table or section of the papers, what there is to say of each figure, and sums.

    A single claim is printed with every convention side by side. hint: end with the line that names --execute.
    """
    if len(audit.results) == 1:
        _render_claim(audit.results[0], console)
    else:
        for name, results in _by_table(audit.results):
            _render_table(name, results, console)
    for line in (*summary_lines(audit), *([LAST_LINE] if hint and len(audit.results) > 1 else [])):
        _print(line, console)


def core_tables(audit: Audit) -> str:
    """V1 Tables 4 to 7, V2 section 4 and Table 4 as plain text, at most 100 columns wide."""
    figures = [result for result in audit.results if result.significant is not None]
    tables = [(name, [_cells(each) for each in results]) for name, results in _by_table(figures)]
    core = [(name, rows) for name, rows in tables if name in CORE]
    columns = zip(*((name, *_COLUMNS) for name, _ in core), *(row for _, rows in core for row in rows), strict=True)
    widths = [max(map(len, column)) for column in columns]
    return "\n\n".join("\n".join(_line(row, widths) for row in ((name, *_COLUMNS), *rows)) for name, rows in core)


def summary_lines(audit: Audit) -> list[str]:
    """Claims by verdict, and verdicts that changed."""
    counts = audit.summary()
    judged = [f"{counts[name]} {name}" for name in VERDICTS if counts[name]]
    lines = [f"{counts['claims']} claim{'s' * (counts['claims'] != 1)} recomputed: {', '.join(judged)}."]
    for result in audit.changed:
        lines.append(f"CHANGED {result.claim.id}: recorded {result.claim.recorded}, now {result.verdict}.")
    return lines


def _print(line: str, console: Console, style: str = "") -> None:
    console.print(line, style=style, markup=False, highlight=False)


def _by_table(results: Iterable[Result]) -> Iterable[tuple[str, list[Result]]]:
    """Table name -> its results, in the order in which the tables first appear."""
    tables: dict[str, list[Result]] = {}
    for result in results:
        tables.setdefault(result.claim.table.name, []).append(result)
    return tables.items()


def _cells(result: Result) -> tuple[str, str, str, str, str]:
    """label, printed, computed, convention, verdict"""
    claim = result.claim
    convention = f"{result.convention}, cut" if result.reading == "cut" else result.convention
    return claim.what, _printed(claim), show(result.value), convention, result.verdict


def _printed(claim: Claim) -> str:
    """The print with its unit, where that is more than a note of what is counted."""
    return f"{claim.printed} {claim.unit}" if claim.unit in ("M", "B", "Kb", "%") and not claim.word else claim.printed


def _line(cells: tuple[str, ...], widths: list[int]) -> str:
    pads = (str.ljust, str.rjust, str.rjust, str.ljust, str.ljust)
    return "  ".join(pad(cell, width) for pad, cell, width in zip(pads, cells, widths, strict=True)).rstrip()


def _render_table(name: str, results: list[Result], console: Console) -> None:
    made = table(header="bold")
    add_columns(made, name)
    add_columns(made, "printed", right=True)
    add_columns(made, "computed", right=True, whole=not any(isinstance(each.value, tuple) for each in results))
    add_columns(made, "convention")
    add_columns(made, "verdict", "id", whole=True)
    for result in results:
        *cells, verdict = map(escape, _cells(result))
        made.add_row(*cells, Text(verdict, style=_STYLES.get(result.verdict, "")), result.claim.id)
    print_table(made, console)
    for result in results:
        if result.verdict != "exact" or result.claim.explanation:
            _print(f"  {result.claim.id}: {result.explanation}", console, "dim")
    console.print()


def _render_claim(result: Result, console: Console) -> None:
    claim = result.claim
    _print(f"{claim.id} ({claim.source}): {_printed(claim)}", console, "bold")
    _print(f"{result.verdict}: {result.explanation}", console)
    if result.significant is not None:
        _print(f"Digits of the print taken as significant: {result.significant}", console)
    readings = {fit.convention: fit.reading or "yes" for fit in result.fits}
    other = "" if claim.word else "no"  # a round word is judged by the main convention alone
    made = table()
    add_columns(made, "convention", whole=True)
    add_columns(made, "computed", right=True, whole=not any(isinstance(each, tuple) for each in result.values.values()))
    add_columns(made, "gives the print", "what it counts")
    for convention, value in result.values.items():
        made.add_row(convention, show(value), readings.get(convention, other), MEANINGS.get(convention, ""))
    if set(result.values) - {UNCOUNTED}:
        print_table(made, console)
    console.print()
