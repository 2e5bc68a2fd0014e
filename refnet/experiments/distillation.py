"""A small MobileNet V1 that learns from a larger one, or from labels alone: V1 sections 4.5 and 4.7."""

from collections.abc import Callable
from typing import Any

from ..data.dataset import Splits
from ..data.sources import some
from ..graph import Graph
from ..layers.base import check_choice
from ..models.uses import mobilenet_v1_attributes, mobilenet_v1_embedding
from ..models.v1 import mobilenet_v1
from . import distillation_figure
from .accuracy import percent, points_above
from .attributes import attributes
from .experiment import Arm, ByArm, Claim, Column, Experiment, Result, Size
from .learning import changes_for, described, images_of, last_loss, settings_of, trained
from .sizes import SIZES
from .students import (
    ATTRIBUTE_LABELS,
    ATTRIBUTES,
    EMBEDDING,
    LABELS,
    LESSONS,
    SOFT,
    WITHOUT_REGULARIZATION,
    judged,
    lesson_of,
)
from .teachers import Teacher, teacher


def teach(*, width: float, gallery: int, seed: int, **learning: Any) -> dict[str, Any]:
    """The teacher's cell. gallery: training images whose class means embeddings are compared with."""
    known = _teacher(width, seed, learning)
    data = _data(learning)
    _, table = attributes(data.train.classes)
    found = judged(LABELS, known.net, known.weights, some(data.train, gallery, seed), data.test, table)
    return {**found, "training_loss": known.training_loss, **described(known.net)}


def study(
    *,
    lesson: str,
    width: float,
    gallery: int,
    seed: int,
    teacher_width: float | None = None,
    temperature: float = 1.0,
    **learning: Any,
) -> dict[str, Any]:
    """A student's cell. teacher_width: where the lesson needs a teacher. temperature: of soft targets.

    learning: steps, batch and changes of the recipe, the teacher's too, and the images. Raises ValueError for a lesson
    that there is not, or that lacks a teacher.
    """
    check_choice(lesson, LESSONS, "lesson")
    data = _data(learning)
    words, table = attributes(data.train.classes)
    known = None if teacher_width is None else _teacher(teacher_width, seed, learning)
    batch, steps = learning["batch"], learning["steps"]
    make = lesson_of(lesson, known, batch, table, temperature)
    net = _student(lesson, width, data, len(words), known)
    regularization = {} if known is None else WITHOUT_REGULARIZATION
    recipe = settings_of(batch, {**learning["changes"], **regularization})
    trainer, losses = trained(net, data, recipe, steps, seed, make)
    weights = trainer.best_weights
    found = judged(lesson, trainer.net, weights, some(data.train, gallery, seed), data.test, table)
    return {**found, "training_loss": last_loss(losses), **described(net)}


def _student(lesson: str, width: float, data: Splits, words: int, known: Teacher | None) -> Graph:
    height, _, _ = data.train.shape
    if lesson in (ATTRIBUTE_LABELS, ATTRIBUTES):
        return mobilenet_v1_attributes(width, height, words)
    if lesson == EMBEDDING and known is not None:
        (dimension,) = known.net.shapes["pool"]
        return mobilenet_v1_embedding(width, height, dimension)
    return mobilenet_v1(width, height, len(data.train.classes))


def _teacher(width: float, seed: int, learning: dict[str, Any]) -> Teacher:
    return teacher(model="mobilenet_v1", builder={"width": width}, seed=seed, **learning)


def _data(learning: dict[str, Any]) -> Splits:
    return images_of(*(learning[name] for name in ("source", "root", "train", "test")))


# What is told.

TEMPERATURE = 4.0
TEACHER = "teacher"
NAMES = {
    LABELS: "student, labels",
    ATTRIBUTE_LABELS: "student, attributes from labels",
    SOFT: "student, teacher's soft targets",
    ATTRIBUTES: "student, attributes from teacher",
    EMBEDDING: "student, teacher's embedding",
}


