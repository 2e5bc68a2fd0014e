"""Batches, each a pure function of the seed and the number of the step.

    N  images of the set     B  of a batch     n  shards     H, W  size that the network sees

So nothing has to be remembered to go on at step k, threads may make batches in any order, and the same seed gives the
same bits.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from .augmentation import NONE, NUMBERS, Augmentation, central_window, check, crops, scaled, varied, window
from .dataset import Dataset, View, whole

Array = NDArray[Any]


class Batch(NamedTuple):
    """Shapes: images (B, H, W, 3) in [-1, 1]; labels (B,) int64."""

    images: Array
    labels: Array


class Order:
    """Which images each step sees, in training: each epoch is another order of all.

    name, count: of the set. shard = (k, n): the k-th of n parts of a batch of n * `batch` images. An epoch drops the
    images that fill no whole batch. Raises ValueError or TypeError that names the argument.
    """

    def __init__(self, name: str, count: int, batch: int, seed: int = 0, shard: tuple[int, int] = (0, 1)) -> None:
        self._count = count
        self.size = whole("batch", batch, 1)
        self.seed = whole("seed", seed, 0)
        self.shard = (whole("shard", shard[0], 0), whole("shard", shard[1], 1))
        if self.shard[0] >= self.shard[1]:
            raise ValueError(f"shard: wanted (k, n) with k < n, got {shard}")
        self._together = self.size * self.shard[1]
        if self._together > count:
            wanted = f"batch: wanted at most the {count} images of {name}"
            raise ValueError(f"{wanted}, got {self.size} in each of {self.shard[1]} shards")
        self._order = (-1, np.empty(0, np.int64))

    def __len__(self) -> int:
        """Steps of an epoch."""
        return self._count // self._together

    def indices(self, step: int) -> Array:
        """Which images a step sees: (B,) indices into the data set."""
        epoch, place = divmod(whole("step", step, 0), len(self))
        start = place * self._together + self.shard[0] * self.size
        return self._permutation(epoch)[start : start + self.size]

    def _permutation(self, epoch: int) -> Array:
        """(N,). The last one is kept: made anew it would cost a step of a million images 20 ms."""
        known, order = self._order
        if known != epoch:
            order = np.random.default_rng((self.seed, epoch)).permutation(self._count)
            self._order = (epoch, order)  # one assignment: other threads see the old pair or the new one
        return order

    def numbers(self, step: int) -> Array:
        """(B, NUMBERS) in [0, 1). The 1 keeps them apart from the numbers of the epoch of the same number."""
        drawn = np.random.default_rng((self.seed, step, 1)).random((self._together, NUMBERS))
        return drawn[self.shard[0] * self.size :][: self.size]


class Batches(Order):
    """Training batches of a data set, without end.

    All shards together are, image by image, what one shard with the whole batch would give. Raises as `Order`.
    """

    def __init__(
        self,
        dataset: Dataset,
        batch: int,
        seed: int = 0,
        augmentation: Augmentation = NONE,
        shard: tuple[int, int] = (0, 1),
        dtype: DTypeLike = np.float32,
    ) -> None:
        check(augmentation)
        super().__init__(dataset.name, len(dataset), batch, seed, shard)
        self.dataset, self.augmentation = dataset, augmentation
        self.dtype = np.dtype(dtype)
        if self.dtype not in (np.float32, np.float64):
            raise TypeError(f"dtype: wanted float32 or float64, got {self.dtype}")

    def batch(self, step: int) -> Batch:
        """The batch of a step, 0 for the first of all. Raises what reading raises, with the file named."""
        indices = self.indices(step)
        u = self.numbers(step)
        images = self.dataset.read(indices, self._view(u) if crops(self.augmentation) else None)
        return Batch(varied(self.augmentation, images, u, self.dtype), self.dataset.labels[indices])

    def _view(self, u: Array) -> View:
        return lambda i, height, width: window(self.augmentation, u[i], height, width)


class InOrder:
    """Every image once, in the order of the set, for evaluation; the last batch may be smaller.

    central: the share of the height and of the width that is seen, as `Augmentation.central`.
    """

    def __init__(self, dataset: Dataset, batch: int, central: float = 1.0, dtype: DTypeLike = np.float32) -> None:
        check(NONE._replace(central=central))
        self._dataset, self._central, self._dtype = dataset, central, dtype
        self._size = whole("batch", batch, 1)

    def __len__(self) -> int:
        return -(-len(self._dataset) // self._size)

    def batch(self, step: int) -> Batch:
        """The batch of that number, from 0 on."""
        indices = np.arange(step * self._size, min((step + 1) * self._size, len(self._dataset)))
        view = None if self._central == 1 else lambda _, h, w: central_window(self._central, h, w)
        return Batch(scaled(self._dataset.read(indices, view), self._dtype), self._dataset.labels[indices])


def in_order(
    dataset: Dataset, batch: int, central: float = 1.0, dtype: DTypeLike = np.float32
) -> Iterator[Batch]:
    """The batches of `InOrder`, one after the other."""
    batches = InOrder(dataset, batch, central, dtype)
    yield from map(batches.batch, range(len(batches)))
