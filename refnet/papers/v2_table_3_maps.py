"""MobileNet V2, Table 3 in both printings: the channels of each cell, and the largest map, against the networks.

A map "needs to be materialized" if it leaves a block, a block being one operation. The caption lets the first layer
of V2 and of ShuffleNet be split by channels (section 5.1): its output is then never whole, but what is behind it is.
"""

from typing import Any

from ..memory import Largest, largest_by_size, maps
from ..models.shufflenet import shufflenet_v1
from ..models.v1 import mobilenet_v1
from ..models.v2 import mobilenet_v2
from .claim import Claim, Compute, Computed, Table, Value, statement
from .convolutions import bottlenecks
from .networks import MEM_16, MEM_FIRST, Build, Networks
from .v2_table_3 import ARXIV, BOTH, BYTES, CELLS, COLUMNS, CVPR, FIRST, MAX, PLACES, SHUFFLE, V1, V2, gives, source
from .v2_tables import ROWS as TABLE_2

CHANNELS = Table("V2 Table 3, channels", zeros=True)  # 1024 and 1280 reach down to the unit
# The caption splits the first layer "to reduce memory requirement", and so does the last row.
LARGEST = Table("V2 Table 3, largest map", memory=MEM_FIRST)

WIDTH, GROUPS = 2.0, 3  # of ShuffleNet, as the caption has it
FEWER = 2  # groups that ShuffleNet's own table has other widths for
SECOND = FIRST // 2

BySide = dict[int, Largest]


def corrected(networks: Networks, column: str, split: bool = False, groups: int = GROUPS) -> BySide:
    """Side -> the largest map that leaves a block: Table 3 as it should be. split: the first layer is, by channels."""
    build, settings = _network(column, groups)
    whole = maps(networks.graph(build, **settings))
    if split and column != V1:
        whole = {name: shape for name, shape in whole.items() if not name.startswith("conv_first")}
    return {side: each for (side, _), each in largest_by_size(whole).items()}


def _network(column: str, groups: int) -> tuple[Build, dict[str, Any]]:
    if column == SHUFFLE:
        return shufflenet_v1, {"width": WIDTH, "groups": groups}
    return (mobilenet_v1 if column == V1 else mobilenet_v2), {}


def _channels(side: int, column: str) -> Compute:
    """The channels of one cell; split, a first layer needs one at a time."""

    def compute(networks: Networks) -> Computed:
        whole, split = (_channels_at(corrected(networks, column, split=each), side) for each in (False, True))
        values = {MEM_16: whole, MEM_FIRST: split or min(whole, 1)}
        facts = {"whole": whole, **_other_channels(networks, side)}
        return Computed(values, refuted=_REFUTED[column](networks, side), facts=facts)

    return compute


def _channels_at(found: BySide, side: int) -> int:
    return found[side].channels if side in found else 0


