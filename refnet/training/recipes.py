"""Full sets of settings by name, and where each comes from.

    small      for a few thousand small pictures and a run of minutes: the default
    scenes     the same for pictures of many things, in detection and segmentation
    paper-v1   as the papers say; where they are silent, as their code does
    paper-v2   the same with V2's batch norm (which a network brings along)
    slim-v1    as research/slim/nets/mobilenet_v1_train.py does, without its quantization
    slim-v2    as research/slim/train_image_classifier.py does with the flags of research/slim/nets/mobilenet/README.md

research/slim is a folder of the repository tensorflow/models. None of these trained on ImageNet here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple

from ..graph import Graph
from ..layers.base import Array, check_choice, check_count, check_flag
from .groups import decayed
from .numbers import check_number
from .optimizers import FLAVORS, SGD, Optimizer, RMSProp
from .schedules import Constant, Cosine, Exponential, Schedule
from .statistics import with_decay

SCHEDULES = ("exponential", "cosine", "constant")


@dataclass(frozen=True)
class Recipe:
    """Raises ValueError for a value out of range, naming the field.

    optimizer    "rmsprop" or "sgd"               flavor, decay, eps    of RMSProp; momentum of both
    rate         the highest learning rate        schedule              exponential, cosine or constant
    factor, epochs_per_decay                      of the exponential one, which is a staircase
    warmup_epochs                                 of the cosine; half of a run that would be nothing else
    weight_decay, depthwise_decay                 L2, and whether depthwise kernels have it too
    batch_norm_decay                              None for what the network brings along
    smoothing    of labels                        average     decay of the moving average of weights, None for none
    augmentation a name that refnet.data knows    batch       images per step, all on this machine
    epochs       how long, unless told otherwise
    """

    name: str
    optimizer: str = "rmsprop"
    flavor: str = "tensorflow"
    decay: float = 0.9
    momentum: float = 0.9
    eps: float = 1.0
    rate: float = 0.045
    schedule: str = "exponential"
    factor: float = 0.98
    epochs_per_decay: float = 1.0
    warmup_epochs: float = 0.0
    weight_decay: float = 0.00004
    depthwise_decay: bool = False
    batch_norm_decay: float | None = None
    smoothing: float = 0.0
    average: float | None = None
    augmentation: str = "v1-small-models"
    batch: int = 96
    epochs: int = 300

    def __post_init__(self) -> None:
        check_choice(self.optimizer, ("rmsprop", "sgd"), "optimizer")
        check_choice(self.flavor, FLAVORS, "flavor")
        check_choice(self.schedule, SCHEDULES, "schedule")
        check_flag(self.depthwise_decay, "depthwise_decay")
        for name in ("eps", "rate", "factor", "warmup_epochs", "weight_decay"):
            check_number(getattr(self, name), name)
        for name in ("decay", "momentum", "smoothing"):
            check_number(getattr(self, name), name, below=1)
        for name in ("batch_norm_decay", "average"):
            if getattr(self, name) is not None:
                check_number(getattr(self, name), name, below=1)
        if not check_number(self.epochs_per_decay, "epochs_per_decay"):
            raise ValueError("epochs_per_decay: wanted a number of epochs above 0, got 0")
        check_count(self.batch, "batch")
        check_count(self.epochs, "epochs")

    def changed(self, settings: Mapping[str, Any]) -> "Recipe":
        """The recipe with other values in some fields; with another flavor, that one's eps unless told otherwise.

        Raises ValueError for a field that there is not.
        """
        known = [field.name for field in fields(self) if field.name != "name"]
        if unknown := [name for name in settings if name not in known]:
            raise ValueError(f"recipe: no setting {', '.join(unknown)}; it has {', '.join(known)}")
        flavor = settings.get("flavor", self.flavor)
        own = {"eps": FLAVORS[flavor].eps} if flavor != self.flavor and flavor in FLAVORS else {}
        return replace(self, **{**own, **settings})

    def network(self, net: Graph) -> Graph:
        """The network with the recipe's decay in its batch norms."""
        return net if self.batch_norm_decay is None else with_decay(net, self.batch_norm_decay)

    def optimizer_of(self, net: Graph, weights: Mapping[str, Array]) -> Optimizer:
        """For the trainable ones of these weights, which it changes in place."""
        trained = {key: weights[key] for key, each in net.parameters().items() if each.trainable}
        group = decayed(net, self.depthwise_decay)
        if self.optimizer == "sgd":
            return SGD(trained, self.momentum, False, self.weight_decay, group)
        return RMSProp(trained, self.flavor, self.decay, self.momentum, self.eps, self.weight_decay, group)

    def rates(self, per_epoch: int, steps: int) -> Schedule:
        """The learning rate by step, for a run of so many steps, per_epoch of them in an epoch."""
        if self.schedule == "constant":
            return Constant(self.rate)
        if self.schedule == "cosine":
            warmup = round(self.warmup_epochs * per_epoch)
            return Cosine(self.rate, steps, warmup if warmup < steps else steps // 2)
        return Exponential(self.rate, self.factor, max(1, int(per_epoch * self.epochs_per_decay)))


# The rate and eps of `small`: of the few pairs that were tried, that with which V1 had the least loss on the last 360
# training digits after learning from the others, while V2's hardly changed. It begins gently because a mean square that
# begins at 0 has nothing to forget meanwhile; how far rounding carries two such runs apart,
# tests/training/digit_twins.py prints.
RECIPES = {
    each.name: each
    for each in (
        Recipe(
            "small",
            flavor="keras",
            eps=1e-5,
            rate=0.0005,
            schedule="cosine",
            warmup_epochs=20.0,
            batch_norm_decay=0.95,
            smoothing=0.1,
            average=0.98,
            augmentation="small",
            batch=64,
            epochs=40,
        ),
        Recipe(
            "scenes",
            flavor="keras",
            eps=1e-5,
            rate=0.001,
            schedule="cosine",
            warmup_epochs=1.0,
            batch_norm_decay=0.95,
            average=0.98,
            augmentation="flip",
            batch=16,
            epochs=10,
        ),
        Recipe("paper-v1"),
        Recipe("paper-v2"),
        Recipe(
            "slim-v1",
            optimizer="sgd",
            momentum=0.0,
            factor=0.94,
            epochs_per_decay=2.5,
            augmentation="inception",
            batch=64,
        ),
        Recipe("slim-v2", epochs_per_decay=2.5, smoothing=0.1, average=0.9999, augmentation="inception"),
    )
}

# What the papers say of each field. Where neither does, what the program has that trained the published networks.
_V1, _V2 = "V1 section 3.2", "V2 section 6.1"
_SLIM = "research/slim/train_image_classifier.py; neither paper says"
PAPER: dict[str, tuple[Any, str]] = {
    "optimizer": ("rmsprop", f"{_V1}, {_V2}"),
    "flavor": ("tensorflow", f"{_V1}, {_V2}"),
    "decay": (0.9, _V2),
    "momentum": (0.9, _V2),
    "eps": (1.0, f"opt_epsilon of {_SLIM}"),
    "rate": (0.045, f"{_V2}, which follows V1"),
    "schedule": ("exponential", f"{_V2}, which follows V1"),
    "factor": (0.98, f"{_V2}, which follows V1"),
    "epochs_per_decay": (1.0, f"{_V2}, which follows V1"),
    "warmup_epochs": (0.0, "neither paper has one"),
    "weight_decay": (0.00004, _V2),
    "depthwise_decay": (False, f'"very little or no", {_V1}'),
    "batch_norm_decay": (None, "0.9997 and 0.997 in the code of V1 and V2; neither paper says"),
    "smoothing": (0.0, _V1),
    "average": (None, "neither paper has one"),
    "augmentation": ("v1-small-models", f"{_V1}, which limits crops and does not say how much: a quarter is ours"),
    "batch": (96, f"{_V2}, with 16 asynchronous workers; here one, synchronous"),
    "epochs": ("not said", "neither paper says how long: ours"),
}


class Setting(NamedTuple):
    """One line of a recipe: its field and value, the paper's value, that one's source, whether the two differ."""

    field: str
    value: Any
    paper: Any
    source: str
    differs: bool


def recipe(name: str, settings: Mapping[str, Any] | None = None) -> Recipe:
    """The recipe of that name with some settings changed. Raises ValueError that lists the names."""
    return RECIPES[check_choice(name, RECIPES, "recipe")].changed(settings or {})


def described(given: Recipe) -> list[Setting]:
    """Every field that takes part, beside the paper's value and where that stands."""
    rows = []
    for field in fields(given):
        name, value = field.name, getattr(given, field.name)
        if name == "name" or (name in _UNUSED.get(given.optimizer, ()) or name in _UNUSED.get(given.schedule, ())):
            continue
        paper, source = PAPER[name]
        rows.append(Setting(name, value, paper, source, paper != value))
    return rows


_EXPONENTIAL = ("factor", "epochs_per_decay")
_UNUSED = {
    "sgd": ("flavor", "decay", "eps"),
    "exponential": ("warmup_epochs",),
    "cosine": _EXPONENTIAL,
    "constant": (*_EXPONENTIAL, "warmup_epochs"),
}
