"""Smoothing, attributes, distillation, embeddings: the formulas, differences in float64, torch, bad arguments."""

import numpy as np
import pytest

from refnet.testing import check_gradients
from refnet.training import distillation, sigmoid_cross_entropy, softmax_cross_entropy, squared_difference

Z = np.array([[1.0, -2.0, 0.5], [0.0, 3.0, 3.0], [-1.0, 4.0, 2.0], [0.1, 0.2, 0.3]])
TEACHER = np.array([[2.0, 0.0, -1.0], [0.5, 0.5, 4.0], [1.0, 1.0, 1.0], [-3.0, 0.0, 2.0]])
SHARES = np.array([[0.0, 1.0, 0.25], [1.0, 1.0, 0.5], [0.1, 0.2, 0.9], [0.0, 0.0, 0.0]])
LABELS = np.array([0, 2, 1, 2])

LOSSES = {
    "smoothed": lambda z: softmax_cross_entropy(z, LABELS, 0.1),
    "sigmoid": lambda z: sigmoid_cross_entropy(z, SHARES.astype(z.dtype)),
    "distillation": lambda z: distillation(z, TEACHER.astype(z.dtype), 3.0),
    "difference": lambda z: squared_difference(z, TEACHER.astype(z.dtype)),
}


def softmax(z):
    return np.exp(z) / np.exp(z).sum(1, keepdims=True)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def cross_entropy(targets, p):
    return -(targets * np.log(p)).sum(1).mean()


SMOOTH = 0.9 * np.eye(3)[LABELS] + 0.1 / 3
P = sigmoid(Z)
FORMULAS = {
    "smoothed": (cross_entropy(SMOOTH, softmax(Z)), (softmax(Z) - SMOOTH) / 4),
    "sigmoid": (-(SHARES * np.log(P) + (1 - SHARES) * np.log(1 - P)).mean(), (P - SHARES) / 12),
    "distillation": (
        9 * cross_entropy(softmax(TEACHER / 3), softmax(Z / 3)),
        3 * (softmax(Z / 3) - softmax(TEACHER / 3)) / 4,
    ),
    "difference": (((Z - TEACHER) ** 2).sum() / 4, (Z - TEACHER) / 2),
}


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 2e-6), (np.float64, 1e-14)])
@pytest.mark.parametrize("name", LOSSES)
def test_value_and_gradient(name, dtype, tolerance):
    loss, gradient = LOSSES[name](Z.astype(dtype))
    wanted_loss, wanted_gradient = FORMULAS[name]
    assert isinstance(loss, float)
    assert gradient.dtype == dtype
    np.testing.assert_allclose(loss, wanted_loss, rtol=tolerance)
    np.testing.assert_allclose(gradient, wanted_gradient, atol=tolerance)


@pytest.mark.parametrize("name", LOSSES)
def test_gradient_along_random_directions(name):
    def forward(z):
        return np.array([LOSSES[name](z)[0]])

    def backward(dy, z):
        return dy[0] * LOSSES[name](z)[1]

    check_gradients(forward, backward, [Z], linear=False)


def test_smoothing_of_nothing_is_none():
    assert softmax_cross_entropy(Z, LABELS, 0.0)[0] == softmax_cross_entropy(Z, LABELS)[0]


def test_smoothing_is_for_probabilities_too():
    rows = np.eye(3)[LABELS]
    assert softmax_cross_entropy(Z, rows, 0.1)[0] == softmax_cross_entropy(Z, LABELS, 0.1)[0]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_huge_logits_do_not_overflow(dtype):
    z, targets = np.array([[1e4, -1e4], [1e30, -1e30]], dtype), np.array([[0, 1], [1, 0]], dtype)
    loss, gradient = sigmoid_cross_entropy(z, targets)
    np.testing.assert_allclose(loss, 5e3, rtol=1e-6)
    np.testing.assert_allclose(gradient, [[0.25, -0.25], [0, 0]])


def test_attributes_are_averaged():
    """An attribute more of the same kind changes nothing: V1 section 4.5 averages over attributes."""
    twice = sigmoid_cross_entropy(np.hstack([Z, Z]), np.hstack([SHARES, SHARES]))
    np.testing.assert_allclose(twice[0], sigmoid_cross_entropy(Z, SHARES)[0])


