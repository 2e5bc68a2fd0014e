"""What a network learns: the class of a picture, the things in it, or the class of each of its pixels.

    B pictures of a batch    outputs  as `Graph.forward` returns them    answers  what is true of each picture
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np

from ..data.batches import Batches, InOrder
from ..data.dataset import Dataset
from ..data.truth import Pictures, Truth
from ..data.truth_batches import TruthBatches, TruthInOrder
from ..graph import Graph
from ..layers.base import Array
from ..tasks.defaults import default_boxes_of
from ..tasks.detection import found_in
from ..tasks.mean_iou import MeanIou, Pixels
from ..tasks.multibox import BACKGROUND, Targets, multibox_loss, targets_of
from ..tasks.pixel_loss import IGNORED, pixel_cross_entropy
from ..tasks.precision import Precision, Things, average_precision
from ..tasks.predictions import divided, joined, slots_of
from ..tasks.segmentation import check_segmenter
from .classifiers import check_classifier
from .evaluation import BATCH, Evaluation, evaluate, ranks
from .losses import softmax_cross_entropy
from .recipes import Recipe

SCENES = 16  # pictures of many things that are judged at a time
LEAST = 0.01  # the score from which on a detection counts for average precision


class Judged(Protocol):
    """How well a network did. loss: in nats. measures: shares from 0 to 1 by name, the first of them the main one."""

    @property
    def loss(self) -> float: ...
    @property
    def measures(self) -> Mapping[str, float]: ...
    def sentence(self) -> str: ...
    def to_json(self, classes: tuple[str, ...]) -> dict[str, Any]: ...


class Task(Protocol):
    """Made for one network: raises ValueError where it cannot learn that.

    slots: classes that the network tells apart, the background among them if there is one.
    """

    name: str
    slots: int

    def loss(self, outputs: Any, answers: Any, smoothing: float) -> tuple[float, Any]:
        """-> loss, gradients of the outputs."""

    def correct(self, outputs: Any, answers: Any) -> float:
        """How much of the answers is right in training, of B."""

    def batches(self, pictures: Any, recipe: Recipe, seed: int, augmentation: Any) -> Any:
        """Without end, to learn from."""

    def in_order(self, pictures: Any, central: float, dtype: Any) -> Any:
        """Every picture once, to be judged by."""

    def evaluate(self, net: Graph, weights: Mapping[str, Array], batches: Iterable[Any]) -> Judged: ...


class Classification:
    """A class for each picture."""

    name = "classification"

    def __init__(self, net: Graph) -> None:
        self.slots = check_classifier(net)

    def loss(self, outputs: Array, answers: Array, smoothing: float) -> tuple[float, Array]:
        """See Task."""
        return softmax_cross_entropy(outputs, answers, smoothing)

    def correct(self, outputs: Array, answers: Array) -> int:
        """Pictures whose class has the highest logit."""
        return int((ranks(outputs, answers) < 1).sum())

    def batches(self, pictures: Dataset, recipe: Recipe, seed: int, augmentation: Any) -> Batches:
        """See Task."""
        return Batches(pictures, recipe.batch, seed, augmentation)

    def in_order(self, pictures: Dataset, central: float, dtype: Any) -> InOrder:
        """See Task."""
        return InOrder(pictures, BATCH, central, dtype)

    def evaluate(self, net: Graph, weights: Mapping[str, Array], batches: Iterable[Any]) -> Evaluation:
        """See Task."""
        return evaluate(net, weights, batches)


class _OfScenes:
    """Pictures of many things."""

    def batches(self, pictures: Pictures, recipe: Recipe, seed: int, augmentation: Any) -> TruthBatches:
        """See Task."""
        return TruthBatches(pictures, recipe.batch, seed, augmentation)

    def in_order(self, pictures: Pictures, central: float, dtype: Any) -> TruthInOrder:
        """See Task."""
        return TruthInOrder(pictures, SCENES, dtype)


class Detected(NamedTuple):
    """Of a detector. loss: the multibox loss, mean over the batches."""

    images: int
    loss: float
    precision: Precision

    @property
    def measures(self) -> Mapping[str, float]:
        return {"ap50": self.precision.ap50, "ap": self.precision.ap}

    def sentence(self) -> str:
        """In one line."""
        ap, ap50, ap75 = (100 * each for each in self.precision[:3])
        found = f"AP {ap:.2f} %, at an overlap of 0.50 {ap50:.2f} %, of 0.75 {ap75:.2f} %"
        return f"{self.images:,} images: {found}, loss {self.loss:.4f}"

    def to_json(self, classes: tuple[str, ...]) -> dict[str, Any]:
        """For --json: shares as they are."""
        ap, ap50, ap75, of_classes = self.precision
        each = {classes[number - 1]: value for number, value in of_classes.items()}
        return {"images": self.images, "loss": self.loss, "ap": ap, "ap50": ap50, "ap75": ap75, "classes": each}


class Detection(_OfScenes):
    """Things, and boxes around them."""

    name = "detection"

    def __init__(self, net: Graph) -> None:
        self.defaults, self.slots = default_boxes_of(net), slots_of(net)

    def loss(self, outputs: Mapping[str, Array], answers: list[Truth], smoothing: float) -> tuple[float, Any]:
        """See Task. Labels of boxes are not smoothed."""
        codes, logits = joined(outputs)
        found = multibox_loss(codes, logits, self._targets(answers, logits.dtype))
        return found.loss, divided(found.dcodes, found.dlogits, outputs)

    def correct(self, outputs: Mapping[str, Array], answers: list[Truth]) -> float:
        """Of each picture, the share of the default boxes with a thing whose class has the highest logit."""
        _, logits = joined(outputs)
        slots = self._targets(answers, logits.dtype).slots
        right = (logits.argmax(2) == slots) & (slots != BACKGROUND)
        things = (slots != BACKGROUND).sum(1)
        return float(np.where(things > 0, right.sum(1) / np.maximum(things, 1), 1).sum())

    def _targets(self, answers: list[Truth], dtype: Any) -> Targets:
        boxes, things = ([getattr(each, name)[~each.crowd] for each in answers] for name in ("boxes", "things"))
        return targets_of(boxes, things, self.defaults, self.slots, dtype)

    def evaluate(self, net: Graph, weights: Mapping[str, Array], batches: Iterable[Any]) -> Detected:
        """See Task."""
        found, there, losses = [], [], []
        for images, answers in batches:
            outputs = net.forward(weights, images)
            losses.append(self.loss(outputs, answers, 0.0)[0])
            found += found_in(outputs, self.defaults, LEAST)
            there += [Things(each.boxes, each.things, each.crowd) for each in answers]
        return Detected(len(there), float(np.mean(losses)), average_precision(found, there, self.slots - 1))


class Segmented(NamedTuple):
    """Of a network that gives each pixel a class. loss: mean over the batches."""

    images: int
    loss: float
    found: MeanIou

    @property
    def measures(self) -> Mapping[str, float]:
        return {"mean_iou": self.found.mean, "accuracy": self.found.accuracy}

    def sentence(self) -> str:
        """In one line."""
        mean, accuracy = 100 * self.found.mean, 100 * self.found.accuracy
        return f"{self.images:,} images: mean IoU {mean:.2f} %, of pixels {accuracy:.2f} %, loss {self.loss:.4f}"

    def to_json(self, classes: tuple[str, ...]) -> dict[str, Any]:
        """For --json: shares as they are, null for a class that does not occur."""
        names = ("background", *classes)
        each = {name: None if np.isnan(x) else float(x) for name, x in zip(names, self.found.of_classes, strict=True)}
        told = {"images": self.images, "loss": self.loss, "mean_iou": self.found.mean}
        return told | {"accuracy": self.found.accuracy, "classes": each}


class Segmentation(_OfScenes):
    """A class for each pixel."""

    name = "segmentation"

    def __init__(self, net: Graph) -> None:
        self.slots = check_segmenter(net)

    def loss(self, outputs: Array, answers: list[Truth], smoothing: float) -> tuple[float, Array]:
        """See Task. Labels of pixels are not smoothed."""
        return pixel_cross_entropy(outputs, _labels(answers))

    def correct(self, outputs: Array, answers: list[Truth]) -> float:
        """Of each picture, the share of its pixels that count whose class has the highest logit."""
        labels = _labels(answers)
        counted = labels != IGNORED
        right = ((outputs.argmax(3) == labels) & counted).sum((1, 2))
        pixels = counted.sum((1, 2))
        return float(np.where(pixels > 0, right / np.maximum(pixels, 1), 1).sum())

    def evaluate(self, net: Graph, weights: Mapping[str, Array], batches: Iterable[Any]) -> Segmented:
        """See Task."""
        pixels, losses, images = Pixels(self.slots), [], 0
        for pictures, answers in batches:
            outputs = net.forward(weights, pictures)
            losses.append(self.loss(outputs, answers, 0.0)[0])
            pixels.add(_labels(answers), outputs.argmax(3))
            images += len(pictures)
        return Segmented(images, float(np.mean(losses)), pixels.result())


def _labels(answers: list[Truth]) -> Array:
    """(B, H, W). Raises ValueError for pictures of which nobody painted the classes."""
    labels = [each.labels for each in answers]
    if any(each is None for each in labels):
        raise ValueError("labels: wanted a class for each pixel, got pictures with boxes only")
    return np.stack([np.asarray(each) for each in labels])


TASKS = {each.name: each for each in (Classification, Detection, Segmentation)}
