"""From a picture to a class for each of its pixels: a DeepLab network with its weights.

    s   a scale at which the network sees the picture

With several scales (MF in V2 Table 7, with each picture mirrored as well) the probabilities of all are brought to the
picture's size and averaged, as in tensorflow/models, research/deeplab/model.py (`predict_labels_multi_scale`).
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..engine.compiling import compile as compiled
from ..engine.program import Program
from ..graph import Graph
from ..kernels.resize_bilinear import resize_bilinear_forward
from ..kernels.softmax import softmax_forward
from ..layers.base import canonical
from ..models.deeplab import scaled
from .pictures import as_input, as_rgb

Array = NDArray[Any]

_PROGRAMS = 16  # of so many sizes of pictures are kept


class Segmenter:
    """A network of `refnet.models` such as deeplab_mobilenet_v2, compiled for each size of picture that it meets.

        segmenter = Segmenter(net, weights)
        labels = segmenter.segment(picture)

    Raises TypeError or ValueError for a network that gives no map of classes, or weights that do not fit it.
    """

    def __init__(self, net: Graph, weights: Mapping[str, Array], threads: int | None = None) -> None:
        check_segmenter(net)
        net.check_weights(weights)
        self.net = net
        self._program = lru_cache(_PROGRAMS)(lambda size: compiled(net.at(*size), weights, 1, threads))

    def segment(self, picture: Array, scales: Sequence[float] = (1.0,), mirrored: bool = False) -> Array:
        """picture: uint8 (h, w), (h, w, 1), (h, w, 3) or (h, w, 4), of any size -> classes (h, w) uint8.

        scales: such as `refnet.models.deeplab.SCALES`; sides are (side - 1) * scale + 1. Raises TypeError or ValueError
        for what is no picture, and for a scale that leaves too little of it.
        """
        return np.asarray(self.probabilities(picture, scales, mirrored).argmax(2), np.uint8)

    def probabilities(self, picture: Array, scales: Sequence[float] = (1.0,), mirrored: bool = False) -> Array:
        """Of each class at each pixel: (h, w, K)."""
        if not scales:
            raise ValueError("scales: wanted at least one, got none")
        rgb = as_rgb(picture)
        size = rgb.shape[:2]
        views = [(scale, turned) for scale in scales for turned in ((False, True) if mirrored else (False,))]
        total = sum(self._at(rgb, size, scale, turned) for scale, turned in views)
        return np.asarray(total / len(views))

    def _at(self, rgb: Array, size: tuple[int, int], scale: float, turned: bool) -> Array:
        """What the network says of the picture at one scale, brought to the picture's size. (h, w, K)"""
        seen = scaled(size[0], scale), scaled(size[1], scale)
        program: Program = self._program(seen)
        x = as_input(rgb, seen, program.dtype)
        logits = program(canonical(x[:, :, ::-1]) if turned else x)
        logits = canonical(logits[:, :, ::-1] if turned else logits)
        if seen != size:
            logits = resize_bilinear_forward(logits, size, True)
        p: Array = softmax_forward(logits.reshape(-1, logits.shape[3])).reshape(*size, -1)
        return p


def check_segmenter(net: Graph) -> int:
    """The number of classes. Raises ValueError unless there is one output (H, W, classes) of the images' size."""
    shape = net.shapes[net.outputs[0]]
    images = next(iter(net.inputs.values()))
    if len(net.inputs) != 1 or len(net.outputs) != 1 or len(shape) != 3 or shape[:2] != images[:2] or shape[2] < 2:
        got = f"{len(net.outputs)} output(s), the first of shape {shape}"
        raise ValueError(f"{net.name}: wanted one output (H, W, classes) for images {images}, got {got}")
    return shape[2]
