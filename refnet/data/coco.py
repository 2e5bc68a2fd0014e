"""COCO's annotations: a JSON file that says which things are where in the images of a folder.

    images       id, file_name, width, height in pixels
    annotations  id, image_id, category_id, bbox = [x, y, width, height] in pixels, iscrowd
    categories   id, name

Categories have gaps in their ids: class 1 is the first of them in the order of ids. (cocodataset.org, "Data format".)
"""

import json
import os
from collections.abc import Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .dataset import whole
from .folder import RESOLUTION, check_files, load_pillow, picture
from .truth import Truth, truth_of

Array = NDArray[Any]
Item = Mapping[str, Any]


class CocoPictures:
    """See `truth.Pictures`. left_out: a sentence for each annotation whose box has no area inside of its picture."""

    def __init__(
        self,
        name: str,
        classes: Sequence[str],
        paths: Sequence[Path],
        sizes: Sequence[tuple[int, int]],
        truths: Sequence[Truth],
        size: int,
        left_out: Sequence[str] = (),
    ) -> None:
        self.name, self.classes, self.paths, self._truths = name, tuple(classes), list(paths), list(truths)
        self._sizes = list(sizes)
        self.shape, self.left_out = (size, size, 3), list(left_out)

    def __len__(self) -> int:
        return len(self.paths)

    def read(self, indices: Array) -> Array:
        """Each picture stretched to the square. Raises ValueError or OSError that names the file."""
        size = self.shape[:2]
        return np.stack([picture(self.paths[index], size, self._sizes[index]) for index in indices.tolist()])

    def truth(self, index: int) -> Truth:
        """No labels of pixels."""
        return self._truths[index]


def coco_pictures(
    annotations: str | os.PathLike[str], images: str | os.PathLike[str], resolution: int = RESOLUTION
) -> CocoPictures:
    """The pictures of one annotation file, those without a thing too. images: their folder.

    Raises FileNotFoundError for a file or folder that is not there, ValueError that names the file and what in it is
    not as above.
    """
    path, folder, size = Path(annotations), Path(images), whole("resolution", resolution, 1)
    content = _content(path)
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: wanted the folder of the images of {path}; there is none")
    load_pillow()
    numbers, names = _classes(content["categories"], path)
    pictures = _pictures(content["images"], path)
    boxes: dict[Any, list[tuple[float, ...]]] = {key: [] for key in pictures}
    left_out = []
    for each in content["annotations"]:
        what = f"{path}: annotation {each.get('id')!r}"
        place = _known(each, "image_id", pictures, what)
        thing = numbers[_known(each, "category_id", numbers, what)]
        box = _box(each.get("bbox"), pictures[place], what)
        if (crowd := each.get("iscrowd", 0)) not in (0, 1):
            raise ValueError(f"{what}: wanted iscrowd = 0 or 1, got {crowd!r}")
        if box[2] > box[0] and box[3] > box[1]:
            boxes[place].append((*box, thing, crowd, crowd))
        else:
            left_out.append(f"{what}: no part of its box {each['bbox']} lies in its picture")
    paths = [folder / each["file_name"] for each in pictures.values()]
    check_files(paths, f"images of {path}")
    sizes = [(each["height"], each["width"]) for each in pictures.values()]
    truths = [truth_of(rows) for rows in boxes.values()]
    return CocoPictures(path.stem, names, paths, sizes, truths, size, left_out)


def _content(path: Path) -> dict[str, list[Item]]:
    """The three lists of the file."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path}: wanted JSON, got {error}") from None
    if not isinstance(content, dict):
        raise ValueError(f"{path}: wanted an object with images, annotations, categories, got {type(content).__name__}")
    for name in ("images", "annotations", "categories"):
        items = content.get(name)
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise ValueError(f"{path}: wanted a list of objects {name!r}, got {type(items).__name__}")
    return content


def _classes(categories: Sequence[Item], path: Path) -> tuple[dict[Any, int], list[str]]:
    """Id -> class, names of the classes."""
    by_id = _by_id(categories, "category", path)
    if not by_id:
        raise ValueError(f"{path}: wanted at least one category, got none")
    order = sorted(by_id)
    names: list[Any] = [by_id[key].get("name") for key in order]
    if odd := [name for name in names if not isinstance(name, str) or names.count(name) > 1]:
        raise ValueError(f"{path}: categories: wanted a name for each, and different ones, got {odd[0]!r}")
    return {key: number for number, key in enumerate(order, start=1)}, names


def _pictures(images: Sequence[Item], path: Path) -> dict[Any, Item]:
    by_id = _by_id(images, "image", path)
    for key, each in by_id.items():
        sides = (each.get(name) for name in ("width", "height"))
        if not isinstance(each.get("file_name"), str) or not all(map(_is_side, sides)):
            raise ValueError(f"{path}: image {key!r}: wanted file_name, width and height, got {dict(each)}")
    if not by_id:
        raise ValueError(f"{path}: wanted at least one image, got none")
    return by_id


def _by_id(items: Sequence[Item], what: str, path: Path) -> dict[Any, Item]:
    found: dict[Any, Item] = {}
    for each in items:
        key = each.get("id")
        if isinstance(key, bool) or not isinstance(key, int) or key in found:
            raise ValueError(f"{path}: {what}: wanted an id of its own, an integer, got {key!r}")
        found[key] = each
    return found


def _known(item: Item, name: str, known: Mapping[Any, Any], what: str) -> Any:
    key = item.get(name)
    if isinstance(key, (list, dict)) or key not in known:
        raise ValueError(f"{what}: wanted the {name} of one that is in the file, got {key!r}")
    return key


def _box(bbox: Any, picture: Item, what: str) -> tuple[float, float, float, float]:
    """[x, y, width, height] in pixels -> y1, x1, y2, x2 in shares of the picture, the part inside of it."""
    if not isinstance(bbox, list) or len(bbox) != 4 or not all(map(_is_number, bbox)) or min(bbox[2:]) < 0:
        raise ValueError(f"{what}: wanted bbox = [x, y, width, height], got {bbox!r}")
    x, y, width, height = bbox
    y1, y2 = (min(max(each / picture["height"], 0.0), 1.0) for each in (y, y + height))
    x1, x2 = (min(max(each / picture["width"], 0.0), 1.0) for each in (x, x + width))
    return y1, x1, y2, x2


def _is_side(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_number(value: Any) -> bool:
    try:
        return isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value)
    except OverflowError:  # a whole number with hundreds of digits
        return False
