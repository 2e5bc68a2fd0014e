"""The teacher's cell and the student's: what `distillation` compares."""

from collections.abc import Mapping
from typing import Any

from ..data.dataset import Splits
from ..data.sources import some
from ..graph import Graph
from ..layers.base import check_choice
from ..models.uses import mobilenet_v1_attributes, mobilenet_v1_embedding
from .attributes import attributes
from .learning import described, images_of, last_loss, network, settings_of, trained
from .students import (
    ATTRIBUTE_LABELS,
    ATTRIBUTES,
    EMBEDDING,
    LABELS,
    TARGETS,
    WITHOUT_REGULARIZATION,
    judged,
    trainer_of,
)
from .teachers import Teacher, teacher


def teach(
    *,
    model: str,
    builder: Mapping[str, Any],
    changes: Mapping[str, Any],
    gallery: int,
    seed: int,
    steps: int,
    batch: int,
    images: Mapping[str, Any],
) -> dict[str, Any]:
    """The teacher's cell. gallery: training images whose class means embeddings are compared with."""
    known = teacher(model, builder, changes, seed, steps, batch, images)
    data = images_of(**images)
    _, table = attributes(data.train.classes)
    found = judged(LABELS, known.net, known.weights, some(data.train, gallery, seed), data.test, table)
    return {**found, "training_loss": known.training_loss, **described(known.net)}


def study(
    *,
    target: str,
    model: str,
    builder: Mapping[str, Any],
    changes: Mapping[str, Any],
    gallery: int,
    seed: int,
    steps: int,
    batch: int,
    images: Mapping[str, Any],
    taught_by: Mapping[str, Any] | None = None,
    temperature: float = 1.0,
) -> dict[str, Any]:
    """A student's cell. taught_by: builder of the teacher, for a target that needs one. temperature: of soft targets.

    The teacher has the same model, steps, batch, images and changes. Raises ValueError for a target that there is not,
    or that lacks a teacher.
    """
    check_choice(target, TARGETS, "target")
    data = images_of(**images)
    words, table = attributes(data.train.classes)
    known = None if taught_by is None else teacher(model, taught_by, changes, seed, steps, batch, images)
    make = trainer_of(target, known, batch, table, temperature)
    net = _student(target, model, builder, data, len(words), known)
    recipe = settings_of(batch, {**changes, **({} if known is None else WITHOUT_REGULARIZATION)})
    trainer, losses = trained(net, data, recipe, steps, seed, make)
    found = judged(target, trainer.net, trainer.best_weights, some(data.train, gallery, seed), data.test, table)
    return {**found, "training_loss": last_loss(losses), **described(net)}


def _student(
    target: str, model: str, builder: Mapping[str, Any], data: Splits, words: int, known: Teacher | None
) -> Graph:
    height, _, _ = data.train.shape
    if target in (ATTRIBUTE_LABELS, ATTRIBUTES):
        return mobilenet_v1_attributes(builder["width"], height, words)
    if target == EMBEDDING and known is not None:
        (dimension,) = known.net.shapes["pool"]
        return mobilenet_v1_embedding(builder["width"], height, dimension)
    return network(model, builder, data)
