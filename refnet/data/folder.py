"""A folder of images, one folder in it per class, read when they are needed.

    N  images     H, W  size that the network sees     h, w  size of an image in its file

    root/train/cat/1.jpg ...  and  root/test/cat/2.jpg ... (or val), or
    root/cat/1.jpg ...        of which about a tenth of each class, by the seed and its own name, is for testing
"""

import os
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .dataset import Splits, View, checked_labels

Array = NDArray[Any]
RESOLUTION = 224
SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
_TEST_NAMES = ("test", "val")
_NO_CLASSES = ("train", "test", "val", "training", "testing", "valid", "validation")
_TEST_SHARE = 0.1
_MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "HSV", "LAB")  # 8 bits for a channel


class ImageFiles:
    """A data set of files. Shapes: labels (N,) integers; (H, W) = (resolution, resolution).

    Every image is stretched to the square, whatever its shape was, as the official code does; where it shrinks, each
    pixel is the mean of those under it, weighted by a triangle (Pillow's BILINEAR; TensorFlow takes four of them).
    """

    def __init__(
        self, name: str, classes: Sequence[str], paths: Sequence[Path], labels: Array, resolution: int = RESOLUTION
    ) -> None:
        self.name, self.classes, self.paths = name, tuple(classes), list(paths)
        self.labels = checked_labels(labels, self.classes, name)
        self.shape = (resolution, resolution, 3)

    def __len__(self) -> int:
        return len(self.paths)

    def read(self, indices: Array, view: View | None = None) -> Array:
        """See Dataset.read. Raises ValueError or OSError that names the file."""
        out = np.empty((len(indices), *self.shape), np.uint8)
        for i, index in enumerate(indices.tolist()):
            out[i] = _pixels(self.paths[index], self.shape[:2], i, view)
        return out

    def take(self, indices: Array) -> "ImageFiles":
        """See Dataset.take."""
        paths = [self.paths[index] for index in indices.tolist()]
        return ImageFiles(self.name, self.classes, paths, self.labels[indices], self.shape[0])


def folder_splits(root: str | os.PathLike[str], resolution: int | None = None, seed: int = 0) -> Splits:
    """Both splits of a folder; the header of every file is looked at.

    Raises ImportError without Pillow, FileNotFoundError, ValueError or OSError that names the folder or the file.
    """
    folder, side = Path(root), RESOLUTION if resolution is None else resolution
    load_pillow()
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: wanted a folder with one folder of images for each class; there is none")
    if not _has_parts(folder):
        return _divided(folder, _undivided(folder), side, seed)
    tests = [folder / name for name in _TEST_NAMES if (folder / name).is_dir()]
    if len(tests) != 1:
        raise ValueError(f"{folder}: wanted one of {' and '.join(_TEST_NAMES)} beside train, got {len(tests)} of them")
    classes = _classes(folder / "train")
    if (other := _classes(tests[0])) != classes:
        odd = sorted(set(classes) ^ set(other))
        raise ValueError(f"{tests[0]}: wanted the classes of {folder / 'train'}; only one of both has {', '.join(odd)}")
    train, test = (_whole(part, classes, side) for part in (folder / "train", tests[0]))
    return Splits(train, test)


def all_images(root: str | os.PathLike[str], resolution: int | None = None) -> ImageFiles | None:
    """Every image of a folder that is not divided, else None. Raises as `folder_splits`."""
    folder = Path(root)
    if not folder.is_dir() or _has_parts(folder):
        return None
    load_pillow()
    return _whole(folder, _undivided(folder), RESOLUTION if resolution is None else resolution)


def _has_parts(folder: Path) -> bool:
    return (folder / "train").is_dir()


def _whole(folder: Path, classes: Sequence[str], side: int) -> ImageFiles:
    files = [_files(folder / name) for name in classes]
    labels = np.repeat(np.arange(len(classes)), [len(found) for found in files])
    return ImageFiles(str(folder), classes, [path for found in files for path in found], labels, side)


def _divided(folder: Path, classes: Sequence[str], side: int, seed: int) -> Splits:
    """About a tenth of each class, at least one image of it and not all, is for testing.

    Where an image belongs is its name's and the seed's matter. So others may come and go: as long as its class has
    images on either side, none that was learnt from is ever judged by.
    """
    everything = _whole(folder, classes, side)
    places = np.array([_place(path.relative_to(folder), seed) for path in everything.paths])
    test = places < _TEST_SHARE
    for label, name in enumerate(classes):
        own = np.flatnonzero(everything.labels == label)
        if len(own) < 2:
            raise ValueError(f"{folder / name}: wanted at least two images, one of them for testing, got {len(own)}")
        if test[own].all() or not test[own].any():
            test[own] = False
            test[own[places[own].argmin()]] = True
    return Splits(everything.take(np.flatnonzero(~test)), everything.take(np.flatnonzero(test)))


