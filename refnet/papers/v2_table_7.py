"""MobileNet V2, Table 7: DeepLabv3 on MobileNet V1, V2 and ResNet-101, as TensorFlow's profiler counted it.

    OS   output stride    MF   multi-scale and flipped inputs: 12 passes; in the table every row at output stride 8

The networks take 513x513 pixels, not the caption's 512x512 (claim V2-512); 21 classes.
"""

from collections.abc import Mapping
from fractions import Fraction
from math import prod
from typing import Any, NamedTuple

from ..digits import parse_figure
from ..graph import Graph
from ..layers.convolution import Conv2d
from ..layers.pooling import MaxPool2d
from ..models.deeplab import SCALES, deeplab_mobilenet_v1, deeplab_mobilenet_v2, deeplab_resnet_101, scaled
from .claim import Claim, Compute, Computed, Table
from .counted import MADDS, PARAMETERS
from .networks import TFPROF, Build, Networks, Number

TABLE_7 = Table("V2 Table 7", madds=TFPROF, parameters="P-TRAINABLE")
SOURCE = "V2 (both printings, reading notes) Table 7"
SIDE = 513
MANY_STRIDE = 8  # the output stride of the rows with MF


class Entry(NamedTuple):
    """A network of the table: its name, the builder and its settings; the prints, multiply-adds by output stride."""

    name: str
    build: Build
    settings: Mapping[str, Any]
    parameters: str
    madds: Mapping[int, str]


V1 = Entry("MNet V1 + ASPP", deeplab_mobilenet_v1, {"aspp": True}, "11.15", {16: "14.25", 8: "941.9"})
V2_ASPP = Entry("MNet V2* + ASPP", deeplab_mobilenet_v2, {"aspp": True}, "4.52", {16: "5.8", 8: "387"})
V2 = Entry("MNet V2*", deeplab_mobilenet_v2, {"aspp": False}, "2.11", {16: "2.75", 8: "152.6"})
RESNET = Entry("ResNet-101 + ASPP", deeplab_resnet_101, {"aspp": True}, "58.16", {16: "81.0", 8: "4870.6"})
ENTRIES = (V1, V2_ASPP, V2, RESNET)

# Section 6.3: V1 takes so many times fewer multiply-adds than ResNet-101, by output stride.
FEWER = {8: "4.9", 16: "5.7"}


def passes(stride: int, side: int) -> tuple[list[int], int]:
    """The sides of the images that a cell's inference takes, and how often each."""
    return ([scaled(side, each) for each in SCALES], 2) if stride == MANY_STRIDE else ([side], 1)


def counted(networks: Networks, entry: Entry, stride: int, side: int = SIDE) -> dict[str, Number]:
    """Multiply-adds of a cell, under every convention; side: of the image."""
    settings = {**entry.settings, "output_stride": stride, "resolution": side}
    return networks.segmentation_madds(entry.build, *passes(stride, side), **settings)


def _parameters(entry: Entry, stride: int) -> Compute:
    return lambda networks: Computed(networks.parameters(entry.build, **entry.settings, output_stride=stride))


def _v1_parameters(networks: Networks) -> Computed:
    """And what would be left if the atrous convolutions were depthwise (with a batch norm of its own) and 1x1."""
    settings = {**V1.settings, "output_stride": 16}
    values, net = networks.parameters(V1.build, **settings), networks.graph(V1.build, **settings)
    separable = values[TABLE_7.parameters]
    for node in net.nodes:
        if isinstance(node.layer, Conv2d) and node.name.startswith("aspp_"):
            taps, channels = prod(node.layer.window().kernel), net.shapes[node.inputs[0]][2]
            separable -= (taps * node.layer.filters - taps - node.layer.filters - 2) * channels
    return Computed(values, facts={"separable": separable})


def _madds(entry: Entry, stride: int) -> Compute:
    return lambda networks: Computed(counted(networks, entry, stride))


def _whole_graph(entry: Entry, stride: int) -> Compute:
    """And with all else that has FLOPs in TensorFlow's graph of the network, see `unlisted`."""

    def compute(networks: Networks) -> Computed:
        values = counted(networks, entry, stride)
        whole = values[TFPROF] + unlisted(networks, entry, stride)
        how = parse_figure(entry.madds[stride], "B").reading(whole)
        verdict = f"{how}, this is the print" if how else "this is not the print either"
        return Computed(values, facts={"whole": whole, "how": verdict})

    return compute


