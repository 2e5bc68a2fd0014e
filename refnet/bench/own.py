"""refnet's own engine: the compiled program."""

from collections.abc import Mapping
from typing import Any

from .. import __version__
from ..engine.compiling import compile as compile_program
from ..graph import Graph
from ..layers.base import Array
from .engines import Engine, Form, Session, Task, named_outputs


def program_of(net: Graph, weights: Mapping[str, Array], batch: int, threads: int) -> Any:
    """What is timed: `refnet.compile(net, weights, batch, threads)`."""
    return compile_program(net, weights, batch, threads)


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
            program.peak_bytes,
        )
