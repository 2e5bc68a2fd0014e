"""Walking a list of nodes: forward, forward with a tape, and backward in reverse.

Values live in a dict by node name and are dropped after their last use. Nothing here knows shapes or checks: `Graph`
does, and calls these functions with arrays that fit.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .layers.base import Saved
from .node import Node

Array = NDArray[Any]
Arrays = dict[str, Array]
Keys = Sequence[Mapping[str, str]]  # per node: role -> key of the weights dict


@dataclass
class Tape:
    """What one training step's forward pass leaves for its backward pass.

    updates: key -> new moving statistics of batch norm, for the caller to put into the weights.
    """

    graph: Any
    weights: Arrays
    kernels: Any
    batch: int
    dtype: np.dtype[Any]
    saved: list[Saved] = field(default_factory=list)
    updates: Arrays = field(default_factory=dict)
    used: bool = False

    def __repr__(self) -> str:
        return f"Tape({self.graph!r}, {'used' if self.used else 'ready'})"


def last_uses(nodes: Sequence[Node]) -> list[list[str]]:
    """For each node, the values that nothing reads after it."""
    last = {source: index for index, node in enumerate(nodes) for source in node.inputs}
    done: list[list[str]] = [[] for _ in nodes]
    for source, at in last.items():
        done[at].append(source)
    return done


def forward(
    nodes: Sequence[Node],
    keys: Keys,
    weights: Mapping[str, Array],
    values: Arrays,
    keep: Collection[str],
    kernels: Any,
) -> Arrays:
    """Run every node in inference mode; `values` holds the graph's inputs. Returns the values named in `keep`."""
    for node, roles, done in zip(nodes, keys, last_uses(nodes), strict=True):
        own = {role: weights[key] for role, key in roles.items()}
        values[node.name] = node.layer.forward(kernels, own, *(values[source] for source in node.inputs))
        _drop(values, done, keep)
    return values


def train_forward(
    nodes: Sequence[Node],
    keys: Keys,
    tape: Tape,
    values: Arrays,
    keep: Collection[str],
    rng: np.random.Generator,
    statistics: str,
) -> Arrays:
    """Run every node in training mode and fill the tape. Returns the values named in `keep`."""
    for node, roles, done in zip(nodes, keys, last_uses(nodes), strict=True):
        own = {role: tape.weights[key] for role, key in roles.items()}
        xs = [values[source] for source in node.inputs]
        try:
            y, saved, updates = node.layer.train_forward(tape.kernels, own, *xs, rng=rng, statistics=statistics)
        except ValueError as error:
            raise ValueError(f"node {node.name!r}: {error}") from None
        values[node.name] = y
        tape.saved.append(saved)
        tape.updates.update({roles[role]: value for role, value in updates.items()})
        _drop(values, done, keep)
    return values


def maps_in_training(
    nodes: Sequence[Node], weights: Mapping[str, Array], values: Arrays, kernels: Any
) -> Iterator[tuple[Node, dict[str, Array], Array]]:
    """Run node by node in training mode, without a tape -> each node, its weights by role, its output.

    values: those of the graph's inputs; an output stays there until its last use.
    """
    random = np.random.default_rng(0)
    for node, done in zip(nodes, last_uses(nodes), strict=True):
        xs = [values[source] for source in node.inputs]
        own = {role: weights[key] for role, key in node.keys(*(x.shape[1:] for x in xs)).items()}
        values[node.name], _, _ = node.layer.train_forward(kernels, own, *xs, rng=random)
        yield node, own, values[node.name]
        _drop(values, done, ())


def maps_in_inference(
    nodes: Sequence[Node], weights: Mapping[str, Array], values: Arrays, kernels: Any
) -> Iterator[Node]:
    """Run node by node in inference mode -> each node, when its output has come into `values`.

    values: those of the graph's inputs; an output stays there until its last use. What the caller puts in its place is
    what the nodes behind it read.
    """
    for node, done in zip(nodes, last_uses(nodes), strict=True):
        xs = [values[source] for source in node.inputs]
        own = {role: weights[key] for role, key in node.keys(*(x.shape[1:] for x in xs)).items()}
        values[node.name] = node.layer.forward(kernels, own, *xs)
        yield node
        _drop(values, done, ())


def _drop(values: Arrays, done: Collection[str], keep: Collection[str]) -> None:
    for name in done:
        if name not in keep:
            del values[name]


def backward(nodes: Sequence[Node], keys: Keys, tape: Tape, pending: Arrays, needs: Mapping[str, bool]) -> Arrays:
    """Walk the nodes in reverse and return key -> gradient; what reaches the graph's inputs stays in `pending`.

    pending   value name -> gradient that has arrived so far; the outputs' to begin with
    needs     value name -> whether its gradient is wanted
    """
    gradients: Arrays = {}
    for node, roles in zip(reversed(nodes), reversed(keys), strict=True):
        saved = tape.saved.pop()
        if node.name not in pending:  # no path leads from here to an output
            continue
        own = {role: tape.weights[key] for role, key in roles.items()}
        wanted = any(needs[source] for source in node.inputs)
        dxs, dweights = node.layer.backward(tape.kernels, own, saved, pending.pop(node.name), input_gradient=wanted)
        for role, gradient in dweights.items():
            _add(gradients, roles[role], gradient)
        if wanted:
            for source, dx in zip(node.inputs, dxs, strict=True):
                if needs[source]:
                    _add(pending, source, dx)
    return gradients


def _add(sums: Arrays, name: str, term: Array) -> None:
    """Gradients add up where paths meet and where nodes share a weight."""
    sums[name] = sums[name] + term if name in sums else term
