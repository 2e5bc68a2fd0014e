"""What an operation of a program should give: plain kernels one after the other, in float64, and a bound of the error.

A sum of n products in the arrays' dtype is off by gamma(n) * sum of |x| * |w|. What comes in off by e goes on as the
sum of e * |w|. A clamp makes no difference larger. (The plain kernels' own rounding is a second such error.)
"""

from typing import NamedTuple

import numpy as np

from refnet import kernels
from refnet.testing.precision import gamma

MORE = 12  # additions beside the products: bias, residual, partial sums of groups


class Truth(NamedTuple):
    """value in float64, and how far from it a right answer in `dtype` may be."""

    value: np.ndarray
    error: np.ndarray
    dtype: str

    @classmethod
    def of(cls, x):
        return cls(x.astype(np.float64), np.zeros(x.shape), x.dtype.name)

    def layer(self, operation, w, bias, limits, *settings, residual=None, products):
        """Behind a layer: its sums, bias, residual and clamp."""

        def sums(x, w):
            return getattr(kernels, f"{operation}_forward")(x, w, *settings)

        w = w.astype(np.float64)
        added = np.zeros(w.shape[-1]) if bias is None else bias.astype(np.float64)
        shortcut = 0.0 if residual is None else residual.astype(np.float64)
        value = sums(self.value, w) + added + shortcut
        sizes = sums(np.abs(self.value) + self.error, np.abs(w)) + np.abs(added) + np.abs(shortcut)
        rounding = (gamma(products + MORE, self.dtype) + gamma(products + MORE, "float64")) * sizes
        return Truth(np.clip(value, *limits), sums(self.error, np.abs(w)) + rounding, self.dtype)

    def check(self, found, exact):
        """Exact where all numbers are integers; else within the bound."""
        assert found.dtype.name == self.dtype
        if exact:
            np.testing.assert_array_equal(found, self.value)
        else:
            np.testing.assert_array_less(np.abs(found - self.value) - self.error, 1e-300)


def numbers(rng, integers, dtype, *shape):
    """Small integers, of which all sums of a block are exact in float32, or reals."""
    drawn = rng.integers(-2, 3, shape) if integers else rng.standard_normal(shape)
    return drawn.astype(dtype)
