"""Pictures with more to know of them than one class: where things are, and what each pixel is of.

    N  pictures    H, W  size that the network sees    T  things in a picture
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

IGNORED = 255  # a pixel's label that counts nowhere: PASCAL VOC's for edges and what is hard to tell


class Truth(NamedTuple):
    """What is known of a picture.

    boxes    (T, 4): y1, x1, y2, x2 in shares of the picture's height and width
    things   (T,) int64: classes from 1 on
    ignored  (T,) bool: not to be found, and not wrong if it is: hard to see, or a crowd
    crowd    (T,) bool: one box around many things
    labels   (H, W) uint8: 0 the background, a class from 1 on, 255 whatever; None where nobody painted them
    """

    boxes: Array
    things: Array
    ignored: Array
    crowd: Array
    labels: Array | None = None


class Pictures(Protocol):
    """A data set for detection or segmentation. classes: names of 1, 2, ...; shape: (H, W, 3)."""

    @property
    def name(self) -> str: ...
    @property
    def classes(self) -> tuple[str, ...]: ...
    @property
    def shape(self) -> tuple[int, int, int]: ...
    def __len__(self) -> int: ...
    def read(self, indices: Array) -> Array:
        """Shapes: indices (B,) -> (B, H, W, 3) uint8. Raises what reading raises, with the file named."""

    def truth(self, index: int) -> Truth: ...


def truth_of(rows: Sequence[tuple[float, ...]]) -> Truth:
    """rows: y1, x1, y2, x2, thing, ignored, crowd. What has no area is left to the caller."""
    found = np.array(rows, np.float64).reshape(-1, 7)
    return Truth(found[:, :4], found[:, 4].astype(np.int64), found[:, 5].astype(bool), found[:, 6].astype(bool))
