"""MobileNet V2, Table 3 in both printings: the memory of each cell against the channels printed beside it, and the
last row against the rows above. Whether the channels are right is the matter of `v2_table_3_maps.py`.

The conference (CVPR) prints "1/O(1)" at 112x112 for all three networks, arXiv figures; the last row differs, the rest
is the same.
"""

from fractions import Fraction
from math import ceil
from typing import NamedTuple

from ..digits import parse_figure
from .claim import Claim, Compute, Computed, Table, Value
from .networks import MEM_16, MEM_1024, Networks, Number

TABLE = Table("V2 Table 3, memory", memory=MEM_16)
CVPR, ARXIV, BOTH = "V2 (CVPR) Table 3", "V2 (arXiv) Table 3", "V2 (both printings) Table 3"
BYTES = 2  # 16 bits

V1, V2, SHUFFLE = "MobileNetV1", "MobileNetV2", "ShuffleNet (2x, g=3)"
COLUMNS = {V1: "V1", V2: "V2", SHUFFLE: "Sh"}  # and how ids name them


class Cell(NamedTuple):
    """channels / Kb as printed."""

    channels: int
    kb: str


# Side of the map -> the cells; the first row is arXiv's.
CELLS = {
    112: {V1: Cell(64, "1600"), V2: Cell(16, "400"), SHUFFLE: Cell(32, "800")},
    56: {V1: Cell(128, "800"), V2: Cell(32, "200"), SHUFFLE: Cell(48, "300")},
    28: {V1: Cell(256, "400"), V2: Cell(64, "100"), SHUFFLE: Cell(400, "600")},
    14: {V1: Cell(512, "200"), V2: Cell(160, "62"), SHUFFLE: Cell(800, "310")},
    7: {V1: Cell(1024, "199"), V2: Cell(320, "32"), SHUFFLE: Cell(1600, "156")},
    1: {V1: Cell(1024, "2"), V2: Cell(1280, "2"), SHUFFLE: Cell(1600, "3")},
}
PLACES = [(side, column) for side in CELLS for column in CELLS[side]]
FIRST, *BELOW = CELLS
MAX = {
    CVPR: {V1: "800", V2: "200", SHUFFLE: "600"},
    ARXIV: {V1: "1600", V2: "400", SHUFFLE: "600"},
}


def source(side: int) -> str:
    return ARXIV if side == FIRST else BOTH


def own_values(side: int, column: str) -> int:
    """Values of a map with the printed channels."""
    return side * side * CELLS[side][column].channels


def gives(printed: str, size: int) -> bool:
    """Whether so many bytes, rounded or cut, are the printed Kb."""
    return parse_figure(printed, "Kb").reading(size) is not None


def _bytes(values: int) -> dict[str, Number]:
    """The memory of so many values under both meanings of Kb."""
    return {MEM_16: BYTES * values, MEM_1024: Fraction(BYTES * values * 1000, 1024)}


def _ways(side: int, column: str) -> set[str]:
    """The ways of shortening that lead from the cell's channels to its memory."""
    exact, figure = BYTES * own_values(side, column), parse_figure(CELLS[side][column].kb, "Kb")
    down, up = (round_off(exact / figure.step) * figure.step for round_off in (Fraction.__floor__, ceil))
    shortened = {"rounded": figure.rounded(exact), "cut": down, "rounded up": up}
    return {way for way, value in shortened.items() if value == figure.value}


def _cell(side: int, column: str) -> Compute:
    """Refuted if no way gives the print, or only rounding up, which other cells of the table exclude."""

    def compute(networks: Networks) -> Computed:
        others = [_ways(*place) for place in PLACES if place != (side, column)]
        excluding = sum(bool(ways) and "rounded up" not in ways for ways in others)
        ways = _ways(side, column)
        above = BYTES * own_values(2 * side, column) if 2 * side in CELLS else 0
        refuted = not ways or (ways == {"rounded up"} and excluding > 0)
        facts = {"excluding": excluding, "above": above}
        return Computed(_bytes(own_values(side, column)), refuted=refuted, facts=facts)

    return compute


def _largest_row(printing: str, column: str) -> Compute:
    """The largest of the printed rows; refuted if it is not the print: that is what the last row says."""

    def compute(networks: Networks) -> Computed:
        side = max(CELLS if printing == ARXIV else BELOW, key=lambda each: own_values(each, column))
        values = own_values(side, column)
        facts: dict[str, Value | str] = {
            "size": f"{side}x{side}",
            "below": max(BYTES * own_values(each, column) for each in BELOW),
        }
        return Computed(_bytes(values), refuted=not gives(MAX[printing][column], BYTES * values), facts=facts)

    return compute


def _cell_claim(side: int, column: str, recorded: str = "exact", note: str = "") -> Claim:
    """V2-T3-56-V1: what the printed channels take."""
    id, what = f"V2-T3-{side}-{COLUMNS[column]}", f"{column}, {side}x{side}, memory"
    printed, compute = CELLS[side][column].kb, _cell(side, column)
    return Claim(id, source(side), printed, "Kb", TABLE, what, compute, recorded, note, TABLE.memory)


def _row_claim(printing: str, column: str, recorded: str = "exact", note: str = "") -> Claim:
    """V2-T3a-MAX-V1: the last row."""
    id = f"V2-T3{'a' if printing == CVPR else 'b'}-MAX-{COLUMNS[column]}"
    what = f"{column}, max, {'CVPR' if printing == CVPR else 'arXiv'}"
    printed, compute = MAX[printing][column], _largest_row(printing, column)
    return Claim(id, printing, printed, "Kb", TABLE, what, compute, recorded, note or _ROW, TABLE.memory)


_ROW = "It is the cell at {size}, the largest of the printed rows."
_NOT_EXACT = {
    (14, V2): ("convention", ""),
    (7, V1): (
        "erratum",
        "Right is half of the cell above ({above} bytes): twice the channels on a quarter of the pixels.",
    ),
    (7, V2): (
        "erratum",
        "Only rounding up gives the print, and {excluding} other cells of the table are not rounded up.",
    ),
    (7, SHUFFLE): ("convention", ""),
    (1, V2): ("convention", ""),
}

CLAIMS = [
    *(_cell_claim(*place, *_NOT_EXACT.get(place, ())) for place in PLACES),
    _row_claim(CVPR, V1, note=_ROW + " At 112x112, where this printing has no figures, V1 has more."),
    _row_claim(CVPR, V2, note=_ROW + " By the network's own maps: V2-T3-V2max."),
    _row_claim(CVPR, SHUFFLE, note=_ROW + " By the network's own maps: V2-T3-SHmax."),
    _row_claim(ARXIV, V1),
    _row_claim(ARXIV, V2),
    _row_claim(
        ARXIV,
        SHUFFLE,
        "erratum",
        "It is the cell at {size} in the column itself; the print is the largest of the rows below ({below} bytes), as "
        "in the conference's printing, which has no figure in that cell.",
    ),
]
