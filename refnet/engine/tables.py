"""The compiled part of a program: each operation as rows of a table, and all weights in one array.

    row      what the interpreter in `kernels/tiled/program.py` reads of one operation: sizes, and addresses in numbers
    chunks   of a row: pieces of work that threads claim
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..graph import Graph
from ..kernels.tiled.packing import empty
from .matching import Operation
from .planning import Plan

Array = NDArray[Any]


class Packed(NamedTuple):
    """rows: for each operation, its slice of the table."""

    weights: Array
    table: Array
    rows: tuple[slice, ...]

    def step(self, start: int, stop: int) -> Any:
        raise NotImplementedError


def compiles() -> bool:
    """Whether there are fast kernels: not under NUMBA_DISABLE_JIT=1."""
    return False


def lowered(net: Graph, operation: Operation, weights: Mapping[str, Array], batch: int) -> Any:
    raise NotImplementedError


def pack(operations: Sequence[Operation], lowered: Sequence[Any], plan: Plan, dtype: np.dtype[Any]) -> Packed:
    return Packed(empty(0, dtype), np.zeros(0), tuple(slice(0, 0) for _ in operations))
