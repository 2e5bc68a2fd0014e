"""Pictures of several shapes, with a box around each and a class for each pixel: to learn detection and segmentation.

    n  pictures drawn together    S  their height and width    T  things in a picture    k  a thing, from 0

Drawn by whole numbers from a seed, as shapes-64 (`scenes.py`): picture i of a seed and a size is the same however many
are drawn, on every machine. A thing's class is its shape; colour, size and a slight turn are chance. Without textures,
so that a small network learns within minutes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .dataset import whole
from .drawing import PLAIN, SHAPES, Objects, coverage, paint
from .scenes import CONTRAST, TURN, Chance, noisy
from .truth import IGNORED, Truth

Array = NDArray[Any]

CLASSES = tuple(SHAPES)
CHUNK = 16  # so many pictures share one stream of chance
THINGS = (1, 4)  # drawn in each picture, least and most
RADII = (8, 4)  # a thing's least and greatest radius are such parts of the picture's side
LARGEST = 641  # height and width
VISIBLE = 3  # a thing of which less than this part is seen behind others has no box


@dataclass(frozen=True)
class Scenes:
    """Pictures and all that is known of them; see `truth.Pictures`.

    images  (N, S, S, 3) uint8
    boxes   of each picture (T, 4): y1, x1, y2, x2 of what is seen of a thing, in shares of the picture's sides
    things  of each picture (T,) int64: classes from 1 on
    labels  (N, S, S) uint8: 0 the background, a class from 1 on, or IGNORED on edges, which belong to nobody
    """

    name: str
    classes: tuple[str, ...]
    images: Array
    boxes: Sequence[Array]
    things: Sequence[Array]
    labels: Array

    @property
    def shape(self) -> tuple[int, int, int]:
        """(S, S, 3)"""
        return self.images.shape[1], self.images.shape[2], 3

    def __len__(self) -> int:
        return len(self.images)

    def read(self, indices: Array) -> Array:
        """See `truth.Pictures`."""
        found: Array = self.images[indices]
        return found

    def truth(self, index: int) -> Truth:
        """See `truth.Pictures`."""
        things = self.things[index]
        none = np.zeros(len(things), bool)
        return Truth(self.boxes[index], things, none, none, self.labels[index])


def draw_scenes(count: int, size: int = 128, seed: int = 0, split: int = 0) -> Scenes:
    """The first pictures of a split: 0 to learn from, 1 to be judged by. size: from 32 to LARGEST.

    Raises TypeError or ValueError that names the argument.
    """
    whole("count", count, 1)
    if whole("size", size, 32) > LARGEST:
        raise ValueError(f"size: wanted at most {LARGEST}, got {size}")
    parts = [_chunk(whole("seed", seed, 0), whole("split", split, 0), i, size) for i in range(-(-count // CHUNK))]
    images, labels = (np.concatenate([part[i] for part in parts])[:count] for i in (0, 1))
    boxes, things = ([each for part in parts for each in part[i]][:count] for i in (2, 3))
    return Scenes(f"shape-scenes-{size}", CLASSES, images, boxes, things, labels)


def _chunk(seed: int, split: int, number: int, size: int) -> tuple[Array, Array, list[Array], list[Array]]:
    """Images, labels, boxes and things of CHUNK pictures."""
    chance = Chance(seed, split, number, size)
    background = chance.whole((40, 215), CHUNK, 3)
    canvas = np.empty((CHUNK, 3, size, size), np.uint16)
    canvas[:] = background[:, :, None, None]
    wanted = chance.whole(THINGS, CHUNK)
    owner, edge = np.full((CHUNK, size, size), -1), np.zeros((CHUNK, size, size), bool)
    shapes, whole_areas = [], []
    for k in range(THINGS[1]):
        objects, present = _objects(chance, background, size), wanted > k
        paint(canvas, objects, present)
        cover = np.where(present[:, None, None], coverage(objects, size), 0)
        mine = cover > 128
        owner[mine] = k
        edge = (edge & (cover < 256)) | ((cover > 0) & (cover < 256))
        shapes.append(objects.shape + 1)
        whole_areas.append(mine.sum((1, 2)))
    classes = np.stack([np.zeros_like(shapes[0]), *shapes], axis=1)
    labels = np.take_along_axis(classes, (owner + 1).reshape(CHUNK, -1), axis=1).reshape(owner.shape)
    labels = np.where(edge, IGNORED, labels).astype(np.uint8)
    seen = [_seen(owner[i], np.array(shapes)[:, i], np.array(whole_areas)[:, i]) for i in range(CHUNK)]
    return noisy(chance, canvas), labels, [boxes for boxes, _ in seen], [things for _, things in seen]


def _objects(chance: Chance, background: Array, size: int) -> Objects:
    """One thing for each picture, anywhere in its inner three quarters."""
    n, side = len(background), 8 * size
    colour, nothing = chance.moved(background, CONTRAST), np.zeros(n, np.int32)
    return Objects(
        shape=chance.whole((0, len(CLASSES) - 1), n),
        texture=np.full(n, PLAIN, np.int32),
        x=chance.whole((side // 8, side * 7 // 8), n),
        y=chance.whole((side // 8, side * 7 // 8), n),
        radius=chance.whole((side // RADII[0], side // RADII[1]), n),
        turn=chance.whole(TURN, n) & 255,
        colour=colour,
        second_colour=colour,
        pitch=nothing,
        phase=nothing,
    )


def _seen(owner: Array, shapes: Array, whole_areas: Array) -> tuple[Array, Array]:
    """Of one picture: boxes (T, 4) around what is seen of its things, and their classes (T,)."""
    boxes, things = [], []
    for k, whole_area in enumerate(whole_areas):
        rows, columns = np.nonzero(owner == k)
        if whole_area and VISIBLE * len(rows) >= whole_area:
            boxes.append((rows.min(), columns.min(), rows.max() + 1, columns.max() + 1))
            things.append(shapes[k])
    return np.array(boxes, float).reshape(-1, 4) / len(owner), np.array(things, np.int64)