def _other_channels(networks: Networks, side: int) -> dict[str, Value | str]:
    """What else the print could mean: outputs of V2's bottlenecks from or to this side; ShuffleNet's other widths."""
    steps = bottlenecks(networks, mobilenet_v2).values()
    narrow = _channels_at(corrected(networks, SHUFFLE, groups=FEWER), side)
    return {
        "behind": max((step.d_out for step in steps if step.h == side), default=0),
        "bottleneck": max((step.d_out for step in steps if step.h // step.s == side), default=0),
        "fewer": FEWER,
        "groups": GROUPS,
        "narrow": narrow,
        "below": CELLS[SECOND][SHUFFLE].channels,
    }


def _by_table_2(networks: Networks, side: int) -> bool:
    """Whether V2's own Table 2, as printed, has other channels at this size."""
    return max(channels for size, channels, *_ in TABLE_2 if size == side) != CELLS[side][V2].channels


def _by_caption(networks: Networks, side: int) -> bool:
    """Whether other groups than the caption's give the print; at the first size, whether the next row contradicts."""
    printed, here = CELLS[side][SHUFFLE].channels, corrected(networks, SHUFFLE)
    if side == FIRST:  # pooling keeps channels
        return _channels_at(here, FIRST) == _channels_at(here, SECOND) and printed != CELLS[SECOND][SHUFFLE].channels
    return printed == _channels_at(corrected(networks, SHUFFLE, groups=FEWER), side) != _channels_at(here, side)


_REFUTED = {V1: lambda networks, side: False, V2: _by_table_2, SHUFFLE: _by_caption}


def _first_row(networks: Networks) -> Computed:
    """The conference's first row: which maps of that size are whole although the first layer is split."""
    left = {ids: _channels_at(corrected(networks, column, split=True), FIRST) for column, ids in COLUMNS.items()}
    holds = not any(left.values())
    return statement(holds, refuted=not holds, one=BYTES * FIRST**2, **left)


def _largest(column: str, printed: str) -> Compute:
    """The largest map of the network; refuted if it is not the print, with the first layer split or not."""

    def compute(networks: Networks) -> Computed:
        whole, split = (corrected(networks, column, split=each) for each in (False, True))
        where = max(split.values(), key=_memory)
        values = {MEM_FIRST: _memory(where), MEM_16: max(map(_memory, whole.values()))}
        facts: dict[str, Value | str] = {
            "where": where.node,
            "channels": where.channels,
            "size": f"{where.height}x{where.width}",
            "unsplit": values[MEM_16],
            "arxiv": MAX[ARXIV][column],
            "fewer": FEWER,
            "groups": GROUPS,
            "narrow": max(map(_memory, corrected(networks, column, True, FEWER).values())),
        }
        return Computed(values, refuted=not any(gives(printed, each) for each in values.values()), facts=facts)

    return compute


def _memory(each: Largest) -> int:
    return BYTES * each.values


def _channel_claim(side: int, column: str, recorded: str = "exact", note: str = "") -> Claim:
    """V2-T3-56-V1ch: the channels of a cell."""
    id, what = f"V2-T3-{side}-{_LETTERS[column]}", f"{column}, {side}x{side}, channels"
    printed, compute = str(CELLS[side][column].channels), _channels(side, column)
    return Claim(id, source(side), printed, "ch", CHANNELS, what, compute, recorded, note, CHANNELS.memory)


_LETTERS = {V1: "V1ch", V2: "V2ch", SHUFFLE: "SHch"}
_INPUT = (
    "Table 2 has {whole} channels at this size. The printed ones are what its bottlenecks with an input of this size "
    "give out ({behind}), at half the side: they belong one row further down."
)
_GROUPS = (
    "With the caption's g = {groups} ShuffleNet has {whole} channels there; the printed ones are those of its "
    "g = {fewer}, {narrow}."
)
_NOT_EXACT = {
    (112, V2): (
        "convention",
        "The first convolution gives out {whole}; if it is split by channels, as the caption suggests, what is left is "
        "the first bottleneck's output.",
    ),
    **{(side, V2): ("erratum", _INPUT) for side in (56, 28, 14)},
    (7, V2): (
        "erratum",
        "So many leave the last convolution, and Table 2 has them before its pooling; the print is the largest output "
        "of a bottleneck ({bottleneck}).",
    ),
    (112, SHUFFLE): (
        "erratum",
        "The pooling behind the first convolution keeps its channels, and the row below prints {below}.",
    ),
    **{(side, SHUFFLE): ("erratum", _GROUPS) for side in (28, 14, 7, 1)},
}

CLAIMS = [
    *(_channel_claim(*place, *_NOT_EXACT.get(place, ())) for place in PLACES),
    Claim(
        "V2-T3a-112",
        CVPR,
        "1/O(1)",
        "-",
        CHANNELS,
        "all three, 112x112",
        _first_row,
        "erratum",
        "Splitting the first layer by channels spares its own output, but what is behind it must be whole: {V2} "
        "channels in V2, {V1} in V1, for which the caption does not claim it. Only in ShuffleNet, where a pooling "
        "follows, one channel at a time is enough, {one} bytes. arXiv has figures in this row.",
    ),
    Claim(
        "V2-T3-V2max",
        CVPR,
        MAX[CVPR][V2],
        "Kb",
        LARGEST,
        f"{V2}, first layer split",
        _largest(V2, MAX[CVPR][V2]),
        "erratum",
        "Those are the bytes of {where}, {channels} channels at {size}, which must be whole although the first layer "
        "is split (without that, {unsplit}); arXiv prints {arxiv}. This printing takes the next row (V2-T3a-MAX-V2 "
        "is the same print by its rows), whose channels are wrong as well.",
        main=LARGEST.memory,
    ),
    Claim(
        "V2-T3-SHmax",
        BOTH,
        MAX[CVPR][SHUFFLE],
        "Kb",
        LARGEST,
        f"{SHUFFLE}, first layer split",
        _largest(SHUFFLE, MAX[CVPR][SHUFFLE]),
        "erratum",
        "Those are the bytes of {where}, {channels} channels at {size} (if the first layer is not split, {unsplit} "
        "bytes at the first size). With the widths of g = {fewer} instead of the caption's g = {groups} it would be "
        "{narrow}, the print. By the printed rows: V2-T3a-MAX-Sh.",
        main=LARGEST.memory,
    ),
]
