"""PASCAL VOC's folders: things and their boxes in XML, classes of pixels in PNG files.

    ImageSets/Main/train.txt             names of the pictures of a set, for detection
    ImageSets/Segmentation/train.txt     the same, for segmentation
    JPEGImages/NAME.jpg
    Annotations/NAME.xml                 object: name, difficult, bndbox: xmin, ymin, xmax, ymax
    SegmentationClass/NAME.png           a palette image: 0 the background, 1 ... 20, 255 edges and what is hard to tell

Pixels are counted from 1, and a box holds those of its edges: its left edge lies xmin - 1 pixels from the picture's,
its right edge xmax. A difficult thing is not to be found, and not wrong if it is. A box beyond the picture's edges is
left out. Networks see pictures stretched to a square, and are judged on that. (Everingham et al. 2015, and the
development kit's documentation.)
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import isfinite, nan
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from ..layers.base import check_choice
from .dataset import whole
from .folder import RESOLUTION, check_files, load_pillow, picture
from .truth import IGNORED, Truth, truth_of

Array = NDArray[Any]

CLASSES = (
    "aeroplane",
    "bicycle",
    "bird",
    "boat",
    "bottle",
    "bus",
    "car",
    "cat",
    "chair",
    "cow",
    "diningtable",
    "dog",
    "horse",
    "motorbike",
    "person",
    "pottedplant",
    "sheep",
    "sofa",
    "train",
    "tvmonitor",
)
SETS = {"detection": "Main", "segmentation": "Segmentation"}


class VocPictures:
    """See `truth.Pictures`: boxes for detection, labels of pixels for segmentation."""

    def __init__(self, root: Path, names: Sequence[str], classes: Sequence[str], task: str, size: int) -> None:
        self.name, self.root, self.names, self.task = root.name, root, list(names), task
        self.classes, self.shape = tuple(classes), (size, size, 3)

    def __len__(self) -> int:
        return len(self.names)

    def read(self, indices: Array) -> Array:
        """Each picture stretched to the square. Raises ValueError or OSError that names the file."""
        names = (self.names[index] for index in indices.tolist())
        return np.stack([picture(self.image(name), self.shape[:2], self._annotated(name)) for name in names])

    def truth(self, index: int) -> Truth:
        """Raises ValueError or OSError that names the file."""
        path = self.annotation(self.names[index])
        if self.task == "detection":
            return _boxes(path, self.classes)
        return truth_of([])._replace(labels=_labels(path, self.shape[:2], len(self.classes)))

    def image(self, name: str) -> Path:
        """The file of a picture."""
        return self.root / "JPEGImages" / f"{name}.jpg"

    def annotation(self, name: str) -> Path:
        """The file of what is known of a picture."""
        folder, suffix = ("Annotations", "xml") if self.task == "detection" else ("SegmentationClass", "png")
        return self.root / folder / f"{name}.{suffix}"

    def _annotated(self, name: str) -> tuple[int, int]:
        """Height and width of the picture that was annotated."""
        path = self.annotation(name)
        if self.task == "detection":
            return _size(_tree(path), path)
        with _opened_labels(path) as image:
            return image.height, image.width


def voc_pictures(
    root: str | os.PathLike[str],
    chosen: str = "train",
    task: str = "detection",
    resolution: int = RESOLUTION,
    classes: Sequence[str] = CLASSES,
) -> VocPictures:
    """The pictures of one set of a folder such as VOCdevkit/VOC2012. chosen: train, val, trainval, ...

    classes: names of 1, 2, ..., where they are not VOC's own. Raises ImportError without Pillow, FileNotFoundError or
    ValueError that names the file: one that lists no picture, or one that is not there, too.
    """
    check_choice(task, SETS, "task")
    path = Path(root) / "ImageSets" / SETS[task] / f"{chosen}.txt"
    names = [line.split()[0] for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    if not names:
        raise ValueError(f"{path}: wanted the names of pictures, got none")
    load_pillow()
    found = VocPictures(Path(root), names, classes, task, whole("resolution", resolution, 1))
    check_files([part(name) for name in names for part in (found.image, found.annotation)], f"those of {path}")
    return found


def _tree(path: Path) -> ElementTree.Element:
    try:
        return ElementTree.fromstring(path.read_bytes())
    except (ElementTree.ParseError, LookupError, ValueError) as error:  # the latter two: of encodings
        raise ValueError(f"{path}: wanted XML, got {error}") from None


def _size(root: ElementTree.Element, path: Path) -> tuple[int, int]:
    """Height and width in pixels."""
    height, width = (_number(root, f"size/{name}", path) for name in ("height", "width"))
    if min(height, width) < 1 or height % 1 or width % 1:
        raise ValueError(f"{path}: wanted a size in whole pixels, got {width:g} x {height:g}")
    return int(height), int(width)


def _boxes(path: Path, classes: Sequence[str]) -> Truth:
    root, rows = _tree(path), []
    height, width = _size(root, path)
    for thing in root.iter("object"):
        name = (thing.findtext("name") or "").strip()
        if name not in classes:
            raise ValueError(f"{path}: wanted one of {', '.join(classes)}, got {name!r}")
        y1, x1, y2, x2 = (_number(thing, f"bndbox/{each}", path) for each in ("ymin", "xmin", "ymax", "xmax"))
        if y1 > y2 or x1 > x2:
            raise ValueError(f"{path}: wanted ymin <= ymax, xmin <= xmax, got {y1:g}, {y2:g} and {x1:g}, {x2:g}")
        box = np.clip([(y1 - 1) / height, (x1 - 1) / width, y2 / height, x2 / width], 0, 1)
        difficult = (thing.findtext("difficult") or "0").strip() == "1"
        if box[2] > box[0] and box[3] > box[1]:
            rows.append((*box, classes.index(name) + 1, difficult, False))
    return truth_of(rows)


def _number(item: ElementTree.Element, place: str, path: Path) -> float:
    text = item.findtext(place) or ""
    try:
        number = float(text)
    except ValueError:
        number = nan
    if not isfinite(number):
        raise ValueError(f"{path}: wanted a number in {place}, got {text!r}")
    return number


@contextmanager
def _opened_labels(path: Path) -> Iterator[Any]:
    """Raises ValueError or OSError that names the file, of what happens within, too."""
    try:
        with load_pillow().open(path) as image:
            if image.mode not in ("P", "L"):
                raise ValueError(f"wanted a palette or a grey image of classes, got the mode {image.mode}")
            yield image
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise ValueError(f"{path}: {error}") from error


def _labels(path: Path, size: tuple[int, int], classes: int) -> Array:
    """(H, W) uint8, each pixel the nearest one's. Raises ValueError or OSError that names the file."""
    with _opened_labels(path) as image:
        labels = np.asarray(image.resize(size[::-1], load_pillow().Resampling.NEAREST))
    wrong = labels[(labels > classes) & (labels != IGNORED)]
    if wrong.size:
        raise ValueError(f"{path}: wanted classes from 0 to {classes}, or {IGNORED}, got {wrong[0]}")
    return labels
