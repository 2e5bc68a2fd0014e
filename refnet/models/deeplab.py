"""Mobile DeepLabv3 (MobileNet V2, section 6.3 and Table 7; Chen et al. 2017, arXiv:1706.05587): a class for each pixel.

    body     a classification network without its head, its strides replaced by dilations from the output stride on
    V2*      the second-last map of MobileNet V2 (320 channels at width 1), not the last (1280)
    ASPP     three 3x3 convolutions whose taps stand 6, 12 and 18 pixels apart at output stride 16, twice that at 8

Heads: image pooling, a 1x1 convolution and, with ASPP, the three atrous ones, each of 256 channels; concatenated in
this order, projected to 256 by a 1x1 convolution; then logits. As in tensorflow/models, research/deeplab/model.py
(there `_extract_features`, without separable convolutions). Maps are brought to a size by bilinear sampling with
aligned corners; the size is that of another value of the graph, so that `net.at(height, width)` serves every size of
image.
"""

from collections.abc import Sequence

from ..graph import Graph
from ..layers.base import Layer, check_count, check_flag
from ..layers.channels import Concat
from ..layers.convolution import Conv2d, PointwiseConv2d
from ..layers.dense import BiasAdd
from ..layers.dropout import Dropout
from ..layers.pooling import GlobalAveragePool
from ..layers.regions import ResizeBilinear
from ..node import Node
from .blocks import Style, title
from .output_stride import dilated
from .resnet import resnet_101
from .v1 import mobilenet_v1
from .v2 import mobilenet_v2

DEPTH = 256
RATES = (6, 12, 18)
AT = 16  # the output stride to which RATES belong
STYLE = Style(0.9997, 1e-5, "relu")

# Multi-scale inference (MF in Table 7): the image at these scales, each also flipped.
SCALES = (0.5, 0.75, 1.0, 1.25, 1.5, 1.75)


def deeplab_mobilenet_v1(
    width: float = 1.0, resolution: int = 513, classes: int = 21, output_stride: int = 16, aspp: bool = True
) -> Graph:
    """DeepLabv3 on the last map of MobileNet V1: images (resolution, resolution, 3) -> scores (the same, classes).

    width: any alpha > 0. resolution: any from 32. output_stride: 8, 16 or 32; the weights are the same for all.
    Raises ValueError for anything else.
    """
    body = mobilenet_v1(width, resolution, classes=0)
    name = title("deeplab_mobilenet_v1", width, resolution)
    return _deeplab(name, body, "pool", classes, output_stride, aspp)


def deeplab_mobilenet_v2(
    width: float = 1.0, resolution: int = 513, classes: int = 21, output_stride: int = 16, aspp: bool = False
) -> Graph:
    """DeepLabv3 on the second-last map of MobileNet V2; without ASPP it is the paper's candidate for phones.

    Arguments and result as of `deeplab_mobilenet_v1`.
    """
    body = mobilenet_v2(width, resolution, classes=0)
    name = title("deeplab_mobilenet_v2", width, resolution)
    return _deeplab(name, body, "conv_last", classes, output_stride, aspp)


def deeplab_resnet_101(resolution: int = 513, classes: int = 21, output_stride: int = 16, aspp: bool = True) -> Graph:
    """DeepLabv3 on ResNet-101 (variant beta). Arguments and result as of `deeplab_mobilenet_v1`."""
    body = resnet_101(resolution, classes=0, variant="beta")
    return _deeplab(f"deeplab_resnet_101-{resolution}", body, "pool", classes, output_stride, aspp)


def scaled(side: int, scale: float) -> int:
    """A side of an image at another scale: corners stay on pixels, the rest is cut."""
    return int((side - 1) * scale + 1)


def _deeplab(name: str, body: Graph, left_out: str, classes: int, output_stride: int, aspp: bool) -> Graph:
    """left_out: the first node of the body that the heads take the place of."""
    check_count(classes, "classes")
    check_flag(aspp, "aspp")
    end = [node.name for node in body.nodes].index(left_out)
    nodes = dilated(body.nodes[:end], output_stride)  # refuses other strides
    rates = [rate * AT // output_stride for rate in RATES] if aspp else []
    nodes += [*heads(nodes[-1].name, rates), *scores(classes)]
    return Graph(f"{name} at stride {output_stride}", body.inputs, nodes)


def heads(features: str, rates: Sequence[int]) -> list[Node]:
    """Image pooling, 1x1 and the atrous convolutions, all on one map; concatenated and projected."""
    branches: dict[str, Layer] = {"aspp_0": PointwiseConv2d(DEPTH)}
    branches |= {f"aspp_{i}": Conv2d(DEPTH, 3, dilation=rate) for i, rate in enumerate(rates, start=1)}
    nodes = [
        Node("image_pooling/pool", GlobalAveragePool(keep_map=True), (features,)),
        *STYLE.activated("image_pooling/conv", PointwiseConv2d(DEPTH)),
        Node("image_pooling/resize", ResizeBilinear(), ("image_pooling/conv_relu", features)),
    ]
    ends = ["image_pooling/resize"]
    for branch, convolution in branches.items():
        nodes += STYLE.activated(f"{branch}/conv", convolution, (features,))
        ends.append(nodes[-1].name)
    nodes.append(Node("concat", Concat(len(ends)), tuple(ends)))
    return nodes + STYLE.activated("projection", PointwiseConv2d(DEPTH))


def scores(classes: int) -> list[Node]:
    """Logits with bias on the projected map, and at the size of the images."""
    return [
        Node("dropout", Dropout(0.1)),
        Node("logits", PointwiseConv2d(classes)),
        Node("logits_bias", BiasAdd()),
        Node("scores", ResizeBilinear(), ("logits_bias", "images")),
    ]
