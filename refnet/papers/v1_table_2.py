"""MobileNet V1, Table 2 and section 3.2: which type of layer has the multiply-adds, which the parameters."""

from collections.abc import Callable
from fractions import Fraction

from ..counting import CONVENTIONS, Row
from ..digits import parse_figure
from ..models.v1 import mobilenet_v1
from .claim import Claim, Compute, Computed, Table
from .networks import Networks

TABLE_2 = Table("V1 Table 2")

# Type of layer -> id, operation, then share of mult-adds and of parameters as printed, in per cent.
ROWS = {
    "Conv 1x1": ("PW", "PointwiseConv2d", "94.86", "74.59"),
    "Conv DW 3x3": ("DW", "DepthwiseConv2d", "3.06", "1.06"),
    "Conv 3x3": ("C3", "Conv2d", "1.19", "0.02"),
    "Fully Connected": ("FC", "Dense", "0.18", "24.33"),
}
DEPTHWISE_PARAMETERS = ROWS["Conv DW 3x3"][3]
MADDS = ("MADD", "MADD-HEADLESS", "MADD-INSIDE")
PARAMETERS = ("P-WEIGHTS", "P-BIAS")
COLUMNS = {MADDS: 2, PARAMETERS: 3}


def _belongs(operation: str) -> Callable[[Row], bool]:
    """Whether a row is of this type; the classifier's bias belongs to the classifier."""
    operations = {operation, "BiasAdd"} if operation == "Dense" else {operation}
    return lambda row: row.terms.operation in operations


def _share(kind: str, conventions: tuple[str, ...]) -> Compute:
    """The share of a type of layer, in per cent; it refutes the print if it alone makes the column add up."""

    def compute(networks: Networks) -> Computed:
        rows = networks.cost(mobilenet_v1).rows
        mine = [row for row in rows if _belongs(ROWS[kind][1])(row)]
        counts = {name: CONVENTIONS[name].count for name in conventions}
        values = {name: Fraction(100 * count(mine), count(rows)) for name, count in counts.items()}
        printed = parse_figure(ROWS[kind][COLUMNS[conventions]])
        total = _column(conventions)
        right = printed.rounded(values[conventions[0]])
        repaired = total - printed.value + right
        facts = {"total": total, "right": right, "repaired": repaired}
        return Computed(values, refuted=_off(total) and not _off(repaired), facts=facts)

    return compute


def _column(conventions: tuple[str, ...]) -> Fraction:
    """What the printed shares of a column add up to."""
    return sum((Fraction(row[COLUMNS[conventions]]) for row in ROWS.values()), Fraction(0))


def _off(total: Fraction) -> bool:
    """Whether the sum of a column is further from 100 than rounding every share to two decimals explains."""
    return abs(total - 100) > len(ROWS) * Fraction(1, 200)


def _sum_of_madds(networks: Networks) -> Computed:
    """The four types have all multiply-adds there are, so their shares must make 100."""
    rows = networks.cost(mobilenet_v1).rows
    count = CONVENTIONS["MADD"].count
    mine = [row for row in rows if any(_belongs(operation)(row) for _, operation, *_ in ROWS.values())]
    printed = _column(MADDS)
    facts = {"total": printed, "other": _column(PARAMETERS)}
    return Computed({"MADD": Fraction(100 * count(mine), count(rows))}, refuted=_off(printed), facts=facts)


def _claim(
    id: str, kind: str, conventions: tuple[str, ...], printed: str, recorded: str = "exact", note: str = ""
) -> Claim:
    """A share of the table, or of the text about it; conventions, MADDS or PARAMETERS, name its column."""
    in_table = "-T2-" in id
    source, where = (TABLE_2.name, kind) if in_table else ("V1 3.2", f"{kind} in the text")
    what = f"{where}, {'mult-adds' if conventions is MADDS else 'parameters'}"
    main, compute = conventions[0], _share(kind, conventions)
    return Claim(id, source, printed, "%", TABLE_2, what, compute, recorded, note, main)


def _row(kind: str, recorded: str = "exact", note: str = "") -> list[Claim]:
    """Both shares of a type of layer; recorded, note: of its multiply-adds."""
    letters, _, madds, parameters = ROWS[kind]
    return [
        _claim(f"V1-T2-{letters}-M", kind, MADDS, madds, recorded, note),
        _claim(f"V1-T2-{letters}-P", kind, PARAMETERS, parameters),
    ]


_TIME = "The paper calls it computation time; these are multiply-adds."
_TYPO = (
    "As printed the column adds up to {total}, with {right} to {repaired}: two digits changed places, in "
    "the paper or in its scan."
)

CLAIMS = [
    _claim("V1-95", "Conv 1x1", MADDS, "95", note=_TIME),
    _claim("V1-75", "Conv 1x1", PARAMETERS, "75"),
    *_row("Conv 1x1"),
    *_row("Conv DW 3x3"),
    *_row("Conv 3x3", "erratum", _TYPO),
    *_row("Fully Connected"),
    Claim(
        "V1-T2-SUM",
        TABLE_2.name,
        "99.29",
        "%",
        TABLE_2,
        "sum of the mult-adds",
        _sum_of_madds,
        "erratum",
        "All multiply-adds lie in these types of layer, but the printed shares add up to {total}, those of "
        "the parameters to {other}. V1-T2-C3-M is the one that is wrong.",
        main=MADDS[0],
    ),
]