def _place(path: Path, seed: int) -> float:
    """A number from 0 to 1 that nothing else has a part in."""
    digest = sha256(f"{seed}/{path.as_posix()}".encode("utf-8", "surrogateescape")).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def _classes(folder: Path) -> list[str]:
    """Names of the folders in it, sorted."""
    names = sorted(path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    if len(names) < 2:
        found = f"only {names[0]!r}" if names else "none"
        raise ValueError(f"{folder}: wanted a folder of images for each of at least two classes, got {found}")
    return names


def _undivided(folder: Path) -> list[str]:
    """The classes of a folder without parts. Raises ValueError for parts that are called otherwise than ours."""
    names = _classes(folder)
    parts = [name for name in names if name.lower() in _NO_CLASSES]
    if len(parts) > 1:
        got = " and ".join(parts)
        raise ValueError(f"{folder}: wanted its parts to be train and test, or val, or else classes, got {got}")
    return names


def _files(folder: Path) -> list[Path]:
    """The images in a folder and in those within it, sorted; what is hidden or has another suffix is passed over."""
    found = (path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and not path.name.startswith("."))
    paths = sorted(path for path in found if path.is_file())
    if not paths:
        raise ValueError(f"{folder}: wanted images ({', '.join(SUFFIXES)}), got none")
    for path in paths:
        with _opened(path):
            pass
    return paths


def check_files(paths: Sequence[Path], what: str) -> None:
    """Raises FileNotFoundError for the first that is not there: before a run that would miss it an hour later."""
    for path in paths:
        if not path.is_file():
            raise FileNotFoundError(f"{path}: wanted a file, one of {what}; there is none")


def load_pillow() -> Any:
    """Pillow's module Image. Raises ImportError naming the extra where it is missing."""
    try:
        from PIL import Image
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "PIL":
            raise
        raise ImportError(
            "pictures are read and written by Pillow: pip install '.[data]' in the folder of refnet"
        ) from None
    return Image


def _opened(path: Path) -> Any:
    """The image, its pixels not yet read."""
    try:
        image = load_pillow().open(path)
    except Exception as error:
        raise _unreadable(path, error) from error
    if image.mode not in _MODES:
        image.close()
        raise ValueError(f"{path}: wanted an image with 8 bits for each channel, got the mode {image.mode}")
    return image


def _unreadable(path: Path, error: Exception) -> Exception:
    """Whatever a decoder says, with the file's name. What the system says of a file stays an OSError."""
    if isinstance(error, OSError) and error.errno is not None:
        return type(error)(error.errno, error.strerror, str(path))
    return ValueError(f"{path}: wanted an image that Pillow can read, got {type(error).__name__}: {error}")


def _pixels(
    path: Path, size: tuple[int, int], position: int, view: View | None, annotated: tuple[int, int] | None = None
) -> Array:
    """(H, W, 3) uint8: the window of the image, at that size."""
    with _opened(path) as image:
        try:
            turn = _seen_turned(image, annotated)
            turned = turn and _orientation(image) > 4  # the camera's rows are the picture's columns
            w, h = image.size[::-1] if turned else image.size
            top, left, height, width = (0, 0, h, w) if view is None else view(position, h, w)
            H, W = size
            # A JPEG can be decoded at 1/2, 1/4, 1/8 of its size, as long as the window keeps H x W pixels.
            enough = (-(-w * W // width), -(-h * H // height))
            image.draft("RGB", enough[::-1] if turned else enough)
            upright = _upright(image, turn)
            across, down = upright.width / w, upright.height / h
            box = (left * across, top * down, (left + width) * across, (top + height) * down)
            resampling = load_pillow().Resampling.BILINEAR
            return np.asarray(upright.resize((W, H), resampling, box))
        except OfAnotherSize as error:
            raise ValueError(f"{path}: {error}") from None
        except Exception as error:
            raise _unreadable(path, error) from error


class OfAnotherSize(ValueError):
    """A picture has not the size that its annotations say."""


def picture(path: Path, size: tuple[int, int] | None = None, annotated: tuple[int, int] | None = None) -> Array:
    """A file's whole image, stretched if a size is given: (H, W, 3) uint8.

    annotated: (h, w) of the picture that was annotated, which decides whether the camera's turn was undone for that.
    Raises ImportError without Pillow, ValueError or OSError that names the file.
    """
    if size is not None:
        return _pixels(path, size, 0, None, annotated)
    with _opened(path) as image:
        try:
            return np.asarray(_upright(image))
        except Exception as error:
            raise _unreadable(path, error) from error


def _orientation(image: Any) -> int:
    """Exif's tag 0x0112: 1 is upright, 5 to 8 swap rows and columns."""
    return int(image.getexif().get(0x0112, 1))


def _seen_turned(image: Any, annotated: tuple[int, int] | None) -> bool:
    """Whether whoever annotated the picture saw it as the camera was held. Raises OfAnotherSize."""
    stored = image.height, image.width
    if annotated is None or annotated == (stored[::-1] if _orientation(image) > 4 else stored):
        return True
    if annotated == stored:
        return False
    height, width = annotated
    raise OfAnotherSize(f"wanted {height} x {width} pixels, as its annotations say, got {stored[0]} x {stored[1]}")


def _upright(image: Any, turn: bool = True) -> Any:
    """As a person would see it: in RGB, turned as the camera was held, on black where it is transparent."""
    from PIL import ImageOps

    if turn:
        ImageOps.exif_transpose(image, in_place=True)
    if "A" in image.mode or "transparency" in image.info:
        black = load_pillow().new("RGBA", image.size, (0, 0, 0, 255))
        black.alpha_composite(image.convert("RGBA"))
        return black.convert("RGB")
    return image.convert("RGB")
