"""What a data set is, and the one that lies in memory.

    N     images of the set     B     of them read together
    H, W  size that the network sees     h, w  size as stored
"""

from collections.abc import Callable, Sequence
from operator import index
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from .resampling import resample, resized, rounded

Array = NDArray[Any]
Window = tuple[int, int, int, int]  # top, left, height, width: what is seen of an image, in pixels as stored
View = Callable[[int, int, int], Window]  # (position among those read, h, w) -> window


class Dataset(Protocol):
    """Labelled images that can be read in any order."""

    @property
    def name(self) -> str: ...
    @property
    def classes(self) -> tuple[str, ...]: ...
    @property
    def shape(self) -> tuple[int, int, int]:
        """(H, W, 3)"""
    @property
    def labels(self) -> Array:
        """(N,) int64: indices into `classes`."""
    def __len__(self) -> int: ...
    def read(self, indices: Array, view: View | None = None) -> Array:
        """Shapes: indices (B,) -> (B, H, W, 3) uint8. Each image whole, or the window of it that `view` gives."""
    def take(self, indices: Array) -> "Dataset":
        """Only these images, in this order. Shape: indices (n,)."""


class Splits(NamedTuple):
    """Images to learn from, and others to be judged by."""

    train: Dataset
    test: Dataset


class Images:
    """A data set in memory. Shapes: images (N, H, W, C) uint8, C = 1 (grey) or 3; labels (N,) integers.

    Raises ValueError or TypeError that names the argument.
    """

    def __init__(self, name: str, classes: Sequence[str], images: Array, labels: Array) -> None:
        self.name = name
        self.classes = tuple(classes)
        if images.ndim != 4 or images.shape[3] not in (1, 3):
            raise ValueError(f"images: wanted (N, H, W, 1) or (N, H, W, 3), got {images.shape}")
        if images.dtype != np.uint8:
            raise TypeError(f"images: wanted uint8, got {images.dtype}")
        self.images = images
        self.labels = checked_labels(labels, self.classes, name)
        if len(images) != len(labels):
            raise ValueError(f"{name}: wanted one label for each image, got {len(images)} images, {len(labels)} labels")
        self.shape = (images.shape[1], images.shape[2], 3)

    def __len__(self) -> int:
        return len(self.labels)

    def read(self, indices: Array, view: View | None = None) -> Array:
        """See Dataset.read."""
        stored: Array = np.asarray(self.images[indices])
        if view is not None:
            H, W, _ = self.shape
            windows = np.array([view(i, H, W) for i in range(len(stored))])
            if (windows != (0, 0, H, W)).any():
                stored = rounded(resample(stored, windows, (H, W)))
        return stored if stored.shape[3] == 3 else np.repeat(stored, 3, axis=3)

    def take(self, indices: Array) -> "Images":
        """See Dataset.take."""
        return Images(self.name, self.classes, self.images[indices], self.labels[indices])

    def at(self, resolution: int | None) -> "Images":
        """The same images, resampled to resolution x resolution; None leaves them."""
        if resolution is None:
            return self
        return Images(self.name, self.classes, resized(self.images, (resolution, resolution)), self.labels)


def checked_labels(labels: Array, classes: Sequence[str], where: str) -> Array:
    """Shape: (N,) int64. Raises TypeError or ValueError that names `where`, what was wanted and what was given."""
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise TypeError(f"{where}: wanted one integer label for each image, got {labels.dtype} {labels.shape}")
    if not len(labels):
        raise ValueError(f"{where}: wanted at least one image, got none")
    wrong = np.flatnonzero((labels < 0) | (labels >= len(classes)))
    if len(wrong):
        given = f"{labels[wrong[0]]} for image {wrong[0]}"
        raise ValueError(f"{where}: wanted labels from 0 to {len(classes) - 1}, got {given}")
    return labels.astype(np.int64)


def require_two_classes(dataset: Dataset) -> None:
    """A network that sees one class learns nothing. Raises ValueError that names the set."""
    found = np.unique(dataset.labels)
    if len(found) < 2:
        names = ", ".join(repr(dataset.classes[label]) for label in found)
        raise ValueError(f"{dataset.name}: wanted training images of at least two classes, got only {names}")


def whole(name: str, value: Any, least: int) -> int:
    """The value as an int. Raises TypeError or ValueError that names the argument."""
    try:
        number = index(value)
    except TypeError:
        raise TypeError(f"{name}: wanted an integer, got {value!r}") from None
    if number < least:
        raise ValueError(f"{name}: wanted an integer from {least} on, got {number}")
    return number
