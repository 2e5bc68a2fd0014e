"""What the networks from before batch normalisation repeat: a convolution or dense layer, its bias and its ReLU."""

from ..layers.activation import Relu
from ..layers.base import Layer
from ..layers.dense import BiasAdd, Dense
from ..layers.dropout import Dropout
from ..node import Node


def biased(name: str, layer: Layer, inputs: tuple[str, ...] = ()) -> list[Node]:
    """Layer and bias: nodes `name`, `name_bias`."""
    return [Node(name, layer, inputs), Node(f"{name}_bias", BiasAdd())]


def rectified(name: str, layer: Layer, inputs: tuple[str, ...] = ()) -> list[Node]:
    """Layer, bias and ReLU: nodes `name`, `name_bias`, `name_relu`."""
    return [*biased(name, layer, inputs), Node(f"{name}_relu", Relu())]


def dense_tower(units: int, classes: int, dropout: float) -> list[Node]:
    """AlexNet's end, which VGG took over: fc6 and fc7 with `units` neurons each, and for classes > 0 the classifier.

    Dropout stands behind fc6, and behind fc7 where a classifier follows.
    """
    nodes = [*rectified("fc6", Dense(units)), Node("fc6_dropout", Dropout(dropout)), *rectified("fc7", Dense(units))]
    if not classes:
        return nodes
    return [*nodes, Node("fc7_dropout", Dropout(dropout)), *biased("classifier", Dense(classes))]
