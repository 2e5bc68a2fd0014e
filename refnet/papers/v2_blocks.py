"""MobileNet V2, section 3.3 and Table 1: the bottleneck block; and the hand notes in the V2 scan.

d' and d'' are d_in and d_out. The formulas' value is that of the eighth block: 14 x 14, 64 channels in and
out, t = 6.
"""

from fractions import Fraction

from .. import formulas
from ..models.v2 import mobilenet_v2
from .claim import UNCOUNTED, Claim, Computed, Table, formula, statement
from .convolutions import Bottleneck, blocks, bottlenecks
from .networks import Networks

TEXT, TABLE_1 = Table("V2 section 3.3"), Table("V2 Table 1")
NOTES = Table("Hand notes (V2 scan)", zeros=True)
LAYER = "block_8"
WIDTHS = (1.4, 1.0, 0.75, 0.5, 0.35)


def _printed_cost(block: Bottleneck) -> int:
    return formulas.bottleneck(block.h, block.w, block.d_in, block.d_out, block.t, block.k)


def _terms(block: Bottleneck) -> tuple[int, int, int]:
    return formulas.bottleneck_terms(block.h, block.w, block.d_in, block.d_out, block.t, block.k, block.s)


def _block_formula(networks: Networks) -> Computed:
    """Every width: with stride 1 as printed; with stride 2 by the three terms; the block with t = 1 apart."""
    widths = [bottlenecks(networks, mobilenet_v2, width=width).values() for width in WIDTHS]
    expanded = [block for each in widths for block in each if block.t > 1]
    unstrided = [block for block in expanded if block.s == 1]
    holds = all(_printed_cost(block) == sum(block.terms) for block in unstrided)
    holds &= all(_terms(block) == block.terms for block in expanded)
    value = _printed_cost(bottlenecks(networks, mobilenet_v2)[LAYER])
    ours, literal = networks.cost(mobilenet_v2), networks.cost(mobilenet_v2, expand_first=True)
    facts = {
        "unstrided": len(unstrided),
        "widths": len(WIDTHS),
        "madds": literal.madds - ours.madds,
        "weights": literal.total("P-WEIGHTS") - ours.total("P-WEIGHTS"),
        "literal": literal.madds,
        "ours": ours.madds,
    }
    return formula("MADD", value, holds, **facts)


def _shapes(networks: Networks) -> Computed:
    """Table 1's three outputs in every block: h x w x tk, h/s x w/s x tk, h/s x w/s x k'."""
    found = []
    for name, block in bottlenecks(networks, mobilenet_v2).items():
        places = blocks(networks, mobilenet_v2)[name]
        expanded = places["expand"].output if "expand" in places else places["depthwise"].input
        small, inner = (block.h // block.s, block.w // block.s), block.t * block.d_in
        outputs = expanded, places["depthwise"].output, places["project"].output
        found.append(outputs == ((block.h, block.w, inner), (*small, inner), (*small, block.d_out)))
    return statement(all(found), blocks=len(found))


def _noted_terms(networks: Networks) -> Computed:
    """The note has one letter d in its first two terms; is there a d that makes both right?"""
    layers = [block for block in bottlenecks(networks, mobilenet_v2).values() if block.t > 1 and block.s == 1]
    possible = [block for block in layers if any(_noted(block, d) == block.terms for d in _wanted(block))]
    block = bottlenecks(networks, mobilenet_v2)[LAYER]
    first, second = _wanted(block)
    facts = {"layers": len(layers), "first": first, "second": second}
    holds = {"MADD": len(possible) == len(layers)}
    return Computed({"MADD": block.terms}, holds, refuted=not possible, facts=facts)


def _wanted(block: Bottleneck) -> tuple[int, int]:
    """What d must be in the first term and in the second."""
    return block.t * block.d_in, block.k**2


def _noted(block: Bottleneck, d: int) -> tuple[int, int, int]:
    return formulas.noted_bottleneck_terms(block.h, block.w, block.d_in, block.d_out, block.t, d)


NOTED = "64"  # samples per GPU


def _samples(networks: Networks) -> Computed:
    """The note reads the text's batch of 96 as divided evenly among its 16 GPUs."""
    samples, gpus = 96, 16
    facts = {"samples": samples, "gpus": gpus, "product": int(NOTED) * gpus}
    return Computed({UNCOUNTED: Fraction(samples, gpus)}, refuted=int(NOTED) * gpus != samples, facts=facts)


CLAIMS = [
    Claim(
        "V2-BLK",
        "V2 (both printings) 3.3",
        "formula",
        "MAC",
        TEXT,
        "h w d' t (d' + k^2 + d'')",
        _block_formula,
        explanation="It equals the graph's count in all {unstrided} expanded blocks with stride one of "
        "{widths} widths. Read literally, the block with t = 1 would have an expansion too, {madds} "
        "multiply-adds and {weights} weights more ({literal} in all instead of {ours}); the official code, "
        "and this graph, have none.",
        main="MADD",
    ),
    Claim(
        "V2-T1",
        "V2 (both printings) Table 1",
        "shapes",
        "-",
        TABLE_1,
        "outputs of a block: h x w x tk, h/s x w/s x tk, h/s x w/s x k'",
        _shapes,
        explanation="So in all {blocks} blocks; that with t = 1 has no expansion, and its input is h x w x tk already.",
    ),
    Claim(
        "V2-NOTE-BLK",
        "V2 (CVPR) 3.3 hand note",
        "formula",
        "MAC",
        NOTES,
        "hw d'd; hw t d'd; hw d''t d'",
        _noted_terms,
        "erratum",
        "In none of {layers} blocks does one d make the first two terms right: the first needs t d' "
        "(here {first}), the second k^2 ({second}). Right are {value}; the third term is right as noted.",
        main="MADD",
    ),
    Claim(
        "V2-NOTE-96",
        "V2 (CVPR) 6.1 hand note",
        NOTED,
        "-",
        NOTES,
        "samples per GPU",
        _samples,
        "erratum",
        "The note divides {samples} samples evenly among {gpus} GPUs; its figure would take {product} samples.",
    ),
]
