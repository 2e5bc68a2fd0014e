"""MobileNet V1, Table 1: the layers, row by row.

The rows stand here as the scan of the paper prints them: operation, stride, filter, input.
"""

from .. import formulas
from ..digits import parse_figure
from ..kernels.geometry import output_size, same_padding
from ..models.v1 import mobilenet_v1
from .claim import UNCOUNTED, Claim, Computed, Table, statement
from .convolutions import blocks, convolutions, pairs
from .networks import Networks
from .v1_tables import WHOLE

TABLE_1 = Table("V1 Table 1", zeros=True)  # rows and layers are counted one by one

Printed = tuple[str, int, str, str]

FIRST: list[Printed] = [("Conv", 2, "3x3x3x32", "224x224x3")]
BEFORE: list[Printed] = [
    ("Conv dw", 1, "3x3x32", "112x112x32"),
    ("Conv", 1, "1x1x32x64", "112x112x32"),
    ("Conv dw", 2, "3x3x64", "112x112x64"),
    ("Conv", 1, "1x1x64x128", "56x56x64"),
    ("Conv dw", 1, "3x3x128", "56x56x128"),
    ("Conv", 1, "1x1x128x128", "56x56x128"),
    ("Conv dw", 2, "3x3x128", "56x56x128"),
    ("Conv", 1, "1x1x128x256", "28x28x128"),
    ("Conv dw", 1, "3x3x256", "28x28x256"),
    ("Conv", 1, "1x1x256x256", "28x28x256"),
    ("Conv dw", 2, "3x3x256", "28x28x256"),
    ("Conv", 1, "1x1x256x512", "14x14x256"),
]
REPEATED: list[Printed] = [("Conv dw", 1, "3x3x512", "14x14x512"), ("Conv", 1, "1x1x512x512", "14x14x512")]
AFTER: list[Printed] = [
    ("Conv dw", 2, "3x3x512", "14x14x512"),
    ("Conv", 1, "1x1x512x1024", "7x7x512"),
    ("Conv dw", 2, "3x3x1024", "7x7x1024"),
    ("Conv", 1, "1x1x1024x1024", "7x7x1024"),
]
LAST: list[Printed] = [
    ("Avg Pool", 1, "7x7", "7x7x1024"),
    ("FC", 1, "1024x1000", "1x1x1024"),
    ("Softmax", 1, "Classifier", "1x1x1000"),
]
ROWS = [*FIRST, *BEFORE, *REPEATED, *AFTER, *LAST]
WEIGHTLESS = ("Avg Pool", "Softmax")
LAYERS = 28  # section 3.2 counts depthwise and pointwise layers separately


def printed_weight_rows() -> int:
    return sum(kind not in WEIGHTLESS for kind, *_ in ROWS)


def repetitions() -> int:
    """How often the 512-channel pair must stand in Table 1 to make the layers that section 3.2 counts."""
    return 1 + (LAYERS - printed_weight_rows()) // len(REPEATED)


def _by_x(*sizes: int) -> str:
    return "x".join(map(str, sizes))


def _graph_rows(networks: Networks) -> list[Printed]:
    """Table 1 as the graph has it; its pooling and its softmax stand around the classifier."""
    *body, classifier = convolutions(networks, mobilenet_v1).values()
    rows = []
    for each in body:
        kernel = (1, 1, *each.kernel) if len(each.kernel) == 2 else each.kernel
        kind = "Conv dw" if len(kernel) == 3 else "Conv"
        rows.append((kind, each.stride, _by_x(*kernel), _by_x(*each.input)))
    pooled = body[-1].output
    rows.append(("Avg Pool", 1, _by_x(*pooled[:2]), _by_x(*pooled)))
    rows.append(("FC", 1, _by_x(*classifier.kernel), _by_x(1, 1, *classifier.input)))
    rows.append(("Softmax", 1, "Classifier", _by_x(1, 1, *classifier.output)))
    return rows


def _shapes(networks: Networks) -> Computed:
    printed = [*FIRST, *BEFORE, *repetitions() * REPEATED, *AFTER, *LAST]
    built = _graph_rows(networks)
    strides = sum(ours[1] != theirs[1] for ours, theirs in zip(built, printed, strict=False))
    holds = list(map(_without_stride, built)) == list(map(_without_stride, printed))
    return statement(holds, rows=len(ROWS), all=len(built), strides=strides, times=repetitions())


def _without_stride(row: Printed) -> tuple[str, str, str]:
    kind, _, kernel, shape = row
    return kind, kernel, shape


def _weight_layers(networks: Networks) -> Computed:
    """The scan's rows against the count of section 3.2; the graph decides."""
    layers = len(convolutions(networks, mobilenet_v1))
    facts = {"stated": LAYERS, "times": repetitions()}
    return Computed({UNCOUNTED: layers}, refuted=printed_weight_rows() != LAYERS, facts=facts)


def _layers(networks: Networks) -> Computed:
    return Computed({UNCOUNTED: len(convolutions(networks, mobilenet_v1))})


def _last_stride(networks: Networks) -> Computed:
    """Table 1's own sizes rule the printed stride out, and so do the multiply-adds of Table 4."""
    (_, stride, _, shape), (_, _, _, shape_behind) = AFTER[-2:]
    before, behind = (int(each.partition("x")[0]) for each in (shape, shape_behind))
    side = output_size(before, 3, stride, 1, *same_padding(before, 3, stride, 1))
    *_, pair = pairs(networks, mobilenet_v1).values()
    whole = networks.cost(mobilenet_v1).madds
    strided = whole - pair.madds + formulas.separable(pair.k, pair.d_i, pair.d_j, side)
    refuted = side != behind and not parse_figure(WHOLE[0], "M").is_rounded(strided)
    *_, last_block = blocks(networks, mobilenet_v1).values()
    facts = {"side": side, "behind": behind, "strided": strided, "whole": whole}
    return Computed({UNCOUNTED: last_block["depthwise"].stride}, refuted=refuted, facts=facts)


CLAIMS = [
    Claim(
        "V1-28L",
        "V1 3.2",
        "28",
        "layers",
        TABLE_1,
        "layers with weights",
        _layers,
        "exact",
        "The first convolution, a depthwise and a pointwise layer per block, and the classifier.",
    ),
    Claim(
        "V1-T1-SH",
        "V1 Table 1",
        "22 rows in the scan (30 with the lost 5x)",
        "shapes",
        TABLE_1,
        "filters and input sizes",
        _shapes,
        "exact",
        "With the pair of equal layers {times} times, the {rows} rows of the scan become {all}; filter and "
        "input of each are those of the graph. The stride differs in {strides}: see V1-T1-S2.",
    ),
    Claim(
        "V1-T1-5X",
        "V1 Table 1",
        "20 rows (5x lost)",
        "layers",
        TABLE_1,
        "layers listed in the scan",
        _weight_layers,
        "erratum",
        "The text counts {stated} layers, so the pair of equal layers stands there {times} times; the scan "
        "lost the factor.",
        figure="20",
    ),
    Claim(
        "V1-T1-S2",
        "V1 Table 1",
        "s2",
        "stride",
        TABLE_1,
        "stride of the last depthwise",
        _last_stride,
        "erratum",
        "With the printed stride the output would have side {side}, but the next row's input has {behind}; "
        "and the network would cost {strided} multiply-adds, not the {whole} that Table 4 rounds.",
        figure="2",
    ),
]
