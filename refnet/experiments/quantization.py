"""Arithmetic with few bits, simulated: numbers are rounded to what 8 or 16 bits can hold, and computed with in float32.

    q      byte, 0 to 255                 x  real number
    scale  distance of two neighbours     zero  the byte that stands for 0

    x = scale * (q - zero)                q = clip(round(x / scale) + zero, 0, 255)

One scale and one zero for a whole tensor, as in Jacob et al. (2018), section 2.1, eq. (1): padding and ReLU make zeros,
so 0 must be exact. A half is rounded to the even neighbour.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from ..graph import Graph, fastest_kernels
from ..layers.base import Array
from ..layers.dropout import Dropout
from ..rewrites.split import IN_PLACE
from ..running import maps_in_inference

LAST = 255  # the greatest byte
_LEAST_SCALE = float(np.finfo(np.float32).tiny)  # below it quotients overflow
Store = Callable[[str, Array], Array]  # (name of a value, the value) -> what later layers read


class Grid(NamedTuple):
    """The real numbers that 256 bytes stand for."""

    scale: float
    zero: int

    @classmethod
    def over(cls, low: float, high: float) -> "Grid":
        """The grid over the least and the greatest number of a tensor, widened to hold 0.

        Every number between the two is at most half a step from one of the grid. Where all are 0, or what float32
        hardly tells from 0, the scale is 1. Raises ValueError unless both are finite and in order.
        """
        if not -np.inf < low <= high < np.inf:
            raise ValueError(f"low, high: wanted finite numbers in order, got {low:g} and {high:g}")
        low, high = min(low, 0.0), max(high, 0.0)
        scale = (high - low) / LAST
        return cls(scale, round(-low / scale)) if scale >= _LEAST_SCALE else cls(1.0, 0)

    def bytes(self, x: Array) -> Array:
        """The nearest bytes; what lies beyond the grid goes to its end. Shape: any, uint8."""
        q = np.rint(x / self.scale)
        q += self.zero
        return np.clip(q, 0, LAST, out=q).astype(np.uint8)

    def numbers(self, q: Array, dtype: Any = np.float32) -> Array:
        """What the bytes stand for. Shape: any."""
        x = q.astype(dtype)
        x -= self.zero
        x *= self.scale
        return x

    def rounded(self, x: Array) -> Array:
        """There and back, in the dtype of x."""
        return self.numbers(self.bytes(x), x.dtype)


def half(x: Array) -> Array:
    """Rounded to float16, a half to the even neighbour, and back to the dtype of x; beyond 65504 it is infinite."""
    with np.errstate(over="ignore"):
        return x.astype(np.float16).astype(x.dtype)


def stored(net: Graph) -> tuple[str, ...]:
    """The values that lie in memory between layers, in order: sums after bias and activation, shortcuts' sums.

    A value that only a bias or an activation reads is one on the way, and dropout hands on what is stored already.
    Images are not among them: they are bytes as they come, and lose nothing.
    """
    readers: dict[str, list[Any]] = {name: [] for name in net.shapes}
    for node in net.nodes:
        for source in node.inputs:
            readers[source].append(node.layer)
    return tuple(
        node.name
        for node in net.nodes
        if not isinstance(node.layer, Dropout)
        and (node.name in net.outputs or not all(isinstance(reader, IN_PLACE) for reader in readers[node.name]))
    )


def rounded_kernels(net: Graph, weights: Mapping[str, Array], rounding: Callable[[Array], Array]) -> dict[str, Array]:
    """The weights with every kernel rounded. Biases stay: integer arithmetic adds them in 32 bits."""
    roles = {key: each.role for key, each in net.parameters().items()}
    return {key: rounding(w) if roles[key] == "kernel" else w for key, w in weights.items()}


def byte_kernel(w: Array) -> Array:
    """Rounded to the grid over its own least and greatest number."""
    return Grid.over(float(w.min()), float(w.max())).rounded(w)


def run(net: Graph, weights: Mapping[str, Array], images: Array, store: Store, names: Collection[str]) -> Array:
    """The output of a network with one input, each of the named values going through `store`. Shape: (B, K)."""
    (given,) = net.inputs
    values = {given: images}
    for node in maps_in_inference(net.nodes, weights, values, fastest_kernels()):
        if node.name in names:
            values[node.name] = store(node.name, values[node.name])
        y = values[node.name]
    return y


def grids(net: Graph, weights: Mapping[str, Array], batches: Iterable[Array]) -> dict[str, Grid]:
    """Of each stored value, the grid over the least and the greatest number that it has on these images."""
    names = stored(net)
    ends: dict[str, tuple[float, float]] = {}

    def seen(name: str, x: Array) -> Array:
        low, high = ends.get(name, (np.inf, -np.inf))
        ends[name] = min(low, float(x.min())), max(high, float(x.max()))
        return x

    for images in batches:
        run(net, weights, images, seen, names)
    return {name: Grid.over(*ends[name]) for name in names}
