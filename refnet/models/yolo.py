"""YOLOv2 (Redmon and Farhadi 2016, "YOLO9000", section 2 and Table 6): Darknet-19 as a detector.

    conv_1 to conv_18    Darknet-19 without its classifier; five 2x2 poolings, so that a pixel stands for 32
    conv_19, conv_20     two of the three 3x3 convolutions added for detection
    passthrough          the last map before the fifth pooling, its 2x2 pixels stacked as channels beside conv_20
    conv_21, predictions the third of them, and a 1x1 convolution to 5 boxes of 4 + 1 + classes numbers

Two networks bear the name. "original" stacks all 512 channels of the fine map, as the paper says (Darknet's
cfg/yolo-voc.2.0.cfg); "later" first takes them to 64 by a 1x1 convolution (cfg/yolo-voc.cfg), which leaves three
quarters of the parameters. Batch norm and leaky ReLU stand behind every convolution but the
last, which has a bias.

Darknet's `reorg` stacks the same values in another order than `SpaceToDepth`: for a map of 512 channels it runs through
memory as if that were 128 channels of twice the side, so that a pixel's neighbours are spread over other pixels. What
follows sees all channels, of as many pixels, either way: shapes and counts are the same, Darknet's weights would not
fit. Darknet adds eps behind the root of the variance; here, as everywhere in refnet, it stands before.
"""

from ..graph import Graph
from ..layers.activation import LeakyRelu
from ..layers.base import check_choice, check_count
from ..layers.channels import Concat, SpaceToDepth
from ..layers.convolution import Conv2d, PointwiseConv2d
from ..layers.dense import BiasAdd
from ..layers.normalization import BatchNorm
from ..layers.pooling import MaxPool2d
from ..node import Node

# Darknet-19 (YOLO9000, Table 6): (filters, kernel) of the convolutions between one pooling and the next.
BODY = (
    ((32, 3),),
    ((64, 3),),
    ((128, 3), (64, 1), (128, 3)),
    ((256, 3), (128, 1), (256, 3)),
    ((512, 3), (256, 1), (512, 3), (256, 1), (512, 3)),
    ((1024, 3), (512, 1), (1024, 3), (512, 1), (1024, 3)),
)
DETECTION = (1024, 3)
ANCHORS = 5
STRIDE = 32
REDUCED = 64
PASSTHROUGHS = ("original", "later")


def yolo_v2(resolution: int = 416, classes: int = 80, passthrough: str = "original") -> Graph:
    """YOLOv2: images (resolution, resolution, 3) -> predictions (H, W, 5 * (5 + classes)), H = W = resolution / 32.

    resolution: a multiple of 32. passthrough: "original" or "later". Raises ValueError for anything else.
    """
    if check_count(resolution, "resolution") % STRIDE:
        raise ValueError(f"resolution: wanted a multiple of {STRIDE}, got {resolution}")
    check_count(classes, "classes")
    check_choice(passthrough, PASSTHROUGHS, "passthrough")
    nodes, fine = _darknet_19()
    nodes += [*_convolution("conv_19", *DETECTION), *_convolution("conv_20", *DETECTION)]
    coarse = nodes[-1].name
    nodes += _passthrough(fine, passthrough == "later")
    nodes.append(Node("concat", Concat(2), (nodes[-1].name, coarse)))
    nodes += _convolution("conv_21", *DETECTION)
    nodes += [Node("conv_22", PointwiseConv2d(ANCHORS * (5 + classes))), Node("predictions", BiasAdd())]
    return Graph(f"yolo_v2-{resolution}", {"images": (resolution, resolution, 3)}, nodes)


def _darknet_19() -> tuple[list[Node], str]:
    """-> the nodes, and the name of the last map before the fifth pooling."""
    nodes: list[Node] = []
    number, fine = 0, ""
    for pools, stage in enumerate(BODY):
        if pools:
            fine = nodes[-1].name
            nodes.append(Node(f"pool_{pools}", MaxPool2d(2, 2)))
        for filters, kernel in stage:
            number += 1
            nodes += _convolution(f"conv_{number}", filters, kernel)
    return nodes, fine


def _passthrough(fine: str, reduced: bool) -> list[Node]:
    """Each 2x2 pixels of the fine map become one, with four times the channels."""
    if not reduced:
        return [Node("passthrough/reorg", SpaceToDepth(2), (fine,))]
    return [*_convolution("passthrough/conv", REDUCED, 1, (fine,)), Node("passthrough/reorg", SpaceToDepth(2))]


def _convolution(name: str, filters: int, kernel: int, inputs: tuple[str, ...] = ()) -> list[Node]:
    """Convolution, batch norm and leaky ReLU: nodes `name`, `name_bn`, `name_leaky`."""
    layer = PointwiseConv2d(filters) if kernel == 1 else Conv2d(filters, kernel)
    return [
        Node(name, layer, inputs),
        Node(f"{name}_bn", BatchNorm(decay=0.99, eps=1e-6)),
        Node(f"{name}_leaky", LeakyRelu(0.1)),
    ]
