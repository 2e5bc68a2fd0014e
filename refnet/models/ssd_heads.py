"""The head of a single-shot detector: ever smaller maps behind a body, and a box and a class predictor on each map.

    taps      nodes of the body on which the first predictors stand
    anchors   boxes that are predicted at every pixel of a map
    slots     classes and background; a box takes 4 numbers

As in the TF Object Detection API (`multi_resolution_feature_maps` in models/feature_map_generators.py,
`ConvolutionalBoxPredictor` in predictors/convolutional_box_predictor.py): an extra map of c channels comes from a 1x1
convolution to c/2 and a 3x3 convolution with stride 2, batch norm and activation behind each. A predictor is one
convolution with a bias. SSDLite (V2 section 6.2) has a depthwise and a 1x1 convolution in place of each 3x3; behind the
predictors' depthwise convolutions, too, stand batch norm and activation.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..graph import Graph
from ..layers.base import check_count
from ..layers.convolution import Conv2d, DepthwiseConv2d, PointwiseConv2d
from ..layers.dense import BiasAdd
from ..node import Node
from .blocks import Style

BOX = 4  # numbers that place one box


@dataclass(frozen=True)
class Head:
    """How a detector's head is built.

    extras     channels of the extra maps
    anchors    per map, those of the taps first
    kernel     side of the predictors' convolutions
    separable  SSDLite: depthwise and 1x1 convolutions in place of 3x3 ones
    """

    extras: tuple[int, ...]
    anchors: tuple[int, ...]
    kernel: int = 3
    separable: bool = False
    style: Style = Style(0.9997, 1e-3)

    def extra(self, number: int, source: str, channels: int, half: int) -> list[Node]:
        """A map of half the size: 1x1 to `half` channels, then 3x3 (or depthwise and 1x1) with stride 2."""
        name = f"extra_{number}"
        nodes = self.style.activated(f"{name}/reduce", PointwiseConv2d(half), (source,))
        if not self.separable:
            return nodes + self.style.activated(f"{name}/conv", Conv2d(channels, 3, 2))
        nodes += self.style.activated(f"{name}/depthwise", DepthwiseConv2d(3, 2))
        return nodes + self.style.activated(f"{name}/pointwise", PointwiseConv2d(channels))

    def predictor(self, name: str, source: str, filters: int) -> list[Node]:
        """The convolution or convolutions, and the bias: the node called `name`."""
        if self.separable:
            nodes = self.style.activated(f"{name}/depthwise", DepthwiseConv2d(self.kernel), (source,))
            return [*nodes, Node(f"{name}/pointwise", PointwiseConv2d(filters)), Node(name, BiasAdd())]
        layer = PointwiseConv2d(filters) if self.kernel == 1 else Conv2d(filters, self.kernel)
        return [Node(f"{name}/conv", layer, (source,)), Node(name, BiasAdd())]


def detector(
    name: str,
    resolution: int,
    body: Sequence[Node],
    taps: Sequence[str],
    head: Head,
    classes: int,
    thinned: Callable[[float], int] = int,
) -> Graph:
    """A body with an SSD head -> outputs boxes_1, classes_1, boxes_2, ...: (H, W, anchors * 4 or anchors * slots).

    thinned: channels of an extra layer from those of the table. Raises ValueError, with near names, for a tap that the
    body does not have.
    """
    nodes, maps = list(body), list(taps)
    for number, channels in enumerate(head.extras, start=1):
        nodes += head.extra(number, maps[-1], thinned(channels), thinned(channels / 2))
        maps.append(nodes[-1].name)
    predicted, outputs = predictors(maps, head.anchors, classes, head.predictor)
    return Graph(name, {"images": (resolution, resolution, 3)}, nodes + predicted, outputs)


def last_of_stride(net: Graph, stride: int) -> str:
    """The last node whose map has one pixel for `stride` of the image's, rounded up. The body rounds up throughout."""
    side = -(-net.inputs["images"][0] // stride)
    return [name for name, shape in net.shapes.items() if len(shape) == 3 and shape[0] == side][-1]


def predictors(
    maps: Sequence[str], anchors: Sequence[int], classes: int, predictor: Callable[[str, str, int], list[Node]]
) -> tuple[list[Node], list[str]]:
    """-> the nodes of both predictors on every map, the names of the outputs."""
    slots = check_count(classes, "classes") + 1
    nodes, outputs = list[Node](), list[str]()
    for number, (source, boxes) in enumerate(zip(maps, anchors, strict=True), start=1):
        for what, size in (("boxes", BOX), ("classes", slots)):
            outputs.append(f"{what}_{number}")
            nodes += predictor(outputs[-1], source, boxes * size)
    return nodes, outputs
