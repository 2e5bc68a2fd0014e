"""A whole network at one point, in float64: its slope along a random direction, by differences and by its gradients.

Each ReLU and ReLU6 stays on the piece that it is on at that point: a difference across a kink says nothing.
"""

import numpy as np
from held_pieces import Held, Recording

from refnet.layers.base import STATISTICS

STEP, RELATIVE = 5e-6, 1e-7


class Point:
    """Weights by key and images by input (`arrays`), a direction in all of them at once, and the gradients there.

    The value is the sum of the outputs times random numbers; with `outputs`, names, of these alone.
    """

    def __init__(self, net, arrays, statistics, random, outputs=None):
        self.net, self.arrays, self.statistics = net, arrays, statistics
        batch, counted = len(arrays[next(iter(net.inputs))]), outputs or net.outputs
        self.dy = {
            name: random.standard_normal((batch, *net.shapes[name])) * (name in counted) for name in net.outputs
        }
        self.direction = {
            key: random.standard_normal(value.shape) * np.sqrt((value**2).mean())
            for key, value in arrays.items()
            if not key.endswith(STATISTICS)
        }
        recording = Recording()
        _, tape = self.run(arrays, recording)
        dx, gradients = net.backward(tape, self.dy)
        dx = dx if isinstance(dx, dict) else dict.fromkeys(net.inputs, dx)
        self.pieces, self.gradients = recording.pieces, gradients | dx

    def run(self, arrays, kernels):
        """A training step's outputs, by name, and tape."""
        images = {name: arrays[name] for name in self.net.inputs}
        ys, tape = self.net.train_forward(arrays, images, 0, statistics=self.statistics, kernels=kernels)
        return ys if isinstance(ys, dict) else dict.fromkeys(self.net.outputs, ys), tape

    def moved(self, t):
        """The arrays at `t` times the direction from here."""
        return {key: value + t * self.direction.get(key, 0) for key, value in self.arrays.items()}

    def value(self, t):
        """There, on the pieces from here."""
        ys, _ = self.run(self.moved(t), Held(self.pieces))
        return sum(float((self.dy[name] * y).sum()) for name, y in ys.items())

    def slope(self, step=STEP):
        """d value / dt here, from differences with two steps, combined so that the error is of order step^4."""
        wide, narrow = ((self.value(h) - self.value(-h)) / (2 * h) for h in (step, step / 2))
        return (4 * narrow - wide) / 3

    def projection(self, without=()):
        """What the slope must be if these are the gradients."""
        return sum(float((self.gradients[key] * v).sum()) for key, v in self.direction.items() if key not in without)

    def judged(self):
        """-> whether slope and gradients agree, and the keys of gradients without which they would agree as well."""
        slope, keys = self.slope(), self.direction
        return agree(slope, self.projection()), {key for key in keys if agree(slope, self.projection({key}))}


def agree(slope, projection):
    return abs(slope - projection) <= RELATIVE * max(abs(slope), abs(projection))
