"""From a picture to the things in it: a single-shot detector with its weights."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..engine.compiling import compile as compiled
from ..graph import Graph
from ..kernels.softmax import softmax_forward
from ..layers.base import canonical
from .boxes import clipped
from .coding import decode
from .defaults import default_boxes_of
from .pictures import as_input, as_rgb
from .predictions import joined
from .suppression import MOST, OVERLAP, Found, best_of

Array = NDArray[Any]

SURE = 0.5  # a score that people want to see; average precision asks for less sure ones, too


class Detector:
    """A network of `refnet.models` such as ssdlite_mobilenet_v2, compiled for one picture at a time.

        detector = Detector(net, weights)
        boxes, classes, scores = detector.detect(picture)

    Raises TypeError or ValueError for a network that is no single-shot detector, or weights that do not fit it.
    """

    def __init__(self, net: Graph, weights: Mapping[str, Array], threads: int | None = None) -> None:
        self.net, self.defaults = net, default_boxes_of(net)
        self._program = compiled(net, weights, 1, threads)

    def detect(self, picture: Array, least: float = SURE, overlap: float = OVERLAP, most: int = MOST) -> Found:
        """picture: uint8 (h, w), (h, w, 1), (h, w, 3) or (h, w, 4), of any size -> boxes in its pixels, surest first.

        The picture is stretched to the network's size. least: the score of a thing. Raises TypeError or ValueError for
        what is no picture.
        """
        rgb = as_rgb(picture)
        ((height, width, _),) = self.net.inputs.values()
        outputs = self._program(as_input(rgb, (height, width), self._program.dtype))
        found = found_in(outputs, self.defaults, least, overlap, most)[0]
        return found._replace(boxes=found.boxes * np.tile(rgb.shape[:2], 2))


def found_in(
    outputs: Mapping[str, Array], defaults: Array, least: float, overlap: float = OVERLAP, most: int = MOST
) -> list[Found]:
    """What a detector's outputs say of each picture of the batch: boxes in shares of the picture."""
    codes, logits = joined(outputs)
    batch, _, slots = logits.shape
    probabilities = softmax_forward(canonical(logits.reshape(-1, slots))).reshape(logits.shape)
    boxes = [clipped(decode(codes[i].astype(np.float64), defaults)) for i in range(batch)]
    return [best_of(*each, least, overlap, most) for each in zip(boxes, probabilities, strict=True)]
