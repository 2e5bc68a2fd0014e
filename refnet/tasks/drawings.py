"""Answers drawn onto their picture: boxes, and colours of classes. The pictures are an extra's."""

import os
from collections.abc import Sequence
from colorsys import hls_to_rgb
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.truth import IGNORED
from ..figures import load_matplotlib
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
        colour = colour_of(int(number))
        axes.add_patch(Rectangle((x1 - 0.5, y1 - 0.5), x2 - x1, y2 - y1, fill=False, edgecolor=colour, linewidth=2))
        label = f"{classes[number - 1]} {100 * score:.0f} %"
        look = {"facecolor": colour, "edgecolor": "none", "pad": 1.5}
        _inside(axes, axes.text(x1 - 0.5, y1 - 0.5, label, color="black", fontsize=9, va="bottom", bbox=look))
    figure.savefig(path, dpi=100)


def draw_labels(path: str | os.PathLike[str], picture: Array, labels: Array, classes: Sequence[str]) -> None:
    """The picture seen through the colours of its classes, with a legend. labels: as `Segmenter.segment` gives them.

    Raises as `draw_boxes`, and ValueError for labels of another size.
    """
    figure, axes = _with(picture, "labels are")
    from matplotlib.patches import Patch

    if labels.shape != (size := as_rgb(picture).shape[:2]):
        raise ValueError(f"labels: wanted those of the picture's {size} pixels, got {labels.shape}")
    there = [int(number) for number in np.unique(labels) if number not in (0, IGNORED)]
    colours = {number: colour_of(number) for number in there}
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


def colour_of(number: int) -> tuple[float, float, float]:
    """Of a class, the same in every picture: red, green, blue from 0 to 1. Neighbours in the list differ most."""
    hue, row = (number - 1) * 0.618 % 1, (number - 1) // 8 % 3  # the golden ratio: hues far from all before
    return hls_to_rgb(hue, (0.6, 0.75, 0.45)[row], 0.85)


def palette() -> list[int]:
    """Of a picture whose pixels are classes: red, green, blue from 0 to 255 of each, the background black."""
    return [0, 0, 0, *(round(255 * channel) for number in range(1, 256) for channel in colour_of(number))]


def _inside(axes: Any, text: Any) -> None:
    """Move a label until it lies within the picture, as far as it fits."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    renderer = FigureCanvasAgg(axes.figure).get_renderer()  # type: ignore[no-untyped-call]
    box = text.get_window_extent(renderer)
    whole = axes.get_window_extent()
    x, y = axes.transData.transform(text.get_position())
    x += max(0.0, whole.x0 - box.x0) - max(0.0, box.x1 - whole.x1)
    y += max(0.0, whole.y0 - box.y0) - max(0.0, box.y1 - whole.y1)
    text.set_position(axes.transData.inverted().transform((x, y)))
