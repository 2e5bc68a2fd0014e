"""What a network learns: the class of a picture, the things in it, or the class of each of its pixels.

    B pictures of a batch    outputs  as `Graph.forward` returns them    answers  what is true of each picture
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np

from ..data.batches import Batches, InOrder
from ..data.dataset import Dataset
from ..data.truth import IGNORED, Pictures, Truth
from ..data.truth_batches import TruthBatches, TruthInOrder
from ..graph import Graph
from ..layers.base import Array
from ..tasks.defaults import default_boxes_of
from ..tasks.detection import found_in
from ..tasks.mean_iou import MeanIou, Pixels
from ..tasks.multibox import BACKGROUND, multibox_loss, targets_of
from ..tasks.pixel_loss import pixel_cross_entropy
from ..tasks.precision import Precision, average_precision
from ..tasks.predictions import divided, joined, maps_of
from ..tasks.segmentation import check_segmenter
from ..tasks.things import Things
from .classifiers import check_classifier
from .evaluation import BATCH, Evaluation, evaluate, ranks
from .losses import softmax_cross_entropy
from .recipes import Recipe

SCENES = 8  # pictures of many things that are judged at a time
LEAST = 0.01  # the score of a detection that is judged: Liu et al. 2016, "SSD", section 3.7


class Judged(Protocol):
    """How well a network did. loss: the mean. measures: shares from 0 to 1 by name."""

    @property
    def loss(self) -> float: ...
    @property
    def measures(self) -> Mapping[str, float]: ...
    def sentence(self) -> str: ...
    def to_json(self, classes: tuple[str, ...]) -> dict[str, Any]: ...


class Lesson(NamedTuple):
    """What a batch teaches. loss: mean over the batch. gradient: of the outputs. correct: how much was right, of B."""

    loss: float
    gradient: Any
    correct: float


class Task(Protocol):
    """Made for one network: raises ValueError where it cannot learn that.

    slots: classes that the network tells apart, the background among them if there is one. smooths: whether it has
    labels that can be smoothed.
    """

    name: str
    slots: int
    smooths: bool

    def lesson(self, outputs: Any, answers: Any, smoothing: float) -> Lesson:
        """smoothing: of labels. For gradients: loss, gradient and correct belong to one batch."""

    def batches(self, pictures: Any, recipe: Recipe, seed: int, augmentation: Any) -> Any:
        """Without end, to learn from."""

    def in_order(self, pictures: Any, central: float, dtype: Any) -> Any:
        """Every picture once, to be judged by."""

    def evaluate(self, net: Graph, weights: Mapping[str, Array], batches: Iterable[Any]) -> Judged: ...


class Classification:
    """A class for each picture."""

    name, smooths = "classification", True

    def __init__(self, net: Graph) -> None:
        self.slots = check_classifier(net)

    def lesson(self, outputs: Array, answers: Array, smoothing: float) -> Lesson:
        """See Task. Right is a picture whose class has the highest logit."""
        return Lesson(*softmax_cross_entropy(outputs, answers, smoothing), int((ranks(outputs, answers) < 1).sum()))

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

    smooths = False

    def batches(self, pictures: Pictures, recipe: Recipe, seed: int, augmentation: Any) -> TruthBatches:
        """See Task."""
        return TruthBatches(pictures, recipe.batch, seed, augmentation)

    def in_order(self, pictures: Pictures, central: float, dtype: Any) -> TruthInOrder:
        """See Task."""
        return TruthInOrder(pictures, SCENES, dtype)


class Detected(NamedTuple):
    """Of a detector. loss: the multibox loss, mean over batches by their pictures."""

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
        self.defaults, self.slots = default_boxes_of(net), maps_of(net).slots

    def lesson(self, outputs: Mapping[str, Array], answers: list[Truth], smoothing: float) -> Lesson:
        """See Task. Right is, of the default boxes that have a thing, the share whose class has the highest logit."""
        codes, logits = joined(outputs)
        targets = targets_of(_things(answers), self.defaults, self.slots, logits.dtype)
        found = multibox_loss(codes, logits, targets)
        things = targets.slots > BACKGROUND
        correct = _shares((logits.argmax(2) == targets.slots) & things, things)
        return Lesson(found.loss, divided(found.dcodes, found.dlogits, outputs), correct)

    def evaluate(self, net: Graph, weights: Mapping[str, Array], batches: Iterable[Any]) -> Detected:
        """See Task."""
        found, there, loss = [], [], 0.0
        for images, answers in batches:
            outputs = net.forward(weights, images)
            loss += self.lesson(outputs, answers, 0.0).loss * len(images)
            found += found_in(outputs, self.defaults, LEAST)
            there += _things(answers)
        return Detected(len(there), loss / len(there), average_precision(found, there, self.slots - 1))


def _things(answers: list[Truth]) -> list[Things]:
    return [Things(each.boxes, each.things, each.ignored, each.crowd) for each in answers]


class Segmented(NamedTuple):
    """Of a network that gives each pixel a class. loss: mean over batches by their pictures."""

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

    def lesson(self, outputs: Array, answers: list[Truth], smoothing: float) -> Lesson:
        """See Task. Right is, of the pixels that count, the share whose class has the highest logit."""
        labels = _labels(answers)
        counted = labels != IGNORED
        correct = _shares((outputs.argmax(3) == labels) & counted, counted)
        return Lesson(*pixel_cross_entropy(outputs, labels), correct)

    def evaluate(self, net: Graph, weights: Mapping[str, Array], batches: Iterable[Any]) -> Segmented:
        """See Task."""
        pixels, loss, images = Pixels(self.slots), 0.0, 0
        for pictures, answers in batches:
            outputs = net.forward(weights, pictures)
            loss += self.lesson(outputs, answers, 0.0).loss * len(pictures)
            pixels.add(_labels(answers), outputs.argmax(3))
            images += len(pictures)
        return Segmented(images, loss / images, pixels.result())


def _shares(right: Array, counted: Array) -> float:
    """Of what counts in each picture, the share that is right, or 1 if nothing counts: summed. Shapes: (B, ...)."""
    hits, total = (each.reshape(len(each), -1).sum(1) for each in (right, counted))
    return float(np.where(total > 0, hits / np.maximum(total, 1), 1).sum())


def _labels(answers: list[Truth]) -> Array:
    """(B, H, W). Raises ValueError for pictures of which nobody painted the classes."""
    labels = [each.labels for each in answers]
    if any(each is None for each in labels):
        raise ValueError("labels: wanted a class for each pixel, got pictures with boxes only")
    return np.stack([np.asarray(each) for each in labels])


TASKS = {each.name: each for each in (Classification, Detection, Segmentation)}
