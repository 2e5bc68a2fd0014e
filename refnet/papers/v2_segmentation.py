"""MobileNet V2, section 6.3: what the text says about DeepLabv3, and the caption of Table 7."""

from collections.abc import Mapping
from fractions import Fraction

from ..digits import parse_figure
from ..models.deeplab import deeplab_mobilenet_v1
from ..models.v2 import mobilenet_v2
from .claim import UNCOUNTED, Claim, Compute, Computed, Table, Value, formula
from .networks import TFPROF, Networks
from .v2_table_7 import ENTRIES, FEWER, RESNET, SIDE, TABLE_7, V1, V2, V2_ASPP, Entry, counted

TEXT = Table("V2 section 6.3", madds=TABLE_7.madds, parameters=TABLE_7.parameters)
SOURCE = "V2 (both printings) 6.3"
CAPTION = "512"
HEADS = "5"
LAST = "conv_last_relu6"
MAPS = (320, 1280)


def ratios(networks: Networks, dearer: Entry, cheaper: Entry, stride: int) -> dict[str, Fraction]:
    """How many times fewer multiply-adds the cheaper one takes, under every convention."""
    counts = counted(networks, cheaper, stride)
    return {name: Fraction(each) / Fraction(counts[name]) for name, each in counted(networks, dearer, stride).items()}


def _fewer(stride: int) -> Compute:
    return lambda networks: Computed(ratios(networks, RESNET, V1, stride))


def _half(networks: Networks) -> Computed:
    """At both output strides, of what was counted; and of the prints."""
    values, many = ratios(networks, V1, V2_ASPP, 16), ratios(networks, V1, V2_ASPP, 8)
    prints = {stride: _printed(V1, stride) / _printed(V2_ASPP, stride) for stride in FEWER}
    facts: dict[str, Value] = {"many": many[TFPROF], "print_one": prints[16], "print_many": prints[8]}
    return Computed(values, measured=(values[TFPROF], many[TFPROF]), facts=facts)


def _printed(entry: Entry, stride: int) -> Fraction:
    return parse_figure(entry.madds[stride], "B").value


def _candidate(networks: Networks) -> Computed:
    return Computed(counted(networks, V2, 16))


def _heads(networks: Networks) -> Computed:
    """What the concatenation takes in, and how many of them are atrous."""
    nodes = {node.name: node for node in networks.graph(deeplab_mobilenet_v1).nodes}
    branches = nodes["concat"].inputs
    convolutions = [nodes[branch.replace("_relu", "")].layer for branch in branches if branch.endswith("conv_relu")]
    atrous = sum(getattr(layer, "dilation", 1) > 1 for layer in convolutions)
    return Computed({UNCOUNTED: len(branches)}, facts={"atrous": atrous})


def _maps(networks: Networks) -> Computed:
    net = networks.graph(mobilenet_v2)
    (second_last,) = next(node.inputs for node in net.nodes if node.name == "conv_last")
    found = net.shapes[second_last][2], net.shapes[LAST][2]
    return formula(UNCOUNTED, found, found == MAPS)


def _image_size(networks: Networks) -> Computed:
    """How many printed multiply-adds each size of image gives, under any convention."""
    caption = int(CAPTION)
    fitting = {side: sum(_fits(networks, entry, side) for entry in ENTRIES) for side in (SIDE, caption)}
    cells = sum(len(entry.madds) for entry in ENTRIES)
    facts: dict[str, Value] = {"fitting": fitting[SIDE], "fitting_caption": fitting[caption], "cells": cells}
    return Computed({UNCOUNTED: SIDE}, refuted=fitting[SIDE] > 0 == fitting[caption], facts=facts)


def _fits(networks: Networks, entry: Entry, side: int) -> int:
    """How many of a network's cells are reproduced for images of this size."""
    return sum(_any_reading(printed, counted(networks, entry, stride, side)) for stride, printed in entry.madds.items())


def _any_reading(printed: str, values: Mapping[str, Value]) -> bool:
    figure = parse_figure(printed, "B")
    return any(figure.reading(value) for value in values.values() if not isinstance(value, tuple))


def _times(id: str, stride: int) -> Claim:
    what = f"V1 against ResNet-101, OS {stride}"
    return Claim(id, SOURCE, FEWER[stride], "x", TEXT, what, _fewer(stride), "exact", main=TEXT.madds)


CLAIMS = [
    _times("V2-57", 16),
    _times("V2-49", 8),
    Claim(
        "V2-25",
        SOURCE,
        "2.5",
        "x",
        TEXT,
        "V2* against V1, with ASPP",
        _half,
        "approximate",
        "The paper says about: it is {value} times for one pass and {many} with all scales, where the prints make "
        "{print_one} and {print_many}.",
        main=TEXT.madds,
        word="2.5 times",
    ),
    Claim(
        "V2-275",
        SOURCE,
        "2.75",
        "B",
        TEXT,
        "V2*, OS 16",
        _candidate,
        explanation="It is a cell of Table 7, V2-T7-V2-16-M.",
        main=TEXT.madds,
    ),
    Claim(
        "V2-5H",
        SOURCE,
        HEADS,
        "-",
        TEXT,
        "parallel heads",
        _heads,
        explanation="The concatenation takes in {value} maps: image pooling, a 1x1 convolution, {atrous} atrous ones.",
    ),
    Claim(
        "V2-320",
        SOURCE,
        "320 / 1280",
        "ch",
        TEXT,
        "channels of V2's last two maps",
        _maps,
        explanation="These are the channels behind the last bottleneck and behind the last 1x1 convolution.",
    ),
    Claim(
        "V2-512",
        "V2 (both printings) Table 7 caption",
        "512x512",
        "px",
        TABLE_7,
        "image size",
        _image_size,
        "erratum",
        "Of the {cells} printed counts of multiply-adds, {fitting} come out for images of this side, {fitting_caption} "
        "for the caption's, whatever the convention. With a side of one more than a multiple of the stride, "
        "the first and the last pixel stay in the map at every stride.",
        figure=CAPTION,
    ),
]
