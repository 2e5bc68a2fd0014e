"""A folder of images, one folder in it per class, read when they are needed.

    N  images     H, W  size that the network sees     h, w  size of an image in its file

    root/train/cat/1.jpg ...  and  root/test/cat/2.jpg ... (or val), or
    root/cat/1.jpg ...        of which a tenth of each class, chosen by a seed, is for testing
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .dataset import Splits, View, checked_labels

Array = NDArray[Any]
RESOLUTION = 224
SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
_TEST_NAMES = ("test", "val")
_TEST_SHARE = 10  # one in ten, at least one
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
    if not (folder / "train").is_dir():
        return _divided(folder, _classes(folder), side, seed)
    tests = [folder / name for name in _TEST_NAMES if (folder / name).is_dir()]
    if len(tests) != 1:
        raise ValueError(f"{folder}: wanted one of {' and '.join(_TEST_NAMES)} beside train, got {len(tests)} of them")
    classes = _classes(folder / "train")
    if (other := _classes(tests[0])) != classes:
        odd = sorted(set(classes) ^ set(other))
        raise ValueError(f"{tests[0]}: wanted the classes of {folder / 'train'}; only one of both has {', '.join(odd)}")
    train, test = (_whole(part, classes, side) for part in (folder / "train", tests[0]))
    return Splits(train, test)


def _whole(folder: Path, classes: Sequence[str], side: int) -> ImageFiles:
    files = [_files(folder / name) for name in classes]
    labels = np.repeat(np.arange(len(classes)), [len(found) for found in files])
    return ImageFiles(str(folder), classes, [path for found in files for path in found], labels, side)


def _divided(folder: Path, classes: Sequence[str], side: int, seed: int) -> Splits:
    """A tenth of each class, at least one image, is for testing."""
    everything = _whole(folder, classes, side)
    random = np.random.default_rng(seed)
    test = np.zeros(len(everything), bool)
    for label, name in enumerate(classes):
        own = np.flatnonzero(everything.labels == label)
        if len(own) < 2:
            raise ValueError(f"{folder / name}: wanted at least two images, one of them for testing, got {len(own)}")
        test[random.permutation(own)[: max(1, len(own) // _TEST_SHARE)]] = True
    return Splits(everything.take(np.flatnonzero(~test)), everything.take(np.flatnonzero(test)))


def _classes(folder: Path) -> list[str]:
    """Names of the folders in it, sorted."""
    names = sorted(path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    if len(names) < 2:
        found = f"only {names[0]!r}" if names else "none"
        raise ValueError(f"{folder}: wanted a folder of images for each of at least two classes, got {found}")
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


def load_pillow() -> Any:
    """Pillow's module Image. Raises ImportError naming the extra where it is missing."""
    try:
        from PIL import Image
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "PIL":
            raise
        raise ImportError(
            "a folder of images is read by Pillow: pip install '.[data]' in the folder of refnet"
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


def _pixels(path: Path, size: tuple[int, int], position: int, view: View | None) -> Array:
    """(H, W, 3) uint8: the window of the image, at that size."""
    with _opened(path) as image:
        try:
            turned = _orientation(image) > 4  # the camera's rows are the picture's columns
            w, h = image.size[::-1] if turned else image.size
            top, left, height, width = (0, 0, h, w) if view is None else view(position, h, w)
            H, W = size
            # A JPEG can be decoded at 1/2, 1/4, 1/8 of its size, as long as the window keeps H x W pixels.
            enough = (-(-w * W // width), -(-h * H // height))
            image.draft("RGB", enough[::-1] if turned else enough)
            upright = _upright(image)
            across, down = upright.width / w, upright.height / h
            box = (left * across, top * down, (left + width) * across, (top + height) * down)
            resampling = load_pillow().Resampling.BILINEAR
            return np.asarray(upright.resize((W, H), resampling, box))
        except Exception as error:
            raise _unreadable(path, error) from error


def picture(path: Path, size: tuple[int, int] | None = None) -> Array:
    """A file's whole image, stretched if a size is given: (H, W, 3) uint8.

    Raises ImportError without Pillow, ValueError or OSError that names the file.
    """
    if size is not None:
        return _pixels(path, size, 0, None)
    with _opened(path) as image:
        try:
            return np.asarray(_upright(image))
        except Exception as error:
            raise _unreadable(path, error) from error


def _orientation(image: Any) -> int:
    """Exif's tag 0x0112: 1 is upright, 5 to 8 swap rows and columns."""
    return int(image.getexif().get(0x0112, 1))


def _upright(image: Any) -> Any:
    """As a person would see it: in RGB, turned as the camera was held, on black where it is transparent."""
    from PIL import ImageOps

    ImageOps.exif_transpose(image, in_place=True)
    if "A" in image.mode or "transparency" in image.info:
        black = load_pillow().new("RGBA", image.size, (0, 0, 0, 255))
        black.alpha_composite(image.convert("RGBA"))
        return black.convert("RGB")
    return image.convert("RGB")
