"""Data sets by name: `load("digits")`.

    N  images of a split
"""

import os

import numpy as np

from .cifar import cifar10_splits
from .dataset import Dataset, Images, Splits, require_two_classes, whole
from .folder import folder_splits
from .idx import mnist_splits
from .scikit_digits import digits_splits
from .shapes import TEST, TRAIN, shapes_splits

Location = str | os.PathLike[str]
SOURCES = ("digits", "shapes-64", "mnist", "cifar10")
_IN_FILES = {"mnist": mnist_splits, "cifar10": cifar10_splits}


def load(
    source: Location,
    resolution: int | None = None,
    root: Location | None = None,
    seed: int = 0,
    counts: tuple[int, int] | None = None,
) -> Splits:
    """Images to train on and to test with.

    source      "digits"     1437 + 360 grey 8 x 8 images of scikit-learn, at 32 x 32 unless told otherwise
                "shapes-64"  20,000 + 4,000 drawn images, 64 x 64, of 24 classes; `seed` draws others
                "mnist"      idx files in the folder `root`, 28 x 28
                "cifar10"    binary files in the folder `root`, 32 x 32
                a path       a folder of images, see folder.py, at 224 x 224; where it is not divided, `seed` divides it
                             (a folder that is called as one of the names above: "./digits")
    resolution  height and width that the network is to see
    counts      only so many images for training and for testing: of shapes-64 the first, of others some that `seed`
                chooses

    Raises ValueError, TypeError, OSError or ImportError that says what was wanted and what was given.
    """
    whole("seed", seed, 0)
    side = None if resolution is None else whole("resolution", resolution, 1)
    if source != "shapes-64" or counts is None:
        return _fewer(_checked(_splits(source, side, root, seed, (TRAIN, TEST))), counts, seed)
    sizes = (whole("counts", counts[0], 1), whole("counts", counts[1], 1))
    return _checked(_splits(source, side, root, seed, sizes))


def _splits(source: Location, side: int | None, root: Location | None, seed: int, sizes: tuple[int, int]) -> Splits:
    if source in _IN_FILES:
        if root is None:
            raise ValueError(f"root: wanted the folder that holds the files of {source}, got none")
        return _at(_IN_FILES[str(source)](root), side)
    if root is not None:
        raise ValueError(f"root: wanted none for {source}, only mnist and cifar10 have one; got {root}")
    if source == "digits":
        return digits_splits(side)
    if source == "shapes-64":
        return _at(shapes_splits(seed, sizes), side)
    if not os.path.isdir(source):
        known = ", ".join(SOURCES)
        raise ValueError(f"source: wanted {known} or the path of a folder of images, got {str(source)!r}")
    return folder_splits(source, side, seed)


def _at(splits: Splits, side: int | None) -> Splits:
    train, test = (part.at(side) if isinstance(part, Images) else part for part in splits)
    return Splits(train, test)


def _checked(splits: Splits) -> Splits:
    require_two_classes(splits.train)
    return splits


def _fewer(splits: Splits, counts: tuple[int, int] | None, seed: int) -> Splits:
    if counts is None:
        return splits
    train, test = (some(part, whole("counts", count, 1), seed) for part, count in zip(splits, counts, strict=True))
    return _checked(Splits(train, test))


def some(dataset: Dataset, count: int, seed: int) -> Dataset:
    """So many of its images, chosen by the seed, in their order. Raises ValueError where there are fewer."""
    if count > len(dataset):
        raise ValueError(f"counts: wanted at most the {len(dataset)} images of {dataset.name}, got {count}")
    return dataset.take(np.sort(np.random.default_rng(seed).permutation(len(dataset))[:count]))
