"""The audit as Markdown: one table per table or section of the papers, and below it what there is to say."""

import re

from .audit import Audit
from .claim import Result
from .page_tables import PAPERS, Section, computed, heading, printed, sections_by_paper, under
from .report import summary_lines

COLUMNS = ("claim", "printed", "computed", "convention", "verdict", "id")
_ALIGN = (":--", "--:", "--:", ":--", ":--", ":--")
_SPECIAL = re.compile(r"([\\`*_\[\]<>|~#])")


def markdown_tables(audit: Audit) -> str:
    """Every claim of this run, in tables as GitHub reads them."""
    parts = []
    for paper, sections in sections_by_paper(audit.results).items():
        parts.append(f"## {PAPERS[paper]}")
        parts.extend(_section(section, paper) for section in sections)
    parts.append("\n\n".join(map(plain_text, summary_lines(audit))))
    return "\n\n".join(parts) + "\n"


def plain_text(text: str) -> str:
    """Text in which no letter means anything to Markdown."""
    return _SPECIAL.sub(r"\\\1", text.replace("&", "&amp;")).replace("\n", " ")


def _section(section: Section, paper: str) -> str:
    rows = [_row(COLUMNS), _row(_ALIGN), *(_row(tuple(map(plain_text, _cells(each)))) for each in section.results)]
    notes = [_note(each) for each in section.results if each.verdict != "exact" or each.claim.explanation]
    table = f"### {plain_text(heading(section, paper))}\n\n" + "\n".join(rows)
    return table + ("\n\n" + "\n".join(notes) if notes else "")


def _cells(result: Result) -> tuple[str, ...]:
    claim = result.claim
    figures = (printed(claim), computed(result), under(result))
    return (claim.what or claim.source, *figures, result.verdict, claim.id)


def _row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def _note(result: Result) -> str:
    return f"- {result.claim.id}: {plain_text(result.explanation)}"
