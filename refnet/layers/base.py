"""What every layer promises, and the checks that stand before every kernel.

A layer is a frozen dataclass of hyper-parameters. It knows the shape of its output, the shapes of its weights and its
cost before any array exists, and it passes checked arrays to a pair of kernels. To add one: write the kernel pair,
then a subclass with `out_shape`, `parameters`, `cost`, `_forward` and `_backward` side by side.

Shapes leave the batch out: (H, W, M) for a map, (M,) for features. `weights` maps roles (kernel, bias, gamma, beta,
moving_mean, moving_variance) to arrays. `kernels` is a namespace with the function names of `refnet.kernels`.
"""

import sys
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from math import prod
from numbers import Real
from typing import Any, ClassVar, Literal, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..counting import Terms

Array = NDArray[Any]
Shape = tuple[int, ...]
Weights = Mapping[str, Array]
Gradients = tuple[tuple[Array, ...], dict[str, Array]]  # of the inputs, of the weights by role

Choice = TypeVar("Choice", str, int)

# Roles that no gradient reaches: batch norm's running statistics.
STATISTICS = ("moving_mean", "moving_variance")
MOST_THREADS = 256


class Saved(NamedTuple):
    """What a training step keeps of one layer: the output's shape and dtype, and exactly what backward needs."""

    shape: Shape
    dtype: np.dtype[Any]
    content: Any


@dataclass(frozen=True)
class Layer(ABC):
    """One operation: shapes and cost as plain integers, forward and backward on arrays."""

    # What `_saved` keeps among the values that the graph holds anyway: memory is planned by it.
    saves: ClassVar[Literal["inputs", "output", "nothing"]] = "inputs"

    @property
    def arity(self) -> int:
        """How many values go in."""
        return 1

    @property
    def operation(self) -> str:
        """The name that tables print: the class's own."""
        return type(self).__name__

    @abstractmethod
    def out_shape(self, *shapes: Shape) -> Shape:
        """Shape of the output for these input shapes. Raises ValueError if the layer cannot take them."""

    def parameters(self, *shapes: Shape) -> dict[str, Shape]:
        """Role -> shape of the weights."""
        return {}

    def first_values(self) -> dict[str, float]:
        """Role -> the number that its fresh weights begin at; `initial.py` has all other roles."""
        return {}

    def cost(self, *shapes: Shape) -> Terms:
        """The Terms of one image; an operation without multiplications and weights has only its reads and writes."""
        return Terms(self.operation, sum(map(prod, shapes)), prod(self.out_shape(*shapes)))

    def forward(self, kernels: Any, weights: Weights, *xs: Array) -> Array:
        """Inference -> y.

        kernels: a namespace such as `refnet.kernels`. weights: role -> array, {} for a layer without. xs: the inputs,
        (batch, *shape) each. Raises TypeError or ValueError that says what was wanted and what was given.
        """
        return self._forward(kernels, *self._checked(weights, xs))

    def train_forward(
        self, kernels: Any, weights: Weights, *xs: Array, rng: np.random.Generator, statistics: str = "batch"
    ) -> tuple[Array, Saved, dict[str, Array]]:
        """-> y, what backward needs, new values of the roles that training updates without a gradient.

        statistics: "batch" (normalise by the batch, update the moving statistics) or "stored" (frozen batch norm).
        """
        check_statistics(statistics)
        if not isinstance(rng, np.random.Generator):
            raise TypeError(f"{self}: rng: wanted a numpy.random.Generator, got {rng!r}")
        checked, ready = self._checked(weights, xs)
        y, content, updates = self._train_forward(kernels, checked, ready, rng, statistics)
        return y, Saved(y.shape, y.dtype, content), updates

    def backward(
        self, kernels: Any, weights: Weights, saved: Saved, dy: Array, input_gradient: bool = True
    ) -> Gradients:
        """-> gradients of the inputs (may be empty if not wanted), role -> gradient of each trainable weight."""
        check_like(dy, saved.shape, saved.dtype, f"{self}: dy")
        ready = {role: canonical(weight) for role, weight in weights.items()}
        return self._backward(kernels, ready, saved.content, canonical(dy), input_gradient)

    @abstractmethod
    def _forward(self, kernels: Any, weights: Weights, xs: tuple[Array, ...]) -> Array: ...

    @abstractmethod
    def _backward(self, kernels: Any, weights: Weights, saved: Any, dy: Array, input_gradient: bool) -> Gradients: ...

    def _saved(self, xs: tuple[Array, ...], y: Array) -> Any:
        """What backward needs of a forward pass: the inputs, unless a layer chooses otherwise and sets `saves` too."""
        return xs

    def _train_forward(
        self, kernels: Any, weights: Weights, xs: tuple[Array, ...], rng: np.random.Generator, statistics: str
    ) -> tuple[Array, Any, dict[str, Array]]:
        """Most layers train as they infer; dropout and batch norm do not."""
        y = self._forward(kernels, weights, xs)
        return y, self._saved(xs, y), {}

    def _checked(self, weights: Weights, xs: tuple[Array, ...]) -> tuple[Weights, tuple[Array, ...]]:
        """The arrays, canonical and of one dtype, so that each kernel compiles once per dtype."""
        if not isinstance(weights, Mapping):
            wanted = "a dict of arrays (the arguments are kernels, weights, *inputs)"
            raise TypeError(f"{self}: weights: wanted {wanted}, got {type(weights).__name__}")
        if len(xs) != self.arity:
            raise ValueError(f"{self}: wanted {self.arity} input(s), got {len(xs)}")
        for x in xs:
            check_array(x, f"{self}: input")
        wanted = self.parameters(*(x.shape[1:] for x in xs))
        self.out_shape(*(x.shape[1:] for x in xs))
        for x in xs[1:]:
            check_like(x, (len(xs[0]), *x.shape[1:]), xs[0].dtype, f"{self}: further input")
        for role, shape in wanted.items():
            if role not in weights:
                raise ValueError(f"{self}: wanted a weight {role!r} {shape}, got only {sorted(weights)}")
            check_like(weights[role], shape, xs[0].dtype, f"{self}: {role}")
        return {role: canonical(weights[role]) for role in wanted}, tuple(canonical(x) for x in xs)


