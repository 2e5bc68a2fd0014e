"""Batches of pictures with boxes and labels, as `batches.py` makes them of pictures with one class.

    B  of a batch     H, W  size that the network sees
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from .augmentation import NONE, Augmentation, check, crops, mirrored, scaled, varied
from .batches import Order
from .dataset import whole
from .truth import Pictures, Truth

Array = NDArray[Any]


class TruthBatch(NamedTuple):
    """images: (B, H, W, 3) in [-1, 1]. answers: what is known of each."""

    images: Array
    answers: list[Truth]


class TruthBatches(Order):
    """Training batches without end, each a pure function of the seed and the number of the step.

    augmentation: mirrors and colours; crops and shifts would move boxes, and raise ValueError.
    """

    def __init__(
        self,
        pictures: Pictures,
        batch: int,
        seed: int = 0,
        augmentation: Augmentation = NONE,
        dtype: DTypeLike = np.float32,
    ) -> None:
        check(augmentation)
        if crops(augmentation) or augmentation.shift:
            raise ValueError(
                "augmentation: wanted one that leaves every box where it is or mirrors it, such as flip or none, "
                "got one with crops or shifts"
            )
        super().__init__(pictures.name, len(pictures), batch, seed)
        self.dataset, self.augmentation, self.dtype = pictures, augmentation, np.dtype(dtype)

    def batch(self, step: int) -> TruthBatch:
        """The batch of a step, 0 for the first of all. Raises what reading raises, with the file named."""
        indices, u = self.indices(step), self.numbers(step)
        images = varied(self.augmentation, self.dataset.read(indices), u, self.dtype)
        answers = [self.dataset.truth(index) for index in indices.tolist()]
        turned = mirrored(self.augmentation, u)
        return TruthBatch(images, [mirror(a) if turn else a for a, turn in zip(answers, turned, strict=True)])


class TruthInOrder:
    """Every picture once, in the order of the set; the last batch may be smaller."""

    def __init__(self, pictures: Pictures, batch: int, dtype: DTypeLike = np.float32) -> None:
        self._pictures, self._size, self._dtype = pictures, whole("batch", batch, 1), dtype

    def __len__(self) -> int:
        return -(-len(self._pictures) // self._size)

    def batch(self, step: int) -> TruthBatch:
        """The batch of that number, from 0 on."""
        indices = np.arange(step * self._size, min((step + 1) * self._size, len(self._pictures)))
        answers = [self._pictures.truth(index) for index in indices.tolist()]
        return TruthBatch(scaled(self._pictures.read(indices), self._dtype), answers)


def mirror(truth: Truth) -> Truth:
    """Of the picture mirrored left to right."""
    y1, x1, y2, x2 = truth.boxes.T
    labels = None if truth.labels is None else truth.labels[:, ::-1]
    return truth._replace(boxes=np.stack([y1, 1 - x2, y2, 1 - x1], axis=1), labels=labels)
