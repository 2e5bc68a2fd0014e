"""From a picture to a class for each of its pixels: a DeepLab network with its weights.

    s   a scale at which the network sees the picture

With several scales (MF in V2 Table 7, with each picture mirrored as well) the probabilities of all are brought to the
size of scale 1 and averaged, as in tensorflow/models, research/deeplab/model.py (`predict_labels_multi_scale`).

What the network sees has sides that are 1 above a multiple of STRIDE: then the corners of every map lie on those of the
picture, and what the maps say belongs where it is put. Other views are stretched to the nearest such size.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.resampling import stretched
from ..engine.compiling import compile as compiled
from ..engine.program import Program
from ..graph import Graph
from ..kernels.resize_bilinear import resize_bilinear_forward
from ..kernels.softmax import softmax_forward
from ..layers.base import canonical, check_count
from ..models.deeplab import scaled
from .pictures import as_input, as_rgb

Array = NDArray[Any]

STRIDE = 32  # the largest of any output
MOST_CLASSES = 255  # uint8, and IGNORED
_PROGRAMS = 16  # of so many sizes of pictures are kept


class Segmenter:
    """A network of `refnet.models` such as deeplab_mobilenet_v2, compiled for each size of picture that it meets.

        segmenter = Segmenter(net, weights)
        labels = segmenter.segment(picture)

    longest: pixels of a picture's longer side, as the network sees it at scale 1; None for those that it has. Raises
    TypeError or ValueError for a network that gives no map of classes, or weights that do not fit it.
    """

    def __init__(
        self, net: Graph, weights: Mapping[str, Array], threads: int | None = None, longest: int | None = None
    ) -> None:
        check_segmenter(net)
        net.check_weights(weights)
        self.net, self.longest = net, None if longest is None else check_count(longest, "longest")
        self._program = lru_cache(_PROGRAMS)(lambda size: compiled(net.at(*size), weights, 1, threads))

    def segment(self, picture: Array, scales: Sequence[float] = (1.0,), mirrored: bool = False) -> Array:
        """picture: uint8 (h, w), (h, w, 1), (h, w, 3) or (h, w, 4), of any size -> classes (h, w) uint8.

        scales: such as `refnet.models.deeplab.SCALES`; sides are (side - 1) * scale + 1, or near to that, see above.
        Raises TypeError or ValueError for what is no picture, and for a scale that is none.
        """
        rgb = as_rgb(picture)
        return labels_at(self._probabilities(rgb, scales, mirrored), rgb.shape[:2])

    def probabilities(self, picture: Array, scales: Sequence[float] = (1.0,), mirrored: bool = False) -> Array:
        """Of each class at each pixel that the network sees at scale 1: (H, W, K). Arguments as of `segment`."""
        return self._probabilities(as_rgb(picture), scales, mirrored)

    def _probabilities(self, rgb: Array, scales: Sequence[float], mirrored: bool) -> Array:
        if not scales or not all(0 < scale < np.inf for scale in scales):
            raise ValueError(f"scales: wanted at least one, all above 0, got {list(scales)}")
        x = as_input(rgb, self._size(rgb.shape[:2]), np.float32)
        views = [(scale, turned) for scale in scales for turned in ((False, True) if mirrored else (False,))]
        total = sum(self._at(x, scale, turned) for scale, turned in views)
        return np.asarray(total / len(views))

    def _size(self, size: tuple[int, int]) -> tuple[int, int]:
        """At scale 1."""
        if self.longest is None:
            return size
        height, width = (max(1, round(side * self.longest / max(size))) for side in size)
        return height, width

    def _at(self, x: Array, scale: float, turned: bool) -> Array:
        """What the network says of a picture (1, H, W, 3) at one scale, brought to the picture's size. (H, W, K)"""
        size = x.shape[1:3]
        seen = aligned(scaled(size[0], scale)), aligned(scaled(size[1], scale))
        view = x if seen == size else resize_bilinear_forward(x, seen, True)
        program: Program = self._program(seen)
        logits = program(canonical(view[:, :, :: -1 if turned else 1].astype(program.dtype)))
        logits = canonical(logits[:, :, :: -1 if turned else 1])
        if seen != size:
            logits = resize_bilinear_forward(logits, size, True)
        p: Array = softmax_forward(logits.reshape(-1, logits.shape[3])).reshape(*size, -1)
        return p


def aligned(side: int) -> int:
    """The nearest side that is 1 above a multiple of STRIDE, which is not 0; of two the larger."""
    return max(1, (side - 1 + STRIDE // 2) // STRIDE) * STRIDE + 1


def labels_at(probabilities: Array, size: tuple[int, int]) -> Array:
    """The most likely class of each pixel of a picture of that size. Shapes: (H, W, K) -> (h, w) uint8.

    Class by class: all probabilities of a large picture would be gigabytes.
    """
    if probabilities.shape[:2] == size:
        return np.asarray(probabilities.argmax(2), np.uint8)
    labels, most = np.zeros(size, np.uint8), stretched(probabilities[:, :, :1], size)[:, :, 0]
    for number in range(1, probabilities.shape[2]):
        own = stretched(probabilities[:, :, number : number + 1], size)[:, :, 0]
        labels[own > most] = number
        np.maximum(most, own, out=most)
    return labels


def check_segmenter(net: Graph) -> int:
    """The number of classes. Raises ValueError unless there is one output (H, W, classes) of the images' size, for no
    more classes than a label can tell apart.
    """
    shape = net.shapes[net.outputs[0]]
    images = next(iter(net.inputs.values()))
    if len(net.inputs) != 1 or len(net.outputs) != 1 or len(shape) != 3 or shape[:2] != images[:2] or shape[2] < 2:
        got = f"{len(net.outputs)} output(s), the first of shape {shape}"
        raise ValueError(f"{net.name}: wanted one output (H, W, classes) for images {images}, got {got}")
    if shape[2] > MOST_CLASSES:
        raise ValueError(f"{net.name}: wanted at most {MOST_CLASSES} classes, which labels tell apart, got {shape[2]}")
    return shape[2]
