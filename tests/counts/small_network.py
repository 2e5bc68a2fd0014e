"""A network small enough to count by hand, kernels to replace, and the page as text."""

import io
from types import SimpleNamespace

from rich.console import Console

import refnet.kernels
from refnet import Graph, Node
from refnet.layers import (
    BatchNorm,
    BiasAdd,
    Conv2d,
    Dense,
    DepthwiseConv2d,
    GlobalAveragePool,
    GroupedConv2d,
    PointwiseConv2d,
    Relu6,
)
from refnet.papers.executed_page import render_executed


def small(padding="same"):
    """Every kind of node that multiplies with weights, on a map of even height and odd width."""
    return Graph(
        "small",
        {"images": (6, 5, 3)},
        [
            Node("first", Conv2d(4, 3, 2, padding=padding)),
            Node("first_bn", BatchNorm()),
            Node("relu6", Relu6()),
            Node("depthwise", DepthwiseConv2d(3, padding=padding)),
            Node("grouped", GroupedConv2d(6, 3, groups=2, dilation=2, padding=padding)),
            Node("pointwise", PointwiseConv2d(5)),
            Node("pool", GlobalAveragePool()),
            Node("classifier", Dense(7)),
            Node("classifier_bias", BiasAdd()),
        ],
    )


# Its counts by hand: MADD, and MADD-INSIDE for "same". Images are 6x5, the maps behind the first
# convolution 3x3. The first is padded by (0, 1, 1, 1): 3+3+2 taps inside along y, 2+3+2 along x.
# The depthwise one has 2+3+2 on both axes; the grouped one, whose taps lie 2 apart, 2+1+2.
BY_HAND = {
    "first": (9 * 3 * 4 * 9, 8 * 7 * 3 * 4),
    "depthwise": (9 * 4 * 9, 7 * 7 * 4),
    "grouped": (9 * 2 * 6 * 9, 5 * 5 * 2 * 6),
    "pointwise": (6 * 5 * 9, 6 * 5 * 9),
    "classifier": (5 * 7, 5 * 7),
}


def with_kernels(**mistaken):
    """The plain kernels with some of them replaced."""
    names = {name: getattr(refnet.kernels, name) for name in refnet.kernels.__all__}
    return SimpleNamespace(**(names | mistaken))


def page(results, width=100):
    console = Console(file=io.StringIO(), width=width, color_system=None)
    render_executed(results, console)
    return console.file.getvalue()
