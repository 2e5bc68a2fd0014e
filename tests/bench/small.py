"""What the tests of the bench share: a network that takes no time, and engines that are not real."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from refnet import Graph, Node
from refnet.bench.engines import Engine, Session, named_outputs
from refnet.bench.race import Race
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

QUICK = Race(blocks=2, runs=2, warmups=1, pause=0.0)


def network():
    """A V2 in small: a first convolution, a block with a shortcut, a head with dropout."""
    nodes = [
        Node("conv_first", Conv2d(8, 3, 2)),
        Node("conv_first_bn", BatchNorm()),
        Node("conv_first_relu6", Relu6()),
        Node("block_1/expand", PointwiseConv2d(16)),
        Node("block_1/expand_bn", BatchNorm()),
        Node("block_1/expand_relu6", Relu6()),
        Node("block_1/depthwise", DepthwiseConv2d(3)),
        Node("block_1/depthwise_bn", BatchNorm()),
        Node("block_1/depthwise_relu6", Relu6()),
        Node("block_1/project", PointwiseConv2d(8)),
        Node("block_1/project_bn", BatchNorm()),
        Node("block_1/add", Add(), ("block_1/project_bn", "conv_first_relu6")),
        Node("pool", GlobalAveragePool()),
        Node("dropout", Dropout(0.2)),
        Node("classifier", Dense(5)),
        Node("classifier_bias", BiasAdd()),
    ]
    return Graph("small", {"images": (12, 10, 3)}, nodes)


class Meal(NamedTuple):
    """In place of a lesson."""

    size: int

    def few(self):
        return Meal(1)


class Hungry:
    """Each of its steps holds so many bytes for a moment."""

    meals = 0

    def pupil(self, lesson):
        return Pupil(lambda: self.eat(lesson.size))

    def eat(self, size):
        Hungry.meals += 1
        np.ones(size, np.int8)


class Pupil(NamedTuple):
    step: Callable


class Plain(Engine):
    """The graph itself, times a factor: 1 is right."""

    distribution = "numpy"

    def __init__(self, name="plain", factor=1.0):
        self.name, self.factor = name, np.float32(factor)

    def prepare(self, task, form):
        def outputs():
            found = named_outputs(task.net, task.net.forward(task.weights, dict(task.inputs)))
            return {name: y * self.factor for name, y in found.items()}

        return Session(outputs, outputs, {"factor": float(self.factor)})
