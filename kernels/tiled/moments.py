"""From sums to batch norm: means and variances, and the two or three numbers per channel that stand for all of it.

    P values per channel · n of them in a part · M channels, C of them in memory

    v = gamma * (z - mean) * inv_std + beta                    = z * scale + shift
    dz = gamma * inv_std * (dv - dbeta/P - xhat * dgamma/P)    = dv * gain + z * tilt + offset,
        xhat = (z - mean) * inv_std

Everything here is small, and in float64 until it is handed to a kernel.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..jit import brief
from .normalised import Gradient, Normalised
from .packing import NO_PADS, pack_map
from .shapes import padded

Array = NDArray[Any]


class Moments(NamedTuple):
    """Mean and biased variance of so many values per channel, float64 (C,)."""

    mean: Array
    variance: Array
    values: int


def combined(pivots: Array, sums: Array, counts: Array) -> Moments:
    """The moments of all parts together, from each part's sums of `z - pivot` and of its square.

    Shapes: pivots (parts, C), sums (parts, 2, C), counts (parts,).
    """
    return Moments(*mean_and_variance(pivots, sums, counts), int(counts.sum()))


@brief
def mean_and_variance(pivots: Array, sums: Array, counts: Array) -> tuple[Array, Array]:
    """`variance = mean of squares - square of mean` of the distances from a part's pivot, and of the parts' means.

    Shapes: as in `combined` -> mean, variance (C,). The first of the parts' means is the pivot of the others.
    """
    parts, C = pivots.shape
    mean, variance, P = np.empty(C), np.empty(C), 0
    for part in range(parts):
        P += counts[part]
    for m in range(C):
        first = pivots[0, m] + sums[0, 0, m] / counts[0]
        inside, between, squares = 0.0, 0.0, 0.0
        for part in range(parts):
            distance = sums[part, 0, m] / counts[part]
            inside += max(sums[part, 1, m] - counts[part] * distance**2, 0.0)
            apart = pivots[part, m] + distance - first
            between += counts[part] * apart
            squares += counts[part] * apart**2
        mean[m] = first + between / P
        variance[m] = (inside + max(squares - between**2 / P, 0.0)) / P
    return mean, variance


def as_normalised(x: Array) -> Normalised:
    """A plain map x (B, H, W, M) as one that is read as it is."""
    channels = padded(x.shape[3], x.dtype)
    z = pack_map(x, NO_PADS, channels).values
    one, nothing = np.ones(channels, x.dtype), np.zeros(channels, x.dtype)
    return Normalised(z, one, nothing, nothing, np.array((-np.inf, np.inf), x.dtype))


def affine(
    z: Array, gamma: Array, beta: Array, mean: Array, inv_std: Array, limits: tuple[float, float]
) -> Normalised:
    """z (P * C,) read through its batch norm: the others (M,), mean and inv_std in float64."""
    scale, shift, means = affine_vectors(gamma, beta, mean, inv_std, padded(gamma.size, z.dtype))
    return Normalised(z, scale, shift, means, np.array(limits, z.dtype))


@brief
def affine_vectors(gamma: Array, beta: Array, mean: Array, inv_std: Array, channels: int) -> tuple[Array, Array, Array]:
    """`scale = gamma * inv_std`, `shift = beta - mean * scale`, and the mean, as they are used: in the dtype of gamma.

    Shapes: all (M,) -> scale, shift, mean (C,), zeros behind M.
    """
    wide = np.zeros((3, channels), gamma.dtype)
    for m in range(gamma.size):
        scale = gamma[m] * inv_std[m]
        wide[0, m], wide[1, m], wide[2, m] = scale, beta[m] - mean[m] * scale, mean[m]
    return wide[0], wide[1], wide[2]


def gradient_of(
    dv: Array, slopes: Array, x: Normalised, gamma: Array, mean: Array, inv_std: Array, batch: bool
) -> tuple[Gradient, Array, Array]:
    """Batch norm's backward pass: how dz is read, dgamma and dbeta (M,).

    slopes (2, C): sums of dv and of dv * (z - x.mean); x.mean is the mean rounded to the dtype of z. batch: whether the
    statistics were those of this batch; stored ones do not depend on z.
    """
    values = x.z.size // x.scale.size if batch else 0
    gain, tilt, offset, dgamma, dbeta = gradient_vectors(slopes, x.mean, gamma, mean, inv_std, values)
    return Gradient(dv, x.z, gain, tilt, offset), dgamma, dbeta


@brief
def gradient_vectors(
    slopes: Array, rounded: Array, gamma: Array, mean: Array, inv_std: Array, values: int
) -> tuple[Array, Array, Array, Array, Array]:
    """The formulas at the head; rounded: the mean that slopes refer to. values: P, or 0 for stored statistics.

    Shapes: slopes (2, C), rounded (C,), the others (M,) -> gain, tilt, offset (C,), zeros behind M; dgamma, dbeta (M,).
    """
    wide, sums = np.zeros((3, rounded.size), gamma.dtype), np.empty((2, gamma.size), gamma.dtype)
    for m in range(gamma.size):
        dbeta, gain = slopes[0, m], gamma[m] * inv_std[m]
        dgamma = (slopes[1, m] + dbeta * (rounded[m] - mean[m])) * inv_std[m]
        wide[0, m], sums[0, m], sums[1, m] = gain, dgamma, dbeta
        if values > 0:
            tilt = -gain * inv_std[m] * dgamma / values
            wide[1, m], wide[2, m] = tilt, -gain * dbeta / values - tilt * mean[m]
    return wide[0], wide[1], wide[2], sums[0], sums[1]