def unlisted(networks: Networks, entry: Entry, stride: int) -> int:
    """Half of the FLOPs that MADD-TFPROF leaves out: comparisons of max pools, one per tap; and once for all passes

        initial values   2 per weight: a random number times a factor, and a mean
        weight decay     3 per weight, except for depthwise kernels, as TF-slim has it
    """
    sides, copies = passes(stride, SIDE)
    settings = {**entry.settings, "output_stride": stride}
    pooling = sum(_comparisons(networks.graph(entry.build, **settings, resolution=side)) for side in sides)
    cost = networks.cost(entry.build, **settings)
    weights = cost.total("P-WEIGHTS")
    decayed = weights - sum(row.terms.weights for row in cost if row.terms.operation == "DepthwiseConv2d")
    return (copies * pooling + 2 * weights + 3 * decayed) // 2


def _comparisons(net: Graph) -> int:
    """Values under all windows of max pools; a pool of one pixel that no longer strides does not run."""
    pools = [(node.name, node.layer.window()) for node in net.nodes if isinstance(node.layer, MaxPool2d)]
    windows = [(name, prod(window.kernel)) for name, window in pools if window.stride != (1, 1)]
    return sum(taps * prod(net.shapes[name]) for name, taps in windows)


def _v1_many(networks: Networks) -> Computed:
    """The text's ratio to ResNet-101 holds for what is counted, and not for what is printed."""
    values = counted(networks, V1, MANY_STRIDE)
    text = parse_figure(FEWER[MANY_STRIDE])
    resnet, v1 = (parse_figure(entry.madds[MANY_STRIDE], "B").value for entry in (RESNET, V1))
    right = resnet / Fraction(values[TFPROF])
    refuted = text.is_rounded(right) and not text.is_rounded(resnet / v1)
    prints = {"text": FEWER[MANY_STRIDE], "resnet": RESNET.madds[MANY_STRIDE]}
    return Computed(values, refuted=refuted, facts={**prints, "as_printed": resnet / v1, "right": right})


_ORDINARY = (
    "With the atrous convolutions of ASPP in two steps, depthwise and 1x1, only {separable} would be left: they are "
    "ordinary ones."
)
_WHOLE = (
    "The profiler may have seen more: with the comparisons of max pooling and, for each weight, two FLOPs for its "
    "initial value and three for its decay, which stand in the same TensorFlow graph, it is {whole}; {how}."
)
_RATIO = (
    "The text has {text} times fewer than the ResNet's, whose printed {resnet} B is {as_printed} times this print, but "
    "{right} times what is counted."
)


def _cell(
    stem: str, entry: Entry, stride: int, recorded: str = "exact", note: str = "", compute: Compute | None = None
) -> Claim:
    """A cell of the last column."""
    what = f"{entry.name}, OS {stride}, {MADDS}"
    compute = compute or _madds(entry, stride)
    figure = entry.madds[stride]
    return Claim(f"{stem}-{stride}-M", SOURCE, figure, "B", TABLE_7, what, compute, recorded, note, TABLE_7.madds)


def _size(stem: str, entry: Entry, stride: int, note: str = "", compute: Compute | None = None) -> Claim:
    """A cell of the column before it: the same at both output strides."""
    what = f"{entry.name}, OS {stride}, {PARAMETERS}"
    compute = compute or _parameters(entry, stride)
    figure = entry.parameters
    return Claim(f"{stem}-{stride}-P", SOURCE, figure, "M", TABLE_7, what, compute, "exact", note, TABLE_7.parameters)


_SAME = "Dilation changes no weight: both output strides have the same."

CLAIMS = [
    _size("V2-T7-V1", V1, 16, _ORDINARY, _v1_parameters),
    _size("V2-T7-V1", V1, 8, _SAME),
    _size("V2-T7-V2A", V2_ASPP, 16),
    _size("V2-T7-V2A", V2_ASPP, 8, _SAME),
    _size("V2-T7-V2", V2, 16),
    _size("V2-T7-V2", V2, 8, _SAME),
    _size("V2-T7-R101", RESNET, 16),
    _size("V2-T7-R101", RESNET, 8, _SAME),
    _cell("V2-T7-V1", V1, 16, "unexplained", _WHOLE, _whole_graph(V1, 16)),
    _cell("V2-T7-V1", V1, 8, "erratum", _RATIO, _v1_many),
    _cell("V2-T7-V2A", V2_ASPP, 16),
    _cell("V2-T7-V2A", V2_ASPP, 8, "convention"),
    _cell("V2-T7-V2", V2, 16),
    _cell("V2-T7-V2", V2, 8),
    _cell("V2-T7-R", RESNET, 16, "unexplained", _WHOLE, _whole_graph(RESNET, 16)),
    _cell("V2-T7-R", RESNET, 8, "unexplained", _WHOLE, _whole_graph(RESNET, 8)),
]
