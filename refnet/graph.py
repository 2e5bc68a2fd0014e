"""A layer graph without autograd: nodes in order, weights outside, backward in reverse.

A `Graph` is a description: shapes and costs are known before any array exists, and the weights live in a plain dict
under stable keys. `train_forward` returns a `Tape`, the list of what each layer saved; `backward` walks it in reverse
and adds gradients up where paths fork.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from . import running
from .counting import Cost, Row
from .initial import fresh, generator
from .layers.base import Shape, canonical, check_array, check_count, check_like, check_statistics
from .node import Node, Parameter, chained, names
from .rendering import table
from .running import Tape

__all__ = ["Graph", "Node", "Parameter", "Tape"]

Array = NDArray[Any]

# Role of a weight -> the field of Terms that counts it. (gamma stands for batch norm's four vectors.)
_COUNTED = {"kernel": "weights", "bias": "biases", "gamma": "bn_channels", "scale": "scales"}


class Graph:
    """Nodes in an order in which each reads only what stands before it.

    name     what tables call it
    inputs   name -> shape without the batch, e.g. {"images": (224, 224, 3)}
    nodes    see `Node`
    outputs  names of the nodes whose values come out; the last node by default

    Raises ValueError, naming the node, where a name, a shape or a shared weight does not fit.
    """

    def __init__(
        self, name: str, inputs: Mapping[str, Shape], nodes: Iterable[Node], outputs: Iterable[str] = ()
    ) -> None:
        if not isinstance(inputs, Mapping):
            raise TypeError(f"inputs: wanted a dict of name and shape, got {inputs!r}")
        self.name = str(name)
        self.inputs = {key: _input_shape(key, shape) for key, shape in inputs.items()}
        self.nodes = chained(nodes, tuple(self.inputs))
        self.shapes = dict(self.inputs)
        for node in self.nodes:
            self._place(node)
        self.outputs = names(outputs, "outputs") or (self.nodes[-1].name,)
        for output in self.outputs:
            self._known(output, "outputs")
        self._keys = tuple(node.keys(*self._input_shapes(node)) for node in self.nodes)
        self._parameters = self._collect_parameters()

    def _place(self, node: Node) -> None:
        """Give the node's output its shape, or say why it cannot stand here."""
        if node.name in self.shapes:
            raise ValueError(f"{self.name}: two nodes or inputs are named {node.name!r}")
        for source in node.inputs:
            self._known(source, f"node {node.name!r}: inputs")
        if len(node.inputs) != node.layer.arity:
            raise ValueError(f"node {node.name!r}: wanted {node.layer.arity} input(s), got {len(node.inputs)}")
        try:
            self.shapes[node.name] = node.layer.out_shape(*self._input_shapes(node))
        except ValueError as error:
            raise ValueError(f"node {node.name!r}: {error}") from None
        if unknown := set(node.weights) - set(node.keys(*self._input_shapes(node))):
            raise ValueError(f"node {node.name!r}: {node.layer} has no weight {', '.join(sorted(unknown))}")

    def _known(self, name: str, what: str) -> None:
        if name not in self.shapes:
            near = get_close_matches(str(name), self.shapes, n=3)
            known = f"near names: {', '.join(near)}" if near else f"the last are {', '.join(list(self.shapes)[-3:])}"
            raise ValueError(f"{what}: no node named {name!r}; {known}")

    def _input_shapes(self, node: Node) -> list[Shape]:
        return [self.shapes[source] for source in node.inputs]

    def _collect_parameters(self) -> dict[str, Parameter]:
        found: dict[str, Parameter] = {}
        for node, keys in zip(self.nodes, self._keys, strict=True):
            shared = [role for role, key in keys.items() if key in found]
            if 0 < len(shared) < len(keys):
                raise ValueError(
                    f"node {node.name!r}: wanted to share all of its weights with other nodes or none, "
                    f"got only {', '.join(shared)} shared"
                )
            for role, shape in node.layer.parameters(*self._input_shapes(node)).items():
                there = found.setdefault(keys[role], Parameter(shape, _kind(role)))
                if there != (shape, _kind(role)):
                    raise ValueError(
                        f"node {node.name!r}: weight {keys[role]!r} is a {there.role} {there.shape} elsewhere, "
                        f"a {_kind(role)} {shape} here"
                    )
        return found

    # Descriptions: no arrays.

    def parameters(self) -> dict[str, Parameter]:
        """Key -> shape and role of every weight, in the order of the nodes."""
        return dict(self._parameters)

    def cost(self) -> Cost:
        """The Terms of every node for one image; a weight that several nodes share is counted at the first."""
        needs, seen = self._needs_gradient(of_inputs=False), set[str]()
        rows = []
        for node, keys in zip(self.nodes, self._keys, strict=True):
            again = [_kind(role) for role, key in keys.items() if _kind(role) in _COUNTED and key in seen]
            shared: dict[str, Any] = dict.fromkeys(map(_COUNTED.__getitem__, again), 0)
            seen.update(keys.values())
            terms = node.layer.cost(*self._input_shapes(node))
            terms = replace(terms, **shared) if shared else terms
            below = any(needs[source] for source in node.inputs)
            rows.append(Row(node.name, terms, classifier=node.name == "classifier", input_gradient=below))
        return Cost(tuple(rows))

    def _needs_gradient(self, of_inputs: bool) -> dict[str, bool]:
        """Value name -> whether a gradient must reach it: something trainable, or a wanted input, lies below."""
        needs = dict.fromkeys(self.inputs, of_inputs)
        for node, keys in zip(self.nodes, self._keys, strict=True):
            needs[node.name] = bool(keys) or any(needs[source] for source in node.inputs)
        return needs

    def unread(self) -> tuple[str, ...]:
        """Names of nodes that are no outputs and that nothing reads: perhaps a wrong name among some node's inputs."""
        read = {source for node in self.nodes for source in node.inputs}
        return tuple(node.name for node in self.nodes if node.name not in read and node.name not in self.outputs)

    def at(self, height: int, width: int) -> "Graph":
        """The same nodes with the same weights, for maps of another size.

        Raises ValueError for a size at which a weight would have another shape, as those behind a flattened map do.
        """
        size = check_count(height, "height"), check_count(width, "width")
        inputs = {key: (*size, shape[2]) if len(shape) == 3 else shape for key, shape in self.inputs.items()}
        other = Graph(f"{self.name} at {size[0]}x{size[1]}", inputs, self.nodes, self.outputs)
        for key, (shape, _) in self._parameters.items():
            if (there := other._parameters[key].shape) != shape:
                raise ValueError(f"{other.name}: wanted weight {key!r} to keep its shape {shape}, got {there}")
        return other

    def __repr__(self) -> str:
        return f"Graph({self.name!r}, {self.inputs}, {len(self.nodes)} nodes)"

    def __str__(self) -> str:
        return table(self.name, self.inputs, self.shapes, self.cost())

    # Arrays.

    def init(self, rng: np.random.Generator | int, dtype: DTypeLike = np.float32) -> dict[str, Array]:
        """Fresh weights as in the official code of both papers (see `initial.py`); rng: a Generator or a seed.

        Raises TypeError for a dtype other than float32 and float64.
        """
        random, dtype = generator(rng), np.dtype(dtype)
        if dtype not in (np.float32, np.float64):
            raise TypeError(f"dtype: wanted float32 or float64, got {dtype}")
        constants: dict[str, float] = {}
        for node, keys in zip(self.nodes, self._keys, strict=True):
            constants = {keys[role]: value for role, value in node.layer.first_values().items()} | constants
        return {
            key: fresh(each.role, each.shape, random, constants.get(key)).astype(dtype)
            for key, each in self._parameters.items()
        }

    def check_weights(self, weights: Mapping[str, Array], dtype: DTypeLike | None = None) -> None:
        """Raise TypeError or ValueError unless every weight is there, in its shape and in one dtype.

        dtype: which; by default that of the first weight.
        """
        if not isinstance(weights, Mapping):
            raise TypeError(f"weights: wanted a dict of arrays, got {type(weights).__name__}")
        wanted, missing = len(self._parameters), [key for key in self._parameters if key not in weights]
        if missing:
            raise ValueError(f"weights: wanted {wanted} keys, {len(missing)} missing, first {missing[0]!r}")
        for key, parameter in self._parameters.items():
            check_array(weights[key], f"weights[{key!r}]")
            dtype = dtype or weights[key].dtype
            check_like(weights[key], parameter.shape, dtype, f"weights[{key!r}]")

    def forward(
        self, weights: Mapping[str, Array], images: Any, taps: Iterable[str] = (), kernels: Any = None
    ) -> Any:
        """Inference: dropout is the identity, batch norm uses its stored statistics.

        images: (B, H, W, M), float32 or float64 like the weights; a dict of arrays if the graph has several inputs.
        kernels: a namespace of functions named as in `refnet.kernels`. Default: `refnet.kernels.tiled`, or the plain
        ones where NUMBA_DISABLE_JIT is set.
        Returns the output (B, ...), a dict if there are several; with `taps`, names of nodes, a dict of their maps too.
        Raises TypeError or ValueError that names what was wanted and what was given.
        """
        taps = names(taps, "taps")
        for tap in taps:
            self._known(tap, "taps")
        values = self._checked_inputs(weights, images)
        keep = {*self.outputs, *taps}
        values = running.forward(self.nodes, self._keys, weights, values, keep, kernels or fastest_kernels())
        outputs = self._single({name: values[name] for name in self.outputs})
        return (outputs, {tap: values[tap] for tap in taps}) if taps else outputs

    def train_forward(
        self,
        weights: Mapping[str, Array],
        images: Any,
        rng: np.random.Generator | int,
        statistics: str = "batch",
        kernels: Any = None,
    ) -> tuple[Any, Tape]:
        """The forward pass of a training step -> output(s) as in `forward`, tape.

        rng: a Generator or a seed, for dropout. statistics: "batch" normalises by the batch and leaves the new moving
        statistics in `tape.updates`; "stored" freezes batch norm. kernels: as in `forward`, and for `backward`.
        """
        check_statistics(statistics)
        random, values = generator(rng), self._checked_inputs(weights, images)
        batch, dtype = len(next(iter(values.values()))), next(iter(values.values())).dtype
        tape = Tape(self, {key: weights[key] for key in self._parameters}, kernels or fastest_kernels(), batch, dtype)
        values = running.train_forward(self.nodes, self._keys, tape, values, self.outputs, random, statistics)
        return self._single({name: values[name] for name in self.outputs}), tape

    def backward(self, tape: Tape, dy: Any, input_gradient: bool = True) -> tuple[Any, dict[str, Array]]:
        """Gradients of sum(dy * output) -> dx, key -> gradient of every trainable weight.

        dy: like what `train_forward` returned (an array, or a dict by output). dx: like the images, or a dict by input;
        None if `input_gradient` is false, which spares the first layer's. A tape is used once.
        """
        if not isinstance(tape, Tape) or tape.graph is not self or tape.used:
            raise ValueError(f"tape: wanted a fresh tape of this graph {self.name!r}, got {tape!r}")
        given = self._by_name(dy, self.outputs, "dy")
        for name, value in given.items():
            check_like(value, (tape.batch, *self.shapes[name]), tape.dtype, f"dy of {name!r}")
        tape.used = True
        needs = self._needs_gradient(input_gradient)
        gradients = running.backward(self.nodes, self._keys, tape, given, needs)
        for key, parameter in self._parameters.items():
            if parameter.trainable and key not in gradients:  # no path leads from it to an output
                gradients[key] = np.zeros_like(tape.weights[key])
        for name, shape in self.inputs.items():
            if input_gradient and name not in given:
                given[name] = np.zeros((tape.batch, *shape), tape.dtype)
        dx = self._single({name: given[name] for name in self.inputs}) if input_gradient else None
        return dx, {key: gradients[key] for key, each in self._parameters.items() if each.trainable}

    def _checked_inputs(self, weights: Mapping[str, Array], images: Any) -> dict[str, Array]:
        values = self._by_name(images, tuple(self.inputs), "images")
        for name, value in values.items():
            check_array(value, name)
            if value.shape[1:] != self.inputs[name]:
                wanted = ", ".join(map(str, self.inputs[name]))
                raise ValueError(f"{name}: wanted shape (batch, {wanted}), got {value.shape}")
        first = next(iter(values.values()))
        for name, value in values.items():
            check_like(value, (len(first), *self.inputs[name]), first.dtype, name)
        self.check_weights(weights, first.dtype)
        return {name: canonical(value) for name, value in values.items()}

    def _by_name(self, given: Any, names: tuple[str, ...], what: str) -> dict[str, Array]:
        """One array, or a dict with exactly these names."""
        if len(names) == 1 and not isinstance(given, Mapping):
            return {names[0]: given}
        if not isinstance(given, Mapping) or set(given) != set(names):
            got = sorted(given) if isinstance(given, Mapping) else type(given).__name__
            raise ValueError(f"{what}: wanted a dict with {sorted(names)}, got {got}")
        return dict(given)

    def _single(self, values: dict[str, Array]) -> Any:
        return next(iter(values.values())) if len(values) == 1 else values


def _kind(role: str) -> str:
    """A layer made of several names their weights after them: `expand/kernel` is a kernel."""
    return role.rpartition("/")[2]


def fastest_kernels() -> Any:
    """The default kernels: tiled, plain where JIT is off. Imported here because counting must not load a compiler."""
    from . import kernels
    from .kernels import tiled
    from .kernels.tiled.tile_types import COMPILES

    return tiled if COMPILES else kernels


def _input_shape(name: str, shape: Any) -> Shape:
    if not isinstance(shape, (tuple, list)) or len(shape) not in (1, 2, 3):
        wanted = "(height, width, channels), (regions, 4) or (channels,)"
        raise ValueError(f"inputs[{name!r}]: wanted {wanted}, got {shape!r}")
    return tuple(check_count(each, f"inputs[{name!r}]") for each in shape)
