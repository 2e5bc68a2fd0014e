"""Pooling windows, padding, leaky ReLU and the norms against torch's own operations: values and gradients, float64.

    setting  window, stride, pads of a pooling    t a tensor (B, M, H, W)
"""

import numpy as np
import pytest

from refnet import kernels

torch = pytest.importorskip("torch")
F = torch.nn.functional
pytestmark = pytest.mark.torch

# torch pads both sides alike, and rounds sizes down as we do
SETTINGS = [((3, 3), (2, 2), (1, 1, 1, 1)), ((2, 3), (1, 2), (1, 1, 0, 0)), ((3, 2), (3, 1), (0, 0, 1, 1))]
windows = pytest.mark.parametrize("setting", SETTINGS, ids=str)


def drawn(shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def by_torch(operation, x, seed=1):
    """-> y, dy, dx of an operation on channels first, as arrays with channels last."""
    t = torch.tensor(np.moveaxis(x, -1, 1).copy(), requires_grad=True)
    y = operation(t)
    dy = drawn(y.shape, seed)
    y.backward(torch.tensor(dy))
    return [np.ascontiguousarray(np.moveaxis(array, 1, -1)) for array in (y.detach().numpy(), dy, t.grad.numpy())]


def assert_close(found, wanted):
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-14 * np.abs(wanted).max())


@windows
@pytest.mark.parametrize("rounded", [False, True], ids=["distinct values", "ties"])
def test_max_pool(setting, rounded):
    """torch too gives the gradient to the first of equals."""
    window, stride, pads = setting
    x = drawn((2, 6, 7, 3))
    x = x.round() if rounded else x
    y, dy, dx = by_torch(lambda t: F.max_pool2d(t, window, stride, pads[::2]), x)
    np.testing.assert_array_equal(kernels.max_pool_forward(x, *setting), y)
    assert_close(kernels.max_pool_backward(dy, x, *setting), dx)


@windows
@pytest.mark.parametrize("count_padding", [False, True])
def test_average_pool(setting, count_padding):
    window, stride, pads = setting
    x = drawn((2, 6, 7, 3))
    y, dy, dx = by_torch(
        lambda t: F.avg_pool2d(t, window, stride, pads[::2], count_include_pad=count_padding), x
    )
    assert_close(kernels.average_pool_forward(x, *setting, count_padding), y)
    assert_close(kernels.average_pool_backward(dy, (6, 7), *setting, count_padding), dx)


@pytest.mark.parametrize("pads", [(1, 2, 3, 0), (-1, 0, -2, 1)], ids=str)
def test_pad(pads):
    top, bottom, left, right = pads
    x = drawn((2, 5, 6, 3))
    y, dy, dx = by_torch(lambda t: F.pad(t, (left, right, top, bottom)), x)
    np.testing.assert_array_equal(kernels.pad_forward(x, pads), y)
    np.testing.assert_array_equal(kernels.pad_backward(dy, pads), dx)


def test_leaky_relu_and_its_kink():
    x = np.round(drawn((2, 4, 5, 3)), 1)
    assert (x == 0).any()
    y, dy, dx = by_torch(lambda t: F.leaky_relu(t, 0.1), x)
    assert_close(kernels.leaky_relu_forward(x, 0.1), y)
    assert_close(kernels.leaky_relu_backward(dy, x, 0.1), dx)


@pytest.mark.parametrize("size", [1, 3, 5])
def test_local_response_norm(size):
    """torch divides alpha by size, which AlexNet does not."""
    x = 5 * drawn((2, 3, 4, 8))
    y, dy, dx = by_torch(lambda t: F.local_response_norm(t, size, alpha=0.3 * size, beta=0.75, k=2.0), x)
    assert_close(kernels.local_response_norm_forward(x, size, 0.3, 0.75, 2.0), y)
    assert_close(kernels.local_response_norm_backward(dy, x, size, 0.3, 0.75, 2.0), dx)


@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (6, 5)], ids=["map", "features"])
@pytest.mark.parametrize("eps", [1e-12, 2.0], ids=["lengths", "lengths and eps"])
def test_l2_normalize(shape, eps):
    x = drawn(shape)
    y, dy, dx = by_torch(lambda t: F.normalize(t, dim=1, eps=eps), x)
    assert_close(kernels.l2_normalize_forward(x, eps), y)
    assert_close(kernels.l2_normalize_backward(dy, x, eps), dx)


def test_l2_normalize_of_zeros():
    x = np.zeros((1, 2, 2, 3))
    y, dy, dx = by_torch(lambda t: F.normalize(t, dim=1, eps=0.5), x)
    np.testing.assert_array_equal(kernels.l2_normalize_forward(x, 0.5), y)
    assert_close(kernels.l2_normalize_backward(dy, x, 0.5), dx)


def test_channel_scale():
    x, scale = drawn((2, 3, 4, 5)), drawn(5, 2)
    factors = torch.tensor(scale, requires_grad=True)
    y, dy, dx = by_torch(lambda t: t * factors.reshape(-1, 1, 1), x)
    np.testing.assert_array_equal(kernels.channel_scale_forward(x, scale), y)
    found = kernels.channel_scale_backward(dy, x, scale)
    np.testing.assert_array_equal(found[0], dx)
    assert_close(found[1], factors.grad.numpy())
