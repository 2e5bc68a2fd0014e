"""The figure of activation-patterns, as Figure 7: positive channels layer by layer, before training and after.

Means over the seeds, but for the outermost pixels, which are those of all seeds.
"""

from collections.abc import Callable, Iterable
from statistics import fmean
from typing import Any

from ..figures import COLOURS, finish
from .experiment import Result, Results

COLOUR, THRESHOLD = COLOURS[:2]
PANELS = {"initial": "Before training", "trained": "After training"}


def draw(figure: Any, results: Results) -> None:
    """figure: of matplotlib, about 9 by 5 inches."""
    (seeds,) = results.values()
    panels = figure.subplots(1, 2, sharey=True)
    for axes, (state, title) in zip(panels, PANELS.items(), strict=True):
        _panel(axes, [found[state] for found in seeds], title)
    panels[0].set_ylabel("positive channels, % of the layer's")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False)


def _panel(axes: Any, seeds: list[list[Result]], title: str) -> None:
    """seeds: of each the layers."""
    layers = list(zip(*seeds, strict=True))
    at = range(len(layers))
    mean = [_over(layer, "mean", fmean) for layer in layers]
    spread = [_over(layer, "deviation", fmean) for layer in layers]
    least, most = [_over(layer, "least", min) for layer in layers], [_over(layer, "most", max) for layer in layers]
    axes.fill_between(at, least, most, color=COLOUR, alpha=0.15, linewidth=0, label="all pixels")
    low, high = ([m + sign * s for m, s in zip(mean, spread, strict=True)] for sign in (-1, 1))
    axes.fill_between(at, low, high, color=COLOUR, alpha=0.35, linewidth=0, label="mean ± standard deviation")
    axes.plot(at, mean, color=COLOUR, marker="o", markersize=4, label="mean")
    threshold = [_over(layer, "threshold", fmean) for layer in layers]
    axes.plot(at, threshold, color=THRESHOLD, linestyle="dashed", label="threshold: channels before the expansion")
    names = [layer[0]["layer"].removeprefix("block_") for layer in layers]
    axes.set(xlabel="block", ylim=(0, 100), xticks=list(at), xticklabels=names)
    finish(axes, title)


def _over(layer: Iterable[Result], name: str, of: Callable[[Iterable[float]], float]) -> float:
    """Of the seeds' values of one layer, in per cent of its channels."""
    return of([100 * found[name] / found["channels"] for found in layer])
