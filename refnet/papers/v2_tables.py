"""MobileNet V2, section 4 with Table 2, and Table 4: the networks.

Table 2's rows stand here as the conference printed them.
"""

from dataclasses import replace
from itertools import groupby
from typing import Any

from ..digits import parse_figure
from ..models.v1 import mobilenet_v1
from ..models.v2 import make_divisible, mobilenet_v2
from .claim import UNCOUNTED, Claim, Computed, Table, formula, statement
from .convolutions import bottlenecks, convolutions
from .counted import MADDS, PARAMETERS, size_claim
from .networks import Networks

BOTH = "V2 (both printings)"
TABLE_2 = Table("V2 Table 2")
# Figures of one text and one column, of which 292, 524 and 585 reach down to the unit.
SECTION_4 = Table("V2 section 4", zeros=True, source=f"{BOTH} 4")
TABLE_4 = Table("V2 Table 4", zeros=True, source=f"{BOTH} Table 4")

# Table 2: side and channels of the input, operator, t, c, n, s; None where nothing is printed.
Printed = tuple[int, int, str, int | None, int | None, int | None, int | None]
ROWS: tuple[Printed, ...] = (
    (224, 3, "conv2d", None, 32, 1, 2),
    (112, 32, "bottleneck", 1, 16, 1, 1),
    (112, 16, "bottleneck", 6, 24, 2, 2),
    (56, 24, "bottleneck", 6, 32, 3, 2),
    (28, 32, "bottleneck", 6, 64, 4, 2),
    (14, 64, "bottleneck", 6, 96, 3, 1),
    (14, 96, "bottleneck", 6, 160, 3, 2),
    (7, 160, "bottleneck", 6, 320, 1, 1),
    (7, 320, "conv2d 1x1", None, 1280, 1, 1),
    (7, 1280, "avgpool 7x7", None, None, 1, None),
    (1, 1280, "conv2d 1x1", None, None, None, None),
)
PRINTED_BLOCKS = sum(n or 0 for _, _, operator, _, _, n, _ in ROWS if operator == "bottleneck")
PRINTED_LAST = 1280
STATED_BLOCKS, LOWER_END, SMALLEST = "19", "7", "1.7"  # section 4
# Section 4 and Figure 5: these widths at every resolution, and 1.4 at 224.
SCALES = [(width, side) for width in (1.0, 0.75, 0.5, 0.35) for side in (224, 192, 160, 128, 96)] + [(1.4, 224)]


def _rows(networks: Networks) -> Computed:
    return statement(tuple(_built_rows(networks)) == ROWS, rows=len(ROWS))


def _built_rows(networks: Networks) -> list[Printed]:
    """Table 2 as the graph has it: blocks with the same t and c are one row."""
    nodes = convolutions(networks, mobilenet_v2)
    first, last, classifier = (nodes[name] for name in ("conv_first", "conv_last", "classifier"))
    rows: list[Printed] = [(first.input[0], first.input[2], "conv2d", None, first.output[2], 1, first.stride)]
    steps = bottlenecks(networks, mobilenet_v2).values()
    for (t, c), repeated in groupby(steps, lambda block: (block.t, block.d_out)):
        start, *others = repeated
        s = start.s if all(block.s == 1 for block in others) else None
        rows.append((start.h, start.d_in, "bottleneck", t, c, 1 + len(others), s))
    rows.append((last.input[0], last.input[2], "conv2d 1x1", None, last.output[2], 1, last.stride))
    rows.append((last.output[0], last.output[2], "avgpool 7x7", None, None, 1, None))
    rows.append((1, classifier.input[0], "conv2d 1x1", None, None, None, None))
    return rows


def _blocks(networks: Networks) -> Computed:
    found = len(bottlenecks(networks, mobilenet_v2))
    shortcuts = sum(row.node.endswith("/add") for row in networks.cost(mobilenet_v2))
    facts = {"table": PRINTED_BLOCKS, "shortcuts": shortcuts, "with_ends": found + 2}
    return Computed({UNCOUNTED: found}, refuted=int(STATED_BLOCKS) != PRINTED_BLOCKS, facts=facts)


def _expansion(networks: Networks) -> Computed:
    channels = 64
    steps = bottlenecks(networks, mobilenet_v2).values()
    inner = {block.t * block.d_in for block in steps if block.d_in == channels}
    return Computed({UNCOUNTED: max(inner, default=0)}, facts={"channels": channels})


def _lower_end(networks: Networks) -> Computed:
    """The smallest network of the range. Literally, the print is less than one value of a map costs."""
    smallest: dict[str, Any] = {"width": 0.35, "resolution": 96}
    values = networks.madds(mobilenet_v2, **smallest)
    one_value = networks.cost(mobilenet_v2, **smallest)["conv_first"].products
    millions = parse_figure(LOWER_END, "M")
    fitting = sum(millions.reading(value) is not None for value in values.values())
    facts = {"one_value": one_value, "fitting": fitting, "conventions": len(values)}
    return Computed(values, refuted=one_value > int(LOWER_END), facts=facts)


def _models(networks: Networks) -> Computed:
    """All of them differ, and those at the ends of the text's ranges are the cheapest and the dearest."""
    counts = [networks.cost(mobilenet_v2, width=width, resolution=side).madds for width, side in SCALES]
    by_scale = dict(zip(SCALES, counts, strict=True))
    low, high = min(counts), max(counts)
    holds = len(set(counts)) == len(SCALES) and (low, high) == (by_scale[0.35, 96], by_scale[1.4, 224])
    return formula(UNCOUNTED, len(set(counts)), holds, models=len(set(counts)), low=low, high=high)