def test_a_student_like_its_teacher_has_nothing_to_learn():
    for loss in (lambda: distillation(Z, Z, 2.0), lambda: squared_difference(Z, Z)):
        np.testing.assert_allclose(loss()[1], 0, atol=1e-16)
    np.testing.assert_allclose(sigmoid_cross_entropy(Z, P)[1], 0, atol=1e-16)


def test_the_gradient_keeps_its_size_when_all_is_hot():
    """Hinton et al. 2015, eq. (4): in the limit the gradient is (z - v) / N, with both means taken off: no T in it."""
    centred, teacher = Z - Z.mean(1, keepdims=True), TEACHER - TEACHER.mean(1, keepdims=True)
    for temperature in (1e3, 1e5):
        gradient = distillation(Z, TEACHER, temperature)[1]
        np.testing.assert_allclose(gradient, (centred - teacher) / 3 / 4, rtol=2e-2, atol=1e-3)


def test_nan_goes_through():
    z = Z.copy()
    z[0, 0] = np.nan
    for name, loss in LOSSES.items():
        value, gradient = loss(z)
        assert np.isnan(value), name
        assert np.isnan(gradient[0, 0]), name
        assert np.isfinite(gradient[1:]).all(), name


BAD = [
    (lambda: softmax_cross_entropy(Z, LABELS, 1.0), ValueError, "smoothing: wanted a finite number from 0 to below 1"),
    (lambda: softmax_cross_entropy(Z, LABELS, float("nan")), ValueError, "smoothing: wanted a finite number"),
    (lambda: sigmoid_cross_entropy(Z, SHARES[:2]), ValueError, r"targets: wanted shape \(4, 3\), got \(2, 3\)"),
    (lambda: sigmoid_cross_entropy(Z, 2 * SHARES), ValueError, "targets: wanted numbers from 0 to 1, got 0 to 2"),
    (lambda: sigmoid_cross_entropy(Z, SHARES * np.nan), ValueError, "targets: wanted numbers from 0 to 1, got nan"),
    (lambda: sigmoid_cross_entropy(Z, SHARES.astype(np.float32)), TypeError, "targets: wanted dtype float64"),
    (lambda: sigmoid_cross_entropy(Z[0], SHARES), ValueError, r"logits: wanted shape \(batch, attributes\) with"),
    (lambda: distillation(Z, TEACHER[:, :2]), ValueError, r"teacher_logits: wanted shape \(4, 3\), got \(4, 2\)"),
    (lambda: distillation(Z, TEACHER, 0), ValueError, "temperature: wanted a finite number above 0, got 0"),
    (
        lambda: distillation(Z.astype(np.float32), TEACHER.astype(np.float32), 1e-40),
        ValueError,
        "temperature: wanted one that float32 can divide by, got 1e-40",
    ),
    (lambda: distillation(Z, TEACHER, -1), ValueError, "temperature: wanted a finite number of at least 0, got -1"),
    (lambda: squared_difference(Z[:0], Z[:0]), ValueError, r"embeddings: wanted shape \(batch, features\)"),
    (lambda: squared_difference(Z, Z.tolist()), TypeError, "targets: wanted a numpy array, got list"),
]


@pytest.mark.parametrize(("call", "error", "message"), BAD, ids=[each[-1] for each in BAD])
def test_bad_arguments(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.torch
def test_losses_are_torchs():
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    targets, teacher = torch.from_numpy(SHARES), torch.from_numpy(TEACHER)
    soft = torch.softmax(teacher / 3, 1)
    theirs = {
        "smoothed": lambda z: functional.cross_entropy(z, torch.from_numpy(LABELS), label_smoothing=0.1),
        "sigmoid": lambda z: functional.binary_cross_entropy_with_logits(z, targets),
        "distillation": lambda z: 9 * functional.cross_entropy(z / 3, soft),
        "difference": lambda z: functional.mse_loss(z, teacher, reduction="sum") / 4,
    }
    for name, loss in theirs.items():
        z = torch.from_numpy(Z.copy()).requires_grad_()
        value = loss(z)
        value.backward()
        own, gradient = LOSSES[name](Z)
        np.testing.assert_allclose(own, value.item(), rtol=1e-13)
        np.testing.assert_allclose(gradient, z.grad.numpy(), rtol=1e-12, atol=1e-16)
