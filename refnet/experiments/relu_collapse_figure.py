"""The figure of relu-collapse: Figure 1 drawn anew above, and the shares and errors against the expansion below.

    k dimensions of a set    m channels that it is expanded to

The spirals are drawn with one matrix for each number of channels, which no result depends on.
"""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

import numpy as np

from ..appendix.collapse import collapsed
from ..appendix.spirals import DIMENSIONS, picture, spiral
from ..figures import COLOURS, finish
from .experiment import Result, Results

LOOKS = ((COLOURS[1], "o"), (COLOURS[0], "s"), (COLOURS[2], "^"), (COLOURS[3], "D"))
LEAST = 1e-4  # per cent: the least share that is drawn


def draw(figure: Any, results: Results) -> None:
    """figure: of matplotlib; made higher for two rows."""
    figure.set_size_inches(9, 7)
    above, below = figure.subfigures(2, 1, height_ratios=(2, 5))
    _spirals(above)
    left, right = below.subplots(1, 2)
    sets = _by_dimension(results)
    _volume(left, sets)
    _errors(right, sets)


def _by_dimension(results: Results) -> dict[int, list[Sequence[Result]]]:
    """k -> the results of its arms, fewest channels first."""
    sets: dict[int, list[Sequence[Result]]] = {}
    for seeds in results.values():
        sets.setdefault(seeds[0]["dimension"], []).append(seeds)
    return {k: sorted(sets[k], key=lambda seeds: int(seeds[0]["channels"])) for k in sorted(sets)}


def _spirals(figure: Any) -> None:
    """The spiral, and what y times the pseudo-inverse makes of it."""
    x = spiral()
    panels = figure.subplots(1, 1 + len(DIMENSIONS))
    _curve(panels[0], x, "the spiral")
    for axes, n in zip(panels[1:], DIMENSIONS, strict=True):
        T = np.random.default_rng(n).standard_normal((n, 2))
        _curve(axes, picture(T, np.maximum(x @ T.T, 0)), f"back from {n} channels")


def _curve(axes: Any, x: Any, title: str) -> None:
    axes.scatter(x[:, 0], x[:, 1], s=3, c=np.arange(len(x)), cmap="viridis")
    axes.set_title(title, fontsize="small")
    axes.set_aspect("equal", adjustable="datalim")
    axes.set_axis_off()


def _volume(axes: Any, sets: Mapping[int, list[Sequence[Result]]]) -> None:
    for (k, arms), (colour, marker) in zip(sets.items(), LOOKS[: len(sets)], strict=True):
        channels = range(k, 15 * k + 1)
        at = [m / k for m in channels]
        axes.plot(at, [100 * float(collapsed(m, k)) for m in channels], color=colour, linewidth=1)
        axes.plot(at, [100 * 2 ** (-m / 2) for m in channels], color=colour, linewidth=1, linestyle="dotted")
        drawn = [(_expansion(arm), 100 * _mean(arm, "drawn")) for arm in arms]
        shown = [point for point in drawn if point[1] >= LEAST]
        axes.plot(*zip(*shown, strict=True), color=colour, marker=marker, linestyle="", label=f"{k} dimensions")
    axes.plot([], [], color="0.4", linewidth=1, label="by Theorem 1")
    axes.plot([], [], color="0.4", linewidth=1, linestyle="dotted", label="$2^{-m/2}$")
    axes.set(yscale="log", ylim=(LEAST, 150), ylabel="% of the volume that collapses")
    _finish(axes, "What collapses; no mark: none of those drawn")


def _errors(axes: Any, sets: Mapping[int, list[Sequence[Result]]]) -> None:
    for (k, arms), (colour, marker) in zip(sets.items(), LOOKS[: len(sets)], strict=True):
        at = [_expansion(arm) for arm in arms]
        axes.plot(at, [_mean(arm, "error") for arm in arms], color=colour, marker=marker, label=_name(k))
    axes.set(ylim=(0, 0.85), ylabel="error, relative to the size of the set")
    _finish(axes, "What the best decoder gets wrong")


def _expansion(arm: Sequence[Result]) -> float:
    return float(arm[0]["channels"] / arm[0]["dimension"])


def _mean(arm: Sequence[Result], name: str) -> float:
    return fmean(each[name] for each in arm)


def _name(k: int) -> str:
    return "the spiral, 2 dimensions" if k == 2 else f"a cube of {k} dimensions"


def _finish(axes: Any, title: str) -> None:
    from matplotlib import ticker

    finish(axes, title)
    axes.set(xscale="log", xlabel="channels per dimension of the set, m / k", xlim=(0.9, 17))
    axes.xaxis.set_major_locator(ticker.FixedLocator([1, 2, 3, 6, 10, 15]))
    axes.xaxis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_locator(ticker.NullLocator())
    axes.legend(frameon=False, fontsize="small")
