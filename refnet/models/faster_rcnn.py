"""Faster R-CNN (Ren et al. 2015) on VGG 16, Inception V2 and MobileNet V1, as V1 Table 13 counts it.

    first stage    the body up to a map of output stride 16; on it a 3x3 convolution to RPN channels, and 1x1
                   predictors of a box and of an object or none, for ANCHORS boxes at every pixel
    proposals      the boxes that the first stage found best: an input of the graph
    second stage   for each proposal a CROP x CROP sample of that map, the rest of the body, and predictors of the
                   class and of one box per class

    body           first stage ends at    the rest of the body, on 14x14
    VGG 16         conv5_3                pool5, fc6, fc7, each of the two with its dropout
    Inception V2   Mixed_4e               Mixed_5a to Mixed_5c, pooled
    MobileNet V1   block 11               blocks 12 and 13, pooled

Taps, the 512 channels and 12 anchors (four scales, three aspect ratios), predictors and their biases: TF Object
Detection API (models/faster_rcnn_{inception_v2,mobilenet_v1}_feature_extractor.py,
predictors/mask_rcnn_box_predictor.py, meta_architectures/faster_rcnn_meta_arch.py,
samples/configs/faster_rcnn_inception_v2_coco.config). Two things are as V1 counts them, and other there. The released
configurations pool 2x2 behind the crop; VGG 16 does so by itself (pool5), and the other bodies would cost a third of
what is printed. The released extractor for MobileNet has no batch norm and no activation between the depthwise and the
1x1 convolution of blocks 12 and 13.
"""

from collections.abc import Sequence
from dataclasses import replace

from ..graph import Graph
from ..layers.activation import Relu6
from ..layers.base import Layer, check_count
from ..layers.convolution import Conv2d, PointwiseConv2d
from ..layers.dense import BiasAdd, Dense
from ..layers.regions import CropAndResize, Each
from ..node import Node
from .inception2 import inception_v2
from .ssd_heads import BOX, last_of_stride
from .v1 import mobilenet_v1
from .vgg import vgg16

RPN = 512
ANCHORS = 12
CROP = 14
LEAST = 33  # pixels of the image, as in the official code


def faster_rcnn_vgg16(resolution: int = 300, classes: int = 90, proposals: int = 300) -> Graph:
    """Faster R-CNN on VGG 16: images (resolution, resolution, 3), proposals (proposals, 4) -> four outputs.

    rpn_boxes (h, w, 12 * 4), rpn_classes (h, w, 12 * 2), boxes (proposals, classes * 4) and classes (proposals,
    classes + 1). A proposal is (y1, x1, y2, x2), from 0 to 1 along the image. resolution: any from 33.
    Raises ValueError for anything else. The same holds for the other functions here.
    """
    body = [node for node in vgg16().nodes if node.name not in ("classifier", "classifier_bias")]
    return _detector("faster_rcnn_vgg16", body, "conv5_3_relu", resolution, classes, proposals)


def faster_rcnn_inception_v2(resolution: int = 300, classes: int = 90, proposals: int = 300) -> Graph:
    """Faster R-CNN on Inception V2."""
    body = inception_v2(classes=0, normalize_first=True).nodes
    return _detector("faster_rcnn_inception_v2", body, "mixed_4e/concat", resolution, classes, proposals)


def faster_rcnn_mobilenet_v1(resolution: int = 300, classes: int = 90, proposals: int = 300) -> Graph:
    """Faster R-CNN on MobileNet V1."""
    body = mobilenet_v1(classes=0)
    tap = last_of_stride(body, 16)
    return _detector("faster_rcnn_mobilenet_v1", body.nodes, tap, resolution, classes, proposals)


def _detector(name: str, body: Sequence[Node], tap: str, resolution: int, classes: int, proposals: int) -> Graph:
    """Both stages. body: up to the pooled features, each node with the names of its inputs."""
    check_count(resolution, "resolution", least=LEAST)
    check_count(classes, "classes")
    inputs = {"images": (resolution, resolution, 3), "proposals": (check_count(proposals, "proposals"), BOX)}
    end = [node.name for node in body].index(tap) + 1
    nodes = [
        *body[:end],
        *_proposing(tap),
        Node("crops", CropAndResize(CROP), (tap, "proposals")),
        *(_on_each(node, tap, "crops") for node in body[end:]),
        *_predictor("boxes", Each(Dense(BOX * classes)), Each(BiasAdd()), body[-1].name),
        *_predictor("classes", Each(Dense(classes + 1)), Each(BiasAdd()), body[-1].name),
    ]
    return Graph(f"{name}-{resolution}", inputs, nodes, ("rpn_boxes", "rpn_classes", "boxes", "classes"))


def _proposing(tap: str) -> list[Node]:
    """The region proposal network: at every pixel a box and two classes (object, background) for each anchor."""
    return [
        Node("rpn/conv", Conv2d(RPN, 3), (tap,)),
        Node("rpn/conv_bias", BiasAdd()),
        Node("rpn/conv_relu6", Relu6()),
        *_predictor("rpn_boxes", PointwiseConv2d(ANCHORS * BOX), BiasAdd(), "rpn/conv_relu6"),
        *_predictor("rpn_classes", PointwiseConv2d(ANCHORS * 2), BiasAdd(), "rpn/conv_relu6"),
    ]


def _predictor(name: str, layer: Layer, bias: Layer, source: str) -> list[Node]:
    """A layer, and its bias: the node called `name`."""
    return [Node(f"{name}/linear", layer, (source,)), Node(name, bias)]


def _on_each(node: Node, old: str, new: str) -> Node:
    """The node applied to every region; what it read as `old` it reads as `new`."""
    return replace(node, layer=Each(node.layer), inputs=tuple(new if each == old else each for each in node.inputs))
