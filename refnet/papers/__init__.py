"""The papers' claims, recomputed: the project's own table of claims, the rules of judging, the audit, its
pages.

audit = refnet.papers.run_audit(table="6")      build the networks, count them, judge every claim
refnet.papers.render(audit, rich_console)       the printed tables beside what the code computed
"""

from ..lazy import lazily

_HOME = {
    "Audit": "audit",
    "run_audit": "audit",
    "Claim": "claim",
    "Result": "claim",
    "CLAIMS": "table_of_claims",
    "VERDICTS": "verdict",
    "render": "report",
    "core_tables": "report",
    "markdown_tables": "markdown",
    "errata_page": "errata",
    "write_report": "page",
}

__all__ = sorted(_HOME)

__getattr__, __dir__ = lazily(__name__, __all__, _HOME)
