"""How far a comparison is, on standard error; nothing where that is not a terminal.

The bar is drawn where something was said or done, which is never while anybody is timed: no thread draws it meanwhile.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from rich.console import Console

from ..bars import bar


class Progress(NamedTuple):
    """say: what is being done. done: one step more is done."""

    say: Callable[[str], None] = lambda text: None
    done: Callable[[], None] = lambda: None

    def about(self, what: str) -> "Progress":
        """The same bar, for one thing of several: what is said begins with its name."""
        return self._replace(say=lambda text: self.say(f"{what}: {text}"))


@contextmanager
def progress(total: int) -> Iterator[Progress]:
    """A bar of so many steps."""
    with bar(Console(stderr=True), total) as draw:
        yield Progress() if draw is None else Progress(lambda text: draw(description=text), lambda: draw(advance=1))
