"""Small graphs with forks, joins, shared weights, several inputs and outputs; and arrays for any graph."""

import numpy as np

from refnet import Graph, Node
from refnet.layers import (
    Add,
    BatchNorm,
    BiasAdd,
    Conv2d,
    Dense,
    DepthwiseConv2d,
    Dropout,
    GlobalAveragePool,
    PointwiseConv2d,
    Relu6,
)


def forked():
    """x -> a; a -> b and c; b + c -> d, and d + a -> e: three ways from a to the end."""
    nodes = [
        Node("a", PointwiseConv2d(2)),
        Node("b", DepthwiseConv2d(3)),
        Node("c", PointwiseConv2d(2), ("a",)),
        Node("d", Add(), ("b", "c")),
        Node("e", Add(), ("d", "a")),
    ]
    return Graph("forked", {"images": (3, 4, 3)}, nodes)


def shared():
    """Two 1x1 convolutions one behind the other with one kernel."""
    own = {"kernel": "common/kernel"}
    nodes = [Node("first", PointwiseConv2d(3), weights=own), Node("second", PointwiseConv2d(3), weights=own)]
    return Graph("shared", {"images": (2, 2, 3)}, nodes)


def two_by_two():
    """Inputs x and y, outputs sum and scores."""
    nodes = [
        Node("left", PointwiseConv2d(2), ("x",)),
        Node("sum", Add(), ("left", "y")),
        Node("pool", GlobalAveragePool()),
        Node("scores", Dense(3)),
    ]
    return Graph("two", {"x": (2, 2, 3), "y": (2, 2, 2)}, nodes, outputs=("sum", "scores"))


def tail():
    """A small network with every kind of trainable weight."""
    nodes = [
        Node("conv", Conv2d(4, 3, 2)),
        Node("conv_bn", BatchNorm(decay=0.9)),
        Node("conv_relu6", Relu6()),
        Node("pool", GlobalAveragePool()),
        Node("dropout", Dropout(0.3)),
        Node("classifier", Dense(5)),
        Node("classifier_bias", BiasAdd()),
    ]
    return Graph("tail", {"images": (6, 6, 3)}, nodes)


def drawn(net, dtype=np.float64, batch=2, seed=0):
    """Weights, and one array per input."""
    random = np.random.default_rng(seed)
    weights = {key: random.uniform(0.5, 1.5, each.shape).astype(dtype) for key, each in net.parameters().items()}
    return weights, {key: random.standard_normal((batch, *shape)).astype(dtype) for key, shape in net.inputs.items()}


def chain(length):
    return Graph("chain", {"images": (2, 2, 2)}, [Node(f"n{i}", PointwiseConv2d(2)) for i in range(length)])
