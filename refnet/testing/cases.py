"""One drawn convolution with its arrays.

Integer-valued cases are drawn so small that every sum, in any order, is exact in the accumulator and in the
output (below 2^11 for float16, 2^24 for float32): the answer must then be right to the last bit. int8 cases
use the whole range, with many -128, -1 and 127. Real cases are drawn from [-2, 2).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .arrangement import ORDERS, arrange
from .geometry_of_cases import Geometry, Pick, draw_geometry
from .limits import VALUES, Limits, words
from .plain import Array
from .precision import Precision, bounded
from .sizes import Pads, Pair

SEEDS = range(2**16)
LARGEST_INTEGER = 4


@dataclass(frozen=True, eq=False)
class Case:
    """A convolution to be computed: sizes, settings, arrays.

    x (B, H, W, M) and dy (B, OH, OW, N) are NHWC, w is (KH, KW, M / groups, N), depthwise (KH, KW, M),
    pointwise (M, N); all of `formats.dtype` and in memory order `order`. The same geometry, formats,
    kind of values and seed always give the same arrays.
    """

    geometry: Geometry
    formats: Precision
    values: str
    order: str
    seed: int
    x: Array = field(repr=False)
    w: Array = field(repr=False)
    dy: Array = field(repr=False)

    @property
    def operation(self) -> str:
        return self.geometry.operation

    @property
    def stride(self) -> Pair:
        return self.geometry.stride

    @property
    def dilation(self) -> Pair:
        return self.geometry.dilation

    @property
    def pads(self) -> Pads:
        return self.geometry.pads

    @property
    def groups(self) -> int:
        return self.geometry.groups

    @property
    def settings(self) -> tuple[Any, ...]:
        """What a function of this operation takes after its arrays."""
        if self.operation == "pointwise_conv2d":
            return ()
        common = (self.stride, self.dilation, self.pads)
        return (*common, self.groups) if self.operation == "grouped_conv2d" else common

    def __repr__(self) -> str:
        g = self.geometry
        parts = [f"x {g.x_shape}", f"w {g.w_shape}"]
        if self.operation != "pointwise_conv2d":
            parts += [f"stride {g.stride}", f"dilation {g.dilation}", f"pads {g.pads} ({g.padding})"]
        if self.operation in ("conv2d", "grouped_conv2d") and g.groups > 1:
            parts.append(f"groups {g.groups}")
        parts += [self.formats.dtype, self.values, f"memory order {self.order}", f"seed {self.seed}"]
        return f"Case({self.operation}: {', '.join(parts)})"


def draw_case(pick: Pick, operation: str, formats: Precision, limits: Limits) -> Case:
    """A case within `limits`, each choice made by `pick` (see `geometry_of_cases`)."""
    geometry = draw_geometry(pick, operation, limits)
    values = pick(words("values", limits.values, VALUES))
    order = pick(words("memory_order", limits.memory_order, ORDERS))
    return make_case(geometry, formats, values, order, pick(SEEDS))


def make_case(geometry: Geometry, formats: Precision, values: str, order: str, seed: int) -> Case:
    """The case with its arrays. Reals become integers where no error bound exists (long sums in float16)."""
    if formats.exact or not bounded(max(geometry.products.values()), formats):
        values = "integers"
    rng = np.random.default_rng(seed)
    largest, terms = _exact_integers(geometry, formats)
    arrays = []
    for shape in (geometry.x_shape, geometry.w_shape, geometry.y_shape):
        drawn = _reals(rng, shape) if values == "reals" else _integers(rng, shape, largest)
        arrays.append(drawn.astype(formats.dtype))
    x, w, dy = arrays
    if values == "integers":
        w, dy = _thinned(w, geometry.products["y"], terms, rng), _thinned(dy, dy.size, terms, rng)
    return Case(geometry, formats, values, order, seed, *(arrange(a, order) for a in (x, w, dy)))


def seeded_pick(seed: int) -> Pick:
    """A `pick` that draws from a seeded generator."""
    rng = np.random.default_rng(seed)

    def pick(options: Sequence[Any]) -> Any:
        return options[int(rng.integers(len(options)))]

    return pick


def _exact_integers(geometry: Geometry, formats: Precision) -> tuple[int, int]:
    """The largest integer to draw, and how many products of such integers any sum may have and stay exact."""
    if formats.exact:
        return 128, formats.exact_up_to // 128**2
    terms = max(geometry.products.values())
    largest = max(1, min(LARGEST_INTEGER, math.isqrt(formats.exact_up_to // terms)))
    return largest, formats.exact_up_to // largest**2


def _integers(rng: np.random.Generator, shape: tuple[int, ...], largest: int) -> Array:
    """Integers in [-largest, largest]; for int8 in [-128, 127], a third of them at an edge."""
    if largest < 128:
        return rng.integers(-largest, largest + 1, shape)
    edges = np.array([-128, 127, -1])[rng.integers(3, size=shape)]
    return np.where(rng.integers(3, size=shape) == 0, edges, rng.integers(-128, 128, shape))


def _reals(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return 4 * rng.random(shape) - 2


def _thinned(array: Array, terms: int, most: int, rng: np.random.Generator) -> Array:
    """The array, or only `most` of its entries and zeros where its sums have more than `most` terms."""
    if terms <= most:
        return array
    kept = np.zeros_like(array)
    places = rng.permutation(array.size)[:most]
    kept.flat[places] = array.flat[places]
    return kept
