"""One run of the audit: choose claims, build and count what they need, judge each. Nothing is executed."""

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fractions import Fraction
from typing import Any

from .claim import Claim, Result, Value
from .networks import Networks
from .table_of_claims import CLAIMS
from .verdict import VERDICTS, audit_claim

PAPERS = ("v1", "v2", "notes")


@dataclass(frozen=True)
class Audit:
    """The results of one run, in the order of the table of claims."""

    results: tuple[Result, ...]

    @property
    def changed(self) -> list[Result]:
        """Results whose verdict is not the recorded one: if there are any, a model or a rule has changed."""
        return [result for result in self.results if result.changed]

    def summary(self) -> dict[str, int]:
        """Verdict -> number of claims; then all claims, and those whose verdict is not the recorded one."""
        count = Counter(result.verdict for result in self.results)
        return {
            **{name: count[name] for name in VERDICTS},
            "claims": len(self.results),
            "changed": len(self.changed),
        }

    def to_json(self) -> dict[str, Any]:
        """`claims` and `summary`, as `refnet audit --json` prints them."""
        return {"claims": [as_json(result) for result in self.results], "summary": self.summary()}


def run_audit(
    paper: str | None = None, table: str | int | None = None, ids: Collection[str] | str | None = None
) -> Audit:
    """Audit every claim, or those of one paper ("v1", "v2", "notes"), one table (by number), or by id.

    Raises ValueError for a paper, table or id that no claim has, with the names that are near.
    """
    networks = Networks()
    return Audit(tuple(audit_claim(claim, networks) for claim in choose(CLAIMS, paper, table, ids)))


def choose(
    claims: Sequence[Claim],
    paper: str | None = None,
    table: str | int | None = None,
    ids: Collection[str] | str | None = None,
) -> list[Claim]:
    """The claims that all given conditions leave. Raises ValueError as `run_audit` does."""
    chosen = list(claims)
    if paper is not None:
        if paper not in PAPERS:
            raise ValueError(f"paper: wanted one of {', '.join(PAPERS)}; got {paper!r}")
        chosen = [claim for claim in chosen if paper in papers_of(claim)]
    if table is not None:
        chosen = _of_table(chosen, str(table))
    if ids is not None:
        known = [claim.id for claim in chosen]
        wanted = [_known_id(id, known) for id in ((ids,) if isinstance(ids, str) else ids)]
        chosen = [claim for claim in chosen if claim.id in wanted]
    return chosen


def papers_of(claim: Claim) -> set[str]:
    """Which choices of `paper` take this claim: a hand note in the V2 scan belongs to V2 and to the notes."""
    papers = {prefix for prefix in ("v1", "v2") if claim.id.lower().startswith(prefix)}
    return papers | ({"notes"} if "hand note" in claim.source else set())


def tables_of(claim: Claim) -> set[str]:
    """The numbers of the tables that its source names."""
    return set(re.findall(r"Table (\d+)", claim.source)) | set(re.findall(r"Table (\d+)", claim.table.name))


def _of_table(claims: list[Claim], table: str) -> list[Claim]:
    known = set().union(*(tables_of(claim) for claim in claims))
    if table not in known:
        wanted = f"one of {', '.join(sorted(known, key=int))}" if known else "none (these claims stand in no table)"
        raise ValueError(f"table: wanted {wanted}; got {table!r}")
    return [claim for claim in claims if table in tables_of(claim)]


def _known_id(id: str, known: list[str]) -> str:
    """The id as the claim has it; upper and lower case do not matter. Raises ValueError with near ids, or all below."""
    folded = {each.casefold(): each for each in known}
    if id.casefold() in folded:
        return folded[id.casefold()]
    below = [each for each in known if each.casefold().startswith(f"{id.casefold()}-")]
    near = below or get_close_matches(id, known, n=4, cutoff=0.5) or known[:4]
    raise ValueError(f"id: no claim {id!r} here; near ids: {', '.join(near)}")


def as_json(result: Result) -> dict[str, Any]:
    """One claim as plain data; integers stay whole, fractions become floats, pairs become lists."""
    claim = result.claim
    return {
        "id": claim.id,
        "source": claim.source,
        "printed": claim.printed,
        "unit": claim.unit,
        "value": plain(result.value),
        "convention": result.convention,
        "verdict": result.verdict,
        "explanation": result.explanation,
        "reading": result.reading,
        "main_convention": claim.main,
        "significant_digits": result.significant,
        "fits": [
            {"convention": fit.convention, "reading": fit.reading, "value": plain(fit.value)} for fit in result.fits
        ],
        "values": {name: plain(value) for name, value in result.values.items()},
        "recorded": claim.recorded,
    }


def plain(value: Value | None) -> Any:
    """A value as JSON has it."""
    if isinstance(value, tuple):
        return [plain(each) for each in value] or None  # nothing could be computed
    if isinstance(value, Fraction):
        return int(value) if value.denominator == 1 else float(value)
    return value
