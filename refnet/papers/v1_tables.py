"""MobileNet V1, Tables 4 to 7: whole networks, thinner, shallower and on smaller images."""

from fractions import Fraction

from ..models.v1 import conv_mobilenet, mobilenet_v1, shallow_mobilenet
from .claim import Claim, Compute, Computed, Table
from .counted import madds, madds_claim, parameters, parameters_claim
from .networks import Networks

TABLE_4 = Table("V1 Table 4")
TABLE_5 = Table("V1 Table 5")
TABLE_6 = Table("V1 Table 6")
# The column 569, 418, 290, 186 reaches down to the unit.
TABLE_7 = Table("V1 Table 7", zeros=True)


_ACCURACY = "The table prints {better}% and {worse}%, so the points are its own; nothing was trained here."


def _accuracy_difference(better: str, worse: str) -> Compute:
    """The difference of two accuracies as the table prints them."""
    difference = Fraction(better) - Fraction(worse)
    return lambda networks: Computed({"-": difference}, facts={"better": better, "worse": worse})


def _accuracy_claim(id: str, table: Table, what: str, printed: str, better: str, worse: str) -> Claim:
    compute = _accuracy_difference(better, worse)
    return Claim(id, "V1 4.1", printed, "%", table, what, compute, "exact", _ACCURACY)


def _table_4() -> list[Claim]:
    conv = "The convention of this row leaves the classifier out; the other row of the same table counts it."
    full, whole = "Conv MobileNet", "MobileNet"
    return [
        madds_claim("V1-T4-CONV-M", TABLE_4, full, "4866", madds(conv_mobilenet), "convention", conv),
        parameters_claim("V1-T4-CONV-P", TABLE_4, full, "29.3", parameters(conv_mobilenet)),
        madds_claim("V1-T4-MN-M", TABLE_4, whole, "569", madds(mobilenet_v1)),
        parameters_claim("V1-T4-MN-P", TABLE_4, whole, "4.2", parameters(mobilenet_v1)),
        _accuracy_claim("V1-T4-ACC", TABLE_4, "accuracy lost by separable layers", "1", "71.7", "70.6"),
    ]


def _table_5() -> list[Claim]:
    thin, shallow = "0.75 MobileNet", "Shallow MobileNet"
    return [
        madds_claim("V1-T5-75-M", TABLE_5, thin, "325", madds(mobilenet_v1, width=0.75)),
        parameters_claim("V1-T5-75-P", TABLE_5, thin, "2.6", parameters(mobilenet_v1, width=0.75)),
        madds_claim("V1-T5-SH-M", TABLE_5, shallow, "307", madds(shallow_mobilenet)),
        parameters_claim("V1-T5-SH-P", TABLE_5, shallow, "2.9", parameters(shallow_mobilenet)),
        _accuracy_claim("V1-T5-ACC", TABLE_5, "thinner over shallower", "3", "68.4", "65.3"),
    ]


def _table_6() -> list[Claim]:
    rows = (("1", 1.0, "569", "4.2"), ("0.75", 0.75, "325", "2.6"), ("0.5", 0.5, "149", "1.3"), ("0.25", 0.25, "41", "0.5"))
    claims = []
    for name, width, printed_madds, printed_parameters in rows:
        what = f"{width} MobileNet-224"
        count, size = madds(mobilenet_v1, width=width), parameters(mobilenet_v1, width=width)
        claims.append(madds_claim(f"V1-T6-{name}-M", TABLE_6, what, printed_madds, count))
        claims.append(parameters_claim(f"V1-T6-{name}-P", TABLE_6, what, printed_parameters, size))
    return claims


def _table_7() -> list[Claim]:
    undecided = "The print cannot decide between them."
    rows = ((224, "569", "exact", ""), (192, "418", "exact", ""), (160, "290", "convention", undecided), (128, "186", "exact", ""))
    claims = []
    for resolution, printed, recorded, note in rows:
        what, stem = f"1.0 MobileNet-{resolution}", f"V1-T7-{resolution}"
        count, size = madds(mobilenet_v1, resolution=resolution), parameters(mobilenet_v1, resolution=resolution)
        claims.append(madds_claim(f"{stem}-M", TABLE_7, what, printed, count, recorded, note))
        claims.append(parameters_claim(f"{stem}-P", TABLE_7, what, "4.2", size))
    return claims


def _sixteen(networks: Networks) -> Computed:
    scales = [(width, resolution) for width in (1.0, 0.75, 0.5, 0.25) for resolution in (224, 192, 160, 128)]
    counts = {networks.cost(mobilenet_v1, width=width, resolution=resolution).madds for width, resolution in scales}
    return Computed({"-": len(counts)})


CLAIMS = [
    *_table_4(),
    *_table_5(),
    *_table_6(),
    *_table_7(),
    Claim(
        "V1-16",
        "V1 4.2/fig 4,5",
        "16",
        "models",
        TABLE_7,
        "widths x resolutions",
        _sixteen,
        "exact",
        "All of them were built, and no two have the same number of multiply-adds.",
    ),
]
