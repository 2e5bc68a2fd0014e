"""Counts of MobileNet V1 and V2 once more: integer arithmetic on the papers' tables, nothing of refnet.

A network is a list of lines, in the order of the paper's table. Sizes of maps are walked along one axis,
because images, kernels and paddings are square.

    kind     "conv", "dw" (depthwise), "pw" (1x1) or "fc"    name   where the line stands, in refnet's names
    size     of the map that goes in, out: of the one that comes out (1 for "fc")
    m, n     channels in, channels out                       taps   of the window along one axis (3 or 1)
    inside   over all positions of the window along one axis: its taps that lie inside the map
"""

from dataclasses import dataclass
from math import floor

# V1 Table 1: (stride of the depthwise line, channels of the 1x1 line below it). The last stride is printed 2.
V1_PAIRS = [(1, 64), (2, 128), (1, 128), (2, 256), (1, 256), (2, 512)]
V1_FIVE = [(1, 512)] * 5
V1_LAST = [(2, 1024), (1, 1024)]

# V2 Table 2, columns t, c, n, s.
V2_TABLE = """
    1   16  1  1
    6   24  2  2
    6   32  3  2
    6   64  4  2
    6   96  3  1
    6  160  3  2
    6  320  1  1
"""


@dataclass
class Line:
    name: str
    kind: str
    size: int
    out: int
    m: int
    n: int
    taps: int
    inside: int

    @property
    def weights(self):
        return self.taps**2 * (self.m if self.kind == "dw" else self.m * self.n)

    @property
    def madds(self):
        return self.weights * self.out**2

    @property
    def madds_inside(self):
        return self.weights // self.taps**2 * self.inside**2


def v1_channels(width, channels):
    return max(floor(width * channels), 8)


def v2_channels(wish):
    """The multiple of 8 nearest to the wish, at least 8; the next one if that is below 0.9 of the wish."""
    eights = max(floor(wish / 8 + 0.5), 1)
    return 8 * (eights + (8 * eights < 0.9 * wish))


def window(size, stride, padding):
    """A window of 3 along an axis: (positions, taps inside the map)."""
    if padding == "same":
        positions = (size + stride - 1) // stride
        missing = (positions - 1) * stride + 3 - size
        start = -(missing // 2) if missing > 0 else 0
    elif padding == "symmetric":
        positions, start = (size + 2 - 3) // stride + 1, -1
    else:
        positions, start = (size - 3) // stride + 1, 0
    inside = 0
    for position in range(positions):
        low = start + position * stride
        inside += min(low + 3, size) - max(low, 0)
    return positions, inside


class Network:
    """Lines so far, and the size and channels of the map where the next one starts."""

    def __init__(self, resolution, padding):
        self.lines, self.size, self.channels, self.padding = [], resolution, 3, padding

    def spatial(self, name, kind, stride, channels):
        out, inside = window(self.size, stride, self.padding)
        self.lines.append(Line(name, kind, self.size, out, self.channels, channels, 3, inside))
        self.size, self.channels = out, channels

    def pointwise(self, name, channels):
        self.lines.append(Line(name, "pw", self.size, self.size, self.channels, channels, 1, self.size))
        self.channels = channels

    def classifier(self, classes):
        if classes:
            self.lines.append(Line("classifier", "fc", 1, 1, self.channels, classes, 1, 1))


def v1(width, resolution, classes, padding="same", body="mobilenet_v1"):
    """body: mobilenet_v1, conv_mobilenet (V1 Table 4) or shallow_mobilenet (V1 Table 5)."""
    net = Network(resolution, padding)
    net.spatial("conv_first", "conv", 2, v1_channels(width, 32))
    pairs = V1_PAIRS + ([] if body == "shallow_mobilenet" else V1_FIVE) + V1_LAST
    for at, (stride, channels) in enumerate(pairs):
        thin = v1_channels(width, channels)
        if body == "conv_mobilenet":
            net.spatial(f"block_{at + 1}/conv", "conv", stride, thin)
        else:
            net.spatial(f"block_{at + 1}/depthwise", "dw", stride, net.channels)
            net.pointwise(f"block_{at + 1}/pointwise", thin)
    net.classifier(classes)
    return net.lines


def v2(width, resolution, classes, padding="same", expansion=6, expand_first=False):
    net = Network(resolution, padding)
    net.spatial("conv_first", "conv", 2, v2_channels(width * 32))
    block = 0
    for row in V2_TABLE.split("\n")[1:-1]:
        t, c, n, s = (int(word) for word in row.split())
        for stride in [s] + [1] * (n - 1):
            block += 1
            factor = 1 if t == 1 else expansion
            if factor != 1 or expand_first:
                net.pointwise(f"block_{block}/expand", v2_channels(factor * net.channels))
            net.spatial(f"block_{block}/depthwise", "dw", stride, net.channels)
            net.pointwise(f"block_{block}/project", v2_channels(width * c))
    net.pointwise("conv_last", 1280 if width < 1 else v2_channels(width * 1280))
    net.classifier(classes)
    return net.lines


def totals(lines):
    """What the lines add up to. Batch norm is behind every line but the classifier's, which has biases."""
    normalised = [line for line in lines if line.kind != "fc"]
    return {
        "madds": sum(line.madds for line in lines),
        "headless": sum(line.madds for line in normalised),
        "inside": sum(line.madds_inside for line in lines),
        "step": 3 * sum(line.madds for line in lines) - lines[0].madds,
        "flop_n": sum(2 * line.madds - line.out**2 * line.n for line in lines),
        "weights": sum(line.weights for line in lines),
        "biases": sum(line.n for line in lines if line.kind == "fc"),
        "bn_channels": sum(line.n for line in normalised),
        "bn_outputs": sum(line.n * line.out**2 for line in normalised),
    }
