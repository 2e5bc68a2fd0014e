"""MobileNet V2 (Sandler et al. 2018, Tables 1 and 2).

    t   expansion factor, applied to the block's input    c   channels out of the block
    n   how often the block is repeated                   s   stride of the first repetition, the others have 1
    alpha   width multiplier: every layer has make_divisible(alpha * c, 8) channels; the last convolution keeps its
            1280 for alpha < 1 (section 4)

As in the official code, the block with t = 1 has no expansion convolution; Tables 1 and 2, read literally, would give
it one from 32 to 32 channels (`expand_first=True`).
"""

from ..graph import Graph
from ..layers.activation import Relu6
from ..layers.add import Add
from ..layers.base import check_choice, check_flag
from ..layers.convolution import Conv2d, DepthwiseConv2d, PointwiseConv2d
from ..layers.window import Padding
from ..node import Node
from .blocks import Style, check_factor, check_scale, head, title

# Table 2: the first convolution has 32 channels and stride 2, then (t, c, n, s); t = None stands for `expansion`.
FIRST = 32
BODY = (
    (1, 16, 1, 1),
    (None, 24, 2, 2),
    (None, 32, 3, 2),
    (None, 64, 4, 2),
    (None, 96, 3, 1),
    (None, 160, 3, 2),
    (None, 320, 1, 1),
)
LAST = 1280

BOTTLENECKS = ("linear", "relu6")
SHORTCUTS = ("bottleneck", "expansion", "none")


def make_divisible(channels: float, divisor: int = 8) -> int:
    """V2's rule for the width multiplier: the nearest multiple of 8, at least 8, never below 0.9 of the wish."""
    nearest = max(divisor, int(channels + divisor / 2) // divisor * divisor)
    return nearest + divisor if nearest < 0.9 * channels else nearest


def mobilenet_v2(
    width: float = 1.0,
    resolution: int = 224,
    classes: int = 1000,
    padding: Padding = "same",
    expansion: float = 6,
    *,
    bottleneck: str = "linear",
    shortcut: str = "bottleneck",
    expand_first: bool = False,
    activation: str = "relu6",
    decay: float = 0.997,
    eps: float = 1e-3,
    dropout: float = 0.2,
) -> Graph:
    """MobileNet V2: images (resolution, resolution, 3) -> logits (classes,), or pooled features for classes=0.

    width: any alpha > 0. resolution: any from 32. padding: see `refnet.layers.window`. expansion: t of every block but
    the first. activation: "relu6", or "relu" which section 4 decides against. decay, eps: of batch norm. Raises
    ValueError for anything else. The ablations of section 6.4:

    bottleneck   "linear", or "relu6" for a ReLU6 behind the projection too (Figure 6a)
    shortcut     "bottleneck": around each block that keeps its shape; "expansion": from the expanded map of the block
                 before, where it has the same shape; "none" (Figure 6b)
    """
    width = check_scale(width, resolution)
    expansion = check_factor(expansion, "expansion", "a factor")
    check_choice(bottleneck, BOTTLENECKS, "bottleneck")
    check_choice(shortcut, SHORTCUTS, "shortcut")
    check_flag(expand_first, "expand_first")
    style = Style(decay, eps, activation)
    walk = _Walk(style, padding, bottleneck, shortcut, expand_first, make_divisible(FIRST * width))
    nodes = style.activated("conv_first", Conv2d(walk.channels, 3, 2, padding=padding))
    for t, c, n, s in BODY:
        for repetition in range(n):
            nodes += walk.block(t or expansion, make_divisible(c * width), s if repetition == 0 else 1)
    nodes += style.activated("conv_last", PointwiseConv2d(make_divisible(LAST * max(1.0, width))))
    nodes += head(classes, dropout)
    return Graph(title("mobilenet_v2", width, resolution), {"images": (resolution, resolution, 3)}, nodes)


class _Walk:
    """Where the walk down Table 2 stands: number of blocks so far, channels, the last node, the last expanded map."""

    def __init__(
        self, style: Style, padding: Padding, bottleneck: str, shortcut: str, expand_first: bool, channels: int
    ) -> None:
        self.style, self.padding, self.bottleneck, self.shortcut = style, padding, bottleneck, shortcut
        self.expand_first, self.channels = expand_first, channels
        self.blocks = 0
        self.end = f"conv_first_{style.activation}"
        self.expanded = ("", 0)  # name and channels of the last block's map between depthwise and projection

    def block(self, t: float, c: int, stride: int) -> list[Node]:
        """V2 Table 1: 1x1 expansion with ReLU6, 3x3 depthwise with ReLU6, linear 1x1 projection."""
        self.blocks += 1
        name, start, k = f"block_{self.blocks}", self.end, self.channels
        nodes: list[Node] = []
        inner = k
        if t != 1 or self.expand_first:
            inner = make_divisible(t * k)
            nodes += self.style.activated(f"{name}/expand", PointwiseConv2d(inner), (start,))
        nodes += self.style.activated(f"{name}/depthwise", DepthwiseConv2d(3, stride, padding=self.padding))
        nodes += self._expansion_shortcut(name, nodes[-1].name, inner, stride)
        nodes += self.style.linear(f"{name}/project", PointwiseConv2d(c))
        if self.bottleneck == "relu6":
            nodes.append(Node(f"{name}/project_relu6", Relu6()))
        if self.shortcut == "bottleneck" and stride == 1 and k == c:
            nodes.append(Node(f"{name}/add", Add(), (start, nodes[-1].name)))
        self.end, self.channels = nodes[-1].name, c
        return nodes

    def _expansion_shortcut(self, name: str, end: str, inner: int, stride: int) -> list[Node]:
        """Figure 6b's other variant: add the expanded map of the block before, where size and channels are the same."""
        before, self.expanded = self.expanded, (end, inner)
        if self.shortcut != "expansion" or stride != 1 or before[1] != inner or not before[0]:
            return []
        add = Node(f"{name}/expansion_add", Add(), (before[0], end))
        self.expanded = (add.name, inner)
        return [add]
