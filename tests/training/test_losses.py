"""Softmax with cross-entropy: value and gradient against the formula, extreme logits, bad labels."""

import re

import numpy as np
import pytest

from refnet import softmax_cross_entropy
from refnet.testing import check_gradients

LOGITS = np.array([[1.0, -2.0, 0.5], [0.0, 3.0, 3.0], [-1.0, 4.0, 2.0], [0.1, 0.2, 0.3]])
LABELS = np.array([0, 2, 1, 2])
MIXED = np.array([[0.5, 0.25, 0.25], [0.0, 0.0, 1.0], [0.1, 0.2, 0.7], [1 / 3, 1 / 3, 1 / 3]])


def formula(logits, targets):
    """Mean cross-entropy and its gradient, written down plainly in float64."""
    z = logits.astype(np.float64)
    p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    return -(targets * np.log(p)).sum(1).mean(), (p - targets) / len(z)


@pytest.mark.parametrize(
    ("labels", "targets"), [(LABELS, np.eye(3)[LABELS]), (MIXED, MIXED)], ids=["classes", "shares"]
)
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 1e-6), (np.float64, 1e-14)])
def test_value_and_gradient(labels, targets, dtype, tolerance):
    loss, gradient = softmax_cross_entropy(LOGITS.astype(dtype), labels)
    wanted_loss, wanted_gradient = formula(LOGITS, targets)
    assert isinstance(loss, float)
    assert gradient.dtype == dtype
    np.testing.assert_allclose(loss, wanted_loss, rtol=tolerance)
    np.testing.assert_allclose(gradient, wanted_gradient, atol=tolerance)


@pytest.mark.parametrize("labels", [LABELS, MIXED], ids=["classes", "shares"])
def test_gradient_along_random_directions(labels):
    def forward(z):
        return np.array([softmax_cross_entropy(z, labels)[0]])

    def backward(dy, z):
        return dy[0] * softmax_cross_entropy(z, labels)[1]

    check_gradients(forward, backward, [LOGITS], linear=False)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_huge_logits(dtype):
    z = np.array([[1e4, 0, -1e4], [1e30, 1e30, 0]], dtype)
    loss, gradient = softmax_cross_entropy(z, [2, 0])
    np.testing.assert_allclose(loss, (2e4 + np.log(2)) / 2, rtol=1e-6)
    np.testing.assert_allclose(gradient, [[0.5, 0, -0.5], [-0.25, 0.25, 0]], atol=1e-7)
    assert softmax_cross_entropy(z, [0, 1])[0] < 0.35


def test_equal_logits_cost_the_logarithm_of_the_classes():
    np.testing.assert_allclose(softmax_cross_entropy(np.zeros((2, 1000)), [3, 999])[0], np.log(1000), rtol=1e-14)


def test_nan_goes_through():
    loss, gradient = softmax_cross_entropy(np.array([[np.nan, 0.0], [0.0, 0.0]]), [0, 1])
    assert np.isnan(loss)
    assert np.isnan(gradient[0]).all()
    assert np.isfinite(gradient[1]).all()


def test_arguments_stay_as_they_are_in_any_memory_order():
    logits, labels = np.asfortranarray(LOGITS), MIXED.copy()
    logits.flags.writeable = labels.flags.writeable = False
    loss, gradient = softmax_cross_entropy(logits, labels)
    again = softmax_cross_entropy(LOGITS, MIXED)
    assert loss == again[0]
    np.testing.assert_array_equal(gradient, again[1])


def test_labels_of_any_integer_type():
    wanted = softmax_cross_entropy(LOGITS, LABELS)[0]
    for labels in (LABELS.tolist(), LABELS.astype(np.uint8), tuple(LABELS), LABELS[:, None][:, 0]):
        assert softmax_cross_entropy(LOGITS, labels)[0] == wanted


BAD = [
    (LOGITS.tolist(), LABELS, TypeError, "logits: wanted a numpy array, got list"),
    (LOGITS.astype(np.float16), LABELS, TypeError, "logits: wanted dtype float32 or float64, got float16"),
    (LOGITS.astype(int), LABELS, TypeError, "logits: wanted dtype float32 or float64, got int64"),
    (
        LOGITS[0],
        LABELS,
        ValueError,
        "logits: wanted shape (batch, classes) with at least one image and class, got (3,)",
    ),
    (
        LOGITS[:0],
        LABELS[:0],
        ValueError,
        "logits: wanted shape (batch, classes) with at least one image and class, got (0, 3)",
    ),
    (LOGITS, LABELS[:3], ValueError, "labels: wanted 4 integers, got shape (3,) of int64"),
    (LOGITS, LABELS * 1.0, ValueError, "labels: wanted 4 integers, got shape (4,) of float64"),
    (LOGITS, None, ValueError, "labels: wanted 4 integers, got shape () of object"),
    (LOGITS, ["a", "b", "c", "d"], ValueError, "labels: wanted 4 integers, got shape (4,) of <U1"),
    (LOGITS, [0, 1, 2, 3], ValueError, "labels: wanted classes from 0 to 2, got 0 to 3"),
    (LOGITS, [0, -1, 2, 1], ValueError, "labels: wanted classes from 0 to 2, got -1 to 2"),
    (LOGITS, MIXED[:, :2], ValueError, "labels: wanted shape (4, 3), got (4, 2)"),
    (LOGITS, 2 * MIXED, ValueError, "labels: wanted rows of probabilities that sum to 1, got a row with the sum 2"),
    (LOGITS, MIXED * np.nan, ValueError, "labels: wanted rows of probabilities that sum to 1"),
    (
        LOGITS,
        [[2.0, -1.0, 0.0]] * 4,
        ValueError,
        "labels: wanted rows of probabilities that sum to 1, got a negative one",
    ),
    (LOGITS, [["a", "b", "c"]] * 4, TypeError, "labels: wanted numbers, got <U1"),
    (LOGITS, [[1], [2, 3], [4], [5]], TypeError, "labels: wanted numbers, got rows of different lengths"),
]


@pytest.mark.parametrize(("logits", "labels", "error", "message"), BAD, ids=[each[-1] for each in BAD])
def test_bad_arguments(logits, labels, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}[^\n]*$"):
        softmax_cross_entropy(logits, labels)
