"""ResNet-101 once more in plain torch functions, from the published architecture: logits and every gradient.

    w   weights under refnet's keys and in its layout, float64    x   (B, channels, H, W): torch's layout
"""

import numpy as np
import pytest
from healthy import healthy

from refnet.models import resnet_101

torch = pytest.importorskip("torch")
steps = pytest.importorskip("torch_steps")
functional = pytest.importorskip("torch_functions")
pytestmark = [pytest.mark.torch, pytest.mark.jit]

EPS = 1e-5
UNITS = {2: 3, 3: 4, 4: 23, 5: 3}


class ResNet(functional.Network):
    """torchvision's resnet101, and DeepLab's variant of it."""

    def torchvision(self, x):
        x = self.conv_bn(x, "conv1", stride=2, padding=3).relu()
        x = torch.nn.functional.max_pool2d(x, 3, 2, 1)
        for group, units in UNITS.items():
            for unit in range(1, units + 1):
                stride = 2 if unit == 1 and group > 2 else 1
                x = self.bottleneck(x, f"conv{group}_{unit}", stride, dilation=1, project=unit == 1)
        return self.classified(x)

    def beta(self, x):
        x = self.conv_bn(x, "conv1_1", stride=2, padding=1).relu()
        x = self.conv_bn(x, "conv1_2", padding=1).relu()
        x = self.conv_bn(x, "conv1_3", padding=1).relu()
        x = torch.nn.functional.max_pool2d(x, 3, 2, 1)  # SAME pads so for odd sizes
        for group, units in UNITS.items():
            for unit in range(1, units + 1):
                stride = 2 if unit == units and group < 5 else 1
                dilation = {1: 1, 2: 2, 3: 4}[unit] if group == 5 else 1
                x = self.bottleneck(x, f"conv{group}_{unit}", stride, dilation, project=unit == 1)
        return self.classified(x)

    def bottleneck(self, x, name, stride, dilation, project):
        y = self.conv_bn(x, f"{name}/conv1").relu()
        y = self.conv_bn(y, f"{name}/conv2", stride=stride, padding=dilation, dilation=dilation).relu()
        y = self.conv_bn(y, f"{name}/conv3")
        x = self.conv_bn(x, f"{name}/shortcut", stride=stride) if project else x[:, :, ::stride, ::stride]
        return (x + y).relu()

    def classified(self, x):
        return x.mean((2, 3)) @ self.w["classifier/kernel"] + self.w["classifier_bias/bias"]


@pytest.mark.parametrize(("variant", "statistics"), [("torchvision", "stored"), ("beta", "batch")])
def test_logits_and_gradients(variant, statistics):
    net = resnet_101(33, classes=10, variant=variant)
    weights = healthy(net, np.random.default_rng(0))
    images = np.random.default_rng(1).standard_normal((2, 33, 33, 3))
    dy = np.random.default_rng(2).standard_normal((2, 10))
    torchs = ResNet(weights, EPS, statistics)
    functional.assert_agree(net, weights, images, dy, statistics, torchs, getattr(torchs, variant))
