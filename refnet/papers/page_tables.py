"""How the page sets the claims: the papers' tables as grids of rows and columns, everything else as lists.

Nobody lays a table out by hand. A claim's label is "row, column" ("0.5 MobileNet-224, mult-adds"), or, where the rows
are sizes of maps, "column, row, quantity" ("MobileNetV1, 56x56, memory"). What two rows or more have, and at least
half as many as the fullest column, is a column; a table has at least two of them.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from .audit import tables_of
from .claim import Claim, Result
from .prose import show

PAPERS = {"V1": "MobileNets", "V2": "MobileNetV2", "Notes": "Hand notes"}

# What the papers' tables are about.
TITLES = {
    "V1 Table 1": "The layers of MobileNet",
    "V1 Table 2": "Where the cost lies, by type of layer",
    "V1 Table 3": "One layer, made cheaper step by step",
    "V1 Table 4": "Separable against full convolutions",
    "V1 Table 5": "Narrow against shallow",
    "V1 Table 6": "Width multiplier",
    "V1 Table 7": "Resolution",
    "V1 Table 8": "Against two large networks",
    "V1 Table 9": "Against two small networks",
    "V1 Table 10": "Recognising breeds of dogs",
    "V1 Table 12": "Face attributes",
    "V1 Table 13": "Detecting objects",
    "V1 Table 14": "Faces, distilled from FaceNet",
    "V2 Table 1": "The bottleneck block",
    "V2 Table 2": "The layers of MobileNetV2",
    "V2 Table 3": "Channels and memory at each resolution",
    "V2 Table 4": "ImageNet",
    "V2 Table 5": "SSD against SSDLite",
    "V2 Table 6": "Detecting objects",
    "V2 Table 7": "Segmenting images",
}
_UNITS = {"M": " M", "B": " B", "%": " %", "x": " ×", "Kb": " Kb", "ch": " ch", "px": " px"}


@dataclass(frozen=True)
class Grid:
    """rows: label -> for each column the claims that stand in that cell; none where nothing is claimed."""

    columns: tuple[str, ...]
    rows: dict[str, tuple[tuple[Result, ...], ...]]

    @property
    def results(self) -> list[Result]:
        return [result for cells in self.rows.values() for cell in cells for result in cell]


@dataclass(frozen=True)
class Section:
    """A table or a section of a paper; `others` are the claims that stand in no cell of its grid."""

    name: str
    grid: Grid | None
    others: tuple[Result, ...]

    @property
    def title(self) -> str:
        return TITLES.get(self.name, "")

    @property
    def results(self) -> list[Result]:
        return [*(self.grid.results if self.grid else ()), *self.others]


def sections_by_paper(results: Iterable[Result]) -> dict[str, list[Section]]:
    """Paper -> its tables by number, then its sections in the order of the claims; papers without claims left out."""
    found: dict[tuple[str, str], list[Result]] = {}
    for result in results:
        found.setdefault((paper_of(result.claim), _table_name(result.claim.table.name)), []).append(result)
    papers: dict[str, list[Section]] = {paper: [] for paper in PAPERS}
    for (paper, name), own in found.items():
        papers[paper].append(_section(name, own))
    return {paper: sorted(sections, key=_number) for paper, sections in papers.items() if sections}


def in_order(results: Iterable[Result]) -> list[Result]:
    """The results in the order in which the page has them: by paper, tables first."""
    papers = sections_by_paper(results).values()
    return [result for sections in papers for section in sections for result in section.results]


def paper_of(claim: Claim) -> str:
    """V1, V2, or Notes for what readers wrote into the scans."""
    if "hand note" in claim.source:
        return "Notes"
    return "V2" if claim.id.startswith("V2") else "V1"


def short_name(name: str, paper: str) -> str:
    """V1 Table 6 -> Table 6, which stands below its paper's name anyway."""
    text = name.removeprefix(f"{paper} ")
    return text[:1].upper() + text[1:]


def heading(section: Section, paper: str) -> str:
    """Table 6. Width multiplier"""
    return ". ".join(filter(None, (short_name(section.name, paper), section.title)))


def printed(claim: Claim) -> str:
    """The print with its unit, where the unit is more than a note of what is counted."""
    return claim.printed + ("" if claim.word else _UNITS.get(claim.unit, ""))


def computed(result: Result, in_cell: bool = False) -> str:
    """The computed value for readers; "" where nothing could be computed. A cell has no room for the word bytes."""
    if isinstance(result.value, bool):
        return "holds" if result.value else "does not hold"
    if result.value is None or result.value == ():
        return ""
    units = {"%": " %", "x": " ×", "Kb": "" if in_cell else " bytes"}
    return show(result.value) + units.get(result.claim.unit, "")


def under(result: Result) -> str:
    """The convention that the value is under, and whether digits were cut; "" where nothing is counted."""
    if result.convention == "-":
        return ""
    return f"{result.convention}, cut" if result.reading == "cut" else result.convention


def _number(section: Section) -> tuple[int, int, str]:
    found = re.search(r"Table (\d+)", section.name)
    return (0, int(found[1]), section.name) if found else (1, 0, "")


def _table_name(name: str) -> str:
    """V2 Table 3, memory -> V2 Table 3"""
    found = re.match(r"V\d Table \d+", name)
    return found.group() if found else name


def _section(name: str, results: list[Result]) -> Section:
    grid = _grid([result for result in results if _in_print(result.claim)])
    placed = set(map(id, grid.results)) if grid else set()
    return Section(name, grid, tuple(result for result in results if id(result) not in placed))


def _in_print(claim: Claim) -> bool:
    """Whether the claim is a cell of its table, not something that the text says of it."""
    number = re.search(r"Table (\d+)", claim.table.name)
    return number is not None and number[1] in tables_of(claim) and "Table" in claim.source


def _grid(results: list[Result]) -> Grid | None:
    """The cells of a table, or None where the labels do not make one."""
    split = [(*_row_and_column(result.claim.what), result) for result in results]
    rows_of: dict[str, set[str]] = {}
    for row, column, _ in split:
        rows_of.setdefault(column, set()).add(row)
    most = max(map(len, rows_of.values()), default=0)
    columns = tuple(column for column, rows in rows_of.items() if column and len(rows) >= max(2, most / 2))
    if len(columns) < 2:
        return None
    labels = dict.fromkeys(row for row, column, _ in split if column in columns)
    rows = {
        label: tuple(tuple(each for row, at, each in split if (row, at) == (label, column)) for column in columns)
        for label in labels
    }
    return Grid(columns, rows)


def _row_and_column(label: str) -> tuple[str, str]:
    """The row and the column of a label.

    "1.0, 224, mult-adds" -> "1.0, 224" and "mult-adds"; "MobileNetV1, 56x56, memory" -> "56x56" and "MobileNetV1"
    """
    by_size = re.fullmatch(r"(.+), (\d+x\d+|max)(, .+)?", label)
    if by_size:
        column, row, rest = by_size.groups(default="")
        return (row + rest if row == "max" else row, column)
    row, _, column = label.rpartition(", ")
    return (row, column) if row else (label, "")
