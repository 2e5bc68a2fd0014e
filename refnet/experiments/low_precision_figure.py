"""Accuracy in each precision, and the error of each stored value on the way from the images to the logits."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..figures import COLOURS, finish
from .experiment import Result, Results

STYLES = {"8 bits": "-", "8-bit maps": "--", "float16": ":"}
_PAD = 38  # points between a panel and its title: the legend stands there
_FLOOR = 1e-3  # % that stand for an error of 0 on a logarithmic axis


def draw(figure: Any, results: Results) -> None:
    left, right = figure.subplots(1, 2, width_ratios=(1, 2.2))
    _accuracies(left, results)
    _errors(right, results)


def _accuracies(axes: Any, results: Results) -> None:
    ways = list(next(iter(results.values()))[0]["accuracies"])
    for shift, colour, (arm, found) in zip((-0.12, 0.12), COLOURS[:2], results.items(), strict=True):
        values = 100 * np.array([[each["accuracies"][way] for way in ways] for each in found])
        at = np.arange(len(ways)) + shift
        axes.plot(np.tile(at, len(values)), values.ravel(), "o", color=colour, markersize=3, alpha=0.5)
        axes.plot(at, values.mean(0), "_", color=colour, markersize=14, markeredgewidth=2.5, label=arm)
    axes.set_xticks(range(len(ways)), [way.replace(" ", "\n") for way in ways])
    axes.set_xlim(-0.5, len(ways) - 0.5)
    axes.set_xlabel("dots: seeds; bars: means")
    finish(axes, "Accuracy on test images, %", pad=_PAD)
    axes.legend(**_above(2))


def _errors(axes: Any, results: Results) -> None:
    layers = [each["layer"] for each in next(iter(results.values()))[0]["layers"]]
    for way, style in STYLES.items():
        for colour, (arm, found) in zip(COLOURS[:2], results.items(), strict=True):
            axes.plot(_mean_errors(found, way), style, color=colour, linewidth=1.4, label=f"{arm}, {way}")
    starts = _starts(layers)
    axes.set_xticks(list(starts.values()), list(starts))
    axes.set_xlabel("block, between the first convolution and the last, pooled features and logits")
    axes.set_xlim(-0.5, len(layers) - 0.5)
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    finish(axes, "Error of each stored value, % of its root mean square", pad=_PAD)
    axes.legend(**_above(3))


def _mean_errors(found: Sequence[Result], way: str) -> Any:
    """The geometric mean over the seeds, in %. Shape: (layers,)."""
    errors = 100 * np.array([[layer[way] for layer in each["layers"]] for each in found])
    return np.exp(np.log(np.maximum(errors, _FLOOR)).mean(0))


def _starts(layers: Sequence[str]) -> dict[str, int]:
    """The number of each block -> its first value."""
    found: dict[str, int] = {}
    for at, layer in enumerate(layers):
        block, inside, _ = layer.partition("/")
        if inside:
            found.setdefault(block.removeprefix("block_"), at)
    return found


def _above(columns: int) -> dict[str, Any]:
    """Where a legend stands: above the panel, below its title."""
    return {"loc": "lower left", "bbox_to_anchor": (0, 1), "ncols": columns, "frameon": False, "fontsize": "small"}
