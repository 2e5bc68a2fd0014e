"""What is in a picture, as the loss and average precision want it.

    T  things in a picture    K  classes, from 1; 0 is the background
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .boxes import check_boxes, iou, share_inside

Array = NDArray[Any]


class Things(NamedTuple):
    """Shapes: boxes (T, 4), classes (T,) from 1; ignored, crowd (T,) bool, or None where no thing is.

    ignored  not to be found, and not wrong if it is: one that is hard to see    crowd  ignored, and one box around many
    """

    boxes: Array
    classes: Array
    ignored: Array | None = None
    crowd: Array | None = None


def check_things(things: Things, classes: int, picture: int) -> tuple[Array, Array, Array, Array]:
    """All four as arrays. classes: the highest number. Raises TypeError or ValueError that names the picture."""
    boxes = check_boxes(things.boxes, f"boxes of picture {picture}")
    numbers = check_classes(things.classes, len(boxes), classes, f"classes of picture {picture}")
    ignored = _flags(things.ignored, len(boxes), f"ignored of picture {picture}")
    crowd = _flags(things.crowd, len(boxes), f"crowd of picture {picture}")
    return boxes, numbers, ignored | crowd, crowd


def check_classes(classes: ArrayLike, things: int, highest: int, what: str) -> Array:
    """Classes as int64 (T,). Raises TypeError or ValueError for anything but integers from 1 to the highest."""
    found = np.asarray(classes)
    if found.size == 0 and things == 0:
        return np.zeros(0, np.int64)
    if found.dtype.kind not in "iu":
        raise TypeError(f"{what}: wanted integers, got {found.dtype}")
    if found.shape != (things,):
        raise ValueError(f"{what}: wanted one for each of {things} boxes, got shape {found.shape}")
    if found.min() < 1 or found.max() > highest:
        raise ValueError(f"{what}: wanted numbers from 1 to {highest}, got {found.min()} to {found.max()}")
    return found.astype(np.int64)


def _flags(flags: ArrayLike | None, things: int, what: str) -> Array:
    found = np.zeros(things, bool) if flags is None else np.asarray(flags, bool)
    if found.shape != (things,):
        raise ValueError(f"{what}: wanted one for each of {things} boxes, got {found.shape}")
    return found


def overlap(boxes: Array, things: Array, crowd: Array) -> Array:
    """IoU, but with a crowd the share of the box that lies in it. Shapes: (N, 4), (T, 4), (T,) bool -> (N, T)."""
    return np.where(crowd, share_inside(boxes, things), iou(boxes, things))
