"""GoogLeNet, also Inception V1 (Szegedy et al. 2014, Table 1), as it infers: without the auxiliary classifiers.

    #1x1, #3x3, #5x5          channels of the branches with such a convolution at their end
    #3x3_reduce, #5x5_reduce  channels of the 1x1 convolution before it
    pool_proj                 channels of the 1x1 convolution behind 3x3 max pooling of stride 1
    <block>/output            the four branches' channels: #1x1, #3x3, #5x5, pool_proj

Every convolution has a bias and a ReLU. Response normalisation stands where Figure 3 has it. The paper gives it no
constants: they are those of Caffe's replication (models/bvlc_googlenet), which the first author helped with, and so are
the names.

The table's first row prints 2.7K parameters and 34M operations. Its 7x7/2 convolution from 3 to 64 channels has 9,408
weights and 118M; a separable one (channel multiplier 8, as Inception V2 has it) would fit the print. Caffe, torchvision
and this file have the full one.

variant="torchvision" is the network of torchvision's pretrained weights, which came from TF-slim: batch norm in place
of biases and response normalisation, a 3x3 convolution in place of each 5x5 (its name stays), 2x2 windows in pool4,
dropout of 0.2 in place of 0.4.
"""

from typing import NamedTuple

from ..graph import Graph
from ..layers.base import Layer, check_choice, check_count
from ..layers.channels import Concat
from ..layers.convolution import Conv2d, PointwiseConv2d
from ..layers.normalization import LocalResponseNorm
from ..layers.pooling import MaxPool2d
from ..node import Node
from .biased import rectified
from .blocks import Style, head

FIRST, SECOND = 64, (64, 192)  # a 7x7/2 convolution; a 1x1 and a 3x3 convolution
# Table 1: block -> #1x1, #3x3_reduce, #3x3, #5x5_reduce, #5x5, pool_proj; pool3 and pool4 stand before 4a and 5a.
BODY = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}
# Caffe divides alpha by the size.
NORM = LocalResponseNorm(size=5, alpha=1e-4 / 5, beta=0.75, bias=1.0)


class _Variant(NamedTuple):
    """What differs: batch norm instead of biases and norms, sides of the 5x5 windows and of pool4, and the rest."""

    style: Style | None
    large: int
    pool4: int
    dropout: float
    least: int  # pixels of the image

    def convolution(self, name: str, layer: Layer, inputs: tuple[str, ...] = ()) -> list[Node]:
        """A convolution up to its ReLU, node `name`_relu."""
        return self.style.activated(name, layer, inputs) if self.style else rectified(name, layer, inputs)

    def norm(self, name: str) -> list[Node]:
        return [] if self.style else [Node(name, NORM)]


VARIANTS = {
    "paper": _Variant(None, large=5, pool4=3, dropout=0.4, least=47),
    "torchvision": _Variant(Style(0.9, 1e-3, "relu"), large=3, pool4=2, dropout=0.2, least=31),
}


def googlenet(
    resolution: int = 224, classes: int = 1000, *, variant: str = "paper", dropout: float | None = None
) -> Graph:
    """GoogLeNet: images (resolution, resolution, 3) -> logits (classes,), or pooled features for classes=0.

    resolution: any from 47, of torchvision's from 31. variant: "paper" or "torchvision", see above. dropout: the
    variant's own by default. Raises ValueError for anything else.
    """
    chosen = VARIANTS[check_choice(variant, VARIANTS, "variant")]
    check_count(resolution, "resolution", least=chosen.least)
    nodes = _stem(chosen)
    for block, widths in BODY.items():
        if block in ("4a", "5a"):
            nodes += [_pool(int(block[0]) - 1, 3 if block == "4a" else chosen.pool4)]
        nodes += _inception(chosen, f"inception_{block}", nodes[-1].name, widths)
    nodes += head(classes, chosen.dropout if dropout is None else dropout)
    name = "googlenet" if variant == "paper" else f"googlenet ({variant})"
    return Graph(f"{name}-{resolution}", {"images": (resolution, resolution, 3)}, nodes)


def _stem(variant: _Variant) -> list[Node]:
    return [
        *variant.convolution("conv1", Conv2d(FIRST, 7, 2, padding="symmetric")),
        _pool(1, 3),
        *variant.norm("norm1"),
        *variant.convolution("conv2_reduce", PointwiseConv2d(SECOND[0])),
        *variant.convolution("conv2", Conv2d(SECOND[1], 3, padding="symmetric")),
        *variant.norm("norm2"),
        _pool(2, 3),
    ]


def _pool(number: int, side: int) -> Node:
    return Node(f"pool{number}", MaxPool2d(side, 2, "ceil"))


def _inception(variant: _Variant, name: str, start: str, widths: tuple[int, ...]) -> list[Node]:
    """Figure 2b: four branches beside each other, concatenated in the table's order."""
    one, three_reduce, three, large_reduce, large, projection = widths
    branches = (
        (("1x1", PointwiseConv2d(one)),),
        (("3x3_reduce", PointwiseConv2d(three_reduce)), ("3x3", Conv2d(three, 3, padding="symmetric"))),
        (("5x5_reduce", PointwiseConv2d(large_reduce)), ("5x5", Conv2d(large, variant.large, padding="symmetric"))),
        (("pool", MaxPool2d(3, padding="symmetric")), ("pool_proj", PointwiseConv2d(projection))),
    )
    nodes: list[Node] = []
    ends: list[str] = []
    for branch in branches:
        end = start
        for part, layer in branch:
            nodes += _step(variant, f"{name}/{part}", layer, end)
            end = nodes[-1].name
        ends.append(end)
    return [*nodes, Node(f"{name}/output", Concat(len(ends)), tuple(ends))]


def _step(variant: _Variant, name: str, layer: Layer, start: str) -> list[Node]:
    if isinstance(layer, MaxPool2d):
        return [Node(name, layer, (start,))]
    return variant.convolution(name, layer, (start,))
