"""A run's curves as a PNG: loss and accuracy over epochs, in training and in evaluation, and the learning rate."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

from ..figures import BLUE, GREEN, VERMILION, finish, load_matplotlib

TRAINING, TEST, RATE = BLUE, VERMILION, GREEN
LOOKS = ({"marker": "o"}, {"marker": "s", "linestyle": "dashed"})  # of what evaluations tell


def draw(
    path: str | os.PathLike[str], lines: Sequence[Mapping[str, Any]], title: str, smoothing: float = 0.0
) -> None:
    """Draw the lines of `metrics.py`. smoothing: of the labels in training; the test loss has none.

    Raises ImportError without matplotlib, OSError that names the path.
    """
    figure = load_matplotlib("curves are").Figure(figsize=(12, 4), layout="constrained")
    loss, accuracy, rate = figure.subplots(1, 3)
    smoothed = f"training, labels smoothed by {smoothing:g}" if smoothing else "training"
    both = (loss, "loss", "loss in nats", smoothed), (accuracy, "accuracy", "accuracy in %", "training")
    for axes, name, title_of, training in both:
        scale = 100 if name == "accuracy" else 1
        _curve(axes, lines, name, scale, color=TRAINING, label=training, linewidth=1)
        tests = _measures(lines) if name == "accuracy" else {"test_loss": "test"}
        for (measure, label), look in zip(tests.items(), LOOKS, strict=False):
            _curve(axes, lines, measure, scale, color=TEST, label=label, markersize=3, **look)
        _finish(axes, title_of)
        axes.legend(frameon=False)
    _curve(rate, lines, "rate", 1, color=RATE)
    _finish(rate, "learning rate")
    figure.suptitle(title)
    figure.savefig(path, dpi=120)


def _measures(lines: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The shares that evaluations tell, by their names in lines -> as a legend has them."""
    names = dict.fromkeys(name for line in lines for name in line if name.startswith("test_") and name != "test_loss")
    return {name: "test" if name == "test_accuracy" and len(names) == 1 else name.replace("_", " ") for name in names}


def _curve(axes: Any, lines: Sequence[Mapping[str, Any]], name: str, scale: float, **look: Any) -> None:
    points = [(line["epoch"], line[name] * scale) for line in lines if name in line]
    axes.plot([epoch for epoch, _ in points], [value for _, value in points], **look)


def _finish(axes: Any, title: str) -> None:
    finish(axes, title)
    axes.set_xlabel("epoch")
    axes.set_ylim(bottom=0)
