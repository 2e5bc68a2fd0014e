"""Shapes and textures, drawn by whole numbers alone: the same pixels on every machine.

    n        pictures drawn together     S     their height and width
    P        height and width of the part that holds an object
    u, v     (n, P, P) place within an object, in units: UNIT is its radius, (0, 0) its middle
    inside   (n, P, P) units from a place to the object's edge, about; negative outside
    cover    (n, P, P) 0 ... 256: how much of a pixel an object covers

Lengths on the picture are in eighths of a pixel, angles in 256ths of a turn. Right shifts round down, also below 0.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import cos, pi, sin
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Whole = NDArray[np.int32]
UNIT = 1024
_REACH = 1152  # no shape but the bar goes farther from its middle
_TURN = 256
# Rounded to 12 bits: what two machines' last digits may differ in is gone.
_COSINE = np.array([round(4096 * cos(2 * pi * k / _TURN)) for k in range(_TURN)], np.int32)
_SINE = np.roll(_COSINE, _TURN // 4)


def _disc(u: Whole, v: Whole) -> Whole:
    return (900**2 - u * u - v * v) >> 11


def _ring(u: Whole, v: Whole) -> Whole:
    q = u * u + v * v
    inside: Whole = np.minimum((960**2 - q) >> 11, (q - 540**2) >> 10)
    return inside


def _square(u: Whole, v: Whole) -> Whole:
    return 760 - np.maximum(abs(u), abs(v))


def _half_planes(u: Whole, v: Whole, count: int, distance: int) -> list[Whole]:
    """For each of `count` lines around the middle, at that distance from it: how far inside of it."""
    angles = [2 * pi * (k / count + 1 / 4) for k in range(count)]
    normals = [(round(4096 * cos(angle)), round(4096 * sin(angle))) for angle in angles]
    return [distance - ((u * x + v * y) >> 12) for x, y in normals]


def _triangle(u: Whole, v: Whole) -> Whole:
    a, b, c = _half_planes(u, v, 3, 500)
    return np.minimum(np.minimum(a, b), c)


def _star(u: Whole, v: Whole) -> Whole:
    """Where at least four of five half planes meet: the second smallest of the five."""
    first, second, *others = _half_planes(u, v, 5, 350)
    least, next_one = np.minimum(first, second), np.maximum(first, second)
    for other in others:
        next_one = np.minimum(next_one, np.maximum(least, other))
        least = np.minimum(least, other)
    return next_one


def _cross(u: Whole, v: Whole) -> Whole:
    a, b = abs(u), abs(v)
    return np.maximum(np.minimum(920 - a, 290 - b), np.minimum(290 - a, 920 - b))


def _heart(u: Whole, v: Whole) -> Whole:
    """A square on its corner, and a disc on each of its upper sides."""
    s, t = ((u + v) * 181) >> 8, ((v - u) * 181) >> 8
    discs = [(520**2 - a * a - (b + 520) * (b + 520)) >> 10 for a, b in ((s, t), (t, s))]
    inside: Whole = np.maximum(520 - np.maximum(abs(s), abs(t)), np.maximum(*discs))
    return inside


def _crescent(u: Whole, v: Whole) -> Whole:
    away = v + 460
    inside: Whole = np.minimum((960**2 - u * u - v * v) >> 11, (u * u + away * away - 760**2) >> 11)
    return inside


def _bar(u: Whole, v: Whole) -> Whole:
    """A stripe through the whole picture, one radius wide to each side."""
    return UNIT - abs(v) + 0 * u


SHAPES: dict[str, Callable[[Whole, Whole], Whole]] = {
    "disc": _disc,
    "ring": _ring,
    "square": _square,
    "triangle": _triangle,
    "star": _star,
    "cross": _cross,
    "heart": _heart,
    "crescent": _crescent,
}
_KINDS = (*SHAPES.values(), _bar)
BAR = len(SHAPES)
TEXTURES = ("plain", "striped", "dotted")
PLAIN, STRIPED, DOTTED = range(3)


@dataclass(frozen=True)
class Objects:
    """One object in each of n pictures. All arrays are int32, of shape (n,), colours (n, 3) from 0 to 255."""

    shape: Whole  # index into SHAPES, or BAR
    texture: Whole  # PLAIN, STRIPED, DOTTED
    x: Whole
    y: Whole
    radius: Whole
    turn: Whole
    colour: Whole
    second_colour: Whole
    pitch: Whole  # periods of the texture in 128 radii
    phase: Whole  # in 1024ths of a period

    def take(self, rows: Array) -> "Objects":
        return Objects(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


def paint(canvas: Array, objects: Objects, present: Array) -> None:
    """Draw, in place, each object onto its picture. Shapes: canvas (n, 3, S, S) uint16, present (n,) bool."""
    for shape, inside in enumerate(_KINDS):
        rows = np.flatnonzero(present & (objects.shape == shape))
        if len(rows):
            _paint(canvas, objects.take(rows), rows, inside)


def _paint(canvas: Array, objects: Objects, rows: Array, inside: Callable[[Whole, Whole], Whole]) -> None:
    """Objects of one shape: only the square part of each picture that can show its object is touched."""
    size = canvas.shape[2]
    P = size if inside is _bar else min(size, 2 * int((objects.radius.max() * _REACH >> 13) + 2))
    y, x = (np.clip((middle >> 3) - P // 2, 0, size - P) for middle in (objects.y, objects.x))
    parts = [canvas[i, :, j : j + P, k : k + P] for i, j, k in zip(rows, y, x, strict=True)]
    u, v = places(objects, y[:, None] + np.arange(P), x[:, None] + np.arange(P))
    cover = _soft((inside(u, v) * objects.radius[:, None, None]) >> 5)
    painted = _mixed(np.stack(parts), _coloured(objects, u, v), cover)
    for part, new in zip(parts, painted, strict=True):
        part[:] = new


def coverage(objects: Objects, size: int) -> Array:
    """How much of each pixel of its picture an object covers, if nothing lies before it: (n, S, S) 0 ... 256."""
    out = np.zeros((len(objects.shape), size, size), np.uint16)
    pixels = np.arange(size)[None]
    for shape, inside in enumerate(_KINDS):
        rows = np.flatnonzero(objects.shape == shape)
        if len(rows):
            some = objects.take(rows)
            u, v = (np.clip(each, -2 * UNIT, 2 * UNIT) for each in places(some, pixels, pixels))  # squares stay small
            out[rows] = _soft((inside(u, v) * some.radius[:, None, None]) >> 5)
    return out


def places(objects: Objects, y: Array, x: Array) -> tuple[Whole, Whole]:
    """u and v of the centres of pixels in rows y (n, P) and columns x (n, Q), or (1, ...): (n, P, Q) each."""
    along = (_COSINE[objects.turn] * UNIT // objects.radius)[:, None]
    across = (_SINE[objects.turn] * UNIT // objects.radius)[:, None]
    dx = (8 * x + 4).astype(np.int32) - objects.x[:, None]
    dy = (8 * y + 4).astype(np.int32) - objects.y[:, None]
    u = ((dx * along)[:, None, :] + (dy * across)[:, :, None]) >> 12
    v = ((dy * along)[:, :, None] - (dx * across)[:, None, :]) >> 12
    return u, v


def _soft(inside: Array) -> Array:
    """256ths of a pixel inside the edge -> cover: the edge runs through the middle of a pixel that is half covered."""
    cover: Array = np.clip(inside + 128, 0, 256).astype(np.uint16)
    return cover


def _mixed(below: Array, above: Array, cover: Array) -> Array:
    """Shapes: below, above (n, 3, P, P), cover (n, P, P) -> (n, 3, P, P) uint16. 256 * 255 still fits."""
    cover = cover[:, None]
    mixed: Array = (below * (256 - cover) + above * cover) >> 8
    return mixed


def _coloured(objects: Objects, u: Whole, v: Whole) -> Array:
    """(n, 3, P, P) or (n, 3, 1, 1): the objects' colours at every place, inside or not."""
    first = objects.colour[:, :, None, None].astype(np.uint16)
    second = objects.second_colour[:, :, None, None].astype(np.uint16)
    if (objects.texture == PLAIN).all():
        return first
    return _mixed(first, second, pattern(objects, u, v))


def pattern(objects: Objects, u: Whole, v: Whole) -> Array:
    """(n, P, P) 0 ... 256: how much of the second colour a place has."""
    out = np.zeros(u.shape, np.uint16)
    for texture, inside in ((STRIPED, _stripes), (DOTTED, _dots)):
        rows = np.flatnonzero(objects.texture == texture)
        if len(rows):
            some = objects.take(rows)
            out[rows] = _soft(inside(_waves(some, u[rows]), _waves(some, v[rows])))
    return out


def _waves(objects: Objects, place: Whole) -> Whole:
    """-512 ... 511, again and again: where in a period of the texture a place is. Shapes: place (n, P, P) -> same."""
    return (((place * objects.pitch[:, None, None]) >> 7) + objects.phase[:, None, None] & 1023) - 512


def _stripes(across: Whole, _: Whole) -> Whole:
    return 2 * (abs(across) - 256)


def _dots(across: Whole, along: Whole) -> Whole:
    return (300**2 - across * across - along * along) >> 7
