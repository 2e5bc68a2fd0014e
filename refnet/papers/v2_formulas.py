"""MobileNet V2, section 3.1 in both printings: the cost of a convolution, equation (1), its footnote, and
"8 to 9".

The conference (CVPR) prints d_j where arXiv prints d_i. Formulas are held against the depthwise convolutions
of V1 and V2 at width 1, each with the 1x1 convolution behind it; the value of the standard convolution is
that of the eighth block of the Conv MobileNet.
"""

from fractions import Fraction

from .. import formulas
from ..models.v1 import conv_mobilenet, mobilenet_v1
from ..models.v2 import mobilenet_v2
from .claim import Claim, Compute, Computed, Table, formula, statement
from .convolutions import Convolution, Pair, blocks, pairs
from .networks import Networks
from .v1_text import EIGHT_TO_NINE, eight_to_nine

TEXT = Table("V2 section 3.1")
LAYER = "block_8"
EXAMPLE = "block_1"  # of V1: from 32 to 64 channels, so that d_i and d_j differ


def _all_pairs(networks: Networks) -> list[Pair]:
    return [*pairs(networks, mobilenet_v1).values(), *pairs(networks, mobilenet_v2).values()]


def _standard(pair: Pair) -> int:
    return formulas.standard_hw(pair.h, pair.w, pair.d_i, pair.d_j, pair.k)


def _separable(pair: Pair, letter: str) -> int:
    """(1) as printed with this letter in the bracket."""
    if letter == "d_j":
        return formulas.separable_hw(pair.h, pair.w, pair.d_i, pair.d_j, pair.k)
    return formulas.separable_hw_arxiv(pair.h, pair.w, pair.d_i, pair.k)


def _saving(pair: Pair, letter: str) -> Fraction:
    """Footnote 1 as printed with this letter."""
    return formulas.saving(pair.k, pair.d_j if letter == "d_j" else pair.d_i)


def _equation_1(letter: str) -> Compute:
    """(1) against the sum of the two convolutions that it is said to be."""

    def compute(networks: Networks) -> Computed:
        layers, example = _all_pairs(networks), pairs(networks, mobilenet_v1)[EXAMPLE]
        right = sum(_separable(pair, letter) == pair.madds for pair in layers)
        return _judged(layers, right, example, example.madds, _separable(example, letter))

    return compute


def _footnote(letter: str) -> Compute:
    """Footnote 1 against the ratio of the graphs' counts."""

    def compute(networks: Networks) -> Computed:
        layers, example = _all_pairs(networks), pairs(networks, mobilenet_v1)[EXAMPLE]
        right = sum(_saving(pair, letter) * pair.madds == _standard(pair) for pair in layers)
        ratio = Fraction(_standard(example), example.madds)
        return _judged(layers, right, example, ratio, _saving(example, letter))

    return compute


def _judged(
    layers: list[Pair], right: int, example: Pair, counted: int | Fraction, printed: int | Fraction
) -> Computed:
    """Right everywhere, or refuted by the layers where it is not. counted, printed: for the example."""
    equal = sum(pair.d_i == pair.d_j for pair in layers)
    facts = {"layers": len(layers), "right": right, "equal": equal, "d_i": example.d_i, "d_j": example.d_j}
    holds = right == len(layers)
    return statement(holds, not holds, counted=counted, as_printed=printed, **facts)


def _standard_cost(networks: Networks) -> Computed:
    """h_i x w_i is the input, and the formula takes the output to be as large: stride 1."""
    layers = {block: places["conv"] for block, places in blocks(networks, conv_mobilenet).items()}
    unstrided = [each for each in layers.values() if each.stride == 1]
    strided = [each for each in layers.values() if each.stride > 1]
    holds = all(_of_input(each) == each.madds for each in unstrided)
    times = max(Fraction(_of_input(each), each.madds) for each in strided)
    return formula("MADD", _of_input(layers[LAYER]), holds, unstrided=len(unstrided), layers=len(layers), times=times)


def _of_input(each: Convolution) -> int:
    (h_i, w_i, d_i), (k, _, _, d_j) = each.input, each.kernel
    return formulas.standard_hw(h_i, w_i, d_i, d_j, k)


_WRONG = (
    "With this letter it is so in {right} of {layers} layers of V1 and V2, those {equal} with d_i = d_j. "
    "d_j is right: from {d_i} to {d_j} channels it makes {counted}, this print {as_printed}."
)

CLAIMS = [
    Claim(
        "V2-STD",
        "V2 (both printings) 3.1",
        "formula",
        "MAC",
        TEXT,
        "h_i w_i d_i d_j k k",
        _standard_cost,
        explanation="It equals the graph's count in the {unstrided} of {layers} blocks of the Conv "
        "MobileNet that have stride one, which it assumes; in the others it is {times} times too much.",
        main="MADD",
    ),
    Claim(
        "V2-EQ1-000",
        "V2 (CVPR) 3.1 eq(1)",
        "d_j",
        "-",
        TEXT,
        "h w d_i (k^2 + d_j)",
        _equation_1("d_j"),
        explanation="It equals the graph's count of depthwise and 1x1 convolution in all {layers} layers of V1 and V2.",
    ),
    Claim(
        "V2-EQ1-002",
        "V2 (arXiv) 3.1 eq(1)",
        "d_i",
        "-",
        TEXT,
        "h w d_i (k^2 + d_i)",
        _equation_1("d_i"),
        "erratum",
        _WRONG,
    ),
    Claim(
        "V2-FN1-000",
        "V2 (CVPR) footnote 1",
        "d_j",
        "-",
        TEXT,
        "k^2 d_j / (k^2 + d_j)",
        _footnote("d_j"),
        explanation="It equals the ratio of the graphs' counts in all {layers} layers of V1 and V2.",
    ),
    Claim(
        "V2-FN1-002",
        "V2 (arXiv) footnote 1",
        "d_i",
        "-",
        TEXT,
        "k^2 d_i / (k^2 + d_i)",
        _footnote("d_i"),
        "erratum",
        _WRONG,
    ),
    Claim(
        "V2-8TO9",
        "V2 (both printings) 3.1",
        "8 to 9",
        "x",
        TEXT,
        "cheaper than standard",
        eight_to_nine(mobilenet_v2),
        "approximate",
        EIGHT_TO_NINE,
        main="MADD",
        word="8 to 9",
    ),
]
