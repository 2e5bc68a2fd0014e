"""What the edges and the tape of a fused graph hold, and who works on it.

    z   what a convolution wrote    v   z after batch norm    x   v after the activation, what the next layer reads
    dx, dv   gradients of x and v

Each of these arrays is flat, as the fused kernels want it, with channels padded to the vector width.
"""

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from ..layers.base import Array, Shape, canonical


@dataclass(frozen=True, eq=False)
class Unread:
    """A map (B, H, W, M) on an edge: z and how x is read from it, as the fused kernels want it."""

    values: Any
    shape: Shape
    dtype: np.dtype[Any]


@dataclass(frozen=True, eq=False)
class UnreadGradient:
    """The gradient of an Unread: dv, flat, and its slopes, the sums over all pixels of dv and of dv * (z - mean)."""

    dv: Array
    slopes: Array
    shape: Shape
    dtype: np.dtype[Any]

    def __add__(self, other: "UnreadGradient") -> "UnreadGradient":
        """Where several layers read the same map."""
        return replace(self, dv=self.dv + other.dv, slopes=self.slopes + other.slopes)


class Kept(NamedTuple):
    """What a fused step keeps of a convolution: its input, its output before batch norm, and the statistics.

    batch: whether they are those of this batch.
    """

    x: Unread | Array
    y: Unread
    mean: Array
    inv_std: Array
    batch: bool


class Memory:
    """What the steps of one graph work in, one after the other: see the kernels' `Memory`, made when there are kernels.

    It is no part of what a layer is: any two are equal.
    """

    def __init__(self) -> None:
        self._made: Any = None
        self._forward = True

    def of(self, fused: Any, forward: bool) -> Any:
        """For a layer's forward or backward pass. A step begins where forward follows backward."""
        self._made = self._made or fused.Memory()
        if forward and not self._forward:
            self._made.begin_step()
        self._forward = forward
        return self._made

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Memory)

    def __hash__(self) -> int:
        return 0


class Crew(NamedTuple):
    """The kernels of a step, and the team that runs them."""

    kernels: Any
    team: Any

    @property
    def fused(self) -> Any:
        return self.kernels.fused

    def read(self, x: Unread | Array) -> Array:
        """A map as a plain array (B, H, W, M); `done` may be told when nobody reads it any more."""
        if isinstance(x, np.ndarray):
            return x
        flat = self.fused.values(x.values, self.team)
        found = unpacked(flat, x.shape)
        if found.base is None:  # a copy
            self.team.memory.give(flat)
        return found

    def done(self, x: Unread | Array, found: Array) -> None:
        """Give back the memory of what `read` made of x."""
        if isinstance(x, Unread):
            self.team.memory.give(found)

    def values(self, x: Unread | Array) -> Any:
        """A map as the fused kernels want it."""
        return self.fused.as_normalised(x) if isinstance(x, np.ndarray) else x.values

    def gradient(self, x: Unread | Array, dx: Array) -> Any:
        """The gradient of a map, from that of its values: as the layer before wants it."""
        if isinstance(x, np.ndarray):
            return dx
        packed = self.fused.as_normalised(dx).z
        dv, slopes = self.fused.masked(x.values, packed, self.team)
        return UnreadGradient(dv, slopes, x.shape, x.dtype)


def unpacked(flat: Array, shape: Shape) -> Array:
    """The numbers of a map (B, H, W, M) that is flat, with more channels in memory."""
    return canonical(flat.reshape(*shape[:3], -1)[..., : shape[3]])
