"""Settings of training are numbers within limits; whatever is none, NaN included, is refused by name."""

from typing import Any

from ..layers.base import is_number


def check_number(value: Any, what: str, least: float = 0.0, below: float = float("inf")) -> float:
    """The value as a float from `least` to below `below`. Raises ValueError for anything else, NaN included."""
    if not is_number(value) or not least <= value < below:
        limits = f"of at least {least:g}" if below == float("inf") else f"from {least:g} to below {below:g}"
        raise ValueError(f"{what}: wanted a finite number {limits}, got {value!r}")
    return float(value)
