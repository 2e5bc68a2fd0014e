"""ShuffleNet v1 (Zhang, Zhou, Lin and Sun 2017, Table 1 and Figure 2).

    g   groups of the 1x1 convolutions    s   width: "ShuffleNet s x" has s times the channels of Table 1
    n   units of a stage; the first has stride 2 and doubles the channels, stage 2 starts from the first convolution

A unit: 1x1 convolution to a quarter of its output's channels, channel shuffle, 3x3 depthwise without activation, 1x1
convolution. The shortcut is added; at stride 2 it is 3x3/2 average pooling, which stands first in a concatenation.
The first 1x1 convolution of stage 2 has no groups, its input having few channels (section 3.2).

What the paper leaves open is as in the authors' code (megvii-model/ShuffleNet-Series, ShuffleNetV1): symmetric
padding of zeros that the average pool counts; ReLU before the concatenation, which is the same as behind it; no bias in
the classifier; 24 channels in the first convolution at 1.5x, like at 1x, but 12 at 0.5x and 48 at 2x. The 13 MFLOPs
that the paper prints for 0.25x need 12 as well.
"""

from ..graph import Graph
from ..layers.activation import Relu
from ..layers.add import Add
from ..layers.base import Layer, check_choice, check_count
from ..layers.channels import ChannelShuffle, Concat
from ..layers.convolution import Conv2d, DepthwiseConv2d, GroupedConv2d, PointwiseConv2d
from ..layers.dense import Dense
from ..layers.pooling import AveragePool2d, GlobalAveragePool, MaxPool2d
from ..node import Node
from .blocks import Style, check_scale, title

# Table 1: channels out of stage 2 for each g, doubled in each of the two stages behind it; (stage, n).
CHANNELS = {1: 144, 2: 200, 3: 240, 4: 272, 8: 384}
STAGES = ((2, 4), (3, 8), (4, 4))
BOTTLENECK = 4  # a unit's output has so many times the channels inside it

STYLE = Style(0.9, 1e-5, "relu")


def first_channels(width: float) -> int:
    """Channels of the first convolution."""
    if width < 1:
        return 12
    return 24 if width < 2 else 48


def shufflenet_v1(
    width: float = 1.0, groups: int = 3, resolution: int = 224, classes: int = 1000, *, first: int | None = None
) -> Graph:
    """ShuffleNet v1: images (resolution, resolution, 3) -> logits (classes,), or pooled features for classes=0.

    width: any s > 0 for which the groups divide the channels. groups: 1, 2, 3, 4 or 8. resolution: any from 32.
    first: channels of the first convolution, the authors' by default. Raises ValueError for anything else.
    """
    width = check_scale(width, resolution)
    groups = check_choice(groups, CHANNELS, "groups")
    check_count(classes, "classes", least=0)
    channels = first_channels(width) if first is None else check_count(first, "first")
    nodes = [
        *STYLE.activated("conv_first", Conv2d(channels, 3, 2, padding="symmetric")),
        Node("pool_first", MaxPool2d(3, 2, "symmetric")),
    ]
    for place, (stage, n) in enumerate(STAGES):
        out = int(CHANNELS[groups] * width) * 2**place
        for number in range(1, n + 1):
            stride = 2 if number == 1 else 1
            nodes += _unit(f"stage_{stage}_unit_{number}", nodes[-1].name, stride, channels, out, groups)
            channels = out
    nodes.append(Node("pool", GlobalAveragePool()))
    nodes += [Node("classifier", Dense(classes))] if classes else []
    name = title(f"shufflenet_v1-g{groups}", width, resolution)
    return Graph(name, {"images": (resolution, resolution, 3)}, nodes)


def _unit(name: str, start: str, stride: int, channels: int, out: int, groups: int) -> list[Node]:
    """Figure 2b for stride 1, Figure 2c for stride 2."""
    outside = name == "stage_2_unit_1"
    inner, branch = out // BOTTLENECK, out if stride == 1 else out - channels
    _check_groups(name, inner, branch, groups)
    depthwise = DepthwiseConv2d(3, stride, padding="symmetric")
    nodes = [
        *STYLE.activated(f"{name}/reduce", _pointwise(inner, 1 if outside else groups), (start,)),
        *([Node(f"{name}/shuffle", ChannelShuffle(groups))] if groups > 1 else []),
        *STYLE.linear(f"{name}/depthwise", depthwise),
        *STYLE.linear(f"{name}/expand", _pointwise(branch, groups)),
    ]
    end = nodes[-1].name
    if stride == 1:
        return [*nodes, Node(f"{name}/add", Add(), (start, end)), Node(f"{name}/relu", Relu())]
    pool = AveragePool2d(3, stride, "symmetric", count_padding=True)
    return [
        *nodes,
        Node(f"{name}/relu", Relu()),
        Node(f"{name}/pool", pool, (start,)),
        Node(f"{name}/concat", Concat(2), (f"{name}/pool", f"{name}/relu")),
    ]


def _pointwise(filters: int, groups: int) -> Layer:
    return PointwiseConv2d(filters) if groups == 1 else GroupedConv2d(filters, 1, groups)


def _check_groups(name: str, inner: int, branch: int, groups: int) -> None:
    """Both 1x1 convolutions of a unit need channels that the groups divide."""
    if branch < 1 or inner < 1 or inner % groups or branch % groups:
        raise ValueError(
            f"width: wanted one at which groups={groups} divide the channels of {name}, "
            f"got {inner} inside and {branch} out of its branch"
        )
