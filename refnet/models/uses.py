"""What V1 section 4 makes of MobileNet: PlaNet's classifier, face attributes, FaceNet's embedding. The bodies are V1's.

    section   network                   what stands behind the pooled features of V1
    4.4       planet_mobilenet          a class for each cell of a grid over the earth
    4.5       mobilenet_v1_attributes   a logit for each attribute, each of them yes or no by itself: no softmax
    4.7       mobilenet_v1_embedding    a dense layer to `dimension` numbers, divided by their length, as in FaceNet

The paper gives no number of cells, of attributes, or of numbers in an embedding. The defaults: 9766 cells, with which
the final layer has the 10 million parameters of section 4.4; 40 attributes, as many as the public data set CelebA has;
the 128 numbers of FaceNet (Schroff et al. 2015, Table 1), whose dense layer has no bias here.
"""

from dataclasses import replace

from ..graph import Graph
from ..layers.base import check_count
from ..layers.convolution import Conv2d, PointwiseConv2d
from ..layers.dense import Dense
from ..layers.normalization import L2Normalize
from ..node import Node
from .blocks import title
from .v1 import mobilenet_v1


def mobilenet_v1_embedding(width: float = 1.0, resolution: int = 224, dimension: int = 128) -> Graph:
    """V1 4.7: images (resolution, resolution, 3) -> an embedding (dimension,) of length 1.

    width: any alpha > 0. resolution: any from 32. Raises ValueError for anything else.
    """
    check_count(dimension, "dimension")
    body = mobilenet_v1(width, resolution, classes=0)
    nodes = [
        *body.nodes,
        Node("embedding", Dense(dimension)),
        Node("embedding_normalized", L2Normalize()),
    ]
    return Graph(title("mobilenet_v1_embedding", width, resolution), body.inputs, nodes)


def mobilenet_v1_attributes(
    width: float = 1.0, resolution: int = 224, attributes: int = 40, least_channels: int = 8
) -> Graph:
    """V1 4.5: images (resolution, resolution, 3) -> logits (attributes,), or pooled features for attributes=0.

    least_channels: how many every convolution has at least, whatever the width (`min_depth` in the official code); two
    figures of Table 12 need 16. Raises ValueError for what mobilenet_v1 refuses, and for least_channels below 1.
    """
    check_count(attributes, "attributes", least=0)
    check_count(least_channels, "least_channels")
    net = mobilenet_v1(width, resolution, classes=attributes)
    nodes = [_at_least(node, least_channels) for node in net.nodes]
    return Graph(title("mobilenet_v1_attributes", width, resolution), net.inputs, nodes)


def planet_mobilenet(width: float = 1.0, resolution: int = 224, cells: int = 9766) -> Graph:
    """V1 4.4: images (resolution, resolution, 3) -> logits (cells,), one for each cell of a grid over the earth."""
    check_count(cells, "cells")
    net = mobilenet_v1(width, resolution, classes=cells)
    return Graph(title("planet_mobilenet", width, resolution), net.inputs, net.nodes)


def _at_least(node: Node, channels: int) -> Node:
    """The node, with this many filters if it is a convolution of fewer."""
    if isinstance(node.layer, (Conv2d, PointwiseConv2d)):
        return replace(node, layer=replace(node.layer, filters=max(node.layer.filters, channels)))
    return node
