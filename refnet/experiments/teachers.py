"""Teachers: the larger networks that smaller ones learn from.

Students are cells of their own, perhaps in other processes: so a teacher's weights are kept in a file of the user's
cache folder, whose name holds all that they depend on, the code included. Whoever finds no file trains the teacher, to
the same bits: several processes that want it at the same time, or each process where that file cannot be.
"""

import json
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import BadZipFile

import numpy as np

from ..graph import Graph
from ..io import files
from ..kernels.store import digest, user_cache_folder
from ..layers.base import Array
from ..layers.normalization import L2Normalize
from ..node import Node
from .basis import code
from .learning import images_of, last_loss, network, settings_of, trained

_KEPT_FILES = 20  # those used last
_LOSS = "training loss"  # beside the weights


class Teacher(NamedTuple):
    """training_loss: over the last steps."""

    net: Graph
    weights: Mapping[str, Array]
    training_loss: float


def teacher(
    model: str,
    builder: Mapping[str, Any],
    changes: Mapping[str, Any],
    seed: int,
    steps: int,
    batch: int,
    images: Mapping[str, Any],
) -> Teacher:
    """Trained by labels, as by `learning.classify`. images: as for `images_of`."""
    return _teacher(json.dumps([model, builder, changes, seed, steps, batch, images], sort_keys=True))


@cache
def _teacher(text: str) -> Teacher:
    model, builder, changes, seed, steps, batch, images = json.loads(text)
    data, recipe = images_of(**images), settings_of(batch, changes)
    net = recipe.network(network(model, builder, data))
    file = _file(f"{text} {recipe}")
    known = _read(file, net) if file else None
    if known is not None:
        return known
    trainer, losses = trained(net, data, recipe, steps, seed)
    found = Teacher(net, trainer.best_weights, last_loss(losses))
    if file:
        with suppress(OSError):
            _write(file, found)
    return found


def _file(text: str) -> Path | None:
    """Where it may be kept, if anywhere."""
    folder = user_cache_folder(sys.platform, os.environ)
    if folder is None:
        return None
    if code() is None:
        return None
    return folder / "refnet" / "teachers" / f"{digest(text.encode(), str(code()).encode())}.npz"


def _read(file: Path, net: Graph) -> Teacher | None:
    """What the file holds, or None if there is none, or if it is something else."""
    try:
        with file.open("rb") as stream:
            found = dict(np.load(stream, allow_pickle=False))
        loss = float(found.pop(_LOSS))
        net.check_weights(found)
        os.utime(file)
    except (OSError, ValueError, TypeError, KeyError, EOFError, BadZipFile):
        return None
    return Teacher(net, found, loss)


def _write(file: Path, found: Teacher) -> None:
    """The files that nobody used for longest go."""
    file.parent.mkdir(parents=True, exist_ok=True)
    files.fill(file, lambda beside: _save(beside, found))
    files.prune(file.parent, "[!.]*.npz", _KEPT_FILES)


def _save(path: Path, found: Teacher) -> None:
    arrays: dict[str, Any] = {_LOSS: np.float64(found.training_loss), **found.weights}
    with path.open("wb") as stream:  # NumPy would add a suffix to a name
        np.savez(stream, **arrays)


def features(net: Graph) -> Graph:
    """A classifier without what stands behind its pooled features, which are divided by their length."""
    names = [node.name for node in net.nodes]
    nodes = [*net.nodes[: names.index("pool") + 1], Node("embedding_normalized", L2Normalize())]
    return Graph(f"{net.name}, embedding", net.inputs, nodes)