def canonical(x: Array) -> Array:
    """The array if it is a plain one, C-contiguous, aligned and writeable, else a copy that is.

    A kernel would compile once more for every other kind, and its sums might run in another order there.
    """
    if type(x) is np.ndarray and x.flags.carray:  # asked a few hundred times in each training step
        return x
    return np.require(x, requirements=("C", "A", "W", "E"))


def check_array(x: Any, what: str) -> None:
    """Raise TypeError unless x is an array of float32 or float64 with a batch axis."""
    if not isinstance(x, np.ndarray) or isinstance(x, np.ma.MaskedArray):
        raise TypeError(f"{what}: wanted a numpy array, got {type(x).__name__}")
    if x.dtype not in (np.float32, np.float64):
        raise TypeError(f"{what}: wanted dtype float32 or float64, got {x.dtype}")
    if x.ndim == 0:
        raise ValueError(f"{what}: wanted a batch axis first, got a single number")


def check_like(x: Any, shape: Shape, dtype: Any, what: str) -> None:
    """Raise unless x has this shape and dtype."""
    check_array(x, what)
    if x.shape != shape:
        raise ValueError(f"{what}: wanted shape {shape}, got {x.shape}")
    if x.dtype != dtype:
        raise TypeError(f"{what}: wanted dtype {dtype}, got {x.dtype}")


def check_statistics(value: Any) -> None:
    """Raise ValueError unless this says which statistics batch norm takes in training."""
    check_choice(value, ("batch", "stored"), "statistics")


def check_map(shape: Shape, layer: Layer) -> tuple[int, int, int]:
    """The shape as (H, W, M), or ValueError."""
    if len(shape) != 3 or min(shape) < 1:
        raise ValueError(f"{layer}: wanted a map (H, W, channels), got {shape}")
    height, width, channels = shape
    return height, width, channels


def check_channels(shape: Shape, layer: Layer) -> Shape:
    """The shape if it has channels, or ValueError: in a batch of single numbers the last axis is that of the images."""
    if not shape:
        raise ValueError(f"{layer}: wanted channels on the last axis, got {shape}")
    return shape


def check_count(value: Any, what: str, least: int = 1) -> int:
    """The value as a plain int from `least` to what an array can have; bools, floats and strings are refused."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise ValueError(f"{what}: wanted an integer of at least {least}, got {value!r}")
    if value > sys.maxsize:
        raise ValueError(f"{what}: wanted an integer up to {sys.maxsize}, got a larger one")
    return int(value)


def check_threads(value: Any) -> int:
    """The value as a number of threads. More than `MOST_THREADS` is a slip: each is started, and has scratch memory."""
    if check_count(value, "threads") > MOST_THREADS:
        raise ValueError(f"threads: wanted an integer up to {MOST_THREADS}, got {value}")
    return int(value)


def check_choice(value: Any, choices: Collection[Choice], what: str) -> Choice:
    """The one of these strings or integers that the value is; bools and floats, which equal integers, are none."""
    plain = isinstance(value, (str, int, np.integer)) and not isinstance(value, bool)
    for choice in choices:
        if plain and value == choice:
            return choice
    raise ValueError(f"{what}: wanted one of {', '.join(map(str, choices))}, got {value!r}")


def check_flag(value: Any, what: str) -> bool:
    """The value as a plain bool; numbers and strings, of which "no" would be true, are refused."""
    if not isinstance(value, (bool, np.bool_)):
        raise ValueError(f"{what}: wanted True or False, got {value!r}")
    return bool(value)


def is_number(value: Any) -> bool:
    """Whether this is a real number; bools and strings are not."""
    return isinstance(value, Real) and not isinstance(value, bool)
