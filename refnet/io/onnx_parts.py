"""What an ONNX file is made of, while it is being written: operators and initializers, each under a name of its own.

Maps are NCHW inside of the file, features are rows:

    shape of refnet, without the batch      value in the file
    (..., H, W, M) map                      (B * ..., M, H, W): regions are images
    (..., M) features                       (B * ..., M)
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..layers.base import Array, Shape


def load_onnx() -> Any:
    """The package `onnx`. Raises ImportError naming the extra where it is missing."""
    try:
        import onnx
    except ModuleNotFoundError as error:
        if error.name != "onnx":
            raise
        raise ImportError(
            "refnet.io.onnx writes its files with onnx: pip install '.[onnx]' in the folder of refnet"
        ) from None
    return onnx


class Parts:
    """Operators in order, and initializers by name.

    taken: names that values and operators of the file have already. dtype: of all weights.
    """

    def __init__(self, taken: Iterable[str], dtype: np.dtype[Any]) -> None:
        self.onnx = load_onnx()
        self.dtype = dtype
        self.operators: list[Any] = []
        self.initializers: dict[str, Any] = {}
        self._taken = set(taken)
        self._names: dict[Any, str] = {}

    def unique(self, name: str) -> str:
        """The name, lengthened until nothing else is called so."""
        while name in self._taken:
            name += "_"
        self._taken.add(name)
        return name

    def operator(self, kind: str, inputs: Iterable[str], name: str, attributes: Mapping[str, Any]) -> str:
        """Append one operator -> the value that it gives, which is called as the operator itself."""
        name = self.unique(name)
        node = self.onnx.helper.make_node(kind, list(inputs), [name], name, **attributes)
        self.operators.append(node)
        return name

    def rename_last(self, output: str, name: str | None = None) -> str:
        """Call what the last operator gives by another name, and the operator too if one is given -> the value."""
        last = self.operators[-1]
        last.output[0], last.name = output, name or last.name
        return output

    def initializer(self, key: str, array: Array) -> str:
        """The array under a weight's key; nodes that share a weight share the initializer if both take it alike."""
        return self._kept((key, array.shape), key, array)

    def constant(self, array: Array) -> str:
        """A number or a few, kept once however many operators read it."""
        return self._kept((array.dtype, array.shape, array.tobytes()), "constant", array)

    def _kept(self, which: Any, name: str, array: Array) -> str:
        if which not in self._names:
            self._names[which] = self.unique(name)
            tensor = self.onnx.numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape))
            tensor.name = self._names[which]
            self.initializers[tensor.name] = tensor
        return self._names[which]


@dataclass(frozen=True)
class Place:
    """One node of the graph, where its operators are being written.

    inputs   names of the values that it reads      shapes   of those in the graph, without the batch
    weights  role -> key and array                  bias     key and array of a bias to be added at once, if any
    """

    parts: Parts
    name: str
    layer: Any
    inputs: tuple[str, ...]
    shapes: tuple[Shape, ...]
    weights: Mapping[str, tuple[str, Array]]
    bias: tuple[str, Array] | None = None

    @property
    def x(self) -> str:
        """The first input."""
        return self.inputs[0]

    @property
    def is_map(self) -> bool:
        return is_map(self.shapes[0])

    def put(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Append the ONNX operator of this kind -> the value that it gives."""
        return self.parts.operator(kind, inputs, f"{self.name}/{kind}", attributes)

    def weight(self, role: str, view: Callable[[Array], Array] = lambda w: w) -> str:
        """An initializer: the weight of this role, as the operator wants it."""
        key, array = self.weights[role]
        return self.parts.initializer(key, view(array))

    def per_channel(self, role: str) -> str:
        """A vector (M,) as it spreads over features (B, M) or a map (B, M, H, W)."""
        return self.weight(role, lambda w: w[:, None, None] if self.is_map else w)

    def biases(self) -> tuple[str, ...]:
        """The bias to be added at once as an operator's last input, () without one."""
        return () if self.bias is None else (self.parts.initializer(*self.bias),)

    def number(self, value: float) -> str:
        """A constant of the weights' dtype."""
        return self.parts.constant(np.array(value, self.parts.dtype))

    def integers(self, *values: int) -> str:
        """A constant vector, such as a shape or axes."""
        return self.parts.constant(np.array(values, np.int64))

    def reshape(self, value: str, *shape: int) -> str:
        """In the new shape a 0 keeps the axis, -1 takes what is left."""
        return self.put("Reshape", value, self.integers(*shape))


def is_map(shape: Shape) -> bool:
    """Whether a value of this shape is a map in the file, or features."""
    return len(shape) >= 3
