"""What experiments on accuracy have in common: arms that train a network, their columns, advantages in points."""

from collections.abc import Callable, Mapping
from typing import Any

from .experiment import Arm, ByArm, Column, Result, Size
from .learning import changes_for


def percent(result: Result) -> float:
    """Accuracy on the test images, 0 to 100."""
    return 100 * float(result["accuracy"])


COLUMNS = (
    Column("accuracy, %", percent),
    Column("training loss, nats", lambda result: float(result["training_loss"])),
    Column("M multiply-adds", lambda result: result["madds"] / 1e6),
    Column("K weights", lambda result: result["weights"] / 1e3, ".0f"),
)
DATA_NOTE = (
    "Drawn shapes (or CIFAR-10) at 64 x 64 or less, less than two epochs of a recipe for small pictures, and a rate "
    "that suits the family's usual network; the paper has ImageNet at 224 x 224, and trains to the end. What is "
    "compared is how fast networks begin to learn: its training loss says how far an arm is (of 24 classes, knowing "
    "nothing is 3.18)."
)


def classifier(
    name: str, size: Size, model: str, builder: Mapping[str, Any], resolution: int | None = None
) -> Arm:
    """An arm that trains a network of `refnet.models`. resolution: of the images, where not as stored."""
    settings = {**size.learning, "model": model, "builder": dict(builder), "changes": changes_for(model)}
    if resolution is not None:
        settings["images"] = {**settings["images"], "resolution": resolution}
    return Arm(name, "learning:classify", settings)


def points_above(name: str, other: str) -> Callable[[ByArm], float]:
    """How many points of accuracy an arm has above another."""
    return lambda by_arm: percent(by_arm[name]) - percent(by_arm[other])
