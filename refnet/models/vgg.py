"""VGG with 16 layers (Simonyan and Zisserman 2014, Table 1, configuration D).

    n, c    3x3 convolutions of a stage, and the channels of each
    F       neurons of fc6 and fc7

Each convolution has stride 1, one pixel of padding, a bias and a ReLU; a stage ends with 2x2 max pooling of stride 2.
Nodes are called as in the authors' Caffe model: conv1_1 to conv5_3, pool1 to pool5, fc6, fc7; its fc8 is `classifier`.

The map behind pool5 is flattened, so fc6 has as many weights as the resolution asks for: 25,088 rows at 224.
"""

from ..graph import Graph
from ..layers.base import check_count
from ..layers.channels import Flatten
from ..layers.convolution import Conv2d
from ..layers.pooling import MaxPool2d
from ..node import Node
from .biased import dense_tower, rectified

# Table 1, column D: (n, c) of each stage.
BODY = ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512))
F = 4096
LEAST = 32  # below, a pool finds no 2x2 pixels


def vgg16(resolution: int = 224, classes: int = 1000, *, dropout: float = 0.5) -> Graph:
    """VGG 16: images (resolution, resolution, 3) -> logits (classes,), or the features of fc7 for classes=0.

    resolution: any from 32; weights of fc6 depend on it. Raises ValueError for anything else.
    """
    check_count(resolution, "resolution", least=LEAST)
    check_count(classes, "classes", least=0)
    nodes: list[Node] = []
    for number, (n, c) in enumerate(BODY, start=1):
        nodes += [*stage(number, n, c), Node(f"pool{number}", MaxPool2d(2, 2, "valid"))]
    nodes += [Node("flatten", Flatten()), *dense_tower(F, classes, dropout)]
    return Graph(f"vgg16-{resolution}", {"images": (resolution, resolution, 3)}, nodes)


def stage(number: int, n: int, c: int) -> list[Node]:
    """The convolutions conv`number`_1 to conv`number`_n, each with bias and ReLU; no pooling."""
    return [node for i in range(1, n + 1) for node in rectified(f"conv{number}_{i}", Conv2d(c, 3, padding="symmetric"))]
