"""Whose results are right: everybody's are held against one result of the plain kernels in float64, before any timing.

A fast engine that computes something else wins every race.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from .. import kernels
from ..layers.base import Array
from .engines import Task, named_outputs

TOLERANCE = 1e-4  # of the largest value of an output; float32 leaves some 1e-6 of it
GRADIENT_TOLERANCE = 1e-6  # of each gradient's length, in float64, which leaves some 1e-10 of it
SMALLEST = 1e-6  # a gradient's length as a share of all gradients': below that, rounding is what there is of it


def true_outputs(task: Task) -> dict[str, Array]:
    """The graph's outputs by name, in float64, from the same float32 weights and inputs."""
    weights = {key: np.asarray(task.weights[key], np.float64) for key in task.net.parameters()}
    inputs = {name: np.asarray(x, np.float64) for name, x in task.inputs.items()}
    return dict(named_outputs(task.net, task.net.forward(weights, inputs, kernels=kernels)))


def distance(got: Mapping[str, Array], wanted: Mapping[str, Array]) -> float:
    """The largest difference as a share of the largest value of that output; infinite where shapes or names differ,
    where a number is not finite, and where anything else than 0 stands for nothing but zeros."""
    if {name: y.shape for name, y in got.items()} != {name: y.shape for name, y in wanted.items()}:
        return float("inf")
    return max((_distance(got[name], y) for name, y in wanted.items()), default=0.0)


def _distance(got: Array, wanted: Array) -> float:
    return _share(float(np.abs(got - wanted).max()), float(np.abs(wanted).max()))


def gradient_distance(got: Mapping[str, Array], wanted: Mapping[str, Array], least: float = SMALLEST) -> float:
    """The largest of the gradients' distances: length of the difference over the length of what is wanted, or over
    `least` of the length of all gradients together where that is more.

    Some gradients are 0 but for rounding: of what is added to a channel before a batch norm, which takes it away again.
    Infinite where keys or shapes differ, where a number is not finite, and where anything else than 0 stands for
    nothing but zeros.
    """
    if {key: g.shape for key, g in got.items()} != {key: g.shape for key, g in wanted.items()}:
        return float("inf")
    floor = least * _length(list(wanted.values()))
    return max((_share(_length([got[key] - g]), max(_length([g]), floor)) for key, g in wanted.items()), default=0.0)


def _length(arrays: Sequence[Array]) -> float:
    """Of all of them as one vector."""
    return float(np.sqrt(sum(np.square(x, dtype=np.float64).sum() for x in arrays)))


def _share(difference: float, length: float) -> float:
    if not np.isfinite(difference):
        return float("inf")
    if length == 0:
        return 0.0 if difference == 0 else float("inf")
    return difference / length
