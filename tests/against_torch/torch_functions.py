"""What networks written in plain torch functions share: convolutions over refnet's weights, and the comparison.

    w   weights under refnet's keys and in its layout, float64, so that torch's gradients come under these keys too
    x   (B, channels, H, W): torch's layout
"""

import numpy as np
import torch
from torch.nn import functional as F

torch.set_num_threads(1)  # its threads spin while they wait, and starve whatever else runs here

STATISTICS = ("moving_mean", "moving_variance")


class Network:
    """Weights as torch leaves. statistics: "stored", or "batch" for batch norm in training."""

    def __init__(self, weights, eps, statistics):
        self.eps, self.statistics = eps, statistics
        self.w = {key: torch.tensor(value) for key, value in weights.items()}
        for key, value in self.w.items():
            value.requires_grad_(not key.endswith(STATISTICS))

    def conv(self, x, name, **more):
        """more: stride, padding, dilation. Kernels (KH, KW, M, N), (M, N) for 1x1, (KH, KW, M) for depthwise."""
        kernel = self.w[f"{name}/kernel"]
        if kernel.ndim == 2:
            return F.conv2d(x, kernel.T[:, :, None, None], **more)
        if kernel.ndim == 3:
            return F.conv2d(x, kernel.permute(2, 0, 1)[:, None], groups=kernel.shape[2], **more)
        return F.conv2d(x, kernel.permute(3, 2, 0, 1), **more)

    def norm(self, x, name, eps=None):
        gamma, beta, mean, variance = (self.w[f"{name}/{role}"] for role in ("gamma", "beta", *STATISTICS))
        batch = self.statistics == "batch"
        return F.batch_norm(x, mean.clone(), variance.clone(), gamma, beta, batch, 0.1, eps or self.eps)

    def conv_bn(self, x, name, eps=None, **more):
        return self.norm(self.conv(x, name, **more), f"{name}_bn", eps)


def assert_agree(net, weights, images, dy, statistics, network, forward):
    """Output and every gradient, each within 1e-9 of the largest of the same role; dy (B, ...) in refnet's layout."""
    got, tape = net.train_forward(weights, images, 0, statistics=statistics)
    dx, gradients = net.backward(tape, dy)
    x = torch.tensor(images.transpose(0, 3, 1, 2)).requires_grad_()
    y = forward(x)
    y = y.permute(0, 2, 3, 1) if y.ndim == 4 else y
    y.backward(torch.tensor(dy))
    wanted = {key: network.w[key].grad.numpy() for key in gradients}
    assert close(got, y.detach().numpy(), abs(y).max().item())
    assert close(dx, x.grad.numpy().transpose(0, 2, 3, 1), x.grad.abs().max().item())
    roles = {key.rpartition("/")[2] for key in wanted}
    largest = {role: max(abs(wanted[key]).max() for key in wanted if key.endswith(role)) for role in roles}
    assert [key for key in wanted if not close(gradients[key], wanted[key], largest[key.rpartition("/")[2]])] == []
    assert all(np.any(gradients[key]) for key in gradients)


def close(got, wanted, largest):
    return got.shape == wanted.shape and abs(got - wanted).max() <= 1e-9 * largest
