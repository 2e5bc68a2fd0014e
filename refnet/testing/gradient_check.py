"""Is `backward` the gradient of `forward`?

Two ways, of which `check_gradients` picks one:

*Adjoint.* Where the operation is linear in each of its inputs (a convolution in x and in w), moving input i
to v gives `vdot(dy, f(.., v, ..)) == vdot(gradient_i, v)` for every dy and v. On drawn integers that is
exact: no step, no tolerance.

*Directional differences.* Otherwise, in float64, along random directions v: `vdot(gradient_i, v) ~ d/dt
vdot(dy, f(.., input_i + t * v, ..))`, by central differences with steps h and h/2 combined so that the
error is of order h^4. The tolerance is relative to the larger of the two, and nothing else: a gradient of
zero is right only where the difference is exactly zero. Keep inputs away from kinks by more than h.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .plain import Array, wanted_callable

Forward = Callable[..., Any]
LARGEST_INTEGER = 4
NAMED_ENTRIES = 1000


def check_gradients(
    forward: Forward,
    backward: Callable[..., Any],
    inputs: Sequence[ArrayLike],
    *,
    linear: bool | None = None,
    names: Sequence[str] | None = None,
    directions: int = 4,
    step: float = 1e-3,
    relative: float = 1e-7,
    seed: int = 0,
) -> None:
    """Raises AssertionError, naming the gradient with wanted and got, unless `backward` is `forward`'s.

    forward(*inputs) -> y            one array
    backward(dy, *inputs) -> grads   one array per input, of its shape (for one input also the bare array)
    inputs       where to check; used in float64. What has no gradient belongs into a closure
    linear       True: linear in each input, by the adjoint (`inputs` then give the shapes, the numbers are
                 drawn integers). False: by differences. None: finds out, by trying `forward` on integers
    names        of the inputs, for the message
    directions   random directions per input, each with a drawn dy (never all ones)
    step, relative   the step h and the tolerance of the differences

    Raises ValueError for inputs or names that do not fit together, TypeError for what is no function.
    """
    wanted_callable("forward", forward)
    wanted_callable("backward", backward)
    points = [np.array(value, dtype=np.float64) for value in inputs]
    labels = list(names) if names is not None else [f"input {i}" for i in range(len(points))]
    if not points or len(labels) != len(points):
        raise ValueError(
            f"wanted one name per input, and inputs, got {len(labels)} names for {len(points)} inputs"
        )
    rng = np.random.default_rng(seed)
    if linear is None:
        linear = _is_linear(forward, points, rng)
    for _ in range(directions):
        if linear:
            _check_adjoint(forward, backward, points, labels, rng)
        else:
            _check_differences(forward, backward, points, labels, rng, step, relative)


def _integers(like: Array, rng: np.random.Generator) -> Array:
    return rng.integers(-LARGEST_INTEGER, LARGEST_INTEGER + 1, like.shape).astype(np.float64)


def _with(points: list[Array], i: int, value: Array) -> list[Array]:
    return [*points[:i], value, *points[i + 1 :]]


def _value(forward: Forward, points: list[Array]) -> Array:
    """y in float64. The points are copies, so that a function that works in place harms nothing."""
    return np.asarray(forward(*(point.copy() for point in points)), dtype=np.float64)


def _is_linear(forward: Forward, points: list[Array], rng: np.random.Generator) -> bool:
    """Whether, on drawn integers, f(a + b) = f(a) + f(b) and f(-2a) = -2 f(a) exactly, in each input."""
    with np.errstate(all="ignore"):
        for i, point in enumerate(points):
            for _ in range(3):
                others = [_integers(other, rng) for other in points]
                a, b = _integers(point, rng), _integers(point, rng)
                fa, fb, fab, scaled = (_value(forward, _with(others, i, v)) for v in (a, b, a + b, -2 * a))
                if not (np.array_equal(fab, fa + fb) and np.array_equal(scaled, -2 * fa)):
                    return False
    return True


def _gradients(
    backward: Callable[..., Any], dy: Array, points: list[Array], labels: list[str]
) -> list[Array]:
    """One gradient per input. Raises AssertionError for another number of them, or another shape."""
    got = backward(dy.copy(), *(point.copy() for point in points))
    grads = [got] if isinstance(got, np.ndarray) else list(got)
    if len(grads) != len(points):
        raise AssertionError(
            f"backward: wanted {len(points)} gradients ({', '.join(labels)}), got {len(grads)}"
        )
    for label, point, gradient in zip(labels, points, grads, strict=True):
        if np.shape(gradient) != point.shape:
            raise AssertionError(f"gradient of {label}: wanted shape {point.shape}, got {np.shape(gradient)}")
    return [np.asarray(gradient, dtype=np.float64) for gradient in grads]


def _check_adjoint(
    forward: Forward,
    backward: Callable[..., Any],
    points: list[Array],
    labels: list[str],
    rng: np.random.Generator,
) -> None:
    base = [_integers(point, rng) for point in points]
    dy = _integers(_value(forward, base), rng)
    for i, gradient in enumerate(_gradients(backward, dy, base, labels)):
        v = _integers(base[i], rng)
        wanted, got = _dot(dy, _value(forward, _with(base, i, v))), _dot(gradient, v)
        if wanted != got:
            where = _first_wrong(gradient, _basis_adjoint(forward, dy, base, i), exact=True)
            raise AssertionError(
                f"gradient of {labels[i]} is not the adjoint of forward: for integer dy and v, wanted "
                f"vdot(dy, forward(v)) = {wanted!r}, got vdot(gradient, v) = {got!r}{where}"
            )


def _check_differences(
    forward: Forward,
    backward: Callable[..., Any],
    points: list[Array],
    labels: list[str],
    rng: np.random.Generator,
    step: float,
    relative: float,
) -> None:
    dy = rng.standard_normal(_value(forward, points).shape)
    for i, gradient in enumerate(_gradients(backward, dy, points, labels)):
        v = rng.standard_normal(points[i].shape)
        wanted, got = _slope(forward, dy, points, i, v, step), _dot(gradient, v)
        if not abs(wanted - got) <= relative * max(abs(wanted), abs(got)):
            where = _first_wrong(gradient, _basis_slopes(forward, dy, points, i, step), exact=False)
            raise AssertionError(
                f"gradient of {labels[i]} is wrong along a random direction: wanted {wanted!r} (central "
                f"differences), got {got!r}; allowed relative difference {relative:g}{where}"
            )


def _slope(forward: Forward, dy: Array, points: list[Array], i: int, v: Array, step: float) -> float:
    """d/dt vdot(dy, f(input_i + t * v)) at t = 0, with an error of order step^4."""

    def central(h: float) -> float:
        after, before = (_value(forward, _with(points, i, points[i] + t * v)) for t in (h, -h))
        return _dot(dy, after - before) / (2 * h)

    return (4 * central(step / 2) - central(step)) / 3


def _dot(a: Array, b: Array) -> float:
    return float((a * b).sum())


def _units(point: Array) -> Iterator[Array]:
    for place in range(min(point.size, NAMED_ENTRIES)):
        unit = np.zeros(point.size)
        unit[place] = 1
        yield unit.reshape(point.shape)


def _basis_adjoint(forward: Forward, dy: Array, points: list[Array], i: int) -> Iterator[float]:
    return (_dot(dy, _value(forward, _with(points, i, unit))) for unit in _units(points[i]))


def _basis_slopes(forward: Forward, dy: Array, points: list[Array], i: int, step: float) -> Iterator[float]:
    return (_slope(forward, dy, points, i, unit, step) for unit in _units(points[i]))


def _first_wrong(gradient: Array, wanted: Iterator[float], exact: bool) -> str:
    """The first entry that differs from its own difference (or adjoint), as the end of a message."""
    scale = 0.0 if exact else 1e-6 * float(np.max(np.abs(np.nan_to_num(gradient)), initial=0))
    for place, (got, right) in enumerate(zip(gradient.ravel().tolist(), wanted, strict=False)):
        if not abs(got - right) <= scale + (0 if exact else 1e-6 * abs(right)):
            index = [int(n) for n in np.unravel_index(place, gradient.shape)]
            return f"; first wrong entry {index}: wanted {right:.9g}, got {got:.9g}"
    return ""
