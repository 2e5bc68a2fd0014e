"""What the tables of both papers repeat: a convolution, its batch norm and its activation; the pooled classifier."""

from dataclasses import dataclass

from ..layers.activation import Relu, Relu6
from ..layers.base import Layer, check_count
from ..layers.dense import BiasAdd, Dense
from ..layers.dropout import Dropout
from ..layers.normalization import BatchNorm
from ..layers.pooling import GlobalAveragePool
from ..node import Node

_ACTIVATIONS: dict[str, type[Layer]] = {"relu6": Relu6, "relu": Relu}


@dataclass(frozen=True)
class Style:
    """What stands behind every convolution of one model: batch norm's constants and the activation."""

    decay: float
    eps: float
    activation: str = "relu6"

    def __post_init__(self) -> None:
        if self.activation not in _ACTIVATIONS:
            raise ValueError(f"activation: wanted {' or '.join(_ACTIVATIONS)}, got {self.activation!r}")

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


def check_scale(width: float, resolution: int) -> None:
    """Raise ValueError unless 0 < width (finite) and resolution >= 32."""
    if isinstance(width, bool) or not isinstance(width, (int, float)) or not 0 < width < float("inf"):
        raise ValueError(f"width: wanted a width multiplier above 0, got {width!r}")
    check_count(resolution, "resolution", least=32)


def title(name: str, width: float, resolution: int) -> str:
    """How tables call one setting of a model: mobilenet_v2-1.0-224."""
    return f"{name}-{float(width):g}-{resolution}" if width != int(width) else f"{name}-{float(width):.1f}-{resolution}"
