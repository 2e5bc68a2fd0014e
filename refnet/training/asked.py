"""What a checkpoint says of the run that wrote it: enough to build its network again without its pictures."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..graph import Graph
from . import loop
from .checkpoints import Checkpoint
from .subjects import Known, subject

WORDS = ("task", "model", "width", "more", "data", "resolution", "root", "seed")  # options that a checkpoint keeps
KEPT = (*WORDS, "recipe", "classes", "shape")


def checkpoint_of(path: str) -> Path:
    """The checkpoint itself, where its run's folder was named."""
    return Path(path) / loop.CHECKPOINT if Path(path).is_dir() else Path(path)


def asked_of(found: Checkpoint, path: Path) -> Mapping[str, Any]:
    """Raises ValueError that names the file if it does not say all that `refnet train` says."""
    if missing := [name for name in KEPT if name not in found.about.run]:
        raise ValueError(f"{path}: wanted a checkpoint of `refnet train`, got one that does not say {missing[0]}")
    return found.about.run


def network_of(asked: Mapping[str, Any], more: Sequence[str] = ()) -> Graph:
    """As it was trained, without its pictures; more: settings, "output_stride=8", that its builder has instead.

    Raises what building it raises.
    """
    changed = {word.partition("=")[0] for word in more}
    asked = {**asked, "more": [*(word for word in asked["more"] if word.partition("=")[0] not in changed), *more]}
    height, width, channels = asked["shape"]
    known = Known(asked["data"], tuple(asked["classes"]), (height, width, channels))
    return subject(asked["task"]).network(asked, known)
