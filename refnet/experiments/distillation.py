"""`distillation`: a small MobileNet V1 that learns from a larger one, or from labels: V1 sections 4.5 and 4.7."""

from collections.abc import Callable
from typing import Any

from . import distillation_figure
from .accuracy import percent, points_above
from .experiment import Arm, ByArm, Claim, Column, Experiment, Result, Size
from .learning import changes_for
from .sizes import SIZES
from .students import ATTRIBUTE_LABELS, ATTRIBUTES, EMBEDDING, LABELS, SOFT

MODEL = "mobilenet_v1"
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
    common = {"model": MODEL, "changes": changes_for(MODEL), "gallery": size.more["gallery"], **size.learning}
    teacher, student = ({"width": size.more[name]} for name in ("teacher", "student"))
    more: dict[str, dict[str, Any]] = {
        LABELS: {},
        ATTRIBUTE_LABELS: {},
        SOFT: {"taught_by": teacher, "temperature": TEMPERATURE},
        ATTRIBUTES: {"taught_by": teacher},
        EMBEDDING: {"taught_by": teacher},
    }
    return [
        Arm(TEACHER, "teaching:teach", {**common, "builder": teacher}),
        *(
            Arm(NAMES[target], "teaching:study", {**common, "builder": student, "target": target, **each})
            for target, each in more.items()
        ),
    ]


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
        paper=1.2,
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
        "With a teacher there is neither weight decay nor label smoothing nor a label: both change together, as in the "
        "paper. The images are the same, while the paper's teachers label more images than people did.",
        f"Soft targets have a temperature of {TEMPERATURE:g} (Hinton et al. 2015), of which the paper says nothing.",
        "Table 14 has the accuracy of verification at 1e-4 false acceptances; here an embedding is judged by the "
        "nearest class mean.",
        "Classes of attribute students are those whose attributes have the highest sum of logits.",
    ),
)
