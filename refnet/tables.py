"""Tables on a console: prose folds, and no digit and no name is cut, however narrow the console is."""

from typing import Any

from rich.console import Console
from rich.table import Table

_ANY = 10_000  # columns: more than any table has


def table(title: str = "", header: str = "") -> Table:
    """A table without lines."""
    looks: dict[str, Any] = {"title_justify": "left", "title_style": "bold", "box": None, "pad_edge": False}
    return Table(title=title or None, header_style=header, **looks)


def add_columns(to: Table, *columns: str, right: bool = False, whole: bool = False) -> None:
    """right: aligned to the right, as numbers are. whole: never folded."""
    for column in columns:
        to.add_column(column, justify="right" if right else "left", no_wrap=whole, overflow="fold")


def print_table(one: Table | str, console: Console) -> None:
    """Print a table that fits where its prose is folded; one that does not runs over the console's width.

    A text is printed as it is: where there is nothing to set in columns.
    """
    if isinstance(one, str):
        console.print(one)
        return
    least = console.measure(one, options=console.options.update(max_width=_ANY)).minimum
    if least <= console.width:
        console.print(one)
        return
    one.width = least
    console.print(one, crop=False, no_wrap=True, overflow="ignore")
