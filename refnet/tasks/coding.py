"""How a detector says where a box is: by its difference from a default box.

    box      (y1, x1, y2, x2)    default  the default box that it is matched with
    code     (ty, tx, th, tw)    cy, cx, h, w   centre and sides, of the default box with index 0

    ty = 10 * (cy - cy0) / h0        th = 5 * log(h / h0)
    tx = 10 * (cx - cx0) / w0        tw = 5 * log(w / w0)

Ren et al. 2015, "Faster R-CNN", equation (2); the factors, which bring all four to about the same size, are those of
the TF Object Detection API's sample configurations (box_coders/faster_rcnn_box_coder.py).
"""

from math import log
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .boxes import to_centres, to_corners

Array = NDArray[Any]

OF_CENTRES, OF_SIDES = 10.0, 5.0
# No code makes a box more than so many times as long as its default box: an untrained network's would overflow.
LONGEST = 1000.0


def encode(boxes: Array, defaults: Array) -> Array:
    """Shapes: boxes, defaults (..., 4), corners -> codes (..., 4). Raises ValueError for a box without an area."""
    ours, theirs = to_centres(boxes), to_centres(defaults)
    if not (ours[..., 2:] > 0).all():
        raise ValueError("boxes: wanted an area, which one of them has not")
    centres = OF_CENTRES * (ours[..., :2] - theirs[..., :2]) / theirs[..., 2:]
    sides = OF_SIDES * np.log(ours[..., 2:] / theirs[..., 2:])
    return np.concatenate([centres, sides], axis=-1)


def decode(codes: Array, defaults: Array) -> Array:
    """The inverse of `encode`, for boxes up to LONGEST times as long as theirs. Shapes: (..., 4) -> (..., 4)."""
    theirs = to_centres(defaults)
    centres = theirs[..., :2] + codes[..., :2] / OF_CENTRES * theirs[..., 2:]
    sides = theirs[..., 2:] * np.exp(np.minimum(codes[..., 2:] / OF_SIDES, log(LONGEST)))
    return to_corners(np.concatenate([centres, sides], axis=-1))
