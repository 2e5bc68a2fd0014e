"""SqueezeNet 1.0 (Iandola et al. 2016, Table 1).

    s1x1          1x1 convolutions that squeeze
    e1x1, e3x3    1x1 and 3x3 convolutions, side by side, that expand; their channels follow each other in this order

Every convolution has a bias and a ReLU, conv10 (`classifier` here) too; the logits are the means of its channels. Pools
are 3x3/2 and round up, as in the authors' Caffe model (SqueezeNet_v1.0/train_val.prototxt), whose names these are. The
table prints 224 pixels and a first map of 111: that takes the 227 of the Caffe model.

The Caffe model pads the map before conv10 by a pixel (`last_padding=1`): 15x15 logits per class, not the table's 13x13.
"""

from ..graph import Graph
from ..layers.activation import Relu
from ..layers.base import check_count
from ..layers.channels import Concat
from ..layers.convolution import Conv2d, PointwiseConv2d
from ..layers.dropout import Dropout
from ..layers.pooling import GlobalAveragePool, MaxPool2d
from ..node import Node
from .biased import biased, rectified

FIRST = 96
# Table 1: number of the fire module -> s1x1, e1x1, e3x3.
FIRE = {
    2: (16, 64, 64),
    3: (16, 64, 64),
    4: (32, 128, 128),
    5: (32, 128, 128),
    6: (48, 192, 192),
    7: (48, 192, 192),
    8: (64, 256, 256),
    9: (64, 256, 256),
}
POOLS = (1, 4, 8)  # behind conv1, fire4 and fire8
LEAST = 29  # below, a pool finds no 3x3 pixels


def squeezenet(resolution: int = 227, classes: int = 1000, *, last_padding: int = 0, dropout: float = 0.5) -> Graph:
    """SqueezeNet 1.0: images (resolution, resolution, 3) -> logits (classes,), or pooled features for classes=0.

    resolution: any from 29. last_padding: pixels of zeros around the map before the last convolution.
    Raises ValueError for anything else.
    """
    check_count(resolution, "resolution", least=LEAST)
    check_count(classes, "classes", least=0)
    check_count(last_padding, "last_padding", least=0)
    nodes = [*rectified("conv1", Conv2d(FIRST, 7, 2, padding="valid")), _pool(1)]
    for number, (s1x1, e1x1, e3x3) in FIRE.items():
        nodes += _fire(f"fire{number}", nodes[-1].name, s1x1, e1x1, e3x3)
        nodes += [_pool(number)] if number in POOLS else []
    nodes += _head(classes, last_padding, dropout) if classes else []
    nodes += [Node("pool10", GlobalAveragePool())]
    return Graph(f"squeezenet-{resolution}", {"images": (resolution, resolution, 3)}, nodes)


def _pool(number: int) -> Node:
    return Node(f"pool{number}", MaxPool2d(3, 2, "ceil"))


def _fire(name: str, start: str, s1x1: int, e1x1: int, e3x3: int) -> list[Node]:
    """Figure 1: squeeze, two ways of expanding, concatenation."""
    squeeze, one, three = (f"{name}/{part}" for part in ("squeeze1x1", "expand1x1", "expand3x3"))
    squeezed = f"{squeeze}_relu"
    return [
        *rectified(squeeze, PointwiseConv2d(s1x1), (start,)),
        *rectified(one, PointwiseConv2d(e1x1), (squeezed,)),
        *rectified(three, Conv2d(e3x3, 3, padding="symmetric"), (squeezed,)),
        Node(f"{name}/concat", Concat(2), (f"{one}_relu", f"{three}_relu")),
    ]


def _head(classes: int, padding: int, dropout: float) -> list[Node]:
    """Dropout, and conv10 with its ReLU."""
    last = Conv2d(classes, 1, padding=(padding,) * 4) if padding else PointwiseConv2d(classes)
    return [Node("dropout9", Dropout(dropout)), *biased("classifier", last), Node("classifier_relu", Relu())]
