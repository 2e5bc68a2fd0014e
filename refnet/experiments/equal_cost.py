"""Widths at which networks cost the same: their multiply-adds (MADD, every tap) in a forward pass.

Channels come in whole numbers, and V2's in steps of 8, so that the cost is a staircase over the width: a width with
the nearest cost is found, not an equal one.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

from .. import models
from ..graph import Graph
from .sizes import Pictures

STEPS_PER_UNIT = 200  # widths are multiples of 0.005
_WIDEST = 4.0


def madds(model: str, builder: Mapping[str, Any], pictures: Pictures) -> int:
    """Of a network of `refnet.models` for these pictures."""
    shape = {"resolution": pictures.resolution, "classes": pictures.classes}
    net: Graph = getattr(models, model)(**shape | dict(builder))
    return net.cost().total("MADD")


def width_for(model: str, wanted: float, pictures: Pictures, **builder: Any) -> float:
    """The width at which the model costs most nearly as many multiply-adds as wanted; of equals the smallest.

    Raises ValueError where the widest tried still costs less.
    """
    return _width_for(model, wanted, pictures, tuple(sorted(builder.items())))


@cache
def _width_for(model: str, wanted: float, pictures: Pictures, builder: tuple[tuple[str, Any], ...]) -> float:
    def cost(step: int) -> int:
        return madds(model, {"width": step / STEPS_PER_UNIT, **dict(builder)}, pictures)

    above = _first(cost, wanted)
    if above == 1 or cost(above) - wanted < wanted - cost(above - 1):
        return above / STEPS_PER_UNIT
    return _first(cost, cost(above - 1)) / STEPS_PER_UNIT


def _first(cost: Any, wanted: float) -> int:
    """The smallest step whose cost is as wanted or more: the cost never falls with the width."""
    low, high = 0, round(_WIDEST * STEPS_PER_UNIT)
    if cost(high) < wanted:
        raise ValueError(f"wanted: at most the {cost(high)} multiply-adds of width {_WIDEST:g}, got {wanted:g}")
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if cost(middle) >= wanted else (middle, high)
    return high
