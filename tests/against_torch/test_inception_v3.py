"""Inception V3 as a whole against torch: logits and every gradient, with shared random weights.

The torch code follows the published architecture in the manner of torchvision's module, with one difference: average
pools leave the padding out, as TensorFlow's do, for which the weights were trained; torchvision's count it as zeros.
"""

from dataclasses import replace

import pytest

from refnet import Graph
from refnet.layers import AveragePool2d
from refnet.models import inception_v3

leaves = pytest.importorskip("torch_leaves")
torch = pytest.importorskip("torch")
F = torch.nn.functional
pytestmark = [pytest.mark.torch, pytest.mark.jit]

ROW, COLUMN = (0, 3), (3, 0)  # padding of 1x7 and 7x1 convolutions
SIDE = 107  # maps of 11x11, 5x5 and 2x2 pixels in the three groups of blocks


def inception(w, x, kept):
    x = w.unit(x, "conv2d_1a_3x3", 2)
    x = w.unit(x, "conv2d_2a_3x3")
    x = w.unit(x, "conv2d_2b_3x3", 1, 1)
    x = F.max_pool2d(x, 3, 2)
    x = w.unit(x, "conv2d_3b_1x1")
    x = w.unit(x, "conv2d_4a_3x3")
    x = F.max_pool2d(x, 3, 2)
    for name in ("5b", "5c", "5d"):
        x = block_a(w, x, f"mixed_{name}")
    x = block_b(w, x, "mixed_6a")
    for name in ("6b", "6c", "6d", "6e"):
        x = block_c(w, x, f"mixed_{name}")
    x = block_d(w, x, "mixed_7a")
    for name in ("7b", "7c"):
        x = block_e(w, x, f"mixed_{name}")
    return w.classify(x.mean((2, 3)) * kept)


def pooled(w, x, name):
    return w.unit(F.avg_pool2d(x, 3, 1, 1, count_include_pad=False), f"{name}/branch_3/conv_2")


def block_a(w, x, name):
    one = w.unit(x, f"{name}/branch_0/conv_1")
    five = w.unit(w.unit(x, f"{name}/branch_1/conv_1"), f"{name}/branch_1/conv_2", 1, 2)
    three = w.unit(x, f"{name}/branch_2/conv_1")
    three = w.unit(three, f"{name}/branch_2/conv_2", 1, 1)
    three = w.unit(three, f"{name}/branch_2/conv_3", 1, 1)
    return torch.cat([one, five, three, pooled(w, x, name)], 1)


def block_b(w, x, name):
    three = w.unit(x, f"{name}/branch_0/conv_1", 2)
    double = w.unit(x, f"{name}/branch_1/conv_1")
    double = w.unit(double, f"{name}/branch_1/conv_2", 1, 1)
    double = w.unit(double, f"{name}/branch_1/conv_3", 2)
    return torch.cat([three, double, F.max_pool2d(x, 3, 2)], 1)


def block_c(w, x, name):
    one = w.unit(x, f"{name}/branch_0/conv_1")
    seven = w.unit(x, f"{name}/branch_1/conv_1")
    seven = w.unit(seven, f"{name}/branch_1/conv_2", 1, ROW)
    seven = w.unit(seven, f"{name}/branch_1/conv_3", 1, COLUMN)
    double = w.unit(x, f"{name}/branch_2/conv_1")
    for place, padding in enumerate((COLUMN, ROW, COLUMN, ROW), start=2):
        double = w.unit(double, f"{name}/branch_2/conv_{place}", 1, padding)
    return torch.cat([one, seven, double, pooled(w, x, name)], 1)


def block_d(w, x, name):
    three = w.unit(w.unit(x, f"{name}/branch_0/conv_1"), f"{name}/branch_0/conv_2", 2)
    seven = w.unit(x, f"{name}/branch_1/conv_1")
    seven = w.unit(seven, f"{name}/branch_1/conv_2", 1, ROW)
    seven = w.unit(seven, f"{name}/branch_1/conv_3", 1, COLUMN)
    seven = w.unit(seven, f"{name}/branch_1/conv_4", 2)
    return torch.cat([three, seven, F.max_pool2d(x, 3, 2)], 1)


def block_e(w, x, name):
    one = w.unit(x, f"{name}/branch_0/conv_1")
    three = split(w, w.unit(x, f"{name}/branch_1/conv_1"), f"{name}/branch_1")
    double = w.unit(w.unit(x, f"{name}/branch_2/conv_1"), f"{name}/branch_2/conv_2", 1, 1)
    double = split(w, double, f"{name}/branch_2")
    return torch.cat([one, three, double, pooled(w, x, name)], 1)


def split(w, x, branch):
    """A row and a column beside each other."""
    return torch.cat([w.unit(x, f"{branch}/split_1", 1, (0, 1)), w.unit(x, f"{branch}/split_2", 1, (1, 0))], 1)


@pytest.fixture(scope="module")
def comparison():
    return leaves.Comparison(inception_v3(SIDE, classes=5), inception, eps=1e-3, batch=1)


def test_logits_and_gradients_agree(comparison):
    assert comparison.differences() == []
    assert comparison.unnoticed() == []


@pytest.mark.parametrize("block", ["mixed_5c", "mixed_7c"])
def test_swapped_branches_are_noticed(comparison, block):
    net, name = comparison.net, f"{block}/concat"
    nodes = [replace(node, inputs=node.inputs[::-1]) if node.name == name else node for node in net.nodes]
    assert comparison.logits_differ(Graph("swapped", net.inputs, nodes))


def test_padding_that_pools_count_is_noticed(comparison):
    net = comparison.net
    nodes = [
        replace(node, layer=replace(node.layer, count_padding=True)) if isinstance(node.layer, AveragePool2d) else node
        for node in net.nodes
    ]
    assert comparison.logits_differ(Graph("counting", net.inputs, nodes))
