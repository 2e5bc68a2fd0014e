"""What a run reports, as JSON lines: one for every few steps, one for each evaluation.

    {"step": 20, "epoch": 0.9, "loss": 2.1, "accuracy": 0.3, "rate": 0.002, "images_per_second": 900, "seconds": 2.1}
    {"step": 22, "epoch": 1.0, "test_loss": 1.9, "test_accuracy": 0.4, "waiting": 0.001, "seconds": 2.4}

loss, accuracy: means over the steps since the line before, in training mode; loss is that of labels as the recipe
smooths them, test_loss of labels as they are. waiting: the share of time that went by waiting for data, since the run
began or went on. A run that goes on cuts off the lines behind the step from which it does.
"""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..io.files import write
from .trainer import Step

EVERY = 10  # steps
SUMMED = ("loss", "correct", "images", "seconds")


@dataclass
class Sums:
    """What the next line will say. values: plain numbers, so that a checkpoint can hold them."""

    values: dict[str, float] = field(default_factory=lambda: dict.fromkeys(SUMMED, 0.0))

    def add(self, step: Step, seconds: float) -> None:
        """One step, which took so long."""
        more = step.loss * step.images, step.correct, step.images, seconds
        self.values = {name: self.values[name] + new for name, new in zip(SUMMED, more, strict=True)}

    def means(self) -> dict[str, float]:
        """loss, accuracy, images_per_second; {} without a step."""
        images = self.values["images"]
        if not images:
            return {}
        speed = images / self.values["seconds"] if self.values["seconds"] else 0.0
        means = {"loss": self.values["loss"] / images, "accuracy": self.values["correct"] / images}
        return means | {"images_per_second": speed}


def read(path: str | os.PathLike[str], last: int) -> list[dict[str, Any]]:
    """The lines up to this step; none if there is no file. One that was cut off, or is none, is left out."""
    lines = []
    with suppress(FileNotFoundError):
        for text in Path(path).read_text(encoding="utf-8", errors="replace").splitlines():
            with suppress(json.JSONDecodeError):
                line = json.loads(text)
                step = line.get("step") if isinstance(line, dict) else None
                if isinstance(step, int) and step <= last:
                    lines.append(line)
    return lines


class Journal:
    """The file of lines, which begins with those up to a step. lines: all of them."""

    def __init__(self, path: str | os.PathLike[str], step: int = 0) -> None:
        self._path, self.lines = Path(path), read(path, step)
        write(path, "".join(f"{json.dumps(line)}\n" for line in self.lines).encode())

    def add(self, line: Mapping[str, Any]) -> None:
        """One line more, in the file at once. Raises OSError."""
        self.lines.append(dict(line))
        with self._path.open("a", encoding="utf-8") as file:
            file.write(f"{json.dumps(line)}\n")
