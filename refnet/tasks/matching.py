"""Which default box is to find which thing.

    T   things in a picture    N   default boxes

Liu et al. 2016, "SSD", section 2.2: every thing has the default box that overlaps it most, and every other default box
that overlaps some thing by at least half has the one that it overlaps most.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .boxes import iou

Array = NDArray[Any]

THRESHOLD = 0.5
NOTHING = -1


def match(things: Array, defaults: Array, threshold: float = THRESHOLD) -> Array:
    """Of each default box, the number of its thing, or NOTHING. Shapes: things (T, 4), defaults (N, 4) -> (N,) int64.

    Where two things overlap one default box most, the one that overlaps it more has it, and the other has the next
    best. A thing that overlaps no default box has none.
    """
    overlaps = iou(things, defaults)
    if not overlaps.size:
        return np.full(len(defaults), NOTHING)
    best = overlaps.argmax(0)
    found = np.where(overlaps.max(0) >= threshold, best, NOTHING)
    for _ in things:
        thing, box = np.unravel_index(overlaps.argmax(), overlaps.shape)
        if overlaps[thing, box] <= 0:
            break
        found[box] = thing
        overlaps[thing], overlaps[:, box] = 0, 0
    return found
