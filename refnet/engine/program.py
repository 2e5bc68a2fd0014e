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
from ..kernels.tiled.claims import Serials
from ..kernels.tiled.packing import CACHE_LINE, empty
from ..kernels.tiled.products import Arrays
from ..layers.base import Layer, Shape, check_array
from . import explaining, tables
from .explaining import Line
from .values import Place

Array = NDArray[Any]


class Step(Protocol):
    """Reads and writes the arena."""

    def run(self, arrays: Arrays, serials: Serials, threads: int) -> None: ...


class PlainStep(NamedTuple):
    """One layer by its plain kernel, between places of the arena."""

    layer: Layer
    weights: dict[str, Array]
    sources: tuple[Place, ...]
    target: Place

    def run(self, arrays: Arrays, serials: Serials, threads: int) -> None:
        xs = (place.read(arrays.memory) for place in self.sources)
        self.target.write(arrays.memory, self.layer.forward(kernels, self.weights, *xs))


class Parts(NamedTuple):
    """What a program is made of. weights, tables: of all fast steps. size, least: of the arena, in numbers.

    temporary: the most bytes that a plain step makes.
    """

    name: str
    inputs: dict[str, Place | None]
    shapes: dict[str, Shape]
    outputs: dict[str, Place]
    steps: tuple[Step, ...]
    lines: tuple[Line, ...]
    weights: Array
    tables: Array
    size: int
    least: int
    temporary: int


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
        """What belongs to this object alone, and is not pickled. (A pickled array does not begin on a cache line.)"""
        parts = self._parts
        self._arrays = Arrays(empty(parts.size, self.dtype), aligned(parts.weights), aligned(parts.tables))
        self._parts = parts._replace(weights=self._arrays.weights, tables=self._arrays.tables)
        self._serials = tuple(Serials() for _ in parts.steps)  # a step's own: its helpers stay, with these arrays
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
        return self._parts.weights.dtype

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
            memory = self._arrays.memory
            for name, place in self._parts.inputs.items():
                if place is not None:
                    place.write(memory, given[name])
            for step, serials in zip(self._parts.steps, self._serials, strict=True):
                step.run(self._arrays, serials, self.threads)
            found = {name: np.array(place.read(memory)) for name, place in self._parts.outputs.items()}
        return next(iter(found.values())) if len(found) == 1 else found

    def _checked(self, images: Any) -> dict[str, Array]:
        shapes = self._parts.shapes
        if len(shapes) == 1 and not isinstance(images, Mapping):
            images = dict.fromkeys(shapes, images)
        if not isinstance(images, Mapping) or set(images) != set(shapes):
            got = sorted(map(str, images)) if isinstance(images, Mapping) else type(images).__name__
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
        itemsize = self.dtype.itemsize
        totals = explaining.Totals(
            threads=self.threads,
            batch=self.batch,
            dtype=str(self.dtype),
            arena=parts.size * itemsize,
            least=parts.least * itemsize,
            temporary=parts.temporary,
            weights=parts.weights.nbytes,
            peak=self.peak_bytes,
        )
        return explaining.text(parts.name, parts.lines, totals)

    def __repr__(self) -> str:
        what = f"batch={self.batch}, threads={self.threads}, {len(self._parts.lines)} operations"
        return f"Program({self._parts.name!r}, {what})"


def aligned(array: Array) -> Array:
    """The array, or a copy of it that begins on a cache line."""
    if array.ctypes.data % CACHE_LINE == 0:
        return array
    found = empty(array.size, array.dtype)
    found[:] = array
    return found


_programs: WeakSet[Program] = WeakSet()


def _free_all() -> None:
    """After a fork: a call that another thread of the parent was in does not go on in the child."""
    for program in _programs:
        program._free = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_free_all)
