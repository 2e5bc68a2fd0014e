"""ShuffleNet v1, whole and in float64: its gradients against central differences along random directions.

Every ReLU is held to the side it is on at the base point, because a difference across a kink says nothing. The
direction moves all weights and the images at once; it is rejected if any one gradient is missing from the sum.
"""

import numpy as np
import pytest

import refnet.kernels
from refnet.layers.base import STATISTICS
from refnet.models import shufflenet_v1

pytestmark = pytest.mark.jit

STEP, RELATIVE = 5e-6, 1e-7


class Sides:
    """Plain kernels that note the side of each ReLU in their first forward pass, and keep to it from then on."""

    def __init__(self):
        self.positive, self.noted, self.ahead = [], False, 0

    def __getattr__(self, name):
        return getattr(refnet.kernels, name)

    def start(self):
        self.noted, self.ahead = bool(self.positive), 0

    def relu_forward(self, x):
        if not self.noted:
            self.positive.append(x > 0)
        self.ahead += 1
        return np.where(self.positive[self.ahead - 1], x, 0.0)

    def relu_backward(self, dy, x):
        self.ahead -= 1
        return np.where(self.positive[self.ahead], dy, 0.0)


class Point:
    """A network with weights and images, a direction in all of them, and gradients at this point."""

    def __init__(self, groups, statistics):
        self.net, self.statistics, self.kernels = shufflenet_v1(0.5, groups, 64, 5), statistics, Sides()
        random = np.random.default_rng(11)
        self.arrays = {key: drawn(*each, random) for key, each in self.net.parameters().items()}
        self.arrays["images"] = random.standard_normal((4, 64, 64, 3))
        self.dy = random.standard_normal((4, 5))
        self.direction = {
            key: random.standard_normal(value.shape) * np.sqrt((value**2).mean())
            for key, value in self.arrays.items()
            if not key.endswith(STATISTICS)
        }
        _, tape = self.run(self.arrays)
        dx, gradients = self.net.backward(tape, self.dy)
        self.gradients = {**gradients, "images": dx}

    def run(self, arrays):
        self.kernels.start()
        return self.net.train_forward(arrays, arrays["images"], 0, statistics=self.statistics, kernels=self.kernels)

    def value(self, t):
        """sum(dy * logits) at `t` times the direction from the base point."""
        moved = {key: value + t * self.direction.get(key, 0) for key, value in self.arrays.items()}
        return float((self.dy * self.run(moved)[0]).sum())

    def slope(self):
        """d value / dt at 0, from differences with two steps, combined so that the error is of order STEP^4."""
        wide, narrow = ((self.value(h) - self.value(-h)) / (2 * h) for h in (STEP, STEP / 2))
        return (4 * narrow - wide) / 3

    def projection(self, gradients):
        """What the slope must be if these are the gradients."""
        return sum(float((gradients[key] * v).sum()) for key, v in self.direction.items())

    def zero_by_theory(self, key):
        """A shift before a 1x1 convolution is a shift before its batch norm, which takes it out again."""
        return self.statistics == "batch" and key.endswith("depthwise_bn/beta")


def drawn(shape, role, random):
    """Kernels by fan-in, every batch-norm vector at random; the sums of the shortcuts need stored variances above 1."""
    if role == "kernel":
        return random.standard_normal(shape) * (2 / np.prod(shape[: 2 if len(shape) == 3 else -1])) ** 0.5
    low, high = {"gamma": (0.8, 1.6), "moving_variance": (1.5, 3.0)}.get(role, (-0.5, 0.5))
    return random.uniform(low, high, shape)


def agree(slope, projection):
    return abs(slope - projection) <= RELATIVE * max(abs(slope), abs(projection))


@pytest.mark.parametrize("statistics", ["batch", "stored"])
@pytest.mark.parametrize("groups", [1, 3])
def test_gradients_of_the_whole_network(groups, statistics):
    point = Point(groups, statistics)
    slope = point.slope()
    assert agree(slope, point.projection(point.gradients))
    for key, gradient in point.gradients.items():
        noticed = not agree(slope, point.projection({**point.gradients, key: np.zeros_like(gradient)}))
        assert noticed != point.zero_by_theory(key), key
