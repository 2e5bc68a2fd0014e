"""SSD on VGG 16 (Liu et al. 2015, "SSD", section 3.1 and Figure 2), as in the authors' Caffe scripts.

    n, c          3x3 convolutions of a VGG stage, and the channels of each: `vgg.BODY`
    half, c, k    an extra layer: 1x1 to `half` channels, then k x k to c
    s, pads       stride and padding on each side of the k x k convolution
    anchors       boxes at every pixel of a map

Against VGG 16: pooling rounds up (75 to 38), pool5 is 3x3 with stride 1, fc6 and fc7 are a 3x3 convolution with
dilation 6 and a 1x1 convolution of 1,024 channels each, dropout is gone. conv4_3 gives the first map, each pixel's
channels divided by their length and multiplied by trainable factors. Every convolution has a bias. 8,732 boxes at 300
pixels, 24,564 at 512. Nodes are called as in Caffe (the authors' fork: examples/ssd/ssd_coco.py and
ssd_pascal_512.py, python/caffe/model_libs.py).
"""

from typing import NamedTuple

from ..graph import Graph
from ..layers.base import check_choice
from ..layers.convolution import Conv2d, PointwiseConv2d
from ..layers.dense import BiasAdd
from ..layers.normalization import ChannelScale, L2Normalize
from ..layers.pooling import MaxPool2d
from ..node import Node
from . import vgg
from .biased import rectified
from .ssd_heads import predictors

FC = 1024
SCALE = Node("conv4_3_scale", ChannelScale(initial=20.0))  # section 3.1: a norm of 20 at first, then learned


class Extra(NamedTuple):
    """A row of the table of extra layers."""

    half: int
    c: int
    k: int
    s: int
    pads: int


class Setting(NamedTuple):
    """What depends on the resolution."""

    extras: tuple[Extra, ...]
    anchors: tuple[int, ...]


SETTINGS = {
    300: Setting(
        (Extra(256, 512, 3, 2, 1), Extra(128, 256, 3, 2, 1), Extra(128, 256, 3, 1, 0), Extra(128, 256, 3, 1, 0)),
        (4, 6, 6, 6, 4, 4),
    ),
    512: Setting(
        (Extra(256, 512, 3, 2, 1), *[Extra(128, 256, 3, 2, 1)] * 3, Extra(128, 256, 4, 1, 1)),
        (4, 6, 6, 6, 6, 4, 4),
    ),
}


def ssd_vgg16(resolution: int = 300, classes: int = 80) -> Graph:
    """SSD300 or SSD512: images (resolution, resolution, 3) -> boxes_1, classes_1, boxes_2, ... of six or seven maps.

    resolution: 300 or 512. classes: without the background. Raises ValueError for anything else.
    """
    extras, anchors = SETTINGS[check_choice(resolution, SETTINGS, "resolution")]
    nodes = _body()
    maps = ["conv4_3_scale", nodes[-1].name]
    for number, extra in enumerate(extras, start=6):
        nodes += _extra(f"conv{number}", extra, maps[-1])
        maps.append(nodes[-1].name)
    nodes += [Node("conv4_3_norm", L2Normalize(eps=1e-10), ("conv4_3_relu",)), SCALE]
    predicted, outputs = predictors(maps, anchors, classes, _predictor)
    return Graph(f"ssd{resolution}_vgg16", {"images": (resolution, resolution, 3)}, nodes + predicted, outputs)


def _body() -> list[Node]:
    """VGG 16 up to fc7, in convolutions only."""
    nodes: list[Node] = []
    for number, (n, c) in enumerate(vgg.BODY, start=1):
        pool = MaxPool2d(2, 2, "ceil") if number < len(vgg.BODY) else MaxPool2d(3, 1, "symmetric")
        nodes += [*vgg.stage(number, n, c), Node(f"pool{number}", pool)]
    fc6, fc7 = Conv2d(FC, 3, dilation=6, padding="symmetric"), PointwiseConv2d(FC)
    return [*nodes, *rectified("fc6", fc6), *rectified("fc7", fc7)]


def _extra(name: str, extra: Extra, source: str) -> list[Node]:
    shrink = Conv2d(extra.c, extra.k, extra.s, padding=(extra.pads,) * 4)
    return [*rectified(f"{name}_1", PointwiseConv2d(extra.half), (source,)), *rectified(f"{name}_2", shrink)]


def _predictor(name: str, source: str, filters: int) -> list[Node]:
    """A 3x3 convolution, and its bias: the node called `name`."""
    return [Node(f"{name}/conv", Conv2d(filters, 3, padding="symmetric"), (source,)), Node(name, BiasAdd())]
