"""A bar on a terminal, drawn where something is told and never by a thread of its own: it takes no time from others."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console


@contextmanager
def bar(console: Console, total: int, done: int = 0) -> Iterator[Callable[..., Any] | None]:
    """Of so many steps, some of them done; gone afterwards. None where the console is no terminal.

    What is yielded draws it anew, with rich's words for what has changed: description, completed, advance.
    """
    if not console.is_terminal:
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = MofNCompleteColumn(), BarColumn(), TimeRemainingColumn(), TextColumn("{task.description}", markup=False)
    with Progress(*columns, console=console, transient=True, auto_refresh=False) as drawn:
        task = drawn.add_task("", total=total, completed=done)
        yield lambda **changed: drawn.update(task, refresh=True, **changed)
