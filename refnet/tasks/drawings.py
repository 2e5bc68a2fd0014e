"""Answers drawn onto their picture: boxes, and colours of classes. The pictures are an extra's."""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..figures import COLOURS, load_matplotlib
from .pictures import as_rgb
from .suppression import Found

Array = NDArray[Any]

INCHES = 8  # of the longer side
SEEN_THROUGH = 0.55


def draw_boxes(path: str | os.PathLike[str], picture: Array, found: Found, classes: Sequence[str]) -> None:
    """The picture with a box around each thing, its class and its score. found: as `Detector.detect` gives it.

    Raises ImportError without matplotlib, OSError that names the path, ValueError for a kind of file there is not.
    """
    figure, axes = _with(picture, "boxes are")
    from matplotlib.patches import Rectangle

    for (y1, x1, y2, x2), number, score in zip(found.boxes, found.classes, found.scores, strict=True):
        colour = COLOURS[int(number) % len(COLOURS)]
        axes.add_patch(Rectangle((x1 - 0.5, y1 - 0.5), x2 - x1, y2 - y1, fill=False, edgecolor=colour, linewidth=2))
        label = f"{classes[number - 1]} {100 * score:.0f} %"
        look = {"facecolor": colour, "edgecolor": "none", "pad": 1.5}
        axes.text(x1 - 0.5, y1 - 0.5, label, color="white", fontsize=9, va="bottom", bbox=look, clip_on=True)
    figure.savefig(path, dpi=100)


def draw_labels(path: str | os.PathLike[str], picture: Array, labels: Array, classes: Sequence[str]) -> None:
    """The picture seen through the colours of its classes, with a legend. labels: as `Segmenter.segment` gives them.

    Raises as `draw_boxes`.
    """
    figure, axes = _with(picture, "labels are")
    from matplotlib.patches import Patch

    there = [int(number) for number in np.unique(labels) if number]
    colours = {number: _channels(COLOURS[place % len(COLOURS)]) for place, number in enumerate(there)}
    overlay = np.zeros((*labels.shape, 4))
    for number, colour in colours.items():
        overlay[labels == number] = (*colour, SEEN_THROUGH)
    axes.imshow(overlay, interpolation="nearest")
    if there:
        patches = [Patch(color=colours[number], label=classes[number - 1]) for number in there]
        axes.legend(handles=patches, loc="upper right", framealpha=0.8)
    figure.savefig(path, dpi=100)


def _with(picture: Array, what: str) -> tuple[Any, Any]:
    """A figure of nothing but the picture, and its axes."""
    rgb = as_rgb(picture)
    height, width, _ = rgb.shape
    scale = INCHES / max(height, width)
    figure = load_matplotlib(what).Figure(figsize=(max(width * scale, 1), max(height * scale, 1)))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.imshow(rgb, interpolation="nearest")
    axes.set_axis_off()
    return figure, axes


def _channels(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return red, green, blue
