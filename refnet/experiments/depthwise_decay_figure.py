"""The figure of depthwise-decay: how far filters swing, in which layers they die, and the accuracy beside it."""

from collections.abc import Sequence
from statistics import fmean
from typing import Any

from ..figures import COLOURS, finish
from .accuracy import percent
from .experiment import Result, Results

# Dashed is without decay.
LOOKS = (
    {"color": COLOURS[0], "linestyle": "dashed", "marker": "o", "fillstyle": "none"},
    {"color": COLOURS[0], "linestyle": "solid", "marker": "o"},
    {"color": COLOURS[1], "linestyle": "dashed", "marker": "s", "fillstyle": "none"},
    {"color": COLOURS[1], "linestyle": "solid", "marker": "s"},
)


def draw(figure: Any, results: Results, levels: Sequence[float], least: float) -> None:
    """figure: of matplotlib, about 9 by 5 inches. levels: of the swings. least: of a filter that is not dead."""
    swings, layers, accuracy = figure.subplots(1, 3, width_ratios=(3, 3, 2))
    for (name, seeds), look in zip(results.items(), LOOKS, strict=True):
        below = [100 * fmean(found["below"][i] / found["filters"] for found in seeds) for i in range(len(levels))]
        swings.plot(levels, below, **look, markersize=3, label=name)
        depth, share = _dead(seeds)
        layers.plot(depth, share, **look, markersize=4)
    swings.axvline(least, color="0.4", linewidth=1, linestyle="dotted", label="dead below")
    swings.set(xscale="log", xlabel="standard deviation behind batch norm", ylabel="% of the filters with less")
    layers.set(xlabel="depthwise layer, from the images on", ylabel="% of the layer's filters that are dead")
    _accuracies(accuracy, results)
    titles = "How far the filters swing", "Where they are dead", "Accuracy"
    for axes, title in zip((swings, layers, accuracy), titles, strict=True):
        axes.set_ylim(bottom=0)
        finish(axes, title)
    figure.legend(loc="outside lower center", ncols=5, frameon=False)


def _dead(seeds: Sequence[Result]) -> tuple[list[int], list[float]]:
    """The number of each depthwise layer, from 1 on, and its dead filters in per cent, mean over the seeds."""
    layers = list(zip(*(found["layers"] for found in seeds), strict=True))
    shares = [100 * fmean(found["dead"] / found["filters"] for found in layer) for layer in layers]
    return list(range(1, len(layers) + 1)), shares


def _accuracies(axes: Any, results: Results) -> None:
    """A mark for each seed, a stroke for the mean."""
    for at, (seeds, look) in enumerate(zip(results.values(), LOOKS, strict=True)):
        values = [percent(found) for found in seeds]
        axes.plot([at] * len(values), values, **{**look, "linestyle": ""}, markersize=5)
        axes.plot([at - 0.25, at + 0.25], [fmean(values)] * 2, color=look["color"], linestyle=look["linestyle"])
    names = [name.removesuffix(" decay") for name in results]
    axes.set(xticks=range(len(names)), xticklabels=names, xlim=(-0.6, len(names) - 0.4))
    axes.tick_params(axis="x", rotation=45)
    axes.set_ylabel("% of the test images")
