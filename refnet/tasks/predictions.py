"""What a detector's outputs say of each default box, and the way back for gradients.

    B   pictures    N   default boxes    S   slots    A   boxes at each pixel of a map

The outputs boxes_k (B, H, W, A * 4) and classes_k (B, H, W, A * S) of all maps become codes (B, N, 4) and logits
(B, N, S), in the order of `default_boxes`.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..graph import Graph

Array = NDArray[Any]
Arrays = Mapping[str, Array]


class Maps(NamedTuple):
    """What a detector predicts on. sizes: (H, W) of each map. boxes: A of each map. slots: of every box."""

    sizes: list[tuple[int, int]]
    boxes: list[int]
    slots: int


def maps_of(net: Graph) -> Maps:
    """Raises ValueError for a network that has not one input (H, W, channels) and the outputs of a detector."""
    outputs = {name: net.shapes[name] for name in net.outputs}
    count = len(outputs) // 2
    pairs = [(outputs.get(f"boxes_{k}", ()), outputs.get(f"classes_{k}", ())) for k in range(1, count + 1)]
    if len(net.inputs) == 1 and len(outputs) == 2 * count and pairs and all(_fit(*pair) for pair in pairs):
        slots = {4 * classes[2] / boxes[2] for boxes, classes in pairs}
        if len(slots) == 1:
            sizes = [(boxes[0], boxes[1]) for boxes, _ in pairs]
            return Maps(sizes, [boxes[2] // 4 for boxes, _ in pairs], int(slots.pop()))
    got = ", ".join(f"{name} {shape}" for name, shape in outputs.items())
    wanted = "boxes_1 (H, W, A * 4), classes_1 (H, W, A * slots), boxes_2, ... for one input"
    raise ValueError(f"{net.name}: wanted {wanted}, got {got}")


def _fit(boxes: tuple[int, ...], classes: tuple[int, ...]) -> bool:
    """Whether two outputs are those of one map, with at least one class and the background."""
    if len(boxes) != 3 or len(classes) != 3 or boxes[:2] != classes[:2] or boxes[2] % 4:
        return False
    return 4 * classes[2] % boxes[2] == 0 and 4 * classes[2] >= 2 * boxes[2]


def joined(outputs: Arrays) -> tuple[Array, Array]:
    """-> codes (B, N, 4), logits (B, N, S)."""
    boxes, classes = ([outputs[name] for name in _names(outputs, what)] for what in ("boxes", "classes"))
    slots = classes[0].shape[-1] * 4 // boxes[0].shape[-1]
    codes, logits = (
        np.concatenate([each.reshape(len(each), -1, size) for each in maps], axis=1)
        for maps, size in ((boxes, 4), (classes, slots))
    )
    return codes, logits


def divided(dcodes: Array, dlogits: Array, outputs: Arrays) -> dict[str, Array]:
    """Gradients of codes and logits as gradients of the outputs, each shaped like its output."""
    found = {}
    for what, whole in (("boxes", dcodes), ("classes", dlogits)):
        start = 0
        for name in _names(outputs, what):
            shape = outputs[name].shape
            count = int(np.prod(shape[1:])) // whole.shape[2]
            found[name] = np.ascontiguousarray(whole[:, start : start + count].reshape(shape))
            start += count
    return found


def _names(outputs: Arrays, what: str) -> list[str]:
    count = sum(name.startswith(f"{what}_") for name in outputs)
    return [f"{what}_{number}" for number in range(1, count + 1)]
