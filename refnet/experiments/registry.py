"""The experiments by name. Each has a module of its name, with underscores, that defines EXPERIMENT."""

from difflib import get_close_matches
from importlib import import_module

from .experiment import Experiment

NAMES = (
    "relu-collapse",
    "activation-patterns",
    "linear-bottleneck",
    "shortcuts",
    "expansion",
    "separable-or-full",
    "thin-or-shallow",
    "tradeoff",
    "depthwise-decay",
    "low-precision",
    "distillation",
)


def named(name: str) -> Experiment:
    """Raises ValueError for a name that there is not, with the near ones."""
    if name not in NAMES:
        known = ", ".join(get_close_matches(name, NAMES, n=2)) or ", ".join(NAMES)
        raise ValueError(f"NAME: wanted an experiment, such as {known}; got {name!r}")
    found: Experiment = import_module(f".{name.replace('-', '_')}", __package__).EXPERIMENT
    return found
