"""Attributes in place of classes (V1 section 4.5): each word of a class's name is one, present or absent by itself.

    B images    K classes    A attributes    z logits (B, K)

The classes of shapes-64 are a texture and a shape, "dotted star", so its attributes are 3 textures and 8 shapes. Where
every name is a single word, attributes are the classes.
"""

from collections.abc import Sequence

import numpy as np

from ..layers.base import Array


def attributes(classes: Sequence[str]) -> tuple[tuple[str, ...], Array]:
    """The words in the order of their first use, and which class has which: (K, A) of 0 and 1 in float32."""
    words = tuple(dict.fromkeys(word for name in classes for word in name.split()))
    return words, np.array([[word in name.split() for word in words] for name in classes], np.float32)


def probabilities_of(z: Array, table: Array) -> Array:
    """What a classifier says of each attribute: the sum of its probabilities of the classes that have it.

    Shapes: z (B, K), table (K, A) -> (B, A), from 0 to 1, in the dtype of z.
    """
    p = np.exp(z - z.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    found: Array = np.minimum(p @ table, 1)  # rounding may go beyond
    return found


def average_precision(scores: Array, truth: Array) -> float:
    """The mean, over the images that have the attribute, of the share that is right among those with as high a score.

    Images with one score are taken together. Shapes: scores (B,), truth (B,) bool. Raises ValueError where no image has
    the attribute.
    """
    if not truth.any():
        raise ValueError("truth: wanted at least one image that has the attribute, got none")
    order = np.argsort(-scores, kind="stable")
    last = np.append(np.flatnonzero(np.diff(scores[order])), len(order) - 1)  # of each run of equal scores
    right = np.cumsum(truth[order])[last]
    return float((np.diff(right, prepend=0) * right / (last + 1)).sum() / right[-1])


def mean_average_precision(scores: Array, truth: Array) -> float:
    """V1 Table 12's mean AP, over the attributes that some image has. Shapes: scores (B, A), truth (B, A) bool."""
    return float(np.mean([average_precision(scores[:, a], truth[:, a]) for a in np.flatnonzero(truth.any(0))]))
