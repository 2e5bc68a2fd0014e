"""SSD300 and SSD512 against plain torch functions, at their sizes but with a few channels: outputs and all gradients.

Written from Liu et al. 2015 and the authors' Caffe scripts; weights are shared by key. The tables of channels are thin,
because the full networks take minutes: what is compared is which map goes where, through which windows.
"""

import numpy as np
import pytest
from healthy import healthy

from refnet.models import ssd_vgg, ssd_vgg16, vgg

functions = pytest.importorskip("torch_functions")
torch = pytest.importorskip("torch")
F = torch.nn.functional
pytestmark = [pytest.mark.torch, pytest.mark.jit]

CLASSES = 2
# Caffe's (name, stride, padding) of the second convolution of each extra pair.
EXTRAS = {
    300: [("conv6", 2, 1), ("conv7", 2, 1), ("conv8", 1, 0), ("conv9", 1, 0)],
    512: [("conv6", 2, 1), ("conv7", 2, 1), ("conv8", 2, 1), ("conv9", 2, 1), ("conv10", 1, 1)],
}


@pytest.fixture
def thin(monkeypatch):
    """VGG with 3 to 5 channels, fc6 and fc7 with 7, extra layers with 8 and 12."""
    monkeypatch.setattr(vgg, "BODY", ((2, 3), (2, 3), (3, 4), (3, 5), (3, 4)))
    monkeypatch.setattr(ssd_vgg, "FC", 7)
    monkeypatch.setattr(ssd_vgg, "SETTINGS", {side: thinned(each) for side, each in ssd_vgg.SETTINGS.items()})


def thinned(setting):
    return setting._replace(extras=tuple(extra._replace(half=8, c=12) for extra in setting.extras))


class Detector(functions.Network):
    def biased(self, x, name, **more):
        return self.conv(x, name, **more) + self.w[f"{name}_bias/bias"][:, None, None]

    def stage(self, x, number, convolutions):
        for index in range(1, convolutions + 1):
            x = self.biased(x, f"conv{number}_{index}", padding=1).relu()
        return x

    def maps(self, x, extras):
        for number, convolutions in enumerate((2, 2, 3, 3), start=1):
            x = self.stage(x, number, convolutions)
            if number == 4:
                unit = x / x.square().sum(1, keepdim=True).sqrt().clamp_min(1e-10)
                found = [unit * self.w["conv4_3_scale/scale"][:, None, None]]
            x = F.max_pool2d(x, 2, 2, ceil_mode=True)
        x = F.max_pool2d(self.stage(x, 5, 3), 3, 1, padding=1)
        x = self.biased(x, "fc6", padding=6, dilation=6).relu()
        found.append(self.biased(x, "fc7").relu())
        for name, stride, padding in extras:
            x = self.biased(found[-1], f"{name}_1").relu()
            found.append(self.biased(x, f"{name}_2", stride=stride, padding=padding).relu())
        return found

    def forward(self, x, extras):
        outputs = {}
        for number, found in enumerate(self.maps(x, extras), start=1):
            for name in (f"boxes_{number}", f"classes_{number}"):
                y = self.conv(found, f"{name}/conv", padding=1) + self.w[f"{name}/bias"][:, None, None]
                outputs[name] = y.permute(0, 2, 3, 1)
        return outputs


@pytest.mark.parametrize("resolution", [300, 512])
def test_agrees(resolution, thin):
    net, random = ssd_vgg16(resolution, CLASSES), np.random.default_rng(3)
    weights = healthy(net, random)
    images = random.standard_normal((1, *net.inputs["images"]))
    dy = {name: random.standard_normal((1, *net.shapes[name])) for name in net.outputs}
    got, tape = net.train_forward(weights, images, 0)
    dx, gradients = net.backward(tape, dy)
    module = Detector(weights, 0, "stored")
    x = torch.tensor(images.transpose(0, 3, 1, 2)).requires_grad_()
    wanted = module.forward(x, EXTRAS[resolution])
    sum((torch.tensor(dy[name]) * y).sum() for name, y in wanted.items()).backward()
    assert list(got) == list(wanted)
    for name, y in wanted.items():
        assert functions.close(got[name], y.detach().numpy(), abs(y).max().item())
    right = {key: module.w[key].grad.numpy() for key in gradients}
    right["images"], gradients["images"] = x.grad.numpy().transpose(0, 2, 3, 1), dx
    for key, value in right.items():
        assert functions.close(gradients[key], value, abs(value).max()), key
        assert np.any(value), key
