"""VGG 16, AlexNet, SqueezeNet 1.0 and GoogLeNet as torch modules, written from their papers' tables; and a judge.

They share nothing with refnet. Tensors come in the order of refnet's keys: kernel and bias, layer by layer.

    x (B, channels, H, W): torch's layout
"""

from collections.abc import Callable

import numpy as np
import torch
import torch_steps as steps
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from refnet import Graph

Convolution = Callable[..., nn.Module]


class Tower(nn.Module):
    """Convolutions, the map flattened with channels first, three dense layers with ReLU between them."""

    def __init__(self, features: list[nn.Module], flat: int, units: int, classes: int) -> None:
        super().__init__()
        self.features = nn.Sequential(*features)
        self.dense = nn.ModuleList([nn.Linear(flat, units), nn.Linear(units, units), nn.Linear(units, classes)])

    def forward(self, x: Tensor) -> Tensor:
        fc6, fc7, fc8 = self.dense
        return fc8(fc7(fc6(self.features(x).flatten(1)).relu()).relu())


def vgg16(pixels: int, units: int, classes: int) -> Tower:
    """Simonyan and Zisserman, Table 1, column D; pixels: of the last map; units: of the first two dense layers."""
    layers, before = [], 3
    for c in (64, 64, "pool", 128, 128, "pool", *(256,) * 3, "pool", *(512,) * 3, "pool", *(512,) * 3, "pool"):
        if c == "pool":
            layers.append(nn.MaxPool2d(2))
        else:
            layers += [nn.Conv2d(before, c, 3, padding=1), nn.ReLU()]
            before = c
    return Tower(layers, 512 * pixels, units, classes)


def alexnet(pixels: int, units: int, classes: int) -> Tower:
    """Krizhevsky et al., Figure 2. torch divides alpha by the size, the paper does not."""

    def norm_and_pool() -> list[nn.Module]:
        return [nn.LocalResponseNorm(5, 5 * 1e-4, 0.75, 2.0), nn.MaxPool2d(3, 2, ceil_mode=True)]

    layers = [nn.Conv2d(3, 96, 11, 4), nn.ReLU(), *norm_and_pool()]
    layers += [nn.Conv2d(96, 256, 5, padding=2, groups=2), nn.ReLU(), *norm_and_pool()]
    layers += [nn.Conv2d(256, 384, 3, padding=1), nn.ReLU()]
    layers += [nn.Conv2d(384, 384, 3, padding=1, groups=2), nn.ReLU()]
    layers += [nn.Conv2d(384, 256, 3, padding=1, groups=2), nn.ReLU(), nn.MaxPool2d(3, 2, ceil_mode=True)]
    return Tower(layers, 256 * pixels, units, classes)


