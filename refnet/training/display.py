"""What a run shows while it goes on, on standard error: a live bar on a terminal, a line per evaluation elsewhere."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from time import monotonic
from typing import Any

from rich.console import Console

from ..bars import bar
from .loop import Watch
from .trainer import Step

PAUSE = 0.1  # seconds between two drawings of the bar: nobody reads faster


def sentence(line: Mapping[str, Any]) -> str:
    """An evaluation's line of metrics, in words."""
    shares = {name: value for name, value in line.items() if name.startswith("test_") and name != "test_loss"}
    told = ", ".join(f"{name.replace('_', ' ')} {100 * value:.2f} %" for name, value in shares.items())
    return f"epoch {line['epoch']:g}, step {line['step']}: test loss {line['test_loss']:.4f}, {told}"


class Lines(Watch):
    """One line for each evaluation."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def line(self, line: Mapping[str, Any]) -> None:
        if "test_loss" in line:
            self._console.print(sentence(line), markup=False, highlight=False)

    def stopping(self) -> None:
        # Of a signal's handler: neither rich's lock nor a buffer that is being written to may be waited for.
        with suppress(OSError):
            os.write(2, b"\nStopping: the step is being ended and saved; Ctrl-C again stops at once.\n")


class Live(Lines):
    """A bar below those lines: loss, accuracy, images per second, time left. The loss is that of the last step."""

    def __init__(self, console: Console, draw: Callable[..., Any]) -> None:
        super().__init__(console)
        self._draw, self._drawn = draw, 0.0

    def step(self, step: int, told: Step, images_per_second: float) -> None:
        if monotonic() - self._drawn >= PAUSE:
            accuracy = 100 * told.correct / told.images
            text = f"loss {told.loss:.4f}  accuracy {accuracy:3.0f} %  {images_per_second:.0f} images/s"
            self._draw(completed=step, description=text)
            self._drawn = monotonic()


@contextmanager
def counted(total: int) -> Iterator[Callable[[Iterable[Any]], Iterator[Any]]]:
    """What counts so many batches that are gone through, on a bar where there is a terminal."""
    with bar(Console(stderr=True), total) as draw:

        def watched(batches: Iterable[Any]) -> Iterator[Any]:
            for batch in batches:
                yield batch
                if draw is not None:
                    draw(advance=1)

        yield watched


@contextmanager
def shown(steps: int, step: int) -> Iterator[Watch]:
    """Who looks on at a run of so many steps, which goes on behind this one."""
    console = Console(stderr=True)
    with bar(console, steps, step) as draw:
        yield Lines(console) if draw is None else Live(console, draw)
