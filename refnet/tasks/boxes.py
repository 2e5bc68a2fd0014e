"""Boxes: where things are in a picture, and how much two of them have in common.

    N, M      boxes                        y1, x1   top and left edge      y2, x2   bottom and right edge
    corners   (y1, x1, y2, x2)             centres  (cy, cx, h, w)

Edges are in shares of the picture's height and width: (0, 0, 1, 1) is the whole picture. The order of a box's numbers
is that of the TF Object Detection API. Nothing but `clipped` depends on the unit: pixels are as good.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]


def check_boxes(boxes: ArrayLike, what: str) -> Array:
    """Boxes as an array (N, 4) of float32 or float64; integers become float64, [] no box.

    Raises TypeError or ValueError for anything else, for numbers that are not finite, and where y1 > y2 or x1 > x2.
    """
    try:
        found = np.asarray(boxes)
    except ValueError:
        raise TypeError(f"{what}: wanted boxes (N, 4), got rows of different lengths") from None
    if found.dtype.kind not in "fiu":
        raise TypeError(f"{what}: wanted numbers, got {found.dtype}")
    if found.dtype not in (np.float32, np.float64):
        found = found.astype(np.float64)
    if found.shape == (0,):
        return found.reshape(0, 4)
    if found.ndim != 2 or found.shape[1] != 4:
        raise ValueError(f"{what}: wanted boxes (N, 4), got shape {found.shape}")
    good = np.isfinite(found).all(1) & (found[:, :2] <= found[:, 2:]).all(1)
    if not good.all():
        wrong = int(np.flatnonzero(~good)[0])
        told = ", ".join(f"{number:g}" for number in found[wrong])
        raise ValueError(f"{what}: wanted (y1, x1, y2, x2) with y1 <= y2 and x1 <= x2, got ({told}) at {wrong}")
    return found


def area(boxes: Array) -> Array:
    """Shapes: boxes (N, 4) -> (N,)."""
    sides = boxes[:, 2:] - boxes[:, :2]
    found: Array = sides[:, 0] * sides[:, 1]
    return found


def intersection(a: Array, b: Array) -> Array:
    """The area that two boxes have in common, each of a with each of b. Shapes: a (N, 4), b (M, 4) -> (N, M)."""
    first = np.maximum(a[:, None, :2], b[None, :, :2])
    last = np.minimum(a[:, None, 2:], b[None, :, 2:])
    sides = np.maximum(last - first, 0)
    found: Array = sides[..., 0] * sides[..., 1]
    return found


def iou(a: Array, b: Array) -> Array:
    """Intersection over union, from 0 to 1; 0 where neither has an area. Shapes: a (N, 4), b (M, 4) -> (N, M)."""
    common = intersection(a, b)
    union = area(a)[:, None] + area(b)[None] - common
    found: Array = np.divide(common, union, out=np.zeros_like(common), where=union > 0)
    return found


def share_inside(a: Array, b: Array) -> Array:
    """How much of each a lies in each b, from 0 to 1; 0 for an a without an area. Shapes: (N, 4), (M, 4) -> (N, M)."""
    common, own = intersection(a, b), area(a)[:, None]
    found: Array = np.divide(common, own, out=np.zeros_like(common), where=own > 0)
    return found


def to_centres(corners: Array) -> Array:
    """(y1, x1, y2, x2) -> (cy, cx, h, w). Shapes: (..., 4) -> (..., 4)."""
    first, last = corners[..., :2], corners[..., 2:]
    return np.concatenate([(first + last) / 2, last - first], axis=-1)


def to_corners(centres: Array) -> Array:
    """(cy, cx, h, w) -> (y1, x1, y2, x2). Shapes: (..., 4) -> (..., 4)."""
    middle, half = centres[..., :2], centres[..., 2:] / 2
    return np.concatenate([middle - half, middle + half], axis=-1)


def clipped(boxes: Array) -> Array:
    """The part of each box that lies in the picture; of one outside, its nearest edge. Shapes: (..., 4) -> (..., 4)."""
    found: Array = np.clip(boxes, 0, 1)
    return found
