"""What a paper claims, what the code computed for it, and what came of the comparison.

A claim carries the paper's print and a function that computes; it carries no verdict that somebody chose. The
`recorded` verdict is what the rules of `verdict.py` gave when the claim was entered: if they give another one
today, a model or a rule has changed, and the audit says so.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from .networks import Networks, Number

Value = Number | tuple["Value", ...]  # a bool, for statements, is an int

UNCOUNTED = "-"  # stands for the convention where nothing is counted


@dataclass(frozen=True)
class Table:
    """A table or a section of a paper, with the conventions that hold for all of its figures.

    name               e.g. "V1 Table 6"; the audit prints one table per name
    madds, parameters, memory  the main convention of each quantity: it alone can make a figure `exact`
    zeros              whether zeros at the end of an integer print are significant: so where other figures of
                       the same column reach down to the unit
    source             how claims cite it, where that is more than the name
    """

    name: str
    madds: str = "MADD"
    parameters: str = "P-WEIGHTS"
    memory: str = "MEM-16"
    zeros: bool = False
    source: str = ""


@dataclass(frozen=True)
class Computed:
    """What the code computed for a claim in this run.

    values    convention -> value; `UNCOUNTED` where nothing is counted
    holds     for claims in words and formulas: convention -> whether it is so
    measured  for round words: the numbers that the word speaks of
    refuted   whether a check, evaluated in this run, proves the print wrong
    free      what the paper would have to say before anything could be compared; "" where it says enough
    implied   the range of `free` that the print implies, if it implies one
    facts     name -> what else the explanation quotes
    """

    values: Mapping[str, Value]
    holds: Mapping[str, bool] | None = None
    measured: tuple[Number, ...] = ()
    refuted: bool = False
    free: str = ""
    implied: tuple[Number, Number] | None = None
    facts: Mapping[str, Value | str] = field(default_factory=dict)


Compute = Callable[[Networks], Computed]


def statement(holds: bool, refuted: bool = False, **facts: Value | str) -> Computed:
    """A claim in words: whether it is so, and whether a check proves it wrong."""
    return Computed({UNCOUNTED: holds}, {UNCOUNTED: holds}, refuted=refuted, facts=facts)


def undetermined(
    values: Mapping[str, Value], free: str, implied: tuple[Number, Number] | None = None, **facts: Value | str
) -> Computed:
    """A figure of a network that the paper does not describe: what can be computed, and what is missing."""
    return Computed(values, free=free, implied=implied, facts=facts)


def formula(convention: str, value: Value, holds: bool, **facts: Value | str) -> Computed:
    """A claimed formula: its value where it is shown, and whether it equals the graph's count everywhere."""
    return Computed({convention: value}, {convention: holds}, facts=facts)


@dataclass(frozen=True)
class Claim:
    """One printed figure, formula or statement.

    id, source, printed, unit  as in the project's list of claims
    table        where it stands; its main conventions
    what         a short label
    compute      what computes it
    recorded     the verdict that is expected
    explanation  prose, with {fields} for everything computed
    main         the convention to judge by: the table's for the quantity, or `UNCOUNTED`
    figure       the printed figure where `printed` holds more than that
    word         the round word that the paper uses, see `verdict.WORDS`
    """

    id: str
    source: str
    printed: str
    unit: str
    table: Table
    what: str
    compute: Compute
    recorded: str = "exact"
    explanation: str = ""
    main: str = UNCOUNTED
    figure: str = ""
    word: str = ""


@dataclass(frozen=True)
class Fit:
    """A convention that gives the print: `reading` is "rounded" or "cut" for figures, "" for statements."""

    convention: str
    reading: str
    value: Value


@dataclass(frozen=True)
class Result:
    """A claim and what the audit found.

    value        under `convention`, which gives the print, or is the main one where none does
    fits         every convention that gives the print, the table's own first
    values       every convention that was tried, with its value
    significant  how many digits of the print were taken as significant
    """

    claim: Claim
    verdict: str
    convention: str
    reading: str
    value: Value | None
    explanation: str
    fits: tuple[Fit, ...] = ()
    values: Mapping[str, Value] = field(default_factory=dict)
    significant: int | None = None

    @property
    def changed(self) -> bool:
        """Whether the verdict is another than the recorded one."""
        return self.verdict != self.claim.recorded
