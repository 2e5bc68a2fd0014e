"""A network that is ready to run: a list of steps over one arena.

    arena    one piece of memory for all activations and scratch; what lies where was planned before
    step     rows of the table, run by all threads in compiled code; or one layer, run by its plain kernel

A program has one arena, so it does one call at a time: others wait. What a call returns is the caller's own.
"""

import os
import threading
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol
from weakref import WeakSet

import numpy as np
from numpy.typing import NDArray

from .. import kernels
from ..kernels.tiled import threads as teams
from ..kernels.tiled.packing import CACHE_LINE, empty
from ..layers.base import Layer, Shape, check_array
from . import explaining, tables
from .explaining import Line
from .values import Place

Array = NDArray[Any]


class Step(Protocol):
    """Reads and writes the arena."""

    def run(self, memory: Array, serials: teams.Serials, threads: int) -> None: ...


class PlainStep(NamedTuple):
    """One layer by its plain kernel, between places of the arena."""

    layer: Layer
    weights: dict[str, Array]
    sources: tuple[Place, ...]
    target: Place

    def run(self, memory: Array, serials: teams.Serials, threads: int) -> None:
        xs = (place.read(memory) for place in self.sources)
        self.target.write(memory, self.layer.forward(kernels, self.weights, *xs))


class Parts(NamedTuple):
    """What a program is made of; `temporary` is in bytes, `size` in numbers of the dtype."""

    name: str
    inputs: dict[str, Place | None]
    shapes: dict[str, Shape]
    outputs: dict[str, Place]
    steps: tuple[Step, ...]
    lines: tuple[Line, ...]
    dtype: np.dtype[Any]
    size: int
    least: int
    temporary: int
    packed: int


class Program:
    """A compiled network; made by `refnet.compile`.

    batch    images of one call      threads  that share the work of a call, if they come in time
    A program can be pickled, and used in processes that were forked or spawned, on processors of the same kind.
    """

    def __init__(self, parts: Parts, batch: int, threads: int) -> None:
        self._parts = parts
        self.batch = batch
        self.threads = threads
        self._begin()

    def _begin(self) -> None:
        """What belongs to this object alone, and is not pickled."""
        self._memory = empty(self._parts.size, self._parts.dtype)
        self._serials = teams.Serials()
        self._free = threading.Lock()
        _programs.add(self)

    def __getstate__(self) -> dict[str, Any]:
        return {"parts": self._parts, "batch": self.batch, "threads": self.threads, "build": tables.build()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        if state["build"] != (here := tables.build()):
            raise ValueError(f"program: wanted one made for {here}, got one made for {state['build']}: compile it anew")
        self._parts, self.batch, self.threads = state["parts"], state["batch"], state["threads"]
        self._begin()

    @property
    def dtype(self) -> np.dtype[Any]:
        """That of the weights, the images and the results."""
        return self._parts.dtype

    @property
    def peak_bytes(self) -> int:
        """All that a call needs beside weights, images and results: the arena with images and results in it, scratch
        of all threads, and arrays that plain steps make."""
        return self._parts.size * self.dtype.itemsize + CACHE_LINE + self._parts.temporary

    def __call__(self, images: Any) -> Any:
        """images (B, ...), or a dict of arrays by input -> output (B, ...), or a dict, as `Graph.forward` returns it.

        Raises TypeError or ValueError that names what was wanted and what was given.
        """
        given = self._checked(images)
        with self._free:
            for name, place in self._parts.inputs.items():
                if place is not None:
                    place.write(self._memory, given[name])
            for step in self._parts.steps:
                step.run(self._memory, self._serials, self.threads)
            found = {name: np.array(place.read(self._memory)) for name, place in self._parts.outputs.items()}
        return next(iter(found.values())) if len(found) == 1 else found

    def _checked(self, images: Any) -> dict[str, Array]:
        shapes = self._parts.shapes
        if len(shapes) == 1 and not isinstance(images, Mapping):
            images = dict.fromkeys(shapes, images)
        if not isinstance(images, Mapping) or set(images) != set(shapes):
            got = sorted(images) if isinstance(images, Mapping) else type(images).__name__
            raise ValueError(f"images: wanted a dict with {sorted(shapes)}, got {got}")
        for name, shape in shapes.items():
            check_array(images[name], name)
            wanted, got = (self.batch, *shape), images[name].shape
            if got != wanted:
                built = f" (the program is built for a batch of {self.batch})" if got[1:] == shape else ""
                raise ValueError(f"{name}: wanted shape {wanted}, got {got}{built}")
            if images[name].dtype != self.dtype:
                raise TypeError(f"{name}: wanted dtype {self.dtype}, that of the program, got {images[name].dtype}")
        return dict(images)

    def explain(self) -> str:
        """One line for each operation: nodes, kernel, shapes, bytes and multiply-adds; then what they add up to."""
        parts = self._parts
        itemsize = parts.dtype.itemsize
        totals = explaining.Totals(
            self.threads, self.batch, str(parts.dtype), parts.size * itemsize, parts.least * itemsize, parts.temporary,
            parts.packed, self.peak_bytes,
        )  # fmt: skip
        return explaining.text(parts.name, parts.lines, totals)

    def __repr__(self) -> str:
        what = f"batch={self.batch}, threads={self.threads}, {len(self._parts.lines)} operations"
        return f"Program({self._parts.name!r}, {what})"


_programs: WeakSet[Program] = WeakSet()


def _free_all() -> None:
    """After a fork: a call that another thread of the parent was in does not go on in the child."""
    for program in _programs:
        program._free = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_free_all)
