"""refnet's own engine: the compiled program."""

from collections.abc import Mapping
from typing import Any

from .. import __version__
from ..graph import Graph
from ..kernels import tiled
from ..layers.base import Array
from .engines import Engine, Form, Session, Task, named_outputs


def program_of(net: Graph, weights: Mapping[str, Array], batch: int, threads: int) -> Any:
    """What `refnet.compile` returns."""
    return lambda images: net.forward(weights, images, kernels=tiled)


class Refnet(Engine):
    """`refnet.compile(net, weights, batch, threads)`; one call of the program is a run."""

    name = distribution = "refnet"

    def version(self) -> str:
        return __version__

    def prepare(self, task: Task, form: Form) -> Session:
        program, inputs = program_of(task.net, task.weights, task.batch, task.threads), dict(task.inputs)
        return Session(
            lambda: program(inputs),
            lambda: named_outputs(task.net, program(inputs)),
            {"threads": task.threads},
            getattr(program, "peak_bytes", None),
        )
