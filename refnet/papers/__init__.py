"""The papers' claims, recomputed: the project's own table of claims, the rules of judging, the audit, its
pages.

audit = refnet.papers.run_audit(table="6")      build the networks, count them, judge every claim
refnet.papers.render(audit, rich_console)       the printed tables beside what the code computed
"""

from importlib import import_module
from typing import Any

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


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"refnet.papers has no name {name!r}")
    return getattr(import_module(f".{_HOME[name]}", __name__), name)


def __dir__() -> list[str]:
    return __all__
