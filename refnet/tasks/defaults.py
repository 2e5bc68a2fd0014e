"""Default boxes: those that a single-shot detector corrects and classifies, the same few at every pixel of a map.

    k       a map, from 0, of m           s_k     scale of its boxes: sides in shares of the picture's shorter side
    ratio   width over height             H, W    rows and columns of a map    A   boxes at each pixel

    s_k = s_min + (s_max - s_min) * k / (m - 1)                             Liu et al. 2016, "SSD", equation (4)
    height = s / sqrt(ratio), width = s * sqrt(ratio)

Each map has a box of every ratio at s_k, and a square one at sqrt(s_k * s_(k+1)), s_m being 1; the first map has three
only, of which the square one is small. Scales, ratios, the first map's three, and their order are those of the TF
Object Detection API (`create_ssd_anchors` in anchor_generators/multiple_grid_anchor_generator.py, with the values of
the sample configurations), to which V2 section 6.2 refers.
"""

from collections.abc import Sequence
from math import sqrt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..graph import Graph
from ..layers.base import check_count
from .boxes import to_corners
from .predictions import maps_of

Array = NDArray[Any]
Pair = tuple[int, int]

S_MIN, S_MAX = 0.2, 0.95
RATIOS = (1.0, 2.0, 1 / 2, 3.0, 1 / 3)
SMALL = 0.1  # scale of the first map's square


class Form(NamedTuple):
    """scale: the side of a square with the same area. ratio: width over height."""

    scale: float
    ratio: float


def forms(maps: int) -> list[list[Form]]:
    """Of each of so many maps, the forms of its boxes, in the order of the predictors' channels."""
    check_count(maps, "maps")
    scales = [S_MIN + (S_MAX - S_MIN) * k / max(maps - 1, 1) for k in range(maps)] + [1.0]
    found = [[Form(SMALL, 1.0), Form(scales[0], 2.0), Form(scales[0], 1 / 2)]]
    for scale, larger in zip(scales[1:-1], scales[2:], strict=True):
        found.append([*(Form(scale, ratio) for ratio in RATIOS), Form(sqrt(scale * larger), 1.0)])
    return found


def default_boxes(maps: Sequence[Pair], picture: Pair) -> Array:
    """Corners of all boxes, map by map, row by row, pixel by pixel: float64 (N, 4), some of them beyond the picture.

    maps: (H, W) of each. picture: its height and width in pixels. Raises ValueError for sides that are not.
    """
    height, width = (check_count(side, "picture") for side in picture)
    shorter = min(height, width)
    found = []
    for (H, W), own in zip(maps, forms(len(maps)), strict=True):
        sides = np.array([(scale / sqrt(ratio), scale * sqrt(ratio)) for scale, ratio in own])
        centres = np.empty((check_count(H, "H"), check_count(W, "W"), len(own), 4))
        centres[..., 0] = (np.arange(H)[:, None, None] + 0.5) / H
        centres[..., 1] = (np.arange(W)[None, :, None] + 0.5) / W
        centres[..., 2:] = sides * shorter / (height, width)
        found.append(centres.reshape(-1, 4))
    return to_corners(np.concatenate(found))


def default_boxes_of(net: Graph) -> Array:
    """Those of a detector of `refnet.models`, whose outputs are boxes_1, classes_1, boxes_2, ...: float64 (N, 4).

    Raises ValueError for a network that has other outputs, or another number of boxes at a pixel.
    """
    maps = maps_of(net)
    ((height, width, _),) = net.inputs.values()
    wanted = [len(own) for own in forms(len(maps.boxes))]
    if maps.boxes != wanted:
        raise ValueError(f"{net.name}: wanted {wanted} boxes at each pixel of its maps, got {maps.boxes}")
    return default_boxes(maps.sizes, (height, width))
