"""MobileNet V1, Tables 3 to 7: one layer made cheaper step by step, then whole networks."""

from fractions import Fraction
from typing import Any

from ..models.v1 import conv_mobilenet, mobilenet_v1, shallow_mobilenet
from .claim import UNCOUNTED, Claim, Compute, Computed, Table
from .counted import MADDS, PARAMETERS, size_claim, size_claims
from .networks import Build, Networks, count

# Table 3's layer, D_K = 3, M = N = 512, D_F = 14, is a block of the networks; 160 pixels make rho = 0.714.
LAYER = "block_8"
TABLE_3 = Table("V1 Table 3")
TABLE_4 = Table("V1 Table 4")
TABLE_5 = Table("V1 Table 5")
TABLE_6 = Table("V1 Table 6")
TABLE_7 = Table("V1 Table 7", zeros=True)  # the column 569, 418, 290, 186 reaches down to the unit
WHOLE = ("569", "4.2")  # the whole network, in every table that has it
FIGURES_4_5 = Table("V1 Figures 4 and 5")


def _layer_claims(stem: str, what: str, prints: tuple[str, str], build: Build, **settings: Any) -> list[Claim]:
    """A row of Table 3: the block's multiply-adds and its weights."""

    def compute(*quantities: str) -> Compute:
        return lambda networks: Computed(count(networks.block(LAYER, build, **settings), *quantities))

    madds, parameters = compute("multiply-adds", "FLOPs"), compute("parameters")
    return [
        Claim(f"{stem}-M", TABLE_3.name, prints[0], "M", TABLE_3, f"{what}, {MADDS}", madds, main=TABLE_3.madds),
        Claim(
            f"{stem}-P",
            TABLE_3.name,
            prints[1],
            "M",
            TABLE_3,
            f"{what}, {PARAMETERS}",
            parameters,
            main=TABLE_3.parameters,
        ),
    ]


def _accuracy_claim(id: str, table: Table, what: str, printed: str, better: str, worse: str) -> Claim:
    """A difference of two accuracies, as the table prints them."""
    computed = Computed({UNCOUNTED: Fraction(better) - Fraction(worse)}, facts={"better": better, "worse": worse})
    note = "The table prints {better}% and {worse}%; nothing was trained here."
    return Claim(id, "V1 4.1", printed, "%", table, what, lambda networks: computed, "exact", note)


def _sixteen(networks: Networks) -> Computed:
    scales = [(width, side) for width in (1.0, 0.75, 0.5, 0.25) for side in (224, 192, 160, 128)]
    counts = {networks.cost(mobilenet_v1, width=width, resolution=side).madds for width, side in scales}
    return Computed({UNCOUNTED: len(counts)})


CLAIMS = [
    *_layer_claims("V1-T3-conv", "convolution", ("462", "2.36"), conv_mobilenet),
    *_layer_claims("V1-T3-dwsep", "depthwise separable", ("52.3", "0.27"), mobilenet_v1),
    *_layer_claims("V1-T3-a.75", "alpha = 0.75", ("29.6", "0.15"), mobilenet_v1, width=0.75),
    *_layer_claims("V1-T3-r.714", "rho = 0.714", ("15.1", "0.15"), mobilenet_v1, width=0.75, resolution=160),
    size_claim(
        "V1-T4-CONV-M",
        TABLE_4,
        "Conv MobileNet",
        MADDS,
        "4866",
        conv_mobilenet,
        "convention",
        "This row leaves the classifier out, the other row of the same table counts it.",
    ),
    size_claim("V1-T4-CONV-P", TABLE_4, "Conv MobileNet", PARAMETERS, "29.3", conv_mobilenet),
    *size_claims("V1-T4-MN", TABLE_4, "MobileNet", WHOLE, mobilenet_v1),
    _accuracy_claim("V1-T4-ACC", TABLE_4, "accuracy lost", "1", "71.7", "70.6"),
    *size_claims("V1-T5-75", TABLE_5, "0.75 MobileNet", ("325", "2.6"), mobilenet_v1, width=0.75),
    *size_claims("V1-T5-SH", TABLE_5, "Shallow MobileNet", ("307", "2.9"), shallow_mobilenet),
    _accuracy_claim("V1-T5-ACC", TABLE_5, "accuracy, thinner less shallower", "3", "68.4", "65.3"),
    *size_claims("V1-T6-1", TABLE_6, "1.0 MobileNet-224", WHOLE, mobilenet_v1),
    *size_claims("V1-T6-0.75", TABLE_6, "0.75 MobileNet-224", ("325", "2.6"), mobilenet_v1, width=0.75),
    *size_claims("V1-T6-0.5", TABLE_6, "0.5 MobileNet-224", ("149", "1.3"), mobilenet_v1, width=0.5),
    *size_claims("V1-T6-0.25", TABLE_6, "0.25 MobileNet-224", ("41", "0.5"), mobilenet_v1, width=0.25),
    *size_claims("V1-T7-224", TABLE_7, "1.0 MobileNet-224", WHOLE, mobilenet_v1),
    *size_claims("V1-T7-192", TABLE_7, "1.0 MobileNet-192", ("418", "4.2"), mobilenet_v1, resolution=192),
    size_claim(
        "V1-T7-160-M",
        TABLE_7,
        "1.0 MobileNet-160",
        MADDS,
        "290",
        mobilenet_v1,
        "convention",
        "The print cannot decide between these conventions.",
        resolution=160,
    ),
    size_claim("V1-T7-160-P", TABLE_7, "1.0 MobileNet-160", PARAMETERS, "4.2", mobilenet_v1, resolution=160),
    *size_claims("V1-T7-128", TABLE_7, "1.0 MobileNet-128", ("186", "4.2"), mobilenet_v1, resolution=128),
    Claim(
        "V1-16",
        "V1 4.2/fig 4,5",
        "16",
        "models",
        FIGURES_4_5,
        "widths x resolutions",
        _sixteen,
        "exact",
        "All were built, and no two have the same number of multiply-adds.",
    ),
]
