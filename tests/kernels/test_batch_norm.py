"""Batch norm in training and in inference: against the oracles, by differences, and its moving statistics."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refnet import kernels
from refnet.testing import (
    check_gradients,
    naive_batch_norm_inference,
    naive_batch_norm_inference_gradient,
    naive_batch_norm_train,
    naive_batch_norm_train_gradient,
)

DTYPES = {"float64": 1e-12, "float32": 2e-5}
SHAPES = st.tuples(*[st.integers(1, 4)] * 4).filter(lambda shape: shape[0] * shape[1] * shape[2] > 1)
SEEDS = st.integers(0, 2**16)
DECAY, EPS = 0.997, 1e-3


def drawn(seed, shape, dtype):
    """x, dy, gamma, beta, moving mean, moving variance."""
    rng, M = np.random.default_rng(seed), shape[3]
    x, dy = 3 + rng.standard_normal(shape), rng.standard_normal(shape)
    vectors = rng.standard_normal(M), rng.standard_normal(M), rng.standard_normal(M), 0.5 + rng.random(M)
    return [array.astype(dtype) for array in (x, dy, *vectors)]


def assert_close(found, wanted, dtype):
    """Relative to the largest entry: rounding in dtype, of sums that the kernel keeps in float64."""
    assert found.dtype == dtype
    scale = float(np.abs(wanted).max(initial=0))
    np.testing.assert_allclose(found, wanted, rtol=0, atol=DTYPES[dtype] * max(scale, 1))


@pytest.mark.parametrize("dtype", DTYPES)
@given(shape=SHAPES, seed=SEEDS)
def test_training_forward(dtype, shape, seed):
    x, _, gamma, beta, moving_mean, moving_variance = drawn(seed, shape, dtype)
    found = kernels.batch_norm_train_forward(x, gamma, beta, moving_mean, moving_variance, DECAY, EPS)
    wide = [array.astype(np.float64) for array in (x, gamma, beta, moving_mean, moving_variance)]
    y, mean, variance, new_mean, new_variance = naive_batch_norm_train(*wide, DECAY, EPS)
    assert_close(found[0], y, dtype)
    np.testing.assert_allclose(found[1], mean, rtol=1e-6)
    np.testing.assert_allclose(found[2], 1 / np.sqrt(variance + EPS), rtol=1e-6)
    assert_close(found[3], new_mean, dtype)
    assert_close(found[4], new_variance, dtype)


def test_moving_statistics_store_the_unbiased_variance():
    # mean 4, biased variance 5, unbiased 20 / 3
    x, one = np.array([1.0, 3, 5, 7]).reshape(1, 2, 2, 1), np.ones(1)
    found = kernels.batch_norm_train_forward(x, one, 0 * one, 8 * one, 2 * one, 0.75, 0.0)
    assert found[1].item() == 4
    assert found[2].item() == pytest.approx(1 / np.sqrt(5), rel=1e-15)
    assert found[3].item() == 0.75 * 8 + 0.25 * 4
    assert found[4].item() == pytest.approx(0.75 * 2 + 0.25 * 20 / 3, rel=1e-15)


def test_statistics_are_taken_in_float64():
    """A large mean with a small spread: sums of squares in float32 would lose the variance."""
    x = (4096 + np.array([-1, 1, -1, 1], np.float32)).reshape(4, 1, 1, 1)
    one = np.ones(1, np.float32)
    y, mean, inv_std, _, _ = kernels.batch_norm_train_forward(x, one, 0 * one, one, one, 0.9, 0.0)
    assert y.ravel().tolist() == [-1, 1, -1, 1]
    assert (mean.item(), inv_std.item()) == (4096, 1)


@pytest.mark.parametrize("dtype", DTYPES)
@given(shape=SHAPES, seed=SEEDS)
def test_training_backward(dtype, shape, seed):
    x, dy, gamma, beta, moving_mean, moving_variance = drawn(seed, shape, dtype)
    saved = kernels.batch_norm_train_forward(x, gamma, beta, moving_mean, moving_variance, DECAY, EPS)
    found = kernels.batch_norm_train_backward(dy, x, gamma, saved[1], saved[2])
    wide = [array.astype(np.float64) for array in (dy, x, gamma)]
    # with few values per channel inv_std reaches 1 / sqrt(eps): the error is relative to gamma * inv_std * dy
    scale = 1 + float(np.abs(saved[2]).max())
    for gradient, wanted in zip(found, naive_batch_norm_train_gradient(*wide, EPS), strict=True):
        assert gradient.dtype == dtype
        np.testing.assert_allclose(gradient, wanted, rtol=DTYPES[dtype], atol=DTYPES[dtype] * scale)


@pytest.mark.parametrize("dtype", DTYPES)
@given(shape=SHAPES, seed=SEEDS)
def test_inference(dtype, shape, seed):
    x, dy, gamma, beta, mean, variance = drawn(seed, shape, dtype)
    wide = [array.astype(np.float64) for array in (x, gamma, beta, mean, variance)]
    y = kernels.batch_norm_inference_forward(x, gamma, beta, mean, variance, EPS)
    assert_close(y, naive_batch_norm_inference(*wide, EPS), dtype)
    found = kernels.batch_norm_inference_backward(dy, x, gamma, mean, variance, EPS)
    wide = [array.astype(np.float64) for array in (dy, x, gamma, mean, variance)]
    for gradient, wanted in zip(found, naive_batch_norm_inference_gradient(*wide, EPS), strict=True):
        assert_close(gradient, wanted, dtype)


def test_gradients_by_differences():
    x, _, gamma, beta, mean, variance = drawn(5, (2, 3, 3, 3), "float64")

    def train(x, gamma, beta):
        return kernels.batch_norm_train_forward(x, gamma, beta, mean, variance, DECAY, EPS)

    def train_backward(dy, x, gamma, beta):
        saved = train(x, gamma, beta)
        return kernels.batch_norm_train_backward(dy, x, gamma, saved[1], saved[2])

    names = ("x", "gamma", "beta")
    check_gradients(lambda *a: train(*a)[0], train_backward, [x, gamma, beta], names=names, relative=1e-9)
    check_gradients(
        lambda x, gamma, beta: kernels.batch_norm_inference_forward(x, gamma, beta, mean, variance, EPS),
        lambda dy, x, gamma, beta: kernels.batch_norm_inference_backward(dy, x, gamma, mean, variance, EPS),
        [x, gamma, beta],
        names=names,
        relative=1e-9,
    )


def test_a_nan_stays_in_its_channel():
    x, dy, gamma, beta, mean, variance = drawn(6, (2, 2, 2, 3), "float64")
    x[0, 1, 1, 1] = np.nan
    saved = kernels.batch_norm_train_forward(x, gamma, beta, mean, variance, DECAY, EPS)
    for array in (*saved, *kernels.batch_norm_train_backward(dy, x, gamma, saved[1], saved[2])[:2]):
        assert np.isnan(array[..., 1]).all()
        assert np.isfinite(array[..., [0, 2]]).all()
    y = kernels.batch_norm_inference_forward(x, gamma, beta, mean, variance, EPS)
    np.testing.assert_array_equal(np.isnan(y), np.isnan(x))


def test_features_without_pixels():
    """A batch of vectors (B, M) is a map of one pixel."""
    x, dy, gamma, beta, mean, variance = drawn(7, (5, 1, 1, 3), "float64")
    flat = kernels.batch_norm_train_forward(x[:, 0, 0], gamma, beta, mean, variance, DECAY, EPS)
    saved = kernels.batch_norm_train_forward(x, gamma, beta, mean, variance, DECAY, EPS)
    np.testing.assert_array_equal(flat[0], saved[0][:, 0, 0])
    dx = kernels.batch_norm_train_backward(dy[:, 0, 0], x[:, 0, 0], gamma, flat[1], flat[2])[0]
    np.testing.assert_array_equal(
        dx, kernels.batch_norm_train_backward(dy, x, gamma, saved[1], saved[2])[0][:, 0, 0]
    )
