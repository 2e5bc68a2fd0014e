"""Explanations: hand-written sentences with fields, filled with what was computed in this run."""

from collections.abc import Mapping
from fractions import Fraction

from ..digits import UNITS, Figure
from .claim import UNCOUNTED, Claim, Computed, Fit, Value
from .networks import Number

# What is said of a printed figure, by verdict; a claim's own explanation follows.
FIGURES = {
    "exact": "{under}{amount}, {read}.",
    "convention": "{instead}{under}{amount}, {read}.{also}",
    "erratum": "It is {amount}, not {print}.",
    "unexplained": "{under}{amount}, {distance} the print, and no convention gives its digits.",
    "not determinable": "{missing}",
}


def explain(
    claim: Claim,
    verdict: str,
    shown: Fit,
    fits: tuple[Fit, ...],
    values: Mapping[str, Value],
    figure: Figure | None,
    facts: Mapping[str, Value | str],
) -> str:
    """One or two sentences on a verdict."""
    main = amount(claim, values[claim.main])
    known = {
        "printed": claim.figure or claim.printed,
        "print": printed_amount(claim),
        "value": show(shown.value),
        "amount": amount(claim, shown.value),
        "under": _under(shown.convention),
        "instead": "" if shown.convention == claim.main else f"{_under(claim.main)}{main}; ",
        "read": _read(shown, figure, printed_amount(claim)),
        "also": _also(fits[1:]),
        "significant": show(figure.significant if figure else None),
        "distance": _distance(values[claim.main], figure),
        **{name: fact if isinstance(fact, str) else show(fact) for name, fact in facts.items()},
    }
    general = FIGURES[verdict] if figure or verdict == "not determinable" else ""
    tolerance = " Tolerance of the word: {tolerance}." if claim.word else ""
    zeros = _zeros(claim, figure)
    return f"{general}{zeros} {claim.explanation}{tolerance}".strip().format_map(known)


def missing(computed: Computed) -> str:
    """What the paper does not say, and what its print would imply for it."""
    if not computed.free:
        return ""
    text = f"The paper does not give {computed.free}"
    if computed.implied is None:
        return f"{text}."
    low, high = map(show, computed.implied)
    return f"{text}; the print implies " + (f"{low}." if low == high else f"{low} to {high}.")


def show(value: Value | None) -> str:
    """A value for readers: 568,740,352 or 94.8574 or 5.76 to 8.75 or true."""
    if value == ():
        return UNCOUNTED  # nothing could be computed
    if isinstance(value, tuple):
        return ("; " if any(isinstance(each, tuple) for each in value) else ", ").join(map(show, value))
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return UNCOUNTED
    exact = Fraction(value)
    if exact.denominator == 1:
        return f"{int(exact):,}"
    return f"{float(exact):,.0f}" if abs(exact) >= 10**6 else f"{float(exact):.5g}"


def amount(claim: Claim, value: Value | None) -> str:
    """A value as an explanation begins with it: memory is printed in Kb, but computed in bytes."""
    return show(value) + (" bytes" if claim.unit == "Kb" else "")


def printed_amount(claim: Claim) -> str:
    """What that is compared with."""
    return (claim.figure or claim.printed) + (" Kb" if claim.unit == "Kb" else "")


def percent(part: Number, whole: Number) -> str:
    """A share or a distance, e.g. 1.9% or -1.1%."""
    return f"{100 * float(Fraction(part) / Fraction(whole)):.3g}%"


def _zeros(claim: Claim, figure: Figure | None) -> str:
    """How far the digits of a print that ends in zeros are taken to reach; nothing of what is counted one by one."""
    printed = claim.figure or claim.printed
    if figure is None or not (printed.isdigit() and printed.endswith("0")):
        return ""
    if figure.significant < len(printed):
        first = "first digit" if figure.significant == 1 else f"first {figure.significant} digits"
        counts = "counts" if figure.significant == 1 else "count"
        return f" Only the {first} of the print {counts} as significant."
    return " All digits of the print count as significant." if claim.unit in UNITS else ""


def _under(convention: str) -> str:
    return "" if convention == UNCOUNTED else f"{convention} gives "


def _read(shown: Fit, figure: Figure | None, printed: str) -> str:
    if figure is None or shown.value == figure.value:
        return "as printed"
    how = "rounded" if shown.reading == "rounded" else "cut, not rounded,"
    return f"{how} to the printed {printed}"


def _also(others: tuple[Fit, ...]) -> str:
    named = ", ".join(f"{each.convention} ({each.reading})" for each in others)
    return f" Also: {named}." if others else ""


def _distance(value: Value, figure: Figure | None) -> str:
    if figure is None or isinstance(value, tuple) or not figure.value:
        return ""
    distance = Fraction(value) - figure.value
    return f"{percent(abs(distance), figure.value)} {'above' if distance > 0 else 'below'}"
