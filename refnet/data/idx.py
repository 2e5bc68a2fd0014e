"""MNIST's idx files, plain or compressed by gzip.

    N  images     h, w  their size

A file is a magic number (two zero bytes, 8 for unsigned bytes, the number of lengths), the lengths as big-endian 32-bit
integers, and the values. Source: the description of the format on MNIST's page, yann.lecun.com/exdb/mnist.
"""

import gzip
import os
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .dataset import Images, Splits

Array = NDArray[Any]
_NAMES = {"train": "train", "test": "t10k"}
_UNSIGNED_BYTES = 8


def mnist_splits(root: str | os.PathLike[str]) -> Splits:
    """The four files of MNIST (or of a set in its format) in a folder, under their names, `.gz` or not.

    Raises FileNotFoundError or ValueError that names the file, what was wanted and what was found.
    """
    folder = Path(root)
    train, test = (_images(folder, split) for split in _NAMES)
    return Splits(train, test)


def _images(folder: Path, split: str) -> Images:
    images_file = _found(folder, f"{_NAMES[split]}-images", 3)
    labels_file = _found(folder, f"{_NAMES[split]}-labels", 1)
    images, labels = read_idx(images_file, 3), read_idx(labels_file, 1)
    if len(images) != len(labels):
        wanted = f"{labels_file}: wanted {len(images)} labels, as many as {images_file} has images"
        raise ValueError(f"{wanted}, got {len(labels)}")
    classes = tuple(str(digit) for digit in range(10))
    wrong = np.flatnonzero(labels >= len(classes))
    if len(wrong):
        raise ValueError(f"{labels_file}: wanted labels from 0 to 9, got {labels[wrong[0]]} for image {wrong[0]}")
    return Images(f"mnist {split}", classes, images[..., None], labels)


def _found(folder: Path, stem: str, lengths: int) -> Path:
    names = [f"{stem}{dot}idx{lengths}-ubyte{end}" for dot in "-." for end in ("", ".gz")]
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise FileNotFoundError(f"{folder / names[0]}: wanted this file of MNIST, or {names[0]}.gz; there is none")


def read_idx(path: str | os.PathLike[str], lengths: int) -> Array:
    """The array of unsigned bytes in an idx file with that many lengths. Raises ValueError that names the file."""
    content = _content(Path(path))
    start = 4 + 4 * lengths
    magic = content[:4]
    if magic != bytes((0, 0, _UNSIGNED_BYTES, lengths)):
        wanted = f"{_UNSIGNED_BYTES << 8 | lengths:08x}"
        raise ValueError(f"{path}: wanted an idx file with the magic number {wanted}, got {magic.hex() or 'nothing'}")
    if len(content) < start:
        raise ValueError(f"{path}: wanted {start} bytes of header, got {len(content)}: the file is cut short")
    shape = struct.unpack(f">{lengths}I", content[4:start])
    wanted_bytes = int(np.prod(shape, dtype=object))
    if len(content) - start != wanted_bytes:
        said = " x ".join(map(str, shape))
        cut = ": the file is cut short" if len(content) - start < wanted_bytes else ""
        raise ValueError(f"{path}: wanted {said} = {wanted_bytes} bytes of values, got {len(content) - start}{cut}")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def _content(path: Path) -> bytes:
    content = path.read_bytes()
    if content[:2] != b"\x1f\x8b":
        return content
    try:
        return gzip.decompress(content)
    except (EOFError, OSError, zlib.error) as error:
        raise ValueError(f"{path}: wanted a whole gzip file, got one that ends or breaks: {error}") from None
