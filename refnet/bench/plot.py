"""Cost against multiply-adds, and the roofline: two panels for each number of threads.

    left    seconds of a run over its multiply-adds; nobody can be below the line of the peak
    right   multiply-adds per second over multiply-adds per byte that must be read or written at least (weights with
            batch norm folded, inputs, outputs); the roof is the peak, and on its left how fast memory can be read, or
            a cache, for networks small enough to stay in one from run to run
"""

import os
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

import numpy as np

from ..figures import BLUE, GREEN, ORANGE, PURPLE, VERMILION, finish, load_matplotlib, plain_logarithm
from .machine import processor_name
from .rows import OWN, Row
from .tables import threads

LOOKS = {
    OWN: (VERMILION, "o"),
    "onnxruntime": (BLUE, "s"),
    "openvino": (GREEN, "^"),
    "torch": (PURPLE, "D"),
    "torch.compile": (ORANGE, "v"),
}
Bandwidths = Mapping[int, Mapping[str, float]]  # threads -> "memory" and "cache" -> bytes per second


def write_plot(path: str | os.PathLike[str], rows: Sequence[Row], bandwidths: Bandwidths) -> None:
    """Draw the rows that were timed. Raises ValueError without any, or for a kind of file that cannot be drawn."""
    timed = [row for row in rows if not row.refused]
    if not timed:
        raise ValueError("--plot: wanted at least one row that was not refused, got none")
    counts = sorted({row.case.threads for row in timed})
    figure = load_matplotlib("--plot: the picture is").Figure(figsize=(12, 5 * len(counts)), layout="constrained")
    panels = figure.subplots(len(counts), 2, squeeze=False)
    for (left, right), count in zip(panels, counts, strict=True):
        own = [row for row in timed if row.case.threads == count]
        _cost(left, own, count)
        _roofline(right, own, count, bandwidths[count])
    models, batches = sorted({row.case.model for row in timed}), sorted({row.case.batch for row in timed})
    what = f"{', '.join(models)}, batch {', '.join(map(str, batches))}"
    figure.suptitle(f"{what}; {processor_name()}", fontsize="medium")
    figure.savefig(path, dpi=150)


def _cost(axes: Any, rows: Sequence[Row], count: int) -> None:
    madds = np.array([row.madds for row in rows]) / 1e6
    top = median(peak for row in rows for peak in row.peaks)
    ends = np.array([madds.min() * 0.8, madds.max() * 1.25])
    axes.plot(ends, ends * 1e6 / top * 1e3, color="black", label=_peak(top))
    for name, (at, seconds) in _points(rows, lambda row: row.madds / 1e6).items():
        axes.plot(at, np.array(seconds) * 1e3, **_look(name))
    axes.set(xscale="log", yscale="log", xlabel="million multiply-adds", ylabel="milliseconds (median)")
    _finish(axes, f"Cost, {threads(count)}")


def _roofline(axes: Any, rows: Sequence[Row], count: int, bandwidth: Mapping[str, float]) -> None:
    top = median(peak for row in rows for peak in row.peaks)
    intensities = [row.madds / row.bytes_read for row in rows]
    ends = np.geomspace(min(intensities) / 4, max(intensities) * 2, 50)
    for name, style in (("cache", "dotted"), ("memory", "dashed")):
        rate = bandwidth[name]
        roof = np.minimum(ends * rate, top) / 1e9
        axes.plot(ends, roof, color="black", linestyle=style, label=f"reading {name}, {rate / 1e9:.0f} GB/s")
    axes.plot(ends, np.full_like(ends, top / 1e9), color="black", label=_peak(top))
    found = _points(rows, lambda row: row.madds / row.bytes_read)
    work = _points(rows, lambda row: row.madds)
    for name, (at, seconds) in found.items():
        axes.plot(at, np.array(work[name][0]) / np.array(seconds) / 1e9, **_look(name))
    axes.set(xscale="log", yscale="log", xlabel="multiply-adds per byte of weights, inputs and outputs")
    axes.set_ylabel("G multiply-adds per second")
    _finish(axes, f"Roofline, {threads(count)}")


def _peak(top: float) -> str:
    return f"the peak, {top / 1e9:.0f} G multiply-adds/s"


def _points(rows: Sequence[Row], along: Any) -> dict[str, tuple[list[float], list[float]]]:
    """Engine -> where its points stand, and the medians of its seconds."""
    names = dict.fromkeys(name for row in rows for name in row.lanes)
    return {
        name: (
            [along(row) for row in rows if name in row.lanes],
            [row.lanes[name].median for row in rows if name in row.lanes],
        )
        for name in names
    }


def _look(name: str) -> dict[str, Any]:
    colour, marker = LOOKS[name]
    last = 3 if name == OWN else 2  # refnet's points lie above the others'
    return {"color": colour, "marker": marker, "linestyle": "", "label": name, "markersize": 6, "zorder": last}


def _finish(axes: Any, title: str) -> None:
    for axis in (axes.xaxis, axes.yaxis):
        plain_logarithm(axis)
    finish(axes, title)
    axes.grid(which="minor", color="0.9", linewidth=0.6)
    axes.legend(frameon=False, fontsize="small", loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=3)
