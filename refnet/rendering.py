"""A graph as a table of plain text: name, operation, output shape, parameters, madds; under 100 columns."""

from collections.abc import Iterable, Mapping

from .counting import Cost

_COLUMNS = ("name", "operation", "output", "parameters", "madds")
_WIDEST_TITLE = 99
_WIDEST = 38  # of a name; the other columns stay far below what is left of 100


def table(title: str, inputs: Mapping[str, tuple[int, ...]], shapes: Mapping[str, tuple[int, ...]], cost: Cost) -> str:
    """One line per node, a line of sums, and what the sums count."""
    rows = [(name, "input", _shape(shape), "", "") for name, shape in inputs.items()]
    for row in cost:
        terms = row.terms
        rows.append(
            (row.node, terms.operation, _shape(shapes[row.node]), _number(terms.parameters), _number(terms.madds))
        )
    total = cost.total("P-ALL")
    sums = ("total", "", "", _number(total), _number(cost.madds))
    lines = _aligned([_COLUMNS, *rows, sums])
    rule = "-" * len(lines[0])
    notes = "parameters: weights, biases and all four batch-norm vectors (P-ALL); madds: MADD, one image"
    return "\n".join([_clip(title, _WIDEST_TITLE), rule, lines[0], rule, *lines[1:-1], rule, lines[-1], rule, notes])


def _shape(shape: Iterable[int]) -> str:
    return " x ".join(map(str, shape))


def _number(value: int) -> str:
    return f"{value:,}" if value else "-"


def _aligned(rows: list[tuple[str, ...]]) -> list[str]:
    clipped = [(_clip(row[0]), *row[1:]) for row in rows]
    widths = [max(map(len, column)) for column in zip(*clipped, strict=True)]
    return ["  ".join(map(_cell, row, widths, range(len(row)))) for row in clipped]


def _cell(text: str, width: int, at: int) -> str:
    return text.rjust(width) if at >= 3 else text.ljust(width)


def _clip(name: str, widest: int = _WIDEST) -> str:
    return name if len(name) <= widest else f"...{name[3 - widest :]}"
