"""The other oracles against numbers worked out by hand, and their gradients against differences."""

import math

import numpy as np
import pytest

from refnet.testing import (
    check_gradients,
    naive_batch_norm_inference,
    naive_batch_norm_inference_gradient,
    naive_batch_norm_train,
    naive_batch_norm_train_gradient,
    naive_bias_add,
    naive_bias_add_gradient,
    naive_dense,
    naive_dense_filter_gradient,
    naive_dense_input_gradient,
    naive_global_average_pool,
    naive_global_average_pool_gradient,
    naive_relu,
    naive_relu6,
    naive_relu6_gradient,
    naive_relu_gradient,
    naive_softmax,
    naive_softmax_cross_entropy,
    naive_softmax_cross_entropy_gradient,
    naive_softmax_gradient,
)

KINKS = [-1.0, 0.0, 3.0, 6.0, 7.0, np.inf, -np.inf, np.nan]


def test_relu6_and_its_kinks():
    np.testing.assert_array_equal(naive_relu6(KINKS), [0, 0, 3, 6, 6, 6, 0, np.nan])
    np.testing.assert_array_equal(naive_relu6_gradient(np.full(8, 5.0), KINKS), [0, 0, 5, 0, 0, 0, 0, 0])
    np.testing.assert_array_equal(naive_relu(KINKS), [0, 0, 3, 6, 7, np.inf, 0, np.nan])
    np.testing.assert_array_equal(naive_relu_gradient(np.full(8, 5.0), KINKS), [0, 0, 5, 5, 5, 5, 0, 5])
    assert naive_relu6(np.float32([[1], [9]])).dtype == np.float32


def test_bias_pool_and_dense_by_hand():
    x = np.array([[[[1, 2], [3, 4]], [[5, 6], [7, 8]]]])
    assert naive_bias_add(x, np.array([10, 20]))[0, 0].tolist() == [[11, 22], [13, 24]]
    assert naive_bias_add_gradient(x).tolist() == [16, 20]
    assert naive_global_average_pool(x.astype(float)).tolist() == [[4, 5]]
    assert naive_global_average_pool_gradient(np.array([[4.0, 8.0]]), (1, 2)).tolist() == [[[[2, 4], [2, 4]]]]
    w = np.array([[1, 10], [2, 20]])
    assert naive_dense(np.array([[3, 4]]), w).tolist() == [[11, 110]]
    assert naive_dense_input_gradient(np.array([[1, 2]]), w).tolist() == [[21, 42]]
    assert naive_dense_filter_gradient(np.array([[1, 2]]), np.array([[3, 4]])).tolist() == [[3, 6], [4, 8]]


def test_softmax_and_cross_entropy_by_hand():
    z = np.log(np.array([[1.0, 3.0]]))
    np.testing.assert_allclose(naive_softmax(z), [[0.25, 0.75]], rtol=1e-15)
    np.testing.assert_allclose(naive_softmax_cross_entropy(z, [[1.0, 0.0]]), [math.log(4)], rtol=1e-15)
    gradient = naive_softmax_cross_entropy_gradient([2.0], z, [[1.0, 0.0]])
    np.testing.assert_allclose(gradient, [[-1.5, 1.5]], rtol=1e-15)


def test_huge_logits_neither_overflow_nor_lose_the_loss():
    z = np.array([[1e4, 0.0, -1e4]])
    assert naive_softmax(z).tolist() == [[1, 0, 0]]
    assert naive_softmax_cross_entropy(z, [[0.0, 0.0, 1.0]]).tolist() == [2e4]


def test_gradients_against_differences():
    rng = np.random.default_rng(0)
    z, targets = rng.standard_normal((3, 5)), rng.dirichlet(np.ones(5), 3)
    check_gradients(
        lambda z: naive_softmax_cross_entropy(z, targets),
        lambda dlosses, z: naive_softmax_cross_entropy_gradient(dlosses, z, targets),
        [z],
    )
    check_gradients(naive_softmax, naive_softmax_gradient, [z])


def test_linear_gradients_are_adjoints():
    rng = np.random.default_rng(1)
    check_gradients(
        naive_dense,
        lambda dy, x, w: (naive_dense_input_gradient(dy, w), naive_dense_filter_gradient(dy, x)),
        [rng.standard_normal((3, 4)), rng.standard_normal((4, 2))],
        linear=True,
    )
    check_gradients(
        lambda x: naive_global_average_pool(x) * 8,
        lambda dy, x: naive_global_average_pool_gradient(dy, (2, 4)) * 8,
        [np.zeros((2, 2, 4, 3))],
        linear=True,
    )


def test_batch_norm_by_hand():
    x = np.array([1.0, 3.0, 5.0, 7.0]).reshape(1, 2, 2, 1)
    y, mean, variance, moving_mean, moving_variance = naive_batch_norm_train(
        x, [2.0], [10.0], [100.0], [50.0], 0.75, 4.0
    )
    # mean 4, biased variance 5, so y = 2 * (x - 4) / 3 + 10; the unbiased variance is 20 / 3
    np.testing.assert_allclose(y.ravel(), [8, 28 / 3, 32 / 3, 12], rtol=1e-15)
    assert (mean.item(), variance.item()) == (4, 5)
    assert moving_mean.item() == 0.75 * 100 + 0.25 * 4
    assert moving_variance.item() == pytest.approx(0.75 * 50 + 0.25 * 20 / 3, rel=1e-15)
    stored = naive_batch_norm_inference(x, [2.0], [10.0], [1.0], [12.0], 4.0)
    np.testing.assert_allclose(stored.ravel(), [10, 11, 12, 13], rtol=1e-15)


def test_batch_norm_gradients_against_differences():
    rng = np.random.default_rng(2)
    x, gamma, beta = rng.standard_normal((2, 2, 3, 2)), rng.standard_normal(2), rng.standard_normal(2)
    mean, variance = rng.standard_normal(2), rng.random(2) + 0.5
    check_gradients(
        lambda x, gamma, beta: naive_batch_norm_train(x, gamma, beta, mean, variance, 0.9, 1e-3)[0],
        lambda dy, x, gamma, beta: naive_batch_norm_train_gradient(dy, x, gamma, 1e-3),
        [x, gamma, beta],
    )
    check_gradients(
        lambda x, gamma, beta: naive_batch_norm_inference(x, gamma, beta, mean, variance, 1e-3),
        lambda dy, x, gamma, beta: naive_batch_norm_inference_gradient(dy, x, gamma, mean, variance, 1e-3),
        [x, gamma, beta],
    )


def test_one_value_has_no_variance():
    one = np.ones(1)
    with pytest.raises(ValueError, match=r"at least two values per channel, got shape \(1, 1, 1, 1\)"):
        naive_batch_norm_train(np.ones((1, 1, 1, 1)), one, one, one, one, 0.9, 1e-3)


def test_wrong_shapes_say_wanted_and_got():
    with pytest.raises(ValueError, match="channels: wanted as many in x as in b, got 3 and 2"):
        naive_bias_add(np.ones((1, 3)), np.ones(2))
    with pytest.raises(ValueError, match=r"wanted arrays of one shape, got \(2,\) and \(3,\)"):
        naive_relu6_gradient(np.ones(2), np.ones(3))
