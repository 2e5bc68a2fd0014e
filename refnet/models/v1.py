"""MobileNet V1 (Howard et al. 2017, Table 1) and the two networks that its Tables 4 and 5 compare it with.

    alpha   width multiplier (section 3.3): every layer has max(int(alpha * c), 8) channels, as in the official code
    c, s    channels out of a separable block, stride of its depthwise layer

Table 1 prints stride 2 for the last depthwise layer, with input 7x7 and output 7x7: the stride is 1 (the audit's
V1-T1-S2). The paper says ReLU; the official code, followed here, has ReLU6.
"""

from collections.abc import Callable

from ..graph import Graph
from ..layers.convolution import Conv2d, DepthwiseConv2d, PointwiseConv2d
from ..layers.window import Padding
from ..node import Node
from .blocks import Style, check_scale, head, title

# Table 1: the first convolution has 32 channels and stride 2, then (c, s) of each separable block.
FIRST = 32
BODY = (
    (64, 1),
    (128, 2),
    (128, 1),
    (256, 2),
    (256, 1),
    (512, 2),
    (512, 1),
    (512, 1),
    (512, 1),
    (512, 1),
    (512, 1),
    (1024, 2),
    (1024, 1),
)
# Table 5: the five separable blocks of size 14 x 14 x 512 are removed.
SHALLOW_BODY = BODY[:6] + BODY[11:]


def thinned(channels: int, alpha: float) -> int:
    """V1's rule for the width multiplier: cut to an integer, at least 8."""
    return max(int(alpha * channels), 8)


def mobilenet_v1(
    width: float = 1.0,
    resolution: int = 224,
    classes: int = 1000,
    padding: Padding = "same",
    *,
    activation: str = "relu6",
    decay: float = 0.9997,
    eps: float = 1e-3,
    dropout: float = 0.001,
) -> Graph:
    """MobileNet V1: images (resolution, resolution, 3) -> logits (classes,), or pooled features for classes=0.

    width: any alpha > 0. resolution: any from 32. padding: see `refnet.layers.window`. decay, eps: of batch norm.
    Raises ValueError for anything else.
    """
    style = Style(decay, eps, activation)
    return _network("mobilenet_v1", BODY, _separable, style, width, resolution, classes, padding, dropout)


def shallow_mobilenet(
    width: float = 1.0, resolution: int = 224, classes: int = 1000, padding: Padding = "same"
) -> Graph:
    """V1 Table 5: MobileNet without its five blocks of size 14 x 14 x 512."""
    style = Style(0.9997, 1e-3)
    return _network("shallow_mobilenet", SHALLOW_BODY, _separable, style, width, resolution, classes, padding, 0.001)


def conv_mobilenet(
    width: float = 1.0, resolution: int = 224, classes: int = 1000, padding: Padding = "same"
) -> Graph:
    """V1 Table 4: MobileNet with a standard 3x3 convolution in place of every separable block."""
    style = Style(0.9997, 1e-3)
    return _network("conv_mobilenet", BODY, _standard, style, width, resolution, classes, padding, 0.001)


def _separable(style: Style, block: str, channels: int, stride: int, padding: Padding) -> list[Node]:
    """V1 Figure 3, right: depthwise 3x3 and pointwise, each with batch norm and activation."""
    depthwise = DepthwiseConv2d(3, stride, padding=padding)
    return [
        *style.activated(f"{block}/depthwise", depthwise),
        *style.activated(f"{block}/pointwise", PointwiseConv2d(channels)),
    ]


def _standard(style: Style, block: str, channels: int, stride: int, padding: Padding) -> list[Node]:
    """V1 Figure 3, left: one standard 3x3 convolution."""
    return style.activated(f"{block}/conv", Conv2d(channels, 3, stride, padding=padding))


def _network(
    name: str,
    body: tuple[tuple[int, int], ...],
    block: Callable[[Style, str, int, int, Padding], list[Node]],
    style: Style,
    width: float,
    resolution: int,
    classes: int,
    padding: Padding,
    dropout: float,
) -> Graph:
    width = check_scale(width, resolution)
    nodes = style.activated("conv_first", Conv2d(thinned(FIRST, width), 3, 2, padding=padding))
    for number, (c, s) in enumerate(body, start=1):
        nodes += block(style, f"block_{number}", thinned(c, width), s, padding)
    nodes += head(classes, dropout)
    return Graph(title(name, width, resolution), {"images": (resolution, resolution, 3)}, nodes)
