"""What an engine is: something that runs a graph with given weights on given images, on so many threads.

    task      one network, its weights and inputs, the number of threads
    form      one of the ways in which an engine can be given a task; the fastest is found by measuring
    session   an engine made ready for one task: `run` is what is timed
"""

import sys
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module, metadata, util
from typing import Any, ClassVar, NamedTuple

from ..graph import Graph
from ..layers.base import Array

EXTRA = "peers"


class Task(NamedTuple):
    """inputs: name -> (B, ...) float32."""

    net: Graph
    weights: Mapping[str, Array]
    inputs: Mapping[str, Array]
    threads: int

    @property
    def batch(self) -> int:
        return len(next(iter(self.inputs.values())))


class Form(NamedTuple):
    """folded: batch norm is in the convolutions before. layout: of the inputs and outputs. call: how it is started."""

    folded: bool = True
    layout: str = "NHWC"
    call: str = "run"

    def __str__(self) -> str:
        return f"{'folded' if self.folded else 'not folded'}, {self.layout}, {self.call}"


@dataclass(frozen=True)
class Session:
    """run: one inference, by the engine's own means. outputs: of one more, by name, in refnet's layout.

    settings: what the engine was told, for the record. bytes: what the activations take, where the engine says so.
    """

    run: Callable[[], object]
    outputs: Callable[[], Mapping[str, Array]]
    settings: Mapping[str, Any] = field(default_factory=dict)
    bytes: int | None = None


class Unable(Exception):
    """An engine cannot run this graph, for the reason given."""


class Engine(ABC):
    """One contestant.

    name         as `--peers` has it              packages   what must be installed, to be imported under these names
    distribution whose version is the engine's    forms      that are worth trying
    """

    name: ClassVar[str]
    distribution: ClassVar[str]
    packages: ClassVar[tuple[str, ...]] = ()
    forms: ClassVar[tuple[Form, ...]] = (Form(),)

    @abstractmethod
    def prepare(self, task: Task, form: Form) -> Session:
        """Build, fold, pack: all that is done once. Raises Unable."""

    def missing(self) -> tuple[str, ...]:
        """The packages that are not installed."""
        return tuple(name for name in self.packages if not _is_there(name))

    def version(self) -> str:
        return metadata.version(self.distribution)


def _is_there(package: str) -> bool:
    """Whether it can be imported; a package that was ruled out, None among the modules, cannot."""
    ruled_out = package in sys.modules and sys.modules[package] is None
    return not ruled_out and util.find_spec(package) is not None


def load(package: str) -> Any:
    """An engine's package; what it warns of while it is imported is not our users' business.

    Raises ImportError that names the extra.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return import_module(package)
    except ModuleNotFoundError as error:
        if error.name != package.partition(".")[0]:
            raise
        raise ImportError(f"{package} is not installed: pip install '.[{EXTRA}]' in the folder of refnet") from None


def named_outputs(net: Graph, found: Any) -> Mapping[str, Array]:
    """What a graph or a program returns, as a dict by output name."""
    return found if isinstance(found, Mapping) else {net.outputs[0]: found}
