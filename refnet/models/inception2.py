"""Inception V2, also BN-Inception (Ioffe and Szegedy 2015, Figure 5), as TF-slim has it (nets/inception_v2.py).

    r, n    channels of the 1x1 convolution that reduces, channels of the 3x3 behind it
    double  the branch with two 3x3 convolutions of n channels each
    pool    "average" or "max" in front of a projection to `project` channels; "pass": 3x3/2 max pooling, no projection

TF-slim differs from the paper's figure: its first layer is a separable convolution (7x7/2 with channel multiplier 8,
then 1x1 to 64), and the pool projections of Mixed_4d and Mixed_4e have 96 channels, not 128. Its arguments reach no
separable convolution, so the first layer has a bias and no batch norm there; the Object Detection API's reach it, which
is `normalize_first=True`. TF-slim's batch norm has no gamma: P-SLIM is its count. Average pools leave the padding out.

A graph taps Mixed_4c at node `mixed_4c/concat`, and so on.
"""

from typing import NamedTuple

from ..graph import Graph
from ..layers.activation import Relu
from ..layers.base import check_count, check_flag
from ..layers.convolution import Conv2d, GroupedConv2d, PointwiseConv2d
from ..layers.dense import BiasAdd
from ..layers.pooling import AveragePool2d, MaxPool2d
from ..node import Node
from .blocks import Style, head
from .branches import Branch, block

FIRST, MULTIPLIER = 64, 8
SECOND = (64, 192)  # a 1x1 and a 3x3 convolution


class Mixed(NamedTuple):
    """A row of Figure 5. stride 2: no 1x1 branch, and the last convolution of the others has the stride."""

    name: str
    stride: int
    one: int
    three: tuple[int, int]  # r, n
    double: tuple[int, int]  # r, n
    pool: str
    project: int


BODY = (
    Mixed("mixed_3b", 1, 64, (64, 64), (64, 96), "average", 32),
    Mixed("mixed_3c", 1, 64, (64, 96), (64, 96), "average", 64),
    Mixed("mixed_4a", 2, 0, (128, 160), (64, 96), "pass", 0),
    Mixed("mixed_4b", 1, 224, (64, 96), (96, 128), "average", 128),
    Mixed("mixed_4c", 1, 192, (96, 128), (96, 128), "average", 128),
    Mixed("mixed_4d", 1, 160, (128, 160), (128, 160), "average", 96),
    Mixed("mixed_4e", 1, 96, (128, 192), (160, 192), "average", 96),
    Mixed("mixed_5a", 2, 0, (128, 192), (192, 256), "pass", 0),
    Mixed("mixed_5b", 1, 352, (192, 320), (160, 224), "average", 128),
    Mixed("mixed_5c", 1, 352, (192, 320), (192, 224), "max", 128),
)


def inception_v2(resolution: int = 224, classes: int = 1000, *, normalize_first: bool = False) -> Graph:
    """Inception V2: images (resolution, resolution, 3) -> logits (classes,), or pooled features for classes=0.

    resolution: any from 32. normalize_first: batch norm behind the first layer, in place of its bias.
    Raises ValueError for anything else.
    """
    check_count(resolution, "resolution", least=32)
    nodes = [*body(normalize_first), *head(classes, dropout=0.2)]
    return Graph(f"inception_v2-{resolution}", {"images": (resolution, resolution, 3)}, nodes)


def body(normalize_first: bool = False) -> list[Node]:
    """The nodes from the images to the end of Mixed_5c, for graphs that put something else behind them."""
    check_flag(normalize_first, "normalize_first")
    style = Style(0.9997, 1e-3, "relu")
    nodes = _stem(style, normalize_first)
    for row in BODY:
        nodes += block(style, row.name, nodes[-1].name, _branches(row))
    return nodes


def _stem(style: Style, normalize_first: bool) -> list[Node]:
    first = "conv2d_1a_7x7/pointwise"
    pointwise = PointwiseConv2d(FIRST)
    biased = [Node(first, pointwise), Node(f"{first}_bias", BiasAdd()), Node(f"{first}_relu", Relu())]
    return [
        Node("conv2d_1a_7x7/depthwise", GroupedConv2d(3 * MULTIPLIER, 7, groups=3, stride=2)),
        *(style.activated(first, pointwise) if normalize_first else biased),
        Node("maxpool_2a_3x3", MaxPool2d(3, 2)),
        *style.activated("conv2d_2b_1x1", PointwiseConv2d(SECOND[0])),
        *style.activated("conv2d_2c_3x3", Conv2d(SECOND[1], 3)),
        Node("maxpool_3a_3x3", MaxPool2d(3, 2)),
    ]


def _branches(row: Mixed) -> tuple[Branch, ...]:
    """1x1 (where the block keeps the size), 3x3, double 3x3, pool."""
    (r, n), (double_r, double_n), s = row.three, row.double, row.stride
    three = Branch((PointwiseConv2d(r), Conv2d(n, 3, s)))
    double = Branch((PointwiseConv2d(double_r), Conv2d(double_n, 3), Conv2d(double_n, 3, s)))
    if row.pool == "pass":
        return three, double, Branch((MaxPool2d(3, s),))
    pool = AveragePool2d(3) if row.pool == "average" else MaxPool2d(3)
    return Branch((PointwiseConv2d(row.one),)), three, double, Branch((pool, PointwiseConv2d(row.project)))
