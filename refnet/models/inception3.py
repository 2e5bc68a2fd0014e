"""Inception V3 (Szegedy et al. 2015, Table 1 and Figures 5 to 7), as TF-slim and torchvision have it.

    c    channels that differ between blocks of one kind; all others are the same in each

Sources: nets/inception_v3.py of TF-slim, whose endpoint names stand here, and torchvision/models/inception.py. Both
add an auxiliary classifier for training; it is left out here. TF-slim's batch norm has no gamma (P-SLIM), torchvision's
has (P-TRAINABLE). Average pools leave the padding out, as TensorFlow's; torchvision's count it as zeros.
"""

from collections.abc import Callable

from ..graph import Graph
from ..layers.base import check_count
from ..layers.convolution import Conv2d, PointwiseConv2d
from ..layers.pooling import AveragePool2d, MaxPool2d
from ..node import Node
from .blocks import Style, head
from .branches import Branch, block

# From here on, every window of the network fits into its map.
SMALLEST = 75


def _same_35(c: int) -> tuple[Branch, ...]:
    """Figure 5, with a 5x5 convolution in the second branch; c channels behind the pool."""
    return (
        Branch((PointwiseConv2d(64),)),
        Branch((PointwiseConv2d(48), Conv2d(64, 5))),
        Branch((PointwiseConv2d(64), Conv2d(96, 3), Conv2d(96, 3))),
        Branch((AveragePool2d(3), PointwiseConv2d(c))),
    )


def _from_35_to_17(c: int) -> tuple[Branch, ...]:
    """c channels out of the single convolution."""
    return (
        Branch((Conv2d(c, 3, 2, padding="valid"),)),
        Branch((PointwiseConv2d(64), Conv2d(96, 3), Conv2d(96, 3, 2, padding="valid"))),
        Branch((MaxPool2d(3, 2, "valid"),)),
    )


def _same_17(c: int) -> tuple[Branch, ...]:
    """Figure 6, n = 7: convolutions of one row or one column; c channels between them."""
    row, column = (1, 7), (7, 1)
    long = (Conv2d(c, column), Conv2d(c, row), Conv2d(c, column), Conv2d(192, row))
    return (
        Branch((PointwiseConv2d(192),)),
        Branch((PointwiseConv2d(c), Conv2d(c, row), Conv2d(192, column))),
        Branch((PointwiseConv2d(c), *long)),
        Branch((AveragePool2d(3), PointwiseConv2d(192))),
    )


def _from_17_to_8(c: int) -> tuple[Branch, ...]:
    """c channels out of the first branch."""
    row, column = (1, 7), (7, 1)
    reduce = Conv2d(192, 3, 2, padding="valid")
    return (
        Branch((PointwiseConv2d(192), Conv2d(c, 3, 2, padding="valid"))),
        Branch((PointwiseConv2d(192), Conv2d(192, row), Conv2d(192, column), reduce)),
        Branch((MaxPool2d(3, 2, "valid"),)),
    )


def _same_8(c: int) -> tuple[Branch, ...]:
    """Figure 7: a row and a column beside each other at the ends of two branches; c channels out of each."""
    ends = (Conv2d(c, (1, 3)), Conv2d(c, (3, 1)))
    return (
        Branch((PointwiseConv2d(320),)),
        Branch((PointwiseConv2d(c),), ends),
        Branch((PointwiseConv2d(448), Conv2d(c, 3)), ends),
        Branch((AveragePool2d(3), PointwiseConv2d(192))),
    )


# Block, what it is made of, c.
BODY: tuple[tuple[str, Callable[[int], tuple[Branch, ...]], int], ...] = (
    ("mixed_5b", _same_35, 32),
    ("mixed_5c", _same_35, 64),
    ("mixed_5d", _same_35, 64),
    ("mixed_6a", _from_35_to_17, 384),
    ("mixed_6b", _same_17, 128),
    ("mixed_6c", _same_17, 160),
    ("mixed_6d", _same_17, 160),
    ("mixed_6e", _same_17, 192),
    ("mixed_7a", _from_17_to_8, 320),
    ("mixed_7b", _same_8, 384),
    ("mixed_7c", _same_8, 384),
)


def inception_v3(resolution: int = 299, classes: int = 1000) -> Graph:
    """Inception V3: images (resolution, resolution, 3) -> logits (classes,), or pooled features for classes=0.

    resolution: any from 75, the least into which all windows fit. Raises ValueError for anything else.
    """
    check_count(resolution, "resolution", least=SMALLEST)
    style = Style(0.9997, 1e-3, "relu")
    nodes = _stem(style)
    for name, branches, c in BODY:
        nodes += block(style, name, nodes[-1].name, branches(c))
    nodes += head(classes, dropout=0.2)
    return Graph(f"inception_v3-{resolution}", {"images": (resolution, resolution, 3)}, nodes)


def _stem(style: Style) -> list[Node]:
    return [
        *style.activated("conv2d_1a_3x3", Conv2d(32, 3, 2, padding="valid")),
        *style.activated("conv2d_2a_3x3", Conv2d(32, 3, padding="valid")),
        *style.activated("conv2d_2b_3x3", Conv2d(64, 3)),
        Node("maxpool_3a_3x3", MaxPool2d(3, 2, "valid")),
        *style.activated("conv2d_3b_1x1", PointwiseConv2d(80)),
        *style.activated("conv2d_4a_3x3", Conv2d(192, 3, padding="valid")),
        Node("maxpool_5a_3x3", MaxPool2d(3, 2, "valid")),
    ]
