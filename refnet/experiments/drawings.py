"""Drawings that several experiments share, on matplotlib's axes: no global state, no window."""

from collections.abc import Callable, Sequence
from statistics import fmean
from typing import Any

from ..figures import COLOURS, finish
from .accuracy import percent
from .experiment import Result, Results
from .pairs import interval

Value = Callable[[Result], float]


def accuracies(figure: Any, results: Results) -> None:
    """One row per arm: a dot per seed, the mean, and its 95 % interval."""
    axes = figure.subplots()
    for row, (arm, found) in enumerate(results.items()):
        values = [percent(result) for result in found]
        known = interval(values)
        axes.plot(values, [row] * len(values), "o", color=COLOURS[0], alpha=0.45, markersize=5)
        axes.plot([known.low, known.high], [row, row], color="black", linewidth=1)
        axes.plot([known.mean], [row], "|", color="black", markersize=16, markeredgewidth=2, label=arm)
    axes.set_yticks(range(len(results)), list(results))
    axes.set_ylim(len(results) - 0.5, -0.5)
    axes.set_xlabel("accuracy on test images, % (dots: seeds; line: mean with its 95 % interval)")
    finish(axes)


def curve(axes: Any, results: Results, arms: Sequence[str], along: Value, colour: str, label: str) -> None:
    """Mean accuracy with its 95 % interval, arm by arm, over something that the arm's results tell."""
    at = [fmean(map(along, results[arm])) for arm in arms]
    known = [interval([percent(result) for result in results[arm]]) for arm in arms]
    reach = [each.high - each.mean for each in known]
    means = [each.mean for each in known]
    axes.errorbar(at, means, yerr=reach, color=colour, marker="o", markersize=4, capsize=2, linewidth=1, label=label)
