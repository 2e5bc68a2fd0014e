"""Local response normalisation, L2 normalisation and factors per channel, pixel by pixel, each with its gradient.

The two gradients that mix channels are sums over the whole Jacobian of a pixel, M * M terms, none of them simplified.

Letters: **M** channels. All leading axes, batch included, are taken as one list of pixels.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from .plain import Array, agree, answer, rank

Pixel = list[float]


def naive_local_response_norm(x: ArrayLike, size: int, alpha: float, beta: float, bias: float) -> Array:
    """AlexNet section 3.3: `y[m] = x[m] / (bias + alpha * sum of x[j]**2) ** beta` over the `size` channels around m.

    x (..., M) -> y like x. Channels that do not exist count as zeros.
    """

    def rule(a: Pixel) -> Pixel:
        return [v / s**beta for v, s in zip(a, _scales(a, size, alpha, bias), strict=True)]

    return _each_pixel(rule, x)


def naive_local_response_norm_gradient(
    dy: ArrayLike, x: ArrayLike, size: int, alpha: float, beta: float, bias: float
) -> Array:
    """dy, x (..., M) -> dx, with s what stands under the power in y[m]:

    `dy[m] / dx[j] = (m == j) * s**-beta - beta * s**(-beta - 1) * x[m] * 2 * alpha * x[j]`, the second for neighbours.
    """

    def rule(g: Pixel, a: Pixel) -> Pixel:
        s = _scales(a, size, alpha, bias)

        def slope(m: int, j: int) -> float:
            near = abs(m - j) <= (size - 1) // 2
            own, mixed = s[m] ** -beta, beta * s[m] ** (-beta - 1) * a[m] * 2 * alpha * a[j]
            return float((m == j) * own - near * mixed)

        return _by_jacobian(g, slope)

    return _each_pixel(rule, dy, x)


def naive_l2_normalize(x: ArrayLike, eps: float) -> Array:
    """x (..., M) -> y like x: `x / length`, where length is that of the pixel's M numbers, or eps if that is larger."""
    return _each_pixel(lambda a: [v / _length(a, eps) for v in a], x)


def naive_l2_normalize_gradient(dy: ArrayLike, x: ArrayLike, eps: float) -> Array:
    """dy, x (..., M) -> dx: `dy[m] / dx[j] = (m == j) / length - x[m] * x[j] / length**3`.

    Where eps is larger than the length, it is the divisor and the second term is missing.
    """

    def rule(g: Pixel, a: Pixel) -> Pixel:
        length, moves = _length(a, eps), not math.hypot(*a) < eps
        return _by_jacobian(g, lambda m, j: (m == j) / length - moves * a[m] / length * a[j] / length / length)

    return _each_pixel(rule, dy, x)


def naive_channel_scale(x: ArrayLike, scale: ArrayLike) -> Array:
    """x (..., M), scale (M,) -> y like x: `x[m] * scale[m]`."""
    x, scale = np.asarray(x), rank("scale", scale, "M")
    agree("channels", ("x", x.shape[-1]), ("scale", scale.shape[0]))
    factors = scale.tolist()
    return _each_pixel(lambda a: [v * factor for v, factor in zip(a, factors, strict=True)], x)


def naive_channel_scale_gradient(dy: ArrayLike, x: ArrayLike, scale: ArrayLike) -> tuple[Array, Array]:
    """dy, x (..., M), scale (M,) -> dx like x, dscale (M,)."""
    dy, x, scale = np.asarray(dy), np.asarray(x), rank("scale", scale, "M")
    columns = zip(dy.reshape(-1, scale.size).T.tolist(), x.reshape(-1, scale.size).T.tolist(), strict=True)
    dscale = [math.fsum(g * v for g, v in zip(*column, strict=True)) for column in columns]
    return naive_channel_scale(dy, scale), answer(dscale, scale.shape, scale)


def _scales(a: Pixel, size: int, alpha: float, bias: float) -> Pixel:
    """What stands under the power, for each channel of a pixel."""
    half = (size - 1) // 2
    wide = [0.0] * half + [v * v for v in a] + [0.0] * half
    return [bias + alpha * math.fsum(wide[m : m + size]) for m in range(len(a))]


def _length(a: Pixel, eps: float) -> float:
    length = math.hypot(*a)
    return eps if length < eps else length


def _by_jacobian(g: Pixel, slope: Callable[[int, int], float]) -> Pixel:
    """`dx[j] = sum over m of g[m] * slope(m, j)`."""
    return [math.fsum(gm * slope(m, j) for m, gm in enumerate(g)) for j in range(len(g))]


def _each_pixel(rule: Callable[..., Pixel], *arrays: ArrayLike) -> Array:
    """`rule` on the pixels of equally shaped arrays (..., M)."""
    found = [np.asarray(array) for array in arrays]
    if any(array.shape != found[0].shape for array in found):
        raise ValueError(f"wanted arrays of one shape, got {' and '.join(str(a.shape) for a in found)}")
    pixels = [array.reshape(-1, array.shape[-1]).tolist() for array in found]
    return answer([rule(*each) for each in zip(*pixels, strict=True)], found[0].shape, *found)
