"""Non-maximum suppression: of boxes that overlap each other, the one with the highest score.

    N   boxes    K   classes
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .boxes import area, iou

Array = NDArray[Any]

OVERLAP = 0.6  # that a box may have with a better one: the TF Object Detection API's sample configurations
MOST = 100  # boxes of a picture, of a class: the same


class Found(NamedTuple):
    """Things in a picture, the surest first. Shapes: boxes (D, 4), classes (D,) int64 from 1, scores (D,)."""

    boxes: Array
    classes: Array
    scores: Array


def suppress(boxes: Array, scores: Array, overlap: float = OVERLAP, most: int = MOST) -> Array:
    """Which boxes stay, in the order of their scores; of equal scores the first comes first.

    The best one stays, what overlaps it by more than `overlap` goes; then the best of those that are left.
    Shapes: boxes (N, 4), scores (N,) -> (up to `most`,) int64.
    """
    order = np.argsort(-scores, kind="stable")
    kept: list[int] = []
    while len(order) and len(kept) < most:
        kept.append(int(order[0]))
        others = order[1:]
        order = others[iou(boxes[order[:1]], boxes[others])[0] <= overlap]
    return np.array(kept, np.int64)


def best_of(
    boxes: Array, probabilities: Array, least: float = 1e-8, overlap: float = OVERLAP, most: int = MOST
) -> Found:
    """What a detector found in one picture, each class by itself; a box without an area is nothing.

    boxes: (N, 4). probabilities: (N, 1 + K), the background first. least: the score that a thing has at the least.
    """
    parts, there = [], area(boxes) > 0
    for number in range(1, probabilities.shape[1]):
        sure = np.flatnonzero(there & (probabilities[:, number] >= least))
        scores = probabilities[sure, number]
        kept = suppress(boxes[sure], scores, overlap, most)
        parts.append((boxes[sure[kept]], np.full(len(kept), number), scores[kept]))
    found, classes, scores = (np.concatenate(each) for each in zip(*parts, strict=True))
    order = np.argsort(-scores, kind="stable")[:most]
    return Found(found[order], classes[order], scores[order])
