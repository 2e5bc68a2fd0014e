"""What is kept of a run: the arrays of its state, and what it is, in one safetensors file.

    weights/...     under the network's own keys      optimizer/...   running values of the optimizer
    average/...     averages of the weights, if any

The metadata holds one JSON text, `refnet`: the fields of `About`.
"""

import json
import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from ..graph import Graph
from ..io.tensors import load_tensors, save_tensors
from ..layers.base import Array
from .trainer import part_of

FORMAT = 1
_KEY = "refnet"
_KINDS = {"network": str, "run": dict, "step": int, "steps": int, "sums": dict, "seconds": float}  # fields of About


class About(NamedTuple):
    """What a run is, and how far it was.

    network  the graph's name, which says model and size      run   what the user asked for, as JSON
    step     steps done of `steps`                             sums  what the next line of metrics has so far
    seconds  that training took
    """

    network: str
    run: Mapping[str, Any]
    step: int
    steps: int
    sums: Mapping[str, float]
    seconds: float


class Checkpoint(NamedTuple):
    about: About
    arrays: dict[str, Array]

    @property
    def weights(self) -> dict[str, Array]:
        """Those to use: the averages if there are any."""
        return part_of(self.arrays, "average") or part_of(self.arrays, "weights")

    def fitting(self, net: Graph, path: str | os.PathLike[str]) -> dict[str, Array]:
        """The weights, for this network. Raises ValueError that names both where it is another one's."""
        weights = self.weights
        wanted = {key: each.shape for key, each in net.parameters().items()}
        if {key: w.shape for key, w in weights.items()} != wanted:
            raise ValueError(f"{path}: wanted a checkpoint of {net.name}, got one of {self.about.network}")
        return weights


def save(path: str | os.PathLike[str], about: About, arrays: Mapping[str, Array]) -> None:
    """Put a checkpoint in the place of the one before, which stays whole until then. Raises OSError."""
    text = json.dumps({"format": FORMAT, **about._asdict()})
    save_tensors(path, arrays, {_KEY: text})


def load(path: str | os.PathLike[str]) -> Checkpoint:
    """Raises OSError, or ValueError that names the file and what is wrong with it."""
    arrays, metadata = load_tensors(path)
    if _KEY not in metadata:
        raise ValueError(f"{path}: wanted a checkpoint of `refnet train`, got other tensors")
    return Checkpoint(_about(metadata[_KEY], path), arrays)


def _about(text: str, path: str | os.PathLike[str]) -> About:
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}: wanted a checkpoint of `refnet train`, got one that is no JSON: {error}") from None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise ValueError(f"{path}: wanted a checkpoint of format {FORMAT}, got another")
    for name, kind in _KINDS.items():
        if not isinstance(value := found.get(name), kind):
            wanted = f"wanted a checkpoint of `refnet train`, whose {name} is {kind.__name__}"
            raise ValueError(f"{path}: {wanted}, got {value!r}")
    return About(**{name: found[name] for name in _KINDS})
