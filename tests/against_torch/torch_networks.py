"""MobileNet V1 and V2 once more, as torch modules: written from the papers' tables, sharing nothing with refnet.

Every convolution pads explicitly (`F.pad`), because torch has no TensorFlow SAME for stride 2.

    t, c, n, s  expansion, channels, repetitions, stride (V2 Table 2)    x (B, channels, H, W): torch's layout
"""

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn import functional as F

Activation = Callable[[Tensor], Tensor]

V1_BLOCKS = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (1024, 1)]
V2_BLOCKS = [
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
]


class Unit(nn.Module):
    """Explicit padding, convolution without bias, batch norm, and ReLU6 if wanted."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        size: int,
        stride: int,
        groups: int,
        padding: str,
        momentum: float,
        active: bool,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, size, stride, groups=groups, bias=False)
        self.bn = nn.BatchNorm2d(outputs, eps=1e-3, momentum=momentum)
        self.padding, self.active = padding, active
        self.relu6: Activation = F.relu6  # `hold` in torch_steps.py replaces it

    def forward(self, x: Tensor) -> Tensor:
        size, stride = self.conv.kernel_size[0], self.conv.stride[0]
        (top, bottom), (left, right) = (margins(length, size, stride, self.padding) for length in x.shape[2:])
        y = self.bn(self.conv(F.pad(x, (left, right, top, bottom))))
        return self.relu6(y) if self.active else y


def margins(length: int, size: int, stride: int, padding: str) -> tuple[int, int]:
    """Padded pixels before and after one axis."""
    if padding == "symmetric":
        return (size - 1) // 2, (size - 1) // 2
    last = (length + stride - 1) // stride * stride - stride  # where the last window starts without padding
    missing = max(last + size - length, 0)
    return missing // 2, missing - missing // 2


class Residual(nn.Module):
    """V2's bottleneck: expand, depthwise, project; the input is added where shapes allow."""

    def __init__(self, units: list[Unit], add: bool) -> None:
        super().__init__()
        self.units, self.add = nn.Sequential(*units), add

    def forward(self, x: Tensor) -> Tensor:
        return x + self.units(x) if self.add else self.units(x)


class Classified(nn.Module):
    """A body, global average pooling, and a linear classifier with bias."""

    def __init__(self, body: list[nn.Module], features: int, classes: int) -> None:
        super().__init__()
        self.body, self.classifier = nn.Sequential(*body), nn.Linear(features, classes)
        self.dropout: Activation = lambda features: features

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.dropout(self.body(x).mean((2, 3))))


def torch_v1(width: float, classes: int, padding: str, momentum: float) -> Classified:
    """V1 Table 1."""

    def channels(c: int) -> int:
        return max(8, int(c * width))

    before = channels(32)
    body: list[nn.Module] = [Unit(3, before, 3, 2, 1, padding, momentum, True)]
    for wish, stride in V1_BLOCKS:
        body.append(Unit(before, before, 3, stride, before, padding, momentum, True))
        body.append(Unit(before, channels(wish), 1, 1, 1, padding, momentum, True))
        before = channels(wish)
    return Classified(body, before, classes)


def torch_v2(width: float, classes: int, padding: str, momentum: float) -> Classified:
    """V2 Table 2."""

    def channels(c: float) -> int:
        rounded = max(8, 8 * int((c * width + 4) // 8))
        return rounded if rounded >= 0.9 * c * width else rounded + 8

    before, last = channels(32), channels(1280) if width > 1 else 1280
    body: list[nn.Module] = [Unit(3, before, 3, 2, 1, padding, momentum, True)]
    for t, c, n, s in V2_BLOCKS:
        for stride in (s, *[1] * (n - 1)):
            inner, after = t * before, channels(c)
            units = [] if t == 1 else [Unit(before, inner, 1, 1, 1, padding, momentum, True)]
            units.append(Unit(inner, inner, 3, stride, inner, padding, momentum, True))
            units.append(Unit(inner, after, 1, 1, 1, padding, momentum, False))
            body.append(Residual(units, add=stride == 1 and before == after))
            before = after
    body.append(Unit(before, last, 1, 1, 1, padding, momentum, True))
    return Classified(body, last, classes)
