"""What a printed figure says: its value, and how far its digits reach.

`4.2 M` promises two digits: it stands for anything that rounds to 4.2, or, where a paper cuts, for anything that
begins with 4.2. Everything is exact (integers and fractions); half is rounded up, as by hand.
"""

import re
from dataclasses import dataclass
from fractions import Fraction

UNITS = {"": 1, "K": 10**3, "Kb": 10**3, "M": 10**6, "Million": 10**6, "B": 10**9, "G": 10**9}
_SPELLED = {unit.lower(): unit for unit in UNITS}

_FIGURE = re.compile(r"(?P<digits>\d+(?:\.\d*)?)\s*(?P<unit>[A-Za-z]*)")


@dataclass(frozen=True)
class Figure:
    """A printed number in base units: `value`, and `step`, the worth of its last significant digit."""

    value: Fraction
    step: Fraction

    @property
    def significant(self) -> int:
        """How many digits count: 2 for 4.2, 1 for 0.02."""
        return len(str(int(self.value / self.step)))

    def rounded(self, exact: int | float | Fraction) -> Fraction:
        """`exact`, rounded half up to this figure's digits."""
        return (Fraction(exact) / self.step + Fraction(1, 2)).__floor__() * self.step

    def is_rounded(self, exact: int | float | Fraction) -> bool:
        """Does `exact`, rounded half up to this figure's digits, give this figure?"""
        return self.rounded(exact) == self.value

    def is_cut(self, exact: int | float | Fraction) -> bool:
        """Does `exact`, with all further digits cut off, give this figure?"""
        return (Fraction(exact) / self.step).__floor__() * self.step == self.value

    def reading(self, exact: int | float | Fraction) -> str | None:
        """"rounded", "cut" or None: how `exact` gives this figure (rounded is preferred)."""
        if self.is_rounded(exact):
            return "rounded"
        return "cut" if self.is_cut(exact) else None


def parse_figure(text: str, unit: str = "", significant_zeros: bool = False) -> Figure:
    """Read "314M", "4.2 M", "1600" (unit M).

    Zeros that end an integer print are not significant, unless `significant_zeros` or a point ("300.") says so.

    >>> [int(parse_figure(text, "M").step) for text in ("1600", "1600.", "4.20")]
    [100000000, 1000000, 10000]

    Raises ValueError if the text is no such figure or the unit is unknown.
    """
    match = _FIGURE.fullmatch(text.strip())
    unit = _SPELLED.get((match["unit"] or unit).lower(), "?") if match else unit
    if match is None or unit not in UNITS:
        known = ", ".join(filter(None, UNITS))
        raise ValueError(f"figure: wanted a number with an optional unit ({known}), such as 3.4M; got {text[:40]!r}")
    digits = match["digits"]
    decimals = len(digits.partition(".")[2])
    zeros = 0 if "." in digits or significant_zeros else len(digits) - len(digits.rstrip("0"))
    step = Fraction(10**zeros, 10**decimals) if digits.strip("0.") else Fraction(1, 10**decimals)
    return Figure(Fraction(digits) * UNITS[unit], step * UNITS[unit])
