"""What a detector's outputs say of each default box, and the way back for gradients.

    B   pictures    N   default boxes    S   slots    A   boxes at each pixel of a map

The outputs boxes_k (B, H, W, A * 4) and classes_k (B, H, W, A * S) of all maps become codes (B, N, 4) and logits
(B, N, S), in the order of `default_boxes`.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..graph import Graph

Array = NDArray[Any]
Arrays = Mapping[str, Array]


def slots_of(net: Graph) -> int:
    """Classes and background of a detector of `refnet.models`."""
    boxes, classes = (net.shapes[f"{what}_1"][-1] for what in ("boxes", "classes"))
    return classes * 4 // boxes


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