class Fire(nn.Module):
    """Iandola et al., Figure 1."""

    def __init__(self, before: int, s1x1: int, e1x1: int, e3x3: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(before, s1x1, 1)
        self.expand1, self.expand3 = nn.Conv2d(s1x1, e1x1, 1), nn.Conv2d(s1x1, e3x3, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.squeeze(x).relu()
        return torch.cat([self.expand1(x).relu(), self.expand3(x).relu()], 1)


class SqueezeNet(nn.Module):
    """Iandola et al., Table 1; last_padding: of conv10, 1 in the authors' Caffe model."""

    def __init__(self, classes: int, last_padding: int = 0) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 96, 7, 2)
        self.fires = nn.ModuleList()
        before = 96
        for n in (1, 1, 2, 2, 3, 3, 4, 4):  # fire2 to fire9: how many times the first one's channels
            self.fires.append(Fire(before, 16 * n, 64 * n, 64 * n))
            before = 128 * n
        self.last = nn.Conv2d(512, classes, 1, padding=last_padding)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(self.first(x).relu(), 3, 2, ceil_mode=True)
        for number, fire in enumerate(self.fires, start=2):
            x = fire(x)
            if number in (4, 8):
                x = F.max_pool2d(x, 3, 2, ceil_mode=True)
        return self.last(x).relu().mean((2, 3))


class Biased(nn.Module):
    """Convolution with bias, ReLU."""

    def __init__(self, before: int, after: int, size: int, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(before, after, size, stride, (size - 1) // 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x).relu()


class Normalised(nn.Module):
    """Convolution without bias, batch norm, ReLU."""

    def __init__(self, before: int, after: int, size: int, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(before, after, size, stride, (size - 1) // 2, bias=False)
        self.bn = nn.BatchNorm2d(after, eps=1e-3, momentum=0.1)

    def forward(self, x: Tensor) -> Tensor:
        return self.bn(self.conv(x)).relu()


class Inception(nn.Module):
    """Szegedy et al., Figure 2b, with a row of their Table 1."""

    def __init__(self, conv: Convolution, large: int, before: int, row: tuple[int, ...]) -> None:
        super().__init__()
        one, reduce3, three, reduce5, five, projection = row
        self.one = conv(before, one, 1)
        self.three = nn.Sequential(conv(before, reduce3, 1), conv(reduce3, three, 3))
        self.five = nn.Sequential(conv(before, reduce5, 1), conv(reduce5, five, large))
        self.pool = nn.Sequential(nn.MaxPool2d(3, 1, 1), conv(before, projection, 1))

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.one(x), self.three(x), self.five(x), self.pool(x)], 1)


def googlenet(conv: Convolution, norm: Callable[[], nn.Module], large: int, pool4: int, classes: int) -> nn.Module:
    """Szegedy et al., Table 1. large: side of its 5x5 windows; norm: behind pool1 and behind conv2; pool4: its side."""

    def pool(side: int) -> nn.Module:
        return nn.MaxPool2d(side, 2, ceil_mode=True)

    def inception(before: int, *row: int) -> nn.Module:
        return Inception(conv, large, before, row)

    layers = [conv(3, 64, 7, 2), pool(3), norm(), conv(64, 64, 1), conv(64, 192, 3), norm(), pool(3)]
    layers += [inception(192, 64, 96, 128, 16, 32, 32), inception(256, 128, 128, 192, 32, 96, 64), pool(3)]
    layers += [inception(480, 192, 96, 208, 16, 48, 64), inception(512, 160, 112, 224, 24, 64, 64)]
    layers += [inception(512, 128, 128, 256, 24, 64, 64), inception(512, 112, 144, 288, 32, 64, 64)]
    layers += [inception(528, 256, 160, 320, 32, 128, 128), pool(pool4)]
    layers += [inception(832, 256, 160, 320, 32, 128, 128), inception(832, 384, 192, 384, 48, 128, 128)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1024, classes))


def response_norm() -> nn.Module:
    """Caffe's: constants of models/bvlc_googlenet; it divides alpha by the size, as torch does."""
    return nn.LocalResponseNorm(5, 1e-4, 0.75, 1.0)


# Judging


def randomise(module: nn.Module, seed: int) -> None:
    """Kernels by fan-in and biases that matter, so that signals stay healthy and every tap is felt."""
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            scale = 0.1 if name.endswith("bias") else (2 / parameter[0].numel()) ** 0.5
            parameter.normal_(0, scale, generator=random)


def judged(net: Graph, module: nn.Module, images: NDArray, statistics: str = "stored", flat: int = 0) -> list[str]:
    """What differs between both libraries by more than 1e-9 of its own largest value: "logits", keys, "images".

    flat: channels of the map that is flattened before fc6, whose rows stand in another order in torch.
    """
    dy = np.random.default_rng(3).standard_normal((len(images), *net.shapes[net.outputs[0]]))
    wanted = steps.torch_step(net, module, images, dy, statistics)
    got = steps.refnet_step(net, rows_last(steps.weights_of(net, module), flat), images, dy, statistics)
    gradients = rows_last(wanted.gradients, flat)
    pairs = {"logits": (got.logits, wanted.logits)}
    pairs |= {key: (got.gradients[key], gradients[key]) for key in gradients}
    pairs |= {key: (got.statistics[key], value) for key, value in wanted.statistics.items() if statistics == "batch"}
    return [key for key, (ours, theirs) in pairs.items() if not near(ours, theirs)]


def same_logits(net: Graph, module: nn.Module, images: NDArray) -> bool:
    """Whether inference agrees; no gradients."""
    with torch.no_grad():
        wanted = module.eval()(steps.nchw(images)).numpy()
    return near(net.forward(steps.weights_of(net, module), images), wanted)


def near(ours: NDArray, theirs: NDArray) -> bool:
    largest = abs(theirs).max()
    return bool(largest > 0 and abs(ours - theirs).max() <= 1e-9 * largest)


def rows_last(arrays: steps.Arrays, flat: int) -> steps.Arrays:
    """fc6's kernel (channels, rows, columns) x units of torch -> (rows, columns, channels) x units."""
    key = "fc6/kernel"
    if not flat:
        return arrays
    rows, units = arrays[key].shape
    turned = arrays[key].reshape(flat, rows // flat, units).swapaxes(0, 1)
    return {**arrays, key: np.ascontiguousarray(turned.reshape(rows, units))}
