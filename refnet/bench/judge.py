"""Whose results are right: everybody's are held against one result of the plain kernels in float64, before any timing.

A fast engine that computes something else wins every race.
"""

from collections.abc import Mapping

import numpy as np

from .. import kernels
from ..layers.base import Array
from .engines import Task, named_outputs

TOLERANCE = 1e-4  # of the largest value of an output; float32 leaves some 1e-6 of it


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
    if not np.isfinite(got).all():
        return float("inf")
    largest, difference = float(np.abs(wanted).max()), float(np.abs(got - wanted).max())
    if largest == 0:
        return 0.0 if difference == 0 else float("inf")
    return difference / largest
