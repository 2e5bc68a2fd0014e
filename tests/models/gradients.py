"""The slope of a whole network along a random direction, by differences and by its gradients."""

import numpy as np
from healthy import healthy
from held_pieces import Held, Recording

from refnet.layers.base import STATISTICS

STEP = 1e-6


def slope_and_projection(net, outputs, statistics, batch=16, seed=5):
    """-> d value / dt by central differences, the same from the gradients, and the gradients (`images` for dx).

    The value is the sum of `outputs` times random numbers; the direction moves all weights and the images at once. Each
    ReLU6 stays on the piece that it is on at the start: a difference across a kink says nothing. Many images, because
    batch statistics of the few values that the last maps hold bend too much for differences.
    """
    random = np.random.default_rng(seed)
    start = {**healthy(net, random), "images": random.standard_normal((batch, *net.inputs["images"]))}
    direction = {
        key: random.standard_normal(value.shape) * np.sqrt((value**2).mean())
        for key, value in start.items()
        if not key.endswith(STATISTICS)
    }
    dy = {name: random.standard_normal((batch, *net.shapes[name])) * (name in outputs) for name in net.outputs}

    def run(t, kernels):
        moved = {key: value + t * direction.get(key, 0) for key, value in start.items()}
        return net.train_forward(moved, moved["images"], 0, statistics=statistics, kernels=kernels)

    recording = Recording()
    _, tape = run(0, recording)
    dx, gradients = net.backward(tape, dy)
    gradients["images"] = dx

    def value(t):
        ys = run(t, Held(recording.pieces))[0]
        return sum(float((dy[name] * ys[name]).sum()) for name in outputs)

    def central(h):
        return (value(h) - value(-h)) / (2 * h)

    slope = (4 * central(STEP / 2) - central(STEP)) / 3  # so that the error is of order STEP^4
    return slope, sum(float((gradients[key] * v).sum()) for key, v in direction.items()), gradients
