"""The oracles against torch's own operations, in float64."""

import numpy as np
import pytest
from hypothesis import given

from refnet.testing import (
    Limits,
    expected_forward,
    expected_gradients,
    grouped_conv2d_cases,
    naive_batch_norm_train,
    naive_batch_norm_train_gradient,
    naive_relu6,
    naive_relu6_gradient,
    naive_softmax_cross_entropy,
    naive_softmax_cross_entropy_gradient,
)

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch


def tensor(array):
    return torch.tensor(np.ascontiguousarray(array), dtype=torch.float64).requires_grad_()


@given(grouped_conv2d_cases(Limits(values="integers"), dtype="float64"))
def test_convolutions_and_gradients(case):
    top, bottom, left, right = case.pads
    x, w = tensor(case.x.transpose(0, 3, 1, 2)), tensor(case.w.transpose(3, 2, 0, 1))
    wide = torch.nn.functional.pad(x, (left, right, top, bottom))
    y = torch.nn.functional.conv2d(wide, w, stride=case.stride, dilation=case.dilation, groups=case.groups)
    y.backward(tensor(case.dy.transpose(0, 3, 1, 2)))
    np.testing.assert_array_equal(expected_forward(case).value, y.detach().numpy().transpose(0, 2, 3, 1))
    dx, dw = expected_gradients(case)
    np.testing.assert_array_equal(dx.value, x.grad.numpy().transpose(0, 2, 3, 1))
    np.testing.assert_array_equal(dw.value, w.grad.numpy().transpose(2, 3, 1, 0))


def test_relu6_at_the_kinks():
    values = np.array([-1, 0, 1e-300, 3, 6, 7, np.inf, np.nan])
    x = tensor(values)
    y = torch.nn.functional.relu6(x)
    y.backward(torch.full((8,), 5.0, dtype=torch.float64))
    np.testing.assert_array_equal(naive_relu6(values), y.detach().numpy())
    np.testing.assert_array_equal(naive_relu6_gradient(np.full(8, 5.0), values), x.grad.numpy())


def test_cross_entropy():
    rng = np.random.default_rng(0)
    z, targets, dlosses = (
        10 * rng.standard_normal((4, 6)),
        rng.dirichlet(np.ones(6), 4),
        rng.standard_normal(4),
    )
    logits = tensor(z)
    losses = torch.nn.functional.cross_entropy(logits, torch.tensor(targets), reduction="none")
    losses.backward(torch.tensor(dlosses))
    np.testing.assert_allclose(naive_softmax_cross_entropy(z, targets), losses.detach().numpy(), rtol=1e-13)
    gradient = naive_softmax_cross_entropy_gradient(dlosses, z, targets)
    np.testing.assert_allclose(gradient, logits.grad.numpy(), rtol=1e-11, atol=1e-15)


def test_batch_norm_in_training():
    rng = np.random.default_rng(1)
    x, dy = rng.standard_normal((2, 4, 3, 3)), rng.standard_normal((2, 4, 3, 3))
    gamma, beta, mean, variance = (rng.random(3) for _ in range(4))
    images, scale, shift = tensor(x.transpose(0, 3, 1, 2)), tensor(gamma), tensor(beta)
    stored = [torch.tensor(mean.copy()), torch.tensor(variance.copy())]
    y = torch.nn.functional.batch_norm(images, *stored, scale, shift, training=True, momentum=0.1, eps=1e-3)
    y.backward(torch.tensor(dy.transpose(0, 3, 1, 2)))
    found = naive_batch_norm_train(x, gamma, beta, mean, variance, 0.9, 1e-3)
    np.testing.assert_allclose(found[0], y.detach().numpy().transpose(0, 2, 3, 1), rtol=1e-12)
    np.testing.assert_allclose(found[3], stored[0].numpy(), rtol=1e-13)
    np.testing.assert_allclose(found[4], stored[1].numpy(), rtol=1e-13)
    dx, dgamma, dbeta = naive_batch_norm_train_gradient(dy, x, gamma, 1e-3)
    np.testing.assert_allclose(dx, images.grad.numpy().transpose(0, 2, 3, 1), rtol=1e-11)
    np.testing.assert_allclose(dgamma, scale.grad.numpy(), rtol=1e-12)
    np.testing.assert_allclose(dbeta, shift.grad.numpy(), rtol=1e-12)
