"""What a small network may learn from: labels, or a teacher; and how well it does, whatever it learned.

    B images    K classes    A attributes    M numbers of an embedding    z outputs of the student

    target            outputs          from
    labels            K classes        the labels
    attribute labels  A attributes     the labels: each attribute there or not
    soft targets      K classes        the teacher's probabilities at a temperature (Hinton et al. 2015)
    attributes        A attributes     the teacher's probability of each attribute (V1 section 4.5)
    embedding         M, length 1      the teacher's pooled features, divided by their length (V1 section 4.7)
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from ..data.batches import InOrder
from ..data.dataset import Dataset
from ..engine.compiling import compile as compiled
from ..graph import Graph
from ..layers.base import Array
from ..training.evaluation import BATCH, ranks
from ..training.losses import distillation, sigmoid_cross_entropy, squared_difference
from ..training.task import Lesson
from ..training.trainer import Trainer
from .attributes import mean_average_precision, probabilities_of
from .teachers import Teacher, features

LABELS, ATTRIBUTE_LABELS, SOFT, ATTRIBUTES, EMBEDDING = TARGETS = (
    "labels",
    "attribute labels",
    "soft targets",
    "attributes",
    "embedding",
)
# V1 section 4.5: with a teacher, no regularization such as weight decay is needed.
WITHOUT_REGULARIZATION: Mapping[str, Any] = {"weight_decay": 0.0, "smoothing": 0.0}

Loss = Callable[[Array, Array, Array], tuple[float, Array]]  # (images, labels, z) -> loss, dz


class Student(Trainer):
    """Learns what the loss says."""

    def __init__(self, *given: Any, target: Loss, **more: Any) -> None:
        super().__init__(*given, **more)
        self._target = target

    def lesson(self, images: Array, labels: Array, logits: Array) -> Lesson:
        """Nothing counts as right: outputs need not be classes."""
        return Lesson(*self._target(images, labels, logits), correct=0)


def trainer_of(
    name: str, teacher: Teacher | None, batch: int, table: Array, temperature: float
) -> Callable[..., Trainer]:
    """The class of the trainer. table: which class has which attribute, (K, A)."""
    if name == LABELS:
        return Trainer
    if name == ATTRIBUTE_LABELS:
        return partial(Student, target=lambda _, labels, z: _of_attributes(z, table[labels]))
    if teacher is None:
        raise ValueError(f"teacher: wanted one for the target {name!r}, got none")
    net = features(teacher.net) if name == EMBEDDING else teacher.net
    program = compiled(net, teacher.weights, batch, threads=1)
    losses: dict[str, Loss] = {
        SOFT: lambda images, _, z: distillation(z, program(images), temperature),
        ATTRIBUTES: lambda images, _, z: _of_attributes(z, probabilities_of(program(images), table)),
        EMBEDDING: lambda images, _, z: squared_difference(z, program(images)),
    }
    return partial(Student, target=losses[name])


def _of_attributes(z: Array, targets: Array) -> tuple[float, Array]:
    """Cross-entropy summed over attributes: of their mean, as the paper has it, gradients would be A times smaller than
    those of classes, for which the recipe's rate and epsilon are made.
    """
    loss, dz = sigmoid_cross_entropy(z, targets)
    return loss * z.shape[1], dz * z.dtype.type(z.shape[1])


def scores_of_classes(name: str, z: Array, table: Array) -> Array:
    """The more, the likelier; of attributes, the sum over those of the class. Shapes: z (B, K or A) -> (B, K)."""
    return z @ table.T if name in (ATTRIBUTE_LABELS, ATTRIBUTES) else z


def scores_of_attributes(name: str, z: Array, table: Array) -> Array:
    """The more, the likelier. Shapes: z (B, K or A) -> (B, A)."""
    return z if name in (ATTRIBUTE_LABELS, ATTRIBUTES) else probabilities_of(z, table)


def judged(
    name: str, net: Graph, weights: Mapping[str, Array], gallery: Dataset, test: Dataset, table: Array
) -> dict[str, Any]:
    """On the test images, from 0 to 1. gallery: images whose classes are known, to compare embeddings with.

    accuracy  by the outputs    mean_ap  over attributes (V1 Table 12)    nearest  accuracy by the nearest class mean
    An embedding has only the means: its scores are how near they are.
    """
    own = net if name == EMBEDDING else features(net)
    means = class_means(outputs(own, weights, gallery), gallery.labels, len(table))
    embeddings = outputs(own, weights, test)
    near = nearness(embeddings, means)
    truth = table[test.labels] > 0
    if name == EMBEDDING:
        z, attributes = near, np.where(table.T > 0, near[:, None, :], -np.inf).max(2)
    else:
        z = outputs(net, weights, test)
        attributes = scores_of_attributes(name, z, table)
        z = scores_of_classes(name, z, table)
    return {
        "accuracy": share_right(z, test.labels),
        "mean_ap": mean_average_precision(attributes, truth),
        "nearest": share_right(near, test.labels),
    }


def outputs(net: Graph, weights: Mapping[str, Array], dataset: Dataset) -> Array:
    """Of all images, as in evaluation."""
    batches = InOrder(dataset, BATCH)
    return np.concatenate([net.forward(weights, batches.batch(step).images) for step in range(len(batches))])


def class_means(embeddings: Array, labels: Array, classes: int) -> Array:
    """Shapes: embeddings (B, M), labels (B,) -> (K, M). Raises ValueError for a class without an image."""
    counts = np.bincount(labels, minlength=classes)
    if not counts.all():
        raise ValueError(f"gallery: wanted images of all {classes} classes, got none of class {counts.argmin()}")
    sums = np.zeros((classes, embeddings.shape[1]))
    np.add.at(sums, labels, embeddings)
    means: Array = sums / counts[:, None]
    return means


def nearness(embeddings: Array, means: Array) -> Array:
    """Minus the squared distance of each image from each class. Shapes: (B, M), (K, M) -> (B, K)."""
    squares = np.square(embeddings, dtype=np.float64).sum(1)[:, None] + np.square(means).sum(1)
    near: Array = 2 * embeddings @ means.T - squares
    return near


def share_right(scores: Array, labels: Array) -> float:
    """Shapes: scores (B, K), labels (B,)."""
    return float((ranks(scores, labels) < 1).mean())
