"""Average precision of a detector, as COCO defines it.

    detection   a box with a class and a score      thing   a box with a class that is really there
    t           overlap (IoU) from which on a detection is right: 0.50, 0.55, ..., 0.95
    recall      share of the things that were found by the detections down to some score
    precision   share of those detections that are right

    AP(class, t) = mean over recall r = 0, 0.01, ..., 1.00 of the highest precision at any recall of at least r
    AP           mean over t, and over the classes of which there is a thing

Each picture's detections, at most 100 of a class, take things in the order of their scores: each the free one that it
overlaps most, if by t; if there is none, an ignored one. A detection of an ignored thing is neither right nor wrong. A
crowd may be taken any number of times; its overlap is the share of the detection that lies in it. (cocoeval.py of the
COCO API, with things of all sizes. Recalls are compared as whole numbers: a hundred times the things found, and r times
all.)
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .boxes import check_boxes
from .suppression import Found
from .things import Things, check_classes, check_things, overlap

Array = NDArray[Any]

HUNDREDTHS = tuple(range(50, 100, 5))  # the t
RECALLS = 101
MOST = 100


class Precision(NamedTuple):
    """ap: the mean over t. ap50, ap75: at t = 0.50, 0.75. of_classes: class -> its mean over t. All from 0 to 1."""

    ap: float
    ap50: float
    ap75: float
    of_classes: dict[int, float]


class Matched(NamedTuple):
    """Detections of one class in all pictures. Shapes: scores (D,), right, ignored (D, t) bool. things: to be found."""

    scores: Array
    right: Array
    ignored: Array
    things: int


def average_precision(found: Sequence[Found], there: Sequence[Things], classes: int) -> Precision:
    """found, there: of each picture. classes: numbers from 1 to this.

    Raises TypeError or ValueError for arrays that do not fit, and where there is nothing to be found.
    """
    if len(found) != len(there):
        raise ValueError(f"found: wanted that of {len(there)} pictures, got {len(found)}")
    pictures = [_checked(*each, classes, number) for number, each in enumerate(zip(found, there, strict=True))]
    by_class = {}
    for number in range(1, classes + 1):
        # Nothing was found and nothing is there: most of COCO's 80 classes in most of its pictures.
        concerned = [each for each in pictures if number in each[0].classes or number in each[1].classes]
        matched = _joined([_of_class(own, things, number) for own, things in concerned]) if concerned else None
        if matched and matched.things:
            by_class[number] = [_precision(matched, t) for t in range(len(HUNDREDTHS))]
    if not by_class:  # a mean of nothing
        raise ValueError("there: wanted at least one thing that can be found, got none")
    every = np.array(list(by_class.values())).mean(0)
    at = dict(zip(HUNDREDTHS, every.tolist(), strict=True))
    means = {number: float(np.mean(each)) for number, each in by_class.items()}
    return Precision(float(every.mean()), at[50], at[75], means)


def _checked(found: Found, there: Things, classes: int, number: int) -> tuple[Found, Things]:
    boxes = check_boxes(found.boxes, f"found in picture {number}")
    names = check_classes(found.classes, len(boxes), classes, f"classes found in picture {number}")
    scores = np.asarray(found.scores, np.float64)
    if scores.shape != (len(boxes),) or np.isnan(scores).any():
        raise ValueError(f"scores of picture {number}: wanted {len(boxes)} numbers, got {scores}")
    return Found(boxes, names, scores), Things(*check_things(there, classes, number))


def _of_class(found: Found, there: Things, number: int) -> Matched:
    """The detections of one class in one picture, and which of them are right at each t."""
    mine = np.flatnonzero(found.classes == number)
    mine = mine[np.argsort(-found.scores[mine], kind="stable")][:MOST]
    theirs = np.flatnonzero(there.classes == number)
    ignored, crowd = (np.asarray(each)[theirs] for each in (there.ignored, there.crowd))
    overlaps = overlap(found.boxes[mine], there.boxes[theirs], crowd)
    taken = np.array([_take(overlaps, ignored, crowd, hundredths / 100) for hundredths in HUNDREDTHS], bool)
    right, neither = taken.reshape(len(HUNDREDTHS), 2, len(mine)).transpose(1, 2, 0)
    return Matched(found.scores[mine], right, neither, int((~ignored).sum()))


def _take(overlaps: Array, ignored: Array, crowd: Array, least: float) -> tuple[list[bool], list[bool]]:
    """Of each detection, the surest first: whether it is right, and whether it is of an ignored thing. (D, T), (T,)"""
    free = np.ones(len(ignored), bool)
    right, neither = [], []
    for own in overlaps:
        near = free & (own >= least)
        thing, other = (_best(own, near & which) for which in (~ignored, ignored))
        taken = other if thing is None else thing
        if taken is not None and not crowd[taken]:
            free[taken] = False
        right.append(thing is not None)
        neither.append(thing is None and other is not None)
    return right, neither


def _best(overlaps: Array, candidates: Array) -> int | None:
    """That with the largest overlap; of equals the last, as in the COCO API. Shapes: (T,), (T,) bool."""
    places = np.flatnonzero(candidates)
    own = overlaps[places]
    return int(places[own == own.max()][-1]) if len(places) else None


def _joined(parts: Sequence[Matched]) -> Matched:
    """All pictures together, the surest detection first; of equals that of the earlier picture."""
    scores, right, ignored = (np.concatenate([each[i] for each in parts]) for i in range(3))
    order = np.argsort(-scores, kind="stable")
    return Matched(scores[order], right[order], ignored[order], sum(each.things for each in parts))


def _precision(matched: Matched, t: int) -> float:
    """The mean over recalls of the highest precision from there on."""
    counted = ~matched.ignored[:, t]
    right = np.cumsum(matched.right[counted, t])
    precision = right / np.arange(1, len(right) + 1)
    highest = np.maximum.accumulate(precision[::-1])[::-1]
    reached = np.searchsorted(right * (RECALLS - 1), np.arange(RECALLS) * matched.things)  # the first with that recall
    return float(np.append(highest, 0)[reached].mean())
