"""AlexNet (Krizhevsky, Sutskever and Hinton 2012, section 3.5 and Figure 2), its two halves as groups.

    c, k, s    channels of a convolution, size of its window, stride
    groups     2 where each of the paper's two GPUs saw its own half of the channels only
    norm, pool whether response normalisation (section 3.3) and 3x3/2 max pooling (section 3.4) follow, in this order
    F          neurons of fc6 and fc7

The paper prints 224 pixels, of which its 11x11/4 window makes no 55 x 55 map; 227 do, as in Caffe's replication
(models/bvlc_alexnet), whose names and groups these are; its fc8 is `classifier`. Response normalisation has the paper's
constants: Caffe's has 1 in place of 2 and divides alpha by the size, and sees both halves together, as here. Pools
round up, as Caffe's do; at 227 pixels they need not.
"""

from typing import NamedTuple

from ..graph import Graph
from ..layers.base import Layer, check_count
from ..layers.channels import Flatten
from ..layers.convolution import Conv2d, GroupedConv2d
from ..layers.normalization import LocalResponseNorm
from ..layers.pooling import MaxPool2d
from ..layers.window import Padding
from ..node import Node
from .biased import dense_tower, rectified


class Row(NamedTuple):
    """One convolution of Figure 2."""

    c: int
    k: int
    s: int
    padding: Padding
    groups: int
    norm: bool
    pool: bool


BODY = (
    Row(96, 11, 4, "valid", 1, True, True),
    Row(256, 5, 1, "symmetric", 2, True, True),
    Row(384, 3, 1, "symmetric", 1, False, False),
    Row(384, 3, 1, "symmetric", 2, False, False),
    Row(256, 3, 1, "symmetric", 2, False, True),
)
NORM = LocalResponseNorm(size=5, alpha=1e-4, beta=0.75, bias=2.0)
F = 4096
LEAST = 55  # below, a pool finds no 3x3 pixels


def alexnet(resolution: int = 227, classes: int = 1000, *, dropout: float = 0.5) -> Graph:
    """AlexNet: images (resolution, resolution, 3) -> logits (classes,), or the features of fc7 for classes=0.

    resolution: any from 55; weights of fc6 depend on it. Raises ValueError for anything else.
    """
    check_count(resolution, "resolution", least=LEAST)
    check_count(classes, "classes", least=0)
    nodes: list[Node] = []
    for number, row in enumerate(BODY, start=1):
        nodes += rectified(f"conv{number}", _convolution(row))
        nodes += [Node(f"norm{number}", NORM)] if row.norm else []
        nodes += [Node(f"pool{number}", MaxPool2d(3, 2, "ceil"))] if row.pool else []
    nodes += [Node("flatten", Flatten()), *dense_tower(F, classes, dropout)]
    return Graph(f"alexnet-{resolution}", {"images": (resolution, resolution, 3)}, nodes)


def _convolution(row: Row) -> Layer:
    if row.groups == 1:
        return Conv2d(row.c, row.k, row.s, padding=row.padding)
    return GroupedConv2d(row.c, row.k, row.groups, row.s, padding=row.padding)
