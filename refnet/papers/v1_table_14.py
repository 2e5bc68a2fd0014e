"""MobileNet V1, section 4.7 and Table 14: face embeddings, distilled from FaceNet.

The multiply-adds leave the head out; the parameters include one that the paper does not describe.
"""

from fractions import Fraction
from typing import Any, NamedTuple

from ..digits import parse_figure
from ..models.uses import mobilenet_v1_embedding
from ..models.v1 import mobilenet_v1
from .claim import UNCOUNTED, Claim, Compute, Computed, Table, Value, undetermined
from .counted import MADDS, PARAMETERS
from .networks import Networks
from .v1_faces import NOTHING
from .v1_formulas import RESOLUTIONS
from .v1_planet import implied

TABLE_14 = Table("V1 Table 14", madds="MADD-HEADLESS")


class Row(NamedTuple):
    """A row of Table 14: the multiplier and the pixels that it means, and millions as printed."""

    width: float
    side: int
    madds: str
    parameters: str

    @property
    def settings(self) -> dict[str, Any]:
        return {"width": self.width, "resolution": self.side}


ROWS = {
    "a": Row(1.0, 160, "286", "4.9"),
    "b": Row(1.0, 128, "185", "5.5"),
    "c": Row(0.75, 160, "166", "3.4"),  # printed as 128 pixels: V1-T14-DUP
    "d": Row(0.75, 128, "108", "3.8"),
}
TWICE = 128  # the resolution that two rows of one width print
SAME_BODY = {"a": "b", "b": "a", "c": "d", "d": "c"}

FACENET = ("1600", "7.5")  # million mult-adds, million parameters
# Schroff et al. 2015, section 3.3: what its Inception-style networks range over, in the same units.
FACENETS_OWN = {"flops": ("500", "1600"), "parameters": ("6.6", "7.5")}


def _madds(row: Row) -> Compute:
    """The body at all resolutions, and what normalisation would add to it."""

    def compute(networks: Networks) -> Computed:
        headless = networks.cost(mobilenet_v1, classes=0, **row.settings)
        normalised = headless.total("MADD-BN2")
        facts: dict[str, Value | str] = {
            "normalised": normalised,
            "fits": "is the print" if parse_figure(row.madds, "M").is_rounded(normalised) else "is not the print",
        }
        return Computed(networks.madds(mobilenet_v1, **row.settings), facts=facts)

    return compute


def embedding_implied(networks: Networks, row: Row) -> tuple[int, int]:
    """The least and the largest embedding, of one dense layer behind the pooled features, that rounds to the print."""
    body = networks.cost(mobilenet_v1, width=row.width, classes=0).total(TABLE_14.parameters)
    features = networks.cost(mobilenet_v1_embedding, width=row.width, dimension=1)["embedding"].weights
    return implied(parse_figure(row.parameters, "M"), body, features)


def _parameters(letter: str) -> Compute:
    row, other = ROWS[letter], ROWS[SAME_BODY[letter]]

    def compute(networks: Networks) -> Computed:
        values = networks.parameters(mobilenet_v1, classes=0, **row.settings)
        low, high = embedding_implied(networks, other)
        facts: dict[str, Value | str] = {
            "low": low,
            "high": high,
            "difference": abs(Fraction(row.parameters) - Fraction(other.parameters)),
        }
        return undetermined(values, "the size of the embedding", embedding_implied(networks, row), **facts)

    return compute


def _resolution(networks: Networks) -> Computed:
    """The third row's multiply-adds name its resolution: at the printed one they are the fourth row's, or near it."""
    third = ROWS["c"]
    counts = {
        side: networks.cost(mobilenet_v1, width=third.width, resolution=side).total(TABLE_14.madds)
        for side in RESOLUTIONS
    }
    printed = parse_figure(third.madds, "M")
    right = [side for side, number in counts.items() if printed.is_rounded(number)]
    value = right[0] if len(right) == 1 else TWICE
    facts: dict[str, Value | str] = {
        "width": third.width,
        "madds": counts[value],
        "there": counts[TWICE],
        "row": third.madds,
    }
    return Computed({UNCOUNTED: value}, refuted=value != TWICE, facts=facts)


def _facenet(networks: Networks) -> Computed:
    """Its own paper has several networks; the row has the upper ends of what it says of one kind."""
    uppers = tuple(own[1] for own in FACENETS_OWN.values())
    facts: dict[str, Value | str] = {
        "few": FACENETS_OWN["flops"][0],
        "many": FACENETS_OWN["flops"][1],
        "least": FACENETS_OWN["parameters"][0],
        "most": FACENETS_OWN["parameters"][1],
        "ends": "are the upper ends of both" if uppers == FACENET else "are not the upper ends of both",
    }
    return undetermined({UNCOUNTED: NOTHING}, "which of FaceNet's networks it is", None, **facts)


def _row(letter: str, recorded: str = "exact", note: str = "") -> list[Claim]:
    """Both figures of a row; recorded, note: of its multiply-adds."""
    row = ROWS[letter]
    what = f"{row.width:g} MobileNet-{row.side}"
    return [
        Claim(
            f"V1-T14-{letter}-M",
            TABLE_14.name,
            row.madds,
            "M",
            TABLE_14,
            f"{what}, {MADDS}",
            _madds(row),
            recorded,
            note,
            TABLE_14.madds,
        ),
        Claim(
            f"V1-T14-{letter}-P",
            TABLE_14.name,
            row.parameters,
            "M",
            TABLE_14,
            f"{what}, {PARAMETERS}",
            _parameters(letter),
            "not determinable",
            f"The body alone has {{value}}. V1-T14-{SAME_BODY[letter]}-P has the same body and implies {{low}} to "
            "{high}: a resolution changes no parameters, yet the two differ by {difference} million, so that their "
            "heads are not the same.",
            TABLE_14.parameters,
        ),
    ]


_NO_FIT = (
    "With two for every value that batch norm writes, and without the classifier, it would be {normalised}, which "
    "{fits}; no convention of the list counts so."
)

CLAIMS = [
    Claim(
        "V1-T14-FN",
        TABLE_14.name,
        " / ".join(FACENET),
        "M",
        TABLE_14,
        f"FaceNet, {MADDS} and {PARAMETERS}",
        _facenet,
        "not determinable",
        "FaceNet's own paper gives its Inception-style networks {few} to {many} million operations and {least} to "
        "{most} million parameters; the printed figures {ends}. V1-T12-BASE-P has the same pair for an in-house "
        "classifier.",
        figure=FACENET[0],
    ),
    *_row("a", "unexplained"),
    *_row("b"),
    *_row("c", note="The table prints another resolution for this row: see V1-T14-DUP."),
    *_row("d", "unexplained", _NO_FIT),
    Claim(
        "V1-T14-DUP",
        TABLE_14.name,
        f"{TWICE} (twice)",
        "px",
        TABLE_14,
        "resolution of the third row",
        _resolution,
        "erratum",
        "Two rows are called {width} MobileNet-{printed} and differ. The {row} million multiply-adds of the first are "
        "those of {value} pixels, {madds}; at {printed} they would be {there}.",
        figure=str(TWICE),
    ),
]
