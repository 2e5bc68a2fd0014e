"""Teacher and students, a row each: accuracy, mean AP over attributes, accuracy by the nearest class mean."""

from typing import Any

import numpy as np

from ..figures import COLOURS, finish
from .experiment import Results

STUDENT, TEACHER = COLOURS[:2]
PANELS = {
    "accuracy": "Accuracy, %",
    "mean_ap": "Mean AP over attributes, %",
    "nearest": "Accuracy by nearest\nclass mean, %",
}


def draw(figure: Any, results: Results) -> None:
    """The first arm is the teacher."""
    panels = figure.subplots(1, len(PANELS), sharey=True)
    for axes, (measure, title) in zip(panels, PANELS.items(), strict=True):
        _rows(axes, results, measure)
        finish(axes, title, fontsize="medium")
        axes.grid(visible=False, axis="y")
        axes.tick_params(left=False)
        axes.spines["left"].set_visible(False)
    panels[0].set_yticks(range(len(results)), list(map(_label, results, results.values())))
    panels[0].invert_yaxis()
    figure.supxlabel("dots: seeds; bars: means; dotted: the teacher's mean", fontsize="medium")


def _label(arm: str, found: Any) -> str:
    """In two lines: what it learned from, what it costs."""
    return f"{arm.replace('student, ', '')}\n{found[0]['madds'] / 1e6:.2g} M multiply-adds"


def _rows(axes: Any, results: Results, measure: str) -> None:
    for row, found in enumerate(results.values()):
        values = 100 * np.array([each[measure] for each in found])
        colour = STUDENT if row else TEACHER
        axes.plot(values, [row] * len(values), "o", color=colour, markersize=4, alpha=0.45)
        axes.plot(values.mean(), row, "|", color=colour, markersize=18, markeredgewidth=2.5)
        if not row:
            axes.axvline(values.mean(), color=colour, linewidth=0.8, linestyle=":")
