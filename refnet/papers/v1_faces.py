"""MobileNet V1, section 4.5 and Table 12: face attributes, distilled from an in-house classifier.

Table 12 leaves the classifier out, whose number of attributes the paper does not give. Its rows of width 0.25 are not
those of section 3.3, which would give the first convolution 8 channels, but of a network with at least 16 everywhere.
"""

from fractions import Fraction
from typing import Any

from ..digits import parse_figure
from ..models.uses import mobilenet_v1_attributes
from ..models.v1 import mobilenet_v1
from .claim import UNCOUNTED, Claim, Compute, Computed, Table, Value, undetermined
from .counted import MADDS, PARAMETERS, size_claim
from .networks import LEAST_CHANNELS, MIN16, Networks, Number

TABLE_12 = Table("V1 Table 12", madds="MADD-HEADLESS")
SECTION_4_5 = Table("V1 section 4.5", madds="MADD-HEADLESS", source="V1 4.5")

# The in-house classifier: million mult-adds, and million parameters in the text and in the table.
BASELINE_MADDS, IN_TEXT, IN_TABLE = "1600", "75", "7.5"
SHARE = "1"  # per cent of the baseline's mult-adds
SMALLEST: dict[str, Any] = {"width": 0.25, "resolution": 128}

NOTHING: Value = ()  # of a network that the paper does not describe, nothing can be counted


def headless_madds(networks: Networks, **settings: Any) -> dict[str, Number]:
    """Every convention, and the network with more channels in its first convolution where that is another one."""
    counts = networks.madds(mobilenet_v1, **settings)
    wider = networks.cost(mobilenet_v1_attributes, least_channels=LEAST_CHANNELS, **settings).total("MADD-HEADLESS")
    return {MIN16: wider, **counts} if wider != counts["MADD-HEADLESS"] else counts


def _first_channels(networks: Networks, **settings: Any) -> int:
    return networks.graph(mobilenet_v1, **settings).shapes["conv_first"][-1]


def _madds(id: str, width: float, side: int, printed: str, recorded: str, note: str) -> Claim:
    settings = {"width": width, "resolution": side}

    def compute(networks: Networks) -> Computed:
        facts = {"first": _first_channels(networks, **settings), "least": LEAST_CHANNELS}
        return Computed(headless_madds(networks, **settings), facts=facts)

    what = f"{width:g} MobileNet-{side}, {MADDS}"
    return Claim(id, TABLE_12.name, printed, "M", TABLE_12, what, compute, recorded, note, TABLE_12.madds)


def _row(width: float, side: int, madds: str, parameters: str, recorded: str = "exact", note: str = "") -> list[Claim]:
    """A row of Table 12; recorded, note: of its multiply-adds."""
    stem, what = f"V1-T12-{width:g}-{side}", f"{width:g} MobileNet-{side}"
    settings: dict[str, Any] = {"width": width, "resolution": side, "classes": 0}
    return [
        _madds(f"{stem}-M", width, side, madds, recorded, note),
        size_claim(f"{stem}-P", TABLE_12, what, PARAMETERS, parameters, mobilenet_v1, **settings),
    ]


def _share(networks: Networks) -> Computed:
    """Of the printed baseline, in per cent."""
    whole = parse_figure(BASELINE_MADDS, "M")
    counts = headless_madds(networks, **SMALLEST)
    values: dict[str, Value] = {name: 100 * Fraction(number) / whole.value for name, number in counts.items()}
    return Computed(values, facts={"baseline": whole.value})


def _baseline(**facts: Value | str) -> Compute:
    computed = undetermined({UNCOUNTED: NOTHING}, "the layers of its in-house classifier", None, **facts)
    return lambda networks: computed


def _baseline_madds(networks: Networks) -> Computed:
    smallest = headless_madds(networks, **SMALLEST)["MADD-HEADLESS"]
    share = parse_figure(SHARE)
    ends = [100 * Fraction(smallest) / (share.value + half * share.step / 2) for half in (1, -1)]
    facts: dict[str, Value | str] = {"smallest": smallest, "share": SHARE, "low": ends[0], "high": ends[1]}
    free = "the layers of the in-house classifier, nor which FaceNet it is"
    return undetermined({UNCOUNTED: NOTHING}, free, None, **facts)


_TIMES = Fraction(IN_TEXT) / Fraction(IN_TABLE)
_BOTH = (
    "{other} million for the same classifier, with the same multiply-adds beside it: a factor of {times}, so that at "
)
_BOTH += "most one of the two is right."
_FIRST = (
    "The width multiplier leaves {first} channels in the first convolution; the print needs {least}, which is what the "
    "official code makes there when it is called with min_depth={least}."
)

CLAIMS = [
    Claim(
        "V1-FA-75",
        SECTION_4_5.source,
        IN_TEXT,
        "M",
        SECTION_4_5,
        f"in-house baseline, {PARAMETERS}",
        _baseline(other=IN_TABLE, times=_TIMES),
        "not determinable",
        f"V1-T12-BASE-P prints {_BOTH}",
    ),
    Claim(
        "V1-FA-1600",
        "V1 4.5 / Table 12 / Table 14",
        BASELINE_MADDS,
        "M",
        SECTION_4_5,
        f"in-house baseline and FaceNet, {MADDS}",
        _baseline_madds,
        "not determinable",
        "The smallest MobileNet beside it takes {smallest}; if that is {share}% of it, as V1-FA-1PCT says, it takes "
        "{low} to {high}.",
    ),
    Claim(
        "V1-FA-1PCT",
        SECTION_4_5.source,
        SHARE,
        "%",
        SECTION_4_5,
        "share of the baseline's mult-adds",
        _share,
        "exact",
        "Of the {baseline} that the paper prints for the baseline.",
        SECTION_4_5.madds,
    ),
    *_row(1.0, 224, "568", "3.2"),
    *_row(0.5, 224, "149", "0.8"),
    *_row(0.25, 224, "45", "0.2", "convention", _FIRST),
    *_row(1.0, 128, "185", "3.2"),
    *_row(0.5, 128, "48", "0.8", "convention"),
    *_row(0.25, 128, "15", "0.2", "convention", _FIRST),
    Claim(
        "V1-T12-BASE-P",
        TABLE_12.name,
        IN_TABLE,
        "M",
        TABLE_12,
        f"baseline, {PARAMETERS}",
        _baseline(other=IN_TEXT, times=_TIMES),
        "not determinable",
        f"V1-FA-75 prints {_BOTH} V1-T14-FN has the figures of this row for another network, FaceNet.",
    ),
]
