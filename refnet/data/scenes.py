"""shapes-64: what is in each picture. A big textured shape is the class; smaller things lie behind and on it.

    n  pictures drawn together     S  their height and width

Chance is taken from the raw numbers of NumPy's PCG64, which NumPy promises never to change, in chunks of pictures:
picture i of a seed is the same however many are drawn.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .drawing import BAR, DOTTED, PLAIN, SHAPES, TEXTURES, Objects, paint, pattern, places

Array = NDArray[Any]
SIZE = 64
CLASSES = tuple(f"{texture} {shape}" for shape in SHAPES for texture in TEXTURES)
CHUNK = 4 * len(CLASSES)  # so many pictures share one stream of chance

# How hard it is: least and greatest, drawn uniformly for each picture. Such that a small network learns within minutes,
# and is neither at chance nor perfect then.
RADIUS = (18, 26)  # of the shape that counts, in pixels
TURN = (-20, 20)  # of it, in 256ths; alike to both sides, so that a mirrored picture is one of the same class
OFF_CENTRE = 4  # its middle is at most so many pixels from the picture's, each way
CONTRAST = (90, 160)  # each channel of its colour, from the background's
TEXTURE_CONTRAST = (100, 180)  # each channel of its second colour, from its first
PERIODS = (4, 6)  # of its texture, in four radii
BEHIND = (0, 2)  # smaller shapes behind it
BEFORE = (0, 1)  # smaller shapes before it
SMALLER_RADIUS = (4, 7)
BARS = (0, 1)  # thin bars before all
BAR_RADIUS = (1, 2)
GRADIENT = 30  # the background's colour at the edges, at most so far from that in the middle
BACKGROUND_TEXTURE = (0, 8)  # how far its pattern changes it
NOISE = (2, 16)  # greatest change of a channel; small changes are likelier


class Chance:
    """Whole numbers, the same for the same key on every machine and with every version of NumPy."""

    def __init__(self, *key: int) -> None:
        self._bits = np.random.PCG64(np.random.SeedSequence(key))

    def whole(self, limits: tuple[int, int], *shape: int) -> Array:
        """int32, from limits[0] to limits[1], both included."""
        raw = self._bits.random_raw(int(np.prod(shape))).reshape(shape) >> np.uint64(32)
        steps: Array = (raw * np.uint64(limits[1] - limits[0] + 1) >> np.uint64(32)).astype(np.int32)
        return steps + np.int32(limits[0])

    def bytes(self, *shape: int) -> Array:
        """uint8, all values alike. The last length is a multiple of 8."""
        raw = self._bits.random_raw(int(np.prod(shape)) // 8)
        return raw.astype("<u8", copy=False).view(np.uint8).reshape(shape)

    def moved(self, colour: Array, limits: tuple[int, int]) -> Array:
        """Each channel changed by `limits`: up or down by chance where there is room for both. Shape: (n, 3)."""
        amount = self.whole(limits, *colour.shape)
        up = self.whole((0, 1), *colour.shape) == 1
        up = np.where(colour + amount > 255, False, np.where(colour < amount, True, up))
        return np.clip(np.where(up, colour + amount, colour - amount), 0, 255).astype(np.int32)


def chunk_of_pictures(seed: int, split: int, number: int) -> Array:
    """Shape: (CHUNK, SIZE, SIZE, 3) uint8. Picture i of it is of class i modulo the number of classes."""
    chance = Chance(seed, split, number)
    n = CHUNK
    labels = np.arange(n, dtype=np.int32) % len(CLASSES)
    background = chance.whole((40, 215), n, 3)
    canvas = _backgrounds(chance, background)
    _scatter(chance, canvas, background, BEHIND)
    paint(canvas, _counting(chance, labels, background), np.ones(n, bool))
    _scatter(chance, canvas, background, BEFORE)
    _cross_out(chance, canvas, background)
    return noisy(chance, canvas)


def _counting(chance: Chance, labels: Array, background: Array) -> Objects:
    """The shapes that give the pictures their classes."""
    n = len(labels)
    middle = 4 * SIZE
    colour = chance.moved(background, CONTRAST)
    return Objects(
        shape=labels // len(TEXTURES),
        texture=labels % len(TEXTURES),
        x=middle + chance.whole((-8 * OFF_CENTRE, 8 * OFF_CENTRE), n),
        y=middle + chance.whole((-8 * OFF_CENTRE, 8 * OFF_CENTRE), n),
        radius=chance.whole((8 * RADIUS[0], 8 * RADIUS[1]), n),
        turn=chance.whole(TURN, n) & 255,
        colour=colour,
        second_colour=chance.moved(colour, TEXTURE_CONTRAST),
        pitch=chance.whole((32 * PERIODS[0], 32 * PERIODS[1]), n),
        phase=chance.whole((0, 1023), n),
    )


def _smaller(chance: Chance, background: Array, shapes: tuple[int, int], radius: tuple[int, int]) -> Objects:
    """One thing in each picture that does not count."""
    n = len(background)
    colour = chance.moved(background, CONTRAST)
    return Objects(
        shape=chance.whole(shapes, n),
        texture=chance.whole((0, len(TEXTURES) - 1), n),
        x=chance.whole((0, 8 * SIZE), n),
        y=chance.whole((0, 8 * SIZE), n),
        radius=chance.whole((8 * radius[0], 8 * radius[1]), n),
        turn=chance.whole((0, 255), n),
        colour=colour,
        second_colour=chance.moved(colour, TEXTURE_CONTRAST),
        pitch=chance.whole((96, 160), n),
        phase=chance.whole((0, 1023), n),
    )


def _scatter(chance: Chance, canvas: Array, background: Array, limits: tuple[int, int]) -> None:
    wanted = chance.whole(limits, len(canvas))
    for i in range(limits[1]):
        paint(canvas, _smaller(chance, background, (0, len(SHAPES) - 1), SMALLER_RADIUS), wanted > i)


def _cross_out(chance: Chance, canvas: Array, background: Array) -> None:
    wanted = chance.whole(BARS, len(canvas))
    for i in range(BARS[1]):
        bars = _smaller(chance, background, (BAR, BAR), BAR_RADIUS)
        bars.texture[:] = PLAIN
        paint(canvas, bars, wanted > i)


def _backgrounds(chance: Chance, colour: Array) -> Array:
    """A colour that changes evenly across the picture, and a faint pattern on it. Shape: (n, 3, S, S) uint16."""
    n, S = len(colour), SIZE
    away = np.arange(1 - S, S, 2, dtype=np.int32)  # from the middle, in half pixels
    slope = chance.whole((-GRADIENT, GRADIENT), 2, n, 3, 1)
    ramp = (slope[0] * away)[:, :, None, :] + (slope[1] * away)[:, :, :, None]
    turned = _smaller(chance, colour, (BAR, BAR), (8, 16))
    turned.texture[:] = chance.whole((PLAIN, DOTTED), n)
    waves = pattern(turned, *places(turned, np.arange(S)[None], np.arange(S)[None])).astype(np.int32)
    strength = chance.whole(BACKGROUND_TEXTURE, n)[:, None, None]
    value = (ramp >> 7).astype(np.int16)
    value += ((waves * strength) >> 8).astype(np.int16)[:, None]
    value += colour[:, :, None, None].astype(np.int16)
    canvas: Array = np.clip(value, 0, 255).view(np.uint16)
    return canvas


def noisy(chance: Chance, canvas: Array) -> Array:
    """Shapes: canvas (n, 3, S, S) uint16 -> (n, S, S, 3) uint8. The sum of two even bytes has a triangle for a law."""
    n, _, S, _ = canvas.shape
    first, second = chance.bytes(2, n, 3, S, S).astype(np.int16)
    strength = chance.whole(NOISE, n)[:, None, None, None].astype(np.int16)  # up to 127, or the product is too big
    value = canvas.view(np.int16) + (((first + second - 255) * strength) >> 8)
    return np.ascontiguousarray(np.clip(value, 0, 255).astype(np.uint8).transpose(0, 2, 3, 1))
