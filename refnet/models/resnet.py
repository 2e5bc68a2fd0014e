"""ResNet-101 (He et al. 2016, arXiv:1512.03385, Table 1, column "101-layer") and the variant that DeepLab used.

    b, n, s   a group conv2_x ... conv5_x: channels of its bottlenecks, number of units, stride
    unit      1x1 (b), 3x3 (b), 1x1 (4*b), each with batch norm, ReLU between them; shortcut; ReLU behind the sum

    variant       root                     stride of a group                      pads
    original      7x7/2 (64), pool 3x3/2   first unit, its first 1x1 (Caffe's)    symmetric; pool as Caffe rounds
    torchvision   the same                 first unit, its 3x3                    symmetric
    beta          3x3/2 (64), 3x3 (64),    last unit of the group before, its     symmetric; pool SAME
                  3x3 (128), pool 3x3/2    3x3; the shortcut takes every 2nd

The paper does not say which convolution strides; its 7.6e9 multiply-adds need the 1x1, as in the authors' release.
beta: `resnet_v1_101_beta` in tensorflow/models, research/deeplab/core/resnet_v1_beta.py, with multi-grid (1, 2, 4), the
dilations in the three units of conv5_x (DeepLabv3, arXiv:1706.05587, section 3.2.1).
"""

from ..graph import Graph
from ..layers.activation import Relu
from ..layers.add import Add
from ..layers.base import Layer, check_choice, check_count
from ..layers.convolution import Conv2d, PointwiseConv2d
from ..layers.dense import BiasAdd, Dense
from ..layers.pooling import GlobalAveragePool, MaxPool2d
from ..node import Node
from .blocks import Style

# The convolutions in front of the pool: name, channels, kernel, stride.
ROOT = (("conv1", 64, 7, 2),)
BETA_ROOT = (("conv1_1", 64, 3, 2), ("conv1_2", 64, 3, 1), ("conv1_3", 128, 3, 1))
# Table 1: (b, n, s) of conv2_x to conv5_x.
BODY = ((64, 3, 1), (128, 4, 2), (256, 23, 2), (512, 3, 2))
FIRST_GROUP = 2
EXPANSION = 4
MULTI_GRID = {5: (1, 2, 4)}

VARIANTS = ("original", "torchvision", "beta")
_POOL_PADDING = {"original": "ceil", "torchvision": "symmetric", "beta": "same"}


def resnet_101(resolution: int = 224, classes: int = 1000, variant: str = "original") -> Graph:
    """ResNet-101: images (resolution, resolution, 3) -> logits (classes,), or pooled features for classes=0.

    resolution: any from 32. variant: original, torchvision or beta, see the head of this file. Raises ValueError for
    anything else.
    """
    check_count(resolution, "resolution", least=32)
    nodes = [*resnet_body(variant), *_head(check_count(classes, "classes", least=0))]
    name = "resnet_101" if variant == "original" else f"resnet_101_{variant}"
    return Graph(f"{name}-{resolution}", {"images": (resolution, resolution, 3)}, nodes)


def resnet_body(variant: str) -> list[Node]:
    """All up to conv5_3: 2048 channels, output stride 32. Raises ValueError for an unknown variant."""
    check_choice(variant, VARIANTS, "variant")
    style = Style(0.997 if variant == "beta" else 0.9, 1e-5, "relu")
    walk = _Walk(style, variant)
    nodes = _root(style, variant)
    for group, (b, n, _) in enumerate(BODY, start=FIRST_GROUP):
        for unit in range(1, n + 1):
            nodes += walk.unit(f"conv{group}_{unit}", b, *_stride_dilation(variant, group, unit))
    return nodes


def _root(style: Style, variant: str) -> list[Node]:
    nodes = []
    for name, channels, kernel, stride in BETA_ROOT if variant == "beta" else ROOT:
        nodes += style.activated(name, Conv2d(channels, kernel, stride, padding="symmetric"))
    return [*nodes, Node("pool1", MaxPool2d(3, 2, _POOL_PADDING[variant]))]


def _stride_dilation(variant: str, group: int, unit: int) -> tuple[int, int]:
    """Of one unit. Where beta's last unit strides, it is for the group behind."""
    _, n, s = BODY[group - FIRST_GROUP]
    if variant != "beta":
        return (s if unit == 1 else 1), 1
    behind = BODY[group - FIRST_GROUP + 1 :]
    return (behind[0][2] if unit == n and behind else 1), MULTI_GRID.get(group, (1,) * n)[unit - 1]


class _Walk:
    """Where the walk down Table 1 stands: the node whose map comes in next, and its channels."""

    def __init__(self, style: Style, variant: str) -> None:
        self.style, self.variant = style, variant
        self.end, self.channels = "pool1", (BETA_ROOT if variant == "beta" else ROOT)[-1][1]

    def unit(self, name: str, b: int, stride: int, dilation: int) -> list[Node]:
        """Figure 5, right: 1x1, 3x3, 1x1, and what leads around them."""
        first, second = (stride, 1) if self.variant == "original" else (1, stride)
        start, out = self.end, EXPANSION * b
        nodes = [
            *self.style.activated(f"{name}/conv1", _one_by_one(b, first), (start,)),
            *self.style.activated(f"{name}/conv2", Conv2d(b, 3, second, dilation, "symmetric")),
            *self.style.linear(f"{name}/conv3", PointwiseConv2d(out)),
        ]
        end, around = nodes[-1].name, self._shortcut(name, start, out, stride)
        shortcut = around[-1].name if around else start
        self.end, self.channels = f"{name}/relu", out
        return [*nodes, *around, Node(f"{name}/add", Add(), (shortcut, end)), Node(self.end, Relu())]

    def _shortcut(self, name: str, start: str, out: int, stride: int) -> list[Node]:
        """A 1x1 convolution where channels change, every stride-th pixel where only the size does, else nothing."""
        if self.channels != out:
            return self.style.linear(f"{name}/shortcut", _one_by_one(out, stride), (start,))
        return [Node(f"{name}/shortcut", MaxPool2d(1, stride), (start,))] if stride > 1 else []


def _one_by_one(filters: int, stride: int) -> Layer:
    return PointwiseConv2d(filters) if stride == 1 else Conv2d(filters, 1, stride)


def _head(classes: int) -> list[Node]:
    """Pooled features, and for classes > 0 a classifier with bias."""
    classifier = [Node("classifier", Dense(classes)), Node("classifier_bias", BiasAdd())] if classes else []
    return [Node("pool", GlobalAveragePool()), *classifier]
