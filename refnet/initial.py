"""Fresh weights, as the official code of both papers draws them.

Kernels: truncated normal, sigma 0.09 (values beyond two sigma are drawn again); batch norm: scale 1, shift 0, stored
mean 0 and variance 1; biases 0. What else is constant at first, its layer says (`first_values`).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

SIGMA = 0.09

_CONSTANT = {"bias": 0.0, "beta": 0.0, "moving_mean": 0.0, "gamma": 1.0, "moving_variance": 1.0}


def generator(rng: Any) -> np.random.Generator:
    """A Generator as it is, a seed as the Generator it starts. Raises TypeError or ValueError for anything else."""
    if isinstance(rng, np.random.Generator):
        return rng
    if isinstance(rng, bool) or not isinstance(rng, (int, np.integer)):
        raise TypeError(f"rng: wanted a numpy.random.Generator or a seed of at least 0, got {rng!r}")
    if rng < 0:
        raise ValueError(f"rng: wanted a seed of at least 0, got {rng}")
    return np.random.default_rng(rng)


def fresh(
    role: str, shape: tuple[int, ...], rng: np.random.Generator, constant: float | None = None
) -> NDArray[np.float64]:
    """The first value of a weight, in float64: the constant if its layer has one, else as its role has it."""
    constant = _CONSTANT.get(role) if constant is None else constant
    if constant is not None:
        return np.full(shape, constant)
    return SIGMA * truncated_normal(shape, rng)


def truncated_normal(shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.float64]:
    """Standard normal values; those beyond two are drawn again until none is."""
    values = rng.standard_normal(shape)
    while (beyond := np.abs(values) > 2).any():
        values[beyond] = rng.standard_normal(int(beyond.sum()))
    return values
