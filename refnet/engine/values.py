"""How a value lies in the arena: rows of channels, one row for each pixel of each image.

    B images    (..., M) the shape of one image's value    rows  B * prod(...)
    M channels  that the value has                         room  numbers from row to row: M, or more

Fast kernels read and write whole vectors, so values that they meet have room for them, zeros behind their channels.
What only plain steps meet has none: there an array is a view of the arena. If room is left behind the last whole
vector (`planning.py`), nobody reads or writes that.
"""

from math import prod
from typing import Any, NamedTuple

from numpy.typing import NDArray

from ..layers.base import Shape

Array = NDArray[Any]


class Layout(NamedTuple):
    """What a value needs. shape: with the batch, (B, ..., M)."""

    shape: Shape
    room: int

    @property
    def rows(self) -> int:
        return prod(self.shape[:-1])

    @property
    def numbers(self) -> int:
        """In memory: padding counted."""
        return self.rows * self.room

    @property
    def dense(self) -> bool:
        """Whether it lies as NumPy would lay it."""
        return self.room == self.shape[-1]


class Place(NamedTuple):
    """A value at its place in the arena, from number `offset` on."""

    offset: int
    layout: Layout

    def read(self, memory: Array) -> Array:
        """The value (B, ..., M): a view if it is dense, else a copy."""
        return self._rows(memory)[:, : self.layout.shape[-1]].reshape(self.layout.shape)

    def write(self, memory: Array, value: Array) -> None:
        """Copy a value (B, ..., M), in any memory order, and zeros behind its channels."""
        channels = self.layout.shape[-1]
        rows = self._rows(memory)
        if self.layout.dense:
            rows.reshape(self.layout.shape)[...] = value
        else:
            rows.reshape(*self.layout.shape[:-1], self.layout.room)[..., :channels] = value
            rows[:, channels:] = 0

    def _rows(self, memory: Array) -> Array:
        """Everything that lies there: (rows, room)."""
        return memory[self.offset : self.offset + self.layout.numbers].reshape(self.layout.rows, self.layout.room)
