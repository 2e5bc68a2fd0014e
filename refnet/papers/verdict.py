"""The rules that turn what was computed and what is printed into a verdict. Nobody chooses one.

exact             the value under the main convention, rounded to the printed digits, is the print;
                  for formulas and statements: it holds under the main convention
convention        not so, but another named convention, or cutting instead of rounding, gives the print
approximate       the paper uses a round word, and the value is within the tolerance declared for it
erratum           none of these, and a check that runs with the audit proves the print wrong
unexplained       none of these, and nothing proves the print wrong
not determinable  the paper does not describe the network: what is missing is named, and nothing is compared
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import NamedTuple

from ..digits import UNITS, Figure, parse_figure
from .claim import UNCOUNTED, Claim, Computed, Fit, Result, Value
from .networks import MEANINGS, Networks
from .prose import explain, missing

VERDICTS = ("exact", "convention", "approximate", "erratum", "unexplained", "not determinable")
UNDETERMINED = "not determinable"


class Word(NamedTuple):
    """A round word: the range of the numbers that it speaks of, and that range in words."""

    low: Fraction
    high: Fraction
    meaning: str


_HALF = Fraction(1, 2)

# One tolerance per kind of word. A word that names whole numbers reaches half a unit beyond them.
WORDS = {
    "8 to 9": Word(8 - _HALF, 9 + _HALF, "half a unit beyond 8 and 9"),
    "roughly squared": Word(2 - _HALF, 2 + _HALF, "an exponent within half a unit of 2"),
    "2.5 times": Word(Fraction(24, 10), Fraction(26, 10), "one unit of its last digit, for the word about"),
    "more than": Word(Fraction(1), Fraction(5, 4), "at least the figure, and at most a quarter above it"),
    "very little": Word(Fraction(0), Fraction(5), "at most 5 per cent"),
}


def audit_claim(claim: Claim, networks: Networks) -> Result:
    """Compute a claim and judge it."""
    return judge(claim, claim.compute(networks))


def judge(claim: Claim, computed: Computed) -> Result:
    """The verdict on what was computed.

    Raises ValueError if the claim names a convention or a word outside the closed lists.
    """
    values = _ordered(claim, computed.values)
    figure = None if claim.word or computed.holds is not None else printed_figure(claim)
    fits = () if computed.free else tuple(_fits(claim, computed, values, figure))
    verdict = _verdict(claim, computed, fits)
    # Where nothing gives the print, the value is that of the main convention.
    shown = fits[0] if fits else Fit(claim.main, "", values[claim.main])
    facts = {**computed.facts, "missing": missing(computed)}
    if claim.word:
        facts["tolerance"] = WORDS[claim.word].meaning
    explanation = explain(claim, verdict, shown, fits, values, figure, facts)
    digits = figure.significant if figure else None
    return Result(claim, verdict, shown.convention, shown.reading, shown.value, explanation, fits, values, digits)


def printed_figure(claim: Claim) -> Figure:
    """The claim's print as a number in base units, with the digits that count."""
    unit = claim.unit if claim.unit in UNITS else ""
    return parse_figure(claim.figure or claim.printed, unit, claim.table.zeros)


def _ordered(claim: Claim, values: Mapping[str, Value]) -> dict[str, Value]:
    """The values, the main convention's first."""
    if unknown := set(values) - set(MEANINGS) - {UNCOUNTED}:
        raise ValueError(f"{claim.id}: convention: wanted one of {', '.join(MEANINGS)}; got {unknown}")
    return {claim.main: values[claim.main], **values}


def _fits(claim: Claim, computed: Computed, values: Mapping[str, Value], figure: Figure | None) -> list[Fit]:
    """The conventions that give the print, in the order of the values."""
    if claim.word:
        return [Fit(claim.main, "", values[claim.main])] if _within(claim, computed) else []
    if computed.holds is not None:
        return [Fit(name, "", value) for name, value in values.items() if computed.holds[name]]
    readings = ((name, value, _reading(figure, value)) for name, value in values.items())
    return [Fit(name, how, value) for name, value, how in readings if how]


def _within(claim: Claim, computed: Computed) -> bool:
    if claim.word not in WORDS:
        raise ValueError(f"{claim.id}: word: wanted one of {', '.join(WORDS)}; got {claim.word!r}")
    if not computed.measured:
        raise ValueError(f"{claim.id}: wanted numbers that {claim.word!r} speaks of, got none")
    word = WORDS[claim.word]
    return all(word.low <= number <= word.high for number in computed.measured)


def _reading(figure: Figure | None, value: Value) -> str | None:
    return None if figure is None or isinstance(value, tuple) else figure.reading(value)


def _verdict(claim: Claim, computed: Computed, fits: tuple[Fit, ...]) -> str:
    if computed.free:
        return UNDETERMINED
    if fits and claim.word:
        return "approximate"
    if fits:
        return "exact" if fits[0].convention == claim.main and fits[0].reading != "cut" else "convention"
    return "erratum" if computed.refuted else "unexplained"
