"""What the tables of both papers repeat: a convolution, its batch norm and its activation; the pooled classifier."""

from dataclasses import dataclass
from numbers import Real
from typing import Any

from ..layers.activation import Relu, Relu6
from ..layers.base import Layer, check_choice, check_count
from ..layers.dense import BiasAdd, Dense
from ..layers.dropout import Dropout
from ..layers.normalization import BatchNorm
from ..layers.pooling import GlobalAveragePool
from ..node import Node

_ACTIVATIONS: dict[str, type[Layer]] = {"relu6": Relu6, "relu": Relu}
_LARGEST_FACTOR = 1e100


@dataclass(frozen=True)
class Style:
    """What stands behind every convolution of one model: batch norm's constants and the activation."""

    decay: float
    eps: float
    activation: str = "relu6"

    def __post_init__(self) -> None:
        check_choice(self.activation, _ACTIVATIONS, "activation")

    def linear(self, name: str, convolution: Layer, inputs: tuple[str, ...] = ()) -> list[Node]:
        """Convolution and batch norm: nodes `name`, `name_bn`."""
        return [Node(name, convolution, inputs), Node(f"{name}_bn", BatchNorm(self.decay, self.eps))]

    def activated(self, name: str, convolution: Layer, inputs: tuple[str, ...] = ()) -> list[Node]:
        """Convolution, batch norm and activation: nodes `name`, `name_bn`, `name_relu6`."""
        layer = _ACTIVATIONS[self.activation]()
        return [*self.linear(name, convolution, inputs), Node(f"{name}_{self.activation}", layer)]


def head(classes: int, dropout: float) -> list[Node]:
    """Pooled features, and for classes > 0 dropout and a classifier with bias."""
    check_count(classes, "classes", least=0)
    pool = [Node("pool", GlobalAveragePool())]
    if not classes:
        return pool
    return [
        *pool,
        Node("dropout", Dropout(dropout)),
        Node("classifier", Dense(classes)),
        Node("classifier_bias", BiasAdd()),
    ]


def check_scale(width: float, resolution: int) -> float:
    """The width as a float. Raises ValueError unless it is a factor and resolution >= 32."""
    check_count(resolution, "resolution", least=32)
    return check_factor(width, "width", "a width multiplier")


def check_factor(value: Any, what: str, wanted: str) -> float:
    """The value as a float. Raises ValueError unless it is a number above 0 to multiply channels by."""
    try:
        factor = float(value) if isinstance(value, Real) and not isinstance(value, bool) else 0.0
    except OverflowError:
        factor = float("inf")
    if not factor > 0:
        raise ValueError(f"{what}: wanted {wanted} above 0, got {value!r}")
    if factor > _LARGEST_FACTOR:
        raise ValueError(f"{what}: wanted {wanted} up to {_LARGEST_FACTOR:g}, got {value!r}")
    return factor


def title(name: str, width: float, resolution: int) -> str:
    """How tables call one setting of a model: mobilenet_v2-1.0-224."""
    return f"{name}-{float(width):g}-{resolution}" if width != int(width) else f"{name}-{float(width):.1f}-{resolution}"
