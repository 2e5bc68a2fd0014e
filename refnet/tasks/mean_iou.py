"""How well label maps fit: intersection over union, class by class.

    K classes    row: what a pixel is    column: what it was taken for
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..data.truth import IGNORED
from ..layers.base import check_count
from .pixel_loss import check_labels

Array = NDArray[Any]


class MeanIou(NamedTuple):
    """mean: over the classes that occur, in truth or answer. of_classes: (K,), NaN for others. accuracy: of pixels."""

    mean: float
    of_classes: Array
    accuracy: float


class Pixels:
    """Counts pixels by what they are and what they were taken for, picture after picture."""

    def __init__(self, classes: int, ignored: int = IGNORED) -> None:
        self.classes, self.ignored = check_count(classes, "classes", 2), ignored
        self.counts = np.zeros((classes, classes), np.int64)

    def add(self, labels: Array, answers: Array) -> None:
        """Shapes: labels, answers (..., H, W) integers. Raises TypeError or ValueError for what are no classes."""
        labels = check_labels(labels, np.shape(answers), self.classes, self.ignored)
        answers = check_labels(answers, labels.shape, self.classes, None, "answers")
        counted = labels != self.ignored
        pairs = labels[counted].astype(np.int64) * self.classes + answers[counted]
        self.counts += np.bincount(pairs.reshape(-1), minlength=self.classes**2).reshape(self.counts.shape)

    def result(self) -> MeanIou:
        """Everingham et al. 2015, section 4.2: true positives over true and false positives and false negatives.

        Raises ValueError where no pixel counted.
        """
        if not self.counts.any():
            raise ValueError("labels: wanted at least one pixel that counts, got none")
        right = np.diag(self.counts)
        union = self.counts.sum(0) + self.counts.sum(1) - right
        each = np.divide(right, union, out=np.full(self.classes, np.nan), where=union > 0)
        return MeanIou(float(np.nanmean(each)), each, float(right.sum() / self.counts.sum()))
