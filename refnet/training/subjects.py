"""The tasks as the command line knows them: which data, which network, which recipe, unless it is told otherwise."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from .. import choosing, models
from ..data import load
from ..data.coco import coco_pictures
from ..data.shape_scenes import draw_scenes
from ..data.voc import voc_pictures
from ..graph import Graph
from ..layers.base import check_choice
from .task import TASKS

SCENES, SIZE = "scenes", 128  # drawn pictures, their height and width
LEARNT, JUDGED = 2000, 64  # of them


class Split(NamedTuple):
    """Pictures to learn from and to be judged by; what they are depends on the task."""

    train: Any
    test: Any


class Known(NamedTuple):
    """What of a set of pictures decides the network. shape: (H, W, 3)."""

    name: str
    classes: tuple[str, ...]
    shape: tuple[int, int, int]


class Subject(NamedTuple):
    """task: its name. model, data, recipe: by default. load: pictures, from what the user asked for.

    background: whether the network has a class more than the pictures.
    """

    task: str
    model: str
    data: str
    recipe: str
    load: Callable[[Mapping[str, Any]], Split]
    background: bool = False

    def with_defaults(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """What the user asked for, and what was left open."""
        own = {"model": self.model, "data": self.data, "recipe": self.recipe}
        return {**given, **{name: value for name, value in own.items() if given[name] is None}}

    def network(self, given: Mapping[str, Any], pictures: Any) -> Graph:
        """The model for the pictures, of which it needs what `Known` has; a graph of a user's own must fit them.

        Raises ValueError where it does not, or cannot learn the task.
        """
        height, width, _ = pictures.shape
        classes = len(pictures.classes)
        settings = choosing.assigned(given["more"], {"width": given["width"]})
        if given["model"] in models.__all__:
            asked = classes + (self.task == "segmentation")
            settings = {"resolution": height, "classes": asked} | settings
        net = choosing.build(given["model"], settings)
        found, (images, *_) = TASKS[self.task](net).slots - self.background, net.inputs.values()
        if images != pictures.shape or found != classes:
            wanted = f"images of shape {pictures.shape} and {classes} classes, as in {pictures.name}"
            raise ValueError(f"{net.name}: wanted {wanted}, got a network for {images} and {found}")
        return net


def subject(task: str) -> Subject:
    """Raises ValueError for a task that there is not."""
    return SUBJECTS[check_choice(task, SUBJECTS, "task")]


def _named(given: Mapping[str, Any]) -> Split:
    """Pictures of one class each."""
    return Split(*load(given["data"], given["resolution"], given["root"], given["seed"]))


def _scenes(given: Mapping[str, Any]) -> Split:
    """Pictures of many things."""
    task, source = given["task"], check_choice(given["data"], (SCENES, "coco", "voc"), "--data")
    if source == SCENES:
        if given["root"] is not None:
            raise ValueError("--root: wanted with --data coco or voc, for scenes are drawn")
        size = SIZE if given["resolution"] is None else given["resolution"]
        counts = (LEARNT, JUDGED)
        return Split(*(draw_scenes(count, size, given["seed"], split) for split, count in enumerate(counts)))
    if given["root"] is None:
        raise ValueError(f"--root: wanted the folder that holds the files of {source}, got none")
    root, size = Path(given["root"]), {} if given["resolution"] is None else {"resolution": given["resolution"]}
    if source == "voc":
        return Split(*(voc_pictures(root, chosen, task, **size) for chosen in ("train", "val")))
    if task != "detection":
        raise ValueError("--data: wanted scenes or voc for segmentation: coco's files are read for their boxes alone")
    names = ("train2017", "val2017")
    return Split(*(coco_pictures(root / f"annotations/instances_{name}.json", root / name, **size) for name in names))


SUBJECTS = {
    each.task: each
    for each in (
        Subject("classification", "mobilenet_v2", "digits", "small", _named),
        Subject("detection", "ssdlite_mobilenet_v2", SCENES, "scenes", _scenes, background=True),
        Subject("segmentation", "deeplab_mobilenet_v2", SCENES, "scenes", _scenes, background=True),
    )
}
