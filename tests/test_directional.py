"""Both networks, whole and in float64: their gradients against central differences along random directions.

Every ReLU6 is held to the piece it is on at the base point, because a difference across a kink says nothing. The
direction moves all weights and the images at once; it is rejected if any one gradient is missing from the sum.
"""

import numpy as np
import pytest
from healthy import healthy
from held_pieces import Held, Recording
from photographs import crops

from refnet import mobilenet_v1, mobilenet_v2
from refnet.layers.base import STATISTICS

pytestmark = pytest.mark.jit

STEP, RELATIVE = 5e-6, 1e-7


class Point:
    """A network with weights and images (`arrays`), a direction in all of them, and gradients at this point."""

    def __init__(self, build, width, padding, statistics):
        self.net, self.statistics = build(width, 64, 10, padding, dropout=0.0), statistics
        random = np.random.default_rng(11)
        self.arrays = {**healthy(self.net, random), "images": crops(64)}
        self.dy = random.standard_normal((4, 10))
        self.direction = {
            key: random.standard_normal(value.shape) * np.sqrt((value**2).mean())
            for key, value in self.arrays.items()
            if not key.endswith(STATISTICS)
        }
        recording = Recording()
        _, tape = self._run(self.arrays, recording)
        dx, gradients = self.net.backward(tape, self.dy)
        self.pieces, self.gradients = recording.pieces, {**gradients, "images": dx}

    def _run(self, arrays, kernels):
        weights, images = arrays, arrays["images"]
        return self.net.train_forward(weights, images, 0, statistics=self.statistics, kernels=kernels)

    def value(self, t):
        """sum(dy * logits) at `t` times the direction from the base point, on the pieces of the base point."""
        moved = {key: value + t * self.direction.get(key, 0) for key, value in self.arrays.items()}
        return float((self.dy * self._run(moved, Held(self.pieces))[0]).sum())

    def slope(self):
        """d value / dt at 0, from differences with two steps, combined so that the error is of order STEP^4."""

        def central(h):
            return (self.value(h) - self.value(-h)) / (2 * h)

        return (4 * central(STEP / 2) - central(STEP)) / 3

    def projection(self, gradients):
        """What the slope must be if these are the gradients."""
        return sum(float((gradients[key] * v).sum()) for key, v in self.direction.items())

    def zero_by_theory(self, key):
        """A shift before a 1x1 convolution is a shift before its batch norm, which takes it out again."""
        return self.statistics == "batch" and key.endswith("project_bn/beta")


def agree(slope, projection):
    return abs(slope - projection) <= RELATIVE * max(abs(slope), abs(projection))


@pytest.mark.parametrize("padding", ["same", "symmetric"])
@pytest.mark.parametrize("statistics", ["batch", "stored"])
@pytest.mark.parametrize(("build", "width"), [(mobilenet_v1, 0.25), (mobilenet_v2, 0.35)], ids=["v1", "v2"])
def test_gradients_of_the_whole_network(build, width, statistics, padding):
    point = Point(build, width, padding, statistics)
    slope = point.slope()
    assert agree(slope, point.projection(point.gradients))
    for key, gradient in point.gradients.items():
        noticed = not agree(slope, point.projection({**point.gradients, key: np.zeros_like(gradient)}))
        assert noticed != point.zero_by_theory(key), key
        if point.zero_by_theory(key):
            assert abs(gradient).max() <= 1e-9 * max(abs(each).max() for each in point.gradients.values())


def test_holding_the_pieces_is_needed_and_changes_nothing_at_the_base_point():
    point = Point(mobilenet_v2, 0.35, "same", "stored")
    free = point._run(point.arrays, None)[0]
    np.testing.assert_array_equal(point._run(point.arrays, Held(point.pieces))[0], free)
    crossing = {key: value + point.direction.get(key, 0) for key, value in point.arrays.items()}
    assert not np.array_equal(point._run(crossing, Held(point.pieces))[0], point._run(crossing, None)[0])
