"""How often a network is right: top-1, top-5, the loss, and which class it takes for which.

    B images of a batch    K classes    z logits (B, K)
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from ..graph import Graph
from ..layers.base import Array
from .losses import softmax_cross_entropy

BATCH = 256  # images at a time
TOP = 5  # of so few classes or fewer, the right one is always among the top 5


class Evaluation(NamedTuple):
    """loss: mean cross-entropy in nats, without smoothing. top1, top5: shares of the images, from 0 to 1.

    confusion: (K, K) int64: images of class `row` that were taken for class `column`.
    """

    images: int
    loss: float
    top1: float
    top5: float
    confusion: Array

    @property
    def measures(self) -> Mapping[str, float]:
        return {"accuracy": self.top1}

    def sentence(self) -> str:
        """In one line."""
        best, among = f"top-1 {100 * self.top1:.2f} %", f"top-5 {100 * self.top5:.2f} %, "
        return f"{self.images:,} images: {best}, {among if len(self.confusion) > TOP else ''}loss {self.loss:.4f}"

    def to_json(self, classes: tuple[str, ...]) -> dict[str, Any]:
        """For --json: shares as they are, the confusion matrix as a list of rows."""
        told = {"images": self.images, "loss": self.loss, "top1": self.top1, "top5": self.top5}
        return told | {"classes": list(classes), "confusion": self.confusion.tolist()}


def ranks(z: Array, labels: Array) -> Array:
    """How many classes stand before the right one: 0 where it has the highest logit. Of equal logits the first wins.

    Where the network says NaN nothing is right: all others stand before. Shapes: z (B, K), labels (B,) -> (B,).
    """
    own = z[np.arange(len(z)), labels][:, None]
    ahead = (np.arange(z.shape[1]) < labels[:, None]) & (z == own)
    place: Array = np.where(np.isnan(z).any(1), z.shape[1], ((z > own) | ahead).sum(1))
    return place


def evaluate(net: Graph, weights: Mapping[str, Array], batches: Iterable[tuple[Array, Array]]) -> Evaluation:
    """In inference mode. batches: of images (B, H, W, M) and labels (B,), such as `refnet.data.in_order` gives.

    Raises ValueError without an image, or for labels that are no classes of the network.
    """
    classes = net.shapes[net.outputs[0]][-1]
    confusion = np.zeros((classes, classes), np.int64)
    count, loss, best, among = 0, 0.0, 0, 0
    for images, labels in batches:
        z = net.forward(weights, images)
        loss += softmax_cross_entropy(z, labels)[0] * len(z)
        place = ranks(z, labels)
        best, among, count = best + int((place < 1).sum()), among + int((place < TOP).sum()), count + len(z)
        np.add.at(confusion, (labels, z.argmax(1)), 1)
    if not count:
        raise ValueError("batches: wanted at least one image, got none")
    return Evaluation(count, loss / count, best / count, among / count, confusion)