def _last_convolution(networks: Networks) -> Computed:
    """The rule in the graphs, and what thinning the last convolution too would leave of the parameters."""
    widths = sorted({width for width, _ in SCALES if width < 1})
    built = [convolutions(networks, mobilenet_v2, width=width)["conv_last"].kernel[1] for width in widths]
    kept = all(filters == PRINTED_LAST for filters in built)
    nodes = convolutions(networks, mobilenet_v2, width=widths[0])
    (channels, last), (_, classes) = nodes["conv_last"].kernel, nodes["classifier"].kernel
    weights = networks.cost(mobilenet_v2, width=widths[0]).total("P-WEIGHTS")
    thinned = weights - (last - make_divisible(widths[0] * PRINTED_LAST)) * (channels + classes)
    smallest = parse_figure(SMALLEST, "M")
    holds = kept and smallest.is_rounded(weights) and not smallest.is_rounded(thinned)
    return statement(holds, last=last, print=SMALLEST, width=widths[0], weights=weights, thinned=thinned)


_OWN = "V1's own tables print another figure for it, which is exact: see V1-T4-MN-M."


def _wide_claim(id: str, table: Table, what: str, quantity: str) -> Claim:
    """A figure of the network of width 1.4, with what its official code publishes."""
    printed, published = {MADDS: ("585", "582"), PARAMETERS: ("6.9", "6.06")}[quantity]

    def compute(networks: Networks) -> Computed:
        count, main = (networks.madds, table.madds) if quantity == MADDS else (networks.parameters, table.parameters)
        values = count(mobilenet_v2, width=1.4)
        how = parse_figure(published, "M").reading(values[main])
        facts = {"published": published, "how": "the same" if how else "another figure"}
        return Computed(values, facts=facts)

    note = "The page beside the official code has {published} M, {how} as counted here."
    return replace(size_claim(id, table, what, quantity, printed, mobilenet_v2, "unexplained", note), compute=compute)

CLAIMS = [
    Claim(
        "V2-384",
        SECTION_4.source,
        "384",
        "ch",
        SECTION_4,
        "64 channels, t = 6",
        _expansion,
        explanation="It is the width of the expansion in every block of V2 that takes {channels} channels.",
    ),
    Claim(
        "V2-19",
        SECTION_4.source,
        STATED_BLOCKS,
        "blocks",
        SECTION_4,
        "residual bottleneck layers",
        _blocks,
        "erratum",
        "Column n of Table 2 adds up to {table} bottlenecks, {shortcuts} of them with a shortcut; it would "
        "be {with_ends} with the first and the last convolution.",
    ),
    size_claim("V2-300", SECTION_4, "1.0, 224", MADDS, "300", mobilenet_v2, "convention"),
    size_claim("V2-34", SECTION_4, "1.0", PARAMETERS, "3.4", mobilenet_v2, "convention"),
    Claim(
        "V2-7",
        SECTION_4.source,
        "7 (no unit)",
        "-",
        SECTION_4,
        "0.35, 96, mult-adds",
        _lower_end,
        "erratum",
        "The unit is missing: one value of the first map takes {one_value} multiply-adds already. Read as "
        "millions, {fitting} of {conventions} conventions give it.",
        main="MADD",
        figure=LOWER_END,
    ),
    _wide_claim("V2-585", SECTION_4, "1.4, 224", MADDS),
    size_claim("V2-17", SECTION_4, "0.35", PARAMETERS, SMALLEST, mobilenet_v2, width=0.35),
    _wide_claim("V2-69", SECTION_4, "1.4", PARAMETERS),
    Claim(
        "V2-RES",
        f"{BOTH} 4 / fig 5",
        "4 widths for all resolutions + 1",
        "models",
        SECTION_4,
        "networks",
        _models,
        explanation="{models} networks, with V1's four resolutions and the smallest of the text. No two "
        "cost the same; those at the ends of the text's ranges take {low} and {high} multiply-adds.",
    ),
    Claim(
        "V2-LAST",
        SECTION_4.source,
        "rule",
        "-",
        SECTION_4,
        "last convolution not thinned",
        _last_convolution,
        explanation="The networks of width below one keep {last} filters there. The printed {print} M "
        "confirms it: {weights} weights at width {width}, but only {thinned} if it were thinned too.",
    ),
    Claim(
        "V2-T2",
        "V2 (CVPR) Table 2",
        "11 rows",
        "shapes",
        TABLE_2,
        "input, t, c, n, s",
        _rows,
        explanation="Each of the {rows} rows is what the graph has at that place.",
    ),
    size_claim("V2-T4-V1-P", TABLE_4, "MobileNetV1", PARAMETERS, "4.2", mobilenet_v1),
    size_claim("V2-T4-V1-M", TABLE_4, "MobileNetV1", MADDS, "575", mobilenet_v1, "unexplained", _OWN),
    size_claim("V2-T4-V2-P", TABLE_4, "MobileNetV2", PARAMETERS, "3.4", mobilenet_v2, "convention"),
    size_claim("V2-T4-V2-M", TABLE_4, "MobileNetV2", MADDS, "300", mobilenet_v2, "convention"),
    _wide_claim("V2-T4-14-P", TABLE_4, "MobileNetV2 (1.4)", PARAMETERS),
    _wide_claim("V2-T4-14-M", TABLE_4, "MobileNetV2 (1.4)", MADDS),
]
