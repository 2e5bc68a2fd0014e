"""PASCAL VOC's folders: things and their boxes in XML, classes of pixels in PNG files.

    ImageSets/Main/train.txt             names of the pictures of a set, for detection
    ImageSets/Segmentation/train.txt     the same, for segmentation
    JPEGImages/NAME.jpg
    Annotations/NAME.xml                 object: name, difficult, bndbox: xmin, ymin, xmax, ymax
    SegmentationClass/NAME.png           a palette image: 0 the background, 1 ... 20, 255 edges and what is hard to tell

Pixels are counted from 1, and a box holds those of its edges: its left edge lies xmin - 1 pixels from the picture's,
its right edge xmax. A difficult thing is not to be found, and not wrong if it is. (Everingham et al. 2015, and the
development kit's documentation.)
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from ..layers.base import check_choice
from .dataset import whole
from .folder import RESOLUTION, load_pillow, picture
from .truth import Truth, truth_of

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
IGNORED = 255
SETS = {"detection": "Main", "segmentation": "Segmentation"}


class VocPictures:
    """See `truth.Pictures`: boxes for detection, labels of pixels for segmentation."""

    classes = CLASSES

    def __init__(self, root: Path, names: Sequence[str], task: str, size: int) -> None:
        self.name, self.root, self.names, self.task = root.name, root, list(names), task
        self.shape = (size, size, 3)

    def __len__(self) -> int:
        return len(self.names)

    def read(self, indices: Array) -> Array:
        """Each picture stretched to the square. Raises ValueError or OSError that names the file."""
        paths = (self.root / "JPEGImages" / f"{self.names[index]}.jpg" for index in indices.tolist())
        return np.stack([picture(path, self.shape[:2]) for path in paths])

    def truth(self, index: int) -> Truth:
        """Raises ValueError or OSError that names the file."""
        if self.task == "detection":
            return _boxes(self.root / "Annotations" / f"{self.names[index]}.xml")
        labels = _labels(self.root / "SegmentationClass" / f"{self.names[index]}.png", self.shape[:2])
        return truth_of([])._replace(labels=labels)


def voc_pictures(
    root: str | os.PathLike[str], chosen: str = "train", task: str = "detection", resolution: int = RESOLUTION
) -> VocPictures:
    """The pictures of one set of a folder such as VOCdevkit/VOC2012. chosen: train, val, trainval, ...

    Raises FileNotFoundError or ValueError that names the file: one that lists no picture, too.
    """
    check_choice(task, SETS, "task")
    path = Path(root) / "ImageSets" / SETS[task] / f"{chosen}.txt"
    names = [line.split()[0] for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    if not names:
        raise ValueError(f"{path}: wanted the names of pictures, got none")
    return VocPictures(Path(root), names, task, whole("resolution", resolution, 1))


def _boxes(path: Path) -> Truth:
    try:
        root = ElementTree.fromstring(path.read_bytes())
    except ElementTree.ParseError as error:
        raise ValueError(f"{path}: wanted XML, got {error}") from None
    height, width = (_number(root, f"size/{name}", path) for name in ("height", "width"))
    if min(height, width) <= 0:
        raise ValueError(f"{path}: wanted a size above 0, got {width:g} x {height:g}")
    rows = []
    for thing in root.iter("object"):
        name = (thing.findtext("name") or "").strip()
        if name not in CLASSES:
            raise ValueError(f"{path}: wanted one of {', '.join(CLASSES)}, got {name!r}")
        y1, x1, y2, x2 = (_number(thing, f"bndbox/{each}", path) for each in ("ymin", "xmin", "ymax", "xmax"))
        box = np.clip([(y1 - 1) / height, (x1 - 1) / width, y2 / height, x2 / width], 0, 1)
        difficult = (thing.findtext("difficult") or "0").strip() == "1"
        if box[2] > box[0] and box[3] > box[1]:
            rows.append((*box, CLASSES.index(name) + 1, difficult))
    return truth_of(rows)


def _number(item: ElementTree.Element, place: str, path: Path) -> float:
    text = item.findtext(place)
    try:
        return float(text or "")
    except ValueError:
        raise ValueError(f"{path}: wanted a number in {place}, got {text!r}") from None


def _labels(path: Path, size: tuple[int, int]) -> Array:
    """(H, W) uint8, each pixel the nearest one's. Raises ValueError or OSError that names the file."""
    Image = load_pillow()
    try:
        with Image.open(path) as image:
            if image.mode not in ("P", "L"):
                raise ValueError(f"wanted a palette or a grey image of classes, got the mode {image.mode}")
            labels = np.asarray(image.resize(size[::-1], Image.Resampling.NEAREST))
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise ValueError(f"{path}: {error}") from error
    wrong = labels[(labels > len(CLASSES)) & (labels != IGNORED)]
    if wrong.size:
        raise ValueError(f"{path}: wanted classes from 0 to {len(CLASSES)}, or {IGNORED}, got {wrong[0]}")
    return labels
