"""Softmax and softmax with cross-entropy: against the oracles, with huge logits, and by differences."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refnet import kernels
from refnet.testing import (
    check_gradients,
    naive_softmax,
    naive_softmax_cross_entropy,
    naive_softmax_cross_entropy_gradient,
    naive_softmax_gradient,
)

DTYPES = {"float64": 1e-13, "float32": 1e-6}
SHAPES = st.tuples(st.integers(0, 4), st.integers(1, 6))
SEEDS = st.integers(0, 2**16)


def drawn(seed, shape, dtype):
    """Logits, target rows that sum to 1, and a gradient."""
    rng = np.random.default_rng(seed)
    z, dp = 10 * rng.standard_normal(shape), rng.standard_normal(shape)
    return [array.astype(dtype) for array in (z, rng.dirichlet(np.ones(shape[1]), shape[0]), dp)]


@pytest.mark.parametrize("dtype", DTYPES)
@given(shape=SHAPES, seed=SEEDS)
def test_softmax(dtype, shape, seed):
    z, _, dp = drawn(seed, shape, dtype)
    p = kernels.softmax_forward(z)
    np.testing.assert_allclose(p, naive_softmax(z.astype(float)), rtol=DTYPES[dtype])
    dz = kernels.softmax_backward(dp, p)
    wanted = naive_softmax_gradient(dp.astype(float), z.astype(float))
    np.testing.assert_allclose(dz, wanted, rtol=0, atol=10 * DTYPES[dtype])
    assert p.dtype == dz.dtype == dtype


@pytest.mark.parametrize("dtype", DTYPES)
@given(shape=SHAPES, seed=SEEDS)
def test_cross_entropy(dtype, shape, seed):
    z, targets, dp = drawn(seed, shape, dtype)
    dlosses = dp[:, 0].copy()
    losses, p = kernels.softmax_cross_entropy_forward(z, targets)
    wide = z.astype(float), targets.astype(float)
    np.testing.assert_allclose(
        losses, naive_softmax_cross_entropy(*wide), rtol=DTYPES[dtype], atol=DTYPES[dtype]
    )
    np.testing.assert_allclose(p, naive_softmax(wide[0]), rtol=10 * DTYPES[dtype])
    dz = kernels.softmax_cross_entropy_backward(dlosses, p, targets)
    wanted = naive_softmax_cross_entropy_gradient(dlosses.astype(float), *wide)
    np.testing.assert_allclose(dz, wanted, rtol=0, atol=10 * DTYPES[dtype])
    assert losses.dtype == p.dtype == dz.dtype == dtype


@pytest.mark.parametrize("dtype", DTYPES)
def test_huge_logits(dtype):
    z = np.array([[1e4, 0, -1e4], [-1e4, -1e4, -1e4]], dtype)
    assert kernels.softmax_forward(z)[0].tolist() == [1, 0, 0]
    targets = np.array([[0, 0, 1], [1, 0, 0]], dtype)
    losses, p = kernels.softmax_cross_entropy_forward(z, targets)
    np.testing.assert_allclose(losses, [2e4, np.log(3)], rtol=1e-6)
    dz = kernels.softmax_cross_entropy_backward(np.ones(2, dtype), p, targets)
    np.testing.assert_allclose(dz, [[1, 0, -1], [-2 / 3, 1 / 3, 1 / 3]], rtol=1e-6)


def test_gradients_by_differences():
    z, targets, _ = drawn(3, (3, 5), "float64")
    z /= 10

    def loss(z):
        return kernels.softmax_cross_entropy_forward(z, targets)[0]

    def loss_backward(dlosses, z):
        return kernels.softmax_cross_entropy_backward(
            dlosses, kernels.softmax_cross_entropy_forward(z, targets)[1], targets
        )

    check_gradients(loss, loss_backward, [z], relative=1e-9)
    check_gradients(
        kernels.softmax_forward,
        lambda dp, z: kernels.softmax_backward(dp, kernels.softmax_forward(z)),
        [z],
        relative=1e-9,
    )


def test_a_nan_stays_in_its_row():
    z = np.array([[0.0, np.nan], [0.0, 0.0]])
    losses, p = kernels.softmax_cross_entropy_forward(z, np.array([[1.0, 0.0], [1.0, 0.0]]))
    assert np.isnan(losses[0])
    assert np.isnan(p[0]).all()
    assert losses[1] == pytest.approx(np.log(2))
