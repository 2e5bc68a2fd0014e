"""The data set shapes-64, and the file that keeps it from being drawn again.

    N  images of a split

The file lies in the user's cache folder, is written whole or not at all, and is read as mapped memory, which several
processes share. Without it everything works, some twenty seconds later.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..io import files
from ..kernels.store import digest, user_cache_folder
from . import drawing, scenes
from .dataset import Images, Splits

Array = NDArray[Any]
TRAIN, TEST = 20_000, 4_000
_SPLITS = ("train", "test")
_KEPT_FROM = 4_000  # fewer images are drawn faster than a file is worth
_KEPT_FILES = 4  # of two splits each for two seeds, or of two versions of the drawing


def shapes_splits(seed: int = 0, counts: tuple[int, int] = (TRAIN, TEST)) -> Splits:
    """The first images of both splits, as many as `counts` says. However many: each is the same for a seed."""
    train, test = (_images(seed, split, count) for split, count in enumerate(counts))
    return Splits(train, test)


def _images(seed: int, split: int, count: int) -> Images:
    images = pictures(seed, split, count) if count < _KEPT_FROM else _kept(seed, split, count)
    labels = np.arange(count) % len(scenes.CLASSES)
    return Images(f"shapes-64 {_SPLITS[split]}", scenes.CLASSES, images, labels)


def pictures(seed: int, split: int, count: int) -> Array:
    """Shape: (count, 64, 64, 3) uint8."""
    out = np.empty((count, scenes.SIZE, scenes.SIZE, 3), np.uint8)
    for number, start in enumerate(range(0, count, scenes.CHUNK)):
        part = out[start : start + scenes.CHUNK]
        part[:] = scenes.chunk_of_pictures(seed, split, number)[: len(part)]
    return out


def _kept(seed: int, split: int, count: int) -> Array:
    """The pictures, from the file if there is one, else drawn, and put there if that works."""
    file = _file(seed, split, count)
    if file is None:
        return pictures(seed, split, count)
    shape = (count, scenes.SIZE, scenes.SIZE, 3)
    found = _mapped(file, shape)
    if found is not None:
        return found
    drawn = pictures(seed, split, count)
    with suppress(OSError):
        _write(file, drawn)
    return drawn


def _mapped(file: Path, shape: tuple[int, ...]) -> Array | None:
    """What the file holds, or None if there is none, or if it is something else."""
    try:
        found: Array = np.load(file, mmap_mode="r", allow_pickle=False)
        os.utime(file)
    except (OSError, ValueError, EOFError):
        return None
    return found if found.shape == shape and found.dtype == np.uint8 else None


def _write(file: Path, images: Array) -> None:
    """The files that nobody used for longest go."""
    file.parent.mkdir(parents=True, exist_ok=True)
    files.fill(file, lambda beside: _save(beside, images))
    files.prune(file.parent, "[!.]*.npy", _KEPT_FILES)


def _save(path: Path, images: Array) -> None:
    with path.open("wb") as stream:  # NumPy would add a suffix to a name
        np.save(stream, images, allow_pickle=False)


def _file(seed: int, split: int, count: int) -> Path | None:
    """Its name holds all that the pictures depend on, the text of the code that draws them included."""
    folder = user_cache_folder(sys.platform, os.environ)
    if folder is None:
        return None
    try:
        text = [Path(module.__file__).read_bytes() for module in _modules()]
    except OSError:  # in a ZIP archive, for one
        return None
    return folder / "refnet" / "shapes-64" / f"{digest(*text)}-{seed}-{_SPLITS[split]}-{count}.npy"


def _modules() -> Iterator[Any]:
    yield drawing
    yield scenes
