"""Boxes for Hypothesis, on a grid of eighths where float64 and Fractions say the same; pictures, and weights."""

from fractions import Fraction

import numpy as np
from hypothesis import strategies as st

from refnet.training.statistics import recalibrate

GRID = 8


def spans(least=0):
    """(first, last) in eighths."""
    return st.tuples(st.integers(0, GRID - least), st.integers(least, GRID)).map(
        lambda both: (both[0], min(both[0] + both[1], GRID)) if both[0] + least <= GRID else (0, GRID)
    )


@st.composite
def box(draw, least=0):
    (y1, y2), (x1, x2) = draw(spans(least)), draw(spans(least))
    return y1, x1, y2, x2


def boxes(least=0, **sizes):
    return st.lists(box(least), **sizes)


def array(found, dtype=np.float64):
    """In shares of the picture: (N, 4)."""
    return (np.array(found, dtype).reshape(-1, 4) / GRID).astype(dtype)


def exact(found):
    return [tuple(Fraction(number, GRID) for number in each) for each in found]


def picture(shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)


def with_statistics(net):
    """Fresh weights whose batch norm knows pictures of noise: without, all maps are nearly constant."""
    found = net.init(0)
    images = np.random.default_rng(0).uniform(-1, 1, (16, *net.inputs["images"])).astype(np.float32)
    return found | recalibrate(net, found, [images])
