"""CIFAR-10, the binary version: records of a label and the red, green and blue of 32 x 32 pixels, row by row.

    N  images

Source: the section "Binary version" of www.cs.toronto.edu/~kriz/cifar.html.
"""

import os
from pathlib import Path

import numpy as np

from .dataset import Images, Splits

_SIDE = 32
_RECORD = 1 + 3 * _SIDE * _SIDE
_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
_FOLDER = "cifar-10-batches-bin"  # what the archive unpacks to
_FILES = {"train": [f"data_batch_{i}.bin" for i in range(1, 6)], "test": ["test_batch.bin"]}


def cifar10_splits(root: str | os.PathLike[str]) -> Splits:
    """The six files in a folder, or in the folder of the archive's name there.

    Raises FileNotFoundError or ValueError that names the file, what was wanted and what was found.
    """
    folder = Path(root)
    if (folder / _FOLDER).is_dir():
        folder = folder / _FOLDER
    train, test = (_images(folder, split) for split in _FILES)
    return Splits(train, test)


def _images(folder: Path, split: str) -> Images:
    records = np.concatenate([_records(folder / name) for name in _FILES[split]])
    planes = records[:, 1:].reshape(-1, 3, _SIDE, _SIDE)
    images = np.ascontiguousarray(planes.transpose(0, 2, 3, 1))
    return Images(f"cifar10 {split}", _CLASSES, images, records[:, 0])


def _records(path: Path) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    """(N, 3073)"""
    if not path.is_file():
        raise FileNotFoundError(f"{path}: wanted this file of CIFAR-10's binary version; there is none")
    content = np.fromfile(path, np.uint8)
    if not len(content) or len(content) % _RECORD:
        wanted = f"{path}: wanted records of {_RECORD} bytes"
        raise ValueError(f"{wanted}, got {len(content)} bytes: {len(content) % _RECORD} beyond the last whole one")
    records = content.reshape(-1, _RECORD)
    wrong = np.flatnonzero(records[:, 0] >= len(_CLASSES))
    if len(wrong):
        raise ValueError(f"{path}: wanted labels from 0 to 9, got {records[wrong[0], 0]} for image {wrong[0]}")
    return records
