"""DeepLabv3 once more in plain torch functions, from the papers' tables: scores and every gradient.

Sides are 2^k + 1, so that SAME is symmetric everywhere. Strides and dilations of both output strides are written out.

    w   weights under refnet's keys and in its layout, float64    x   (B, channels, H, W): torch's layout
"""

from dataclasses import replace

import numpy as np
import pytest
from healthy import healthy
from models.wiring import with_swapped_branches

from refnet import Graph
from refnet.layers import Dropout
from refnet.models import deeplab_mobilenet_v1, deeplab_mobilenet_v2
from refnet.models.deeplab import heads, scores

torch = pytest.importorskip("torch")
steps = pytest.importorskip("torch_steps")
functional = pytest.importorskip("torch_functions")
pytestmark = [pytest.mark.torch, pytest.mark.jit]

BODY_EPS, HEAD_EPS = 1e-3, 1e-5

# (stride, dilation) of the depthwise convolutions of V1's 13 and V2's 17 blocks.
V1_STRIDES = {
    16: [(1, 1), (2, 1), (1, 1), (2, 1), (1, 1), (2, 1), *[(1, 1)] * 5, (1, 1), (1, 2)],
    8: [(1, 1), (2, 1), (1, 1), (2, 1), (1, 1), (1, 1), *[(1, 2)] * 5, (1, 2), (1, 4)],
}
V2_STRIDES = {
    16: [(1, 1), (2, 1), (1, 1), (2, 1), (1, 1), (1, 1), (2, 1), *[(1, 1)] * 6, (1, 1), *[(1, 2)] * 3],
    8: [(1, 1), (2, 1), (1, 1), (2, 1), (1, 1), (1, 1), (1, 1), *[(1, 2)] * 6, (1, 2), *[(1, 4)] * 3],
}
V2_SHORTCUTS = {3, 5, 6, 8, 9, 10, 12, 13, 15, 16}


class DeepLab(functional.Network):
    """rates: of the atrous heads; stride: output stride of the body."""

    def __init__(self, weights, statistics, rates, stride=None):
        super().__init__(weights, BODY_EPS, statistics)
        self.rates, self.stride = rates, stride

    def depthwise(self, x, name, stride, dilation):
        x = self.conv_bn(x, f"{name}/depthwise", stride=stride, padding=dilation, dilation=dilation)
        return torch.nn.functional.relu6(x)

    def v1(self, images):
        x = torch.nn.functional.relu6(self.conv_bn(images, "conv_first", stride=2, padding=1))
        for number, (stride, dilation) in enumerate(V1_STRIDES[self.stride], start=1):
            x = self.depthwise(x, f"block_{number}", stride, dilation)
            x = torch.nn.functional.relu6(self.conv_bn(x, f"block_{number}/pointwise"))
        return self.segmented(x, images.shape[2:])

    def v2(self, images):
        x = torch.nn.functional.relu6(self.conv_bn(images, "conv_first", stride=2, padding=1))
        for number, (stride, dilation) in enumerate(V2_STRIDES[self.stride], start=1):
            name, y = f"block_{number}", x
            if number > 1:
                y = torch.nn.functional.relu6(self.conv_bn(y, f"{name}/expand"))
            y = self.conv_bn(self.depthwise(y, name, stride, dilation), f"{name}/project")
            x = x + y if number in V2_SHORTCUTS else y
        return self.segmented(x, images.shape[2:])

    def segmented(self, x, size):
        pooled = self.conv_bn(x.mean((2, 3), keepdim=True), "image_pooling/conv", HEAD_EPS).relu()
        branches = [resized(pooled, x.shape[2:]), self.conv_bn(x, "aspp_0/conv", HEAD_EPS).relu()]
        for number, rate in enumerate(self.rates, start=1):
            name = f"aspp_{number}/conv"
            branches.append(self.conv_bn(x, name, HEAD_EPS, padding=rate, dilation=rate).relu())
        y = self.conv_bn(torch.cat(branches, 1), "projection", HEAD_EPS).relu()
        y = self.conv(y, "logits") + self.w["logits_bias/bias"][:, None, None]
        return resized(y, size)

    def heads(self, images):
        return self.segmented(images, images.shape[2:])


def resized(x, size):
    return torch.nn.functional.interpolate(x, tuple(size), mode="bilinear", align_corners=True)


NETWORKS = {
    "v1-16-aspp": (lambda: deeplab_mobilenet_v1(0.25, 65, 3, 16), "v1", 16, (6, 12, 18)),
    "v1-8-aspp": (lambda: deeplab_mobilenet_v1(0.25, 129, 3, 8), "v1", 8, (12, 24, 36)),
    "v2-16": (lambda: deeplab_mobilenet_v2(0.35, 65, 3, 16), "v2", 16, ()),
    "v2-8-aspp": (lambda: deeplab_mobilenet_v2(0.35, 65, 3, 8, aspp=True), "v2", 8, (12, 24, 36)),
}


def compare(net, statistics, forward, rates, stride=None):
    net = without_dropout(net)
    weights = healthy(net, np.random.default_rng(0))
    images = np.random.default_rng(1).standard_normal((2, *net.inputs["images"]))
    dy = np.random.default_rng(2).standard_normal((2, *net.shapes["scores"]))
    torchs = DeepLab(weights, statistics, rates, stride)
    functional.assert_agree(net, weights, images, dy, statistics, torchs, getattr(torchs, forward))


def without_dropout(net):
    nodes = [replace(node, layer=Dropout(0.0)) if node.name == "dropout" else node for node in net.nodes]
    return Graph(net.name, net.inputs, nodes, net.outputs)


@pytest.mark.parametrize("statistics", ["stored", "batch"])
@pytest.mark.parametrize("name", NETWORKS)
def test_scores_and_gradients(name, statistics):
    build, forward, stride, rates = NETWORKS[name]
    compare(build(), statistics, forward, rates, stride)


def only_heads():
    """On the image itself, so that every tap of every rate sees pixels."""
    return Graph("heads", {"images": (27, 31, 3)}, [*heads("images", (3, 6, 12)), *scores(4)])


@pytest.mark.parametrize("statistics", ["stored", "batch"])
def test_the_heads_alone(statistics):
    compare(only_heads(), statistics, "heads", (3, 6, 12))


def test_swapped_branches_are_noticed():
    with pytest.raises(AssertionError):
        compare(with_swapped_branches(only_heads(), "concat"), "stored", "heads", (3, 6, 12))
