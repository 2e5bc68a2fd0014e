"""Namespaces for `kernels=` that remember which piece (0, linear, 6) each ReLU6 and ReLU is on, or hold it there.

Differences across a kink say nothing about a gradient, and one float32 value on the other side of a kink moves
gradients far more than all rounding does. Held to its piece, either is a straight line.
"""

import numba
import numpy as np

import refnet.kernels


class _Default:
    """What graphs run on, but for the functions that a subclass replaces."""

    def __getattr__(self, name):
        return getattr(refnet.kernels if numba.config.DISABLE_JIT else refnet.kernels.tiled, name)


class Recording(_Default):
    """The default kernels; `pieces` lists, in the order of the calls, where x is on 0 and where on 6."""

    def __init__(self):
        self.pieces = []

    def relu6_forward(self, x):
        self.pieces.append((x <= 0, x >= 6))
        return refnet.kernels.relu6_forward(x)

    def relu_forward(self, x):
        self.pieces.append((x <= 0, np.zeros(x.shape, bool)))
        return refnet.kernels.relu_forward(x)


class Held(_Default):
    """The default kernels, but each ReLU6 and ReLU stays on the given pieces whatever x is. Serves one step."""

    def __init__(self, pieces):
        self.ahead, self.back = iter(pieces), iter(list(pieces)[::-1])

    def relu6_forward(self, x):
        below, above = next(self.ahead)
        return np.where(below, x.dtype.type(0), np.where(above, x.dtype.type(6), x))

    def relu6_backward(self, dy, x):
        below, above = next(self.back)
        return np.where(below | above, dy.dtype.type(0), dy)

    relu_forward, relu_backward = relu6_forward, relu6_backward
