"""The tasks as the command line knows them: which data, which network, which recipe, unless it is told otherwise."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from .. import choosing, models
from ..data import load
from ..data.coco import coco_pictures
from ..data.folder import all_images
from ..data.shape_scenes import LARGEST, draw_scenes
from ..data.voc import voc_pictures
from ..graph import Graph
from ..layers.base import check_choice
from .task import TASKS

DRAWN = "scenes"
OF_SCENES = (DRAWN, "coco", "voc")
COUNTS = (2000, 64)  # of drawn pictures, to learn from and to be judged by
TRAIN, TEST = PARTS = 0, 1
LEAST = 32  # height and width of images, for MobileNets: MNIST's are smaller


class Known(NamedTuple):
    """What of a set of pictures decides the network. shape: (H, W, 3)."""

    name: str
    classes: tuple[str, ...]
    shape: tuple[int, int, int]


class Subject(NamedTuple):
    """task: its name. model, data, recipe: by default. load: pictures, from what the user asked for.

    background: whether the network has a class more than the pictures; counted: whether its builder's `classes` has it
    """

    task: str
    model: str
    data: str
    recipe: str
    load: Callable[[Mapping[str, Any], Sequence[int]], list[Any]]
    background: bool = False
    counted: bool = False

    def with_defaults(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """What the user asked for, and what was left open."""
        own = {"model": self.model, "data": self.data, "recipe": self.recipe}
        return {**given, **{name: value for name, value in own.items() if given[name] is None}}

    def network(self, given: Mapping[str, Any], pictures: Any) -> Graph:
        """The model for the pictures, of which it needs what `Known` has; a graph of a user's own must fit them.

        Raises ValueError where it does not, or cannot learn the task.
        """
        height, width, _ = pictures.shape
        settings = choosing.assigned(given["more"], {"width": given["width"]})
        if given["model"] in models.__all__:
            settings = {"resolution": height, "classes": len(pictures.classes) + self.counted} | settings
        net = choosing.build(given["model"], settings)
        classes = TASKS[self.task](net).slots - self.background
        (images,) = net.inputs.values()
        if images != pictures.shape or classes != len(pictures.classes):
            wanted = f"images of shape {pictures.shape} and {len(pictures.classes)} classes, as in {pictures.name}"
            raise ValueError(f"{net.name}: wanted {wanted}, got a network for {images} and {classes}")
        return net


def subject(task: str) -> Subject:
    """Raises ValueError for a task that there is not."""
    return SUBJECTS[check_choice(task, SUBJECTS, "task")]


def _named(given: Mapping[str, Any], parts: Sequence[int]) -> list[Any]:
    """Pictures of one class each. "whole": all of a folder that is not divided."""
    if given["data"] in OF_SCENES and not Path(given["data"]).is_dir():
        raise ValueError(f"--data: {given['data']} is for --task detection or segmentation, got classification")
    size = LEAST if given["data"] == "mnist" and given["resolution"] is None else given["resolution"]
    if given.get("whole") and (everything := all_images(given["data"], size)):
        return [everything for _ in parts]
    both = load(given["data"], size, given["root"], given["seed"])
    return [both[part] for part in parts]


# Height and width of pictures of many things: drawn ones, and photographs as the papers' networks see them. Sides of
# segmentation are 1 above a multiple of 32, which keeps the corners of all maps on each other (tasks/segmentation.py).
SIZES = {"detection": (128, 320), "segmentation": (129, 513)}


def _scenes(given: Mapping[str, Any], parts: Sequence[int]) -> list[Any]:
    """Pictures of many things."""
    task, source = given["task"], check_choice(given["data"], OF_SCENES, "--data")
    size = SIZES[task][source != DRAWN] if given["resolution"] is None else given["resolution"]
    if source == DRAWN:
        if given["root"] is not None:
            raise ValueError("--root: wanted with --data coco or voc, for scenes are drawn")
        if not 32 <= size <= LARGEST:
            raise ValueError(f"--resolution: wanted 32 to {LARGEST} for scenes, got {size}")
        return [draw_scenes(COUNTS[part], size, given["seed"], part) for part in parts]
    if given["root"] is None:
        raise ValueError(f"--root: wanted the folder that holds the files of {source}, got none")
    root = Path(given["root"])
    if source == "voc":
        return [voc_pictures(root, ("train", "val")[part], task, size) for part in parts]
    if task != "detection":
        raise ValueError("--data: wanted scenes or voc for segmentation: coco's files are read for their boxes alone")
    names = [("train2017", "val2017")[part] for part in parts]
    return [coco_pictures(root / f"annotations/instances_{name}.json", root / name, size) for name in names]


SUBJECTS = {
    each.task: each
    for each in (
        Subject("classification", "mobilenet_v2", "digits", "small", _named),
        Subject("detection", "ssdlite_mobilenet_v2", DRAWN, "scenes", _scenes, background=True),
        Subject("segmentation", "deeplab_mobilenet_v2", DRAWN, "scenes", _scenes, background=True, counted=True),
    )
}