def arms(size: Size) -> list[Arm]:
    """The teacher first, and last the students that need its weights."""
    common = {"gallery": size.more["gallery"], "changes": changes_for("mobilenet_v1"), **size.learning}
    by_teacher = {"teacher_width": size.more["teacher"]}
    more: dict[str, dict[str, Any]] = {
        LABELS: {},
        ATTRIBUTE_LABELS: {},
        SOFT: {**by_teacher, "temperature": TEMPERATURE},
        ATTRIBUTES: by_teacher,
        EMBEDDING: by_teacher,
    }
    own = {"width": size.more["student"], **common}
    students = [
        Arm(NAMES[lesson], "distillation:study", {**own, "lesson": lesson, **each}) for lesson, each in more.items()
    ]
    return [Arm(TEACHER, "distillation:teach", {"width": size.more["teacher"], **common}), *students]


def _above(measure: str, arm: str, other: str, share: float = 1.0) -> Callable[[ByArm], float]:
    """Points by which one arm's share is above that of another, or above a part of it."""
    return lambda found: 100 * float(found[arm][measure] - share * found[other][measure])


# Table 14: 0.75 MobileNet-128 with 166 of FaceNet's 1600 million multiply-adds, 75.2 % where FaceNet has 83 %.
FACENET_SHARE = 75.2 / 83
CLAIMS = (
    Claim(
        "Trained to emulate a larger network's outputs instead of labels, and without regularization, a small network "
        "is more accurate.",
        "V1 section 4.5",
        "points of accuracy",
        points_above(NAMES[SOFT], NAMES[LABELS]),
    ),
    Claim(
        "With attributes, too, a small network that emulates a larger one is better than one that learns from labels.",
        "V1 section 4.5",
        "points of mean AP",
        _above("mean_ap", NAMES[ATTRIBUTES], NAMES[ATTRIBUTE_LABELS]),
    ),
    Claim(
        "With a tenth of the teacher's multiply-adds the mean AP over attributes is no lower than the teacher's.",
        "V1 Table 12: 0.5 MobileNet-224, 88.1 % for 86.9 %",
        "points of mean AP",
        _above("mean_ap", NAMES[ATTRIBUTES], TEACHER),
    ),
    Claim(
        "With a tenth of the multiply-adds, trained by squared differences of embeddings, it keeps at least "
        f"{100 * FACENET_SHARE:.0f} % of the teacher's accuracy.",
        "V1 Table 14: 0.75 MobileNet-128, 75.2 % for FaceNet's 83 %",
        "points of accuracy",
        _above("nearest", NAMES[EMBEDDING], TEACHER, FACENET_SHARE),
    ),
)


def _percent(measure: str) -> Callable[[Result], float]:
    return lambda result: 100 * float(result[measure])


COLUMNS = (
    Column("accuracy, %", percent),
    Column("mean AP over attributes, %", _percent("mean_ap")),
    Column("accuracy by nearest class mean, %", _percent("nearest")),
    Column("million multiply-adds", lambda result: float(result["madds"]) / 1e6),
    Column("thousand weights", lambda result: float(result["weights"]) / 1e3, ".0f"),
)

EXPERIMENT = Experiment(
    name="distillation",
    source="V1 sections 4.5 and 4.7",
    question="Does a small network learn more from a larger one than from labels?",
    sizes=SIZES["distillation"],
    arms=arms,
    columns=COLUMNS,
    claims=CLAIMS,
    draw=distillation_figure.draw,
    notes=(
        "The paper's data are not public: faces with attributes, and identities of faces. Here attributes are the "
        "words of a class's name, a texture and a shape.",
        "The paper's teachers are other architectures; here it is a wider MobileNet V1, trained by labels.",
        "The teacher's output for an attribute is the sum of its probabilities of the classes that have it.",
        "With a teacher there is neither weight decay nor label smoothing nor a label; the images are the same, while "
        "the paper's teachers label more images than people did.",
        f"Soft targets have a temperature of {TEMPERATURE:g} (Hinton et al. 2015), of which the paper says nothing.",
        "Table 14 has the accuracy of verification at 1e-4 false acceptances; here an embedding is judged by the "
        "nearest class mean.",
        "Classes of attribute students are those whose attributes have the highest sum of logits.",
    ),
)
