"""Inception V2 as a whole against torch, whose code follows TF-slim's: logits and every gradient, shared weights."""

from dataclasses import replace

import pytest

from refnet import Graph
from refnet.models import inception_v2

leaves = pytest.importorskip("torch_leaves")
torch = pytest.importorskip("torch")
F = torch.nn.functional
pytestmark = [pytest.mark.torch, pytest.mark.jit]

SIDE = 75  # odd and even maps before the strides: 75, 38, 19, 10, 5, 3
REDUCING = ("mixed_4a", "mixed_5a")
KEEPING = {"mixed_3": "bc", "mixed_4": "bcde", "mixed_5": "bc"}


def inception(normalize_first):
    def network(w, x, kept):
        x = leaves.same_padded(x, 7, 2)
        first = "conv2d_1a_7x7/pointwise"
        x = w.conv(w.conv(x, "conv2d_1a_7x7/depthwise", 2, groups=3), first)
        x = F.relu(w.norm(x, first) if normalize_first else x + w.of[f"{first}_bias/bias"][:, None, None])
        x = leaves.same_max(x, 3, 2)
        x = w.unit(w.unit(x, "conv2d_2b_1x1"), "conv2d_2c_3x3", 1, 1)
        x = leaves.same_max(x, 3, 2)
        for group, letters in KEEPING.items():
            if f"{group}a" in REDUCING:
                x = reducing(w, x, f"{group}a")
            for letter in letters:
                x = keeping(w, x, f"{group}{letter}")
        return w.classify(x.mean((2, 3)) * kept)

    return network


def keeping(w, x, name):
    three = w.unit(w.unit(x, f"{name}/branch_1/conv_1"), f"{name}/branch_1/conv_2", 1, 1)
    double = w.unit(w.unit(x, f"{name}/branch_2/conv_1"), f"{name}/branch_2/conv_2", 1, 1)
    double = w.unit(double, f"{name}/branch_2/conv_3", 1, 1)
    pool = leaves.same_max if name == "mixed_5c" else leaves.same_average
    pooled = w.unit(pool(x, 3, 1), f"{name}/branch_3/conv_2")
    return torch.cat([w.unit(x, f"{name}/branch_0/conv_1"), three, double, pooled], 1)


def reducing(w, x, name):
    three = leaves.same_padded(w.unit(x, f"{name}/branch_0/conv_1"), 3, 2)
    three = w.unit(three, f"{name}/branch_0/conv_2", 2)
    double = w.unit(w.unit(x, f"{name}/branch_1/conv_1"), f"{name}/branch_1/conv_2", 1, 1)
    double = w.unit(leaves.same_padded(double, 3, 2), f"{name}/branch_1/conv_3", 2)
    return torch.cat([three, double, leaves.same_max(x, 3, 2)], 1)


def compared(normalize_first):
    net = inception_v2(SIDE, 5, normalize_first=normalize_first)
    return leaves.Comparison(net, inception(normalize_first), eps=1e-3, batch=1)


@pytest.fixture(scope="module")
def biased():
    return compared(normalize_first=False)


def test_logits_and_gradients_agree(biased):
    assert biased.differences() == []
    assert biased.unnoticed() == []


def test_they_agree_with_batch_norm_in_the_first_layer():
    assert compared(normalize_first=True).differences() == []


@pytest.mark.parametrize("block", ["mixed_3b", "mixed_4a", "mixed_5c"])
def test_swapped_branches_are_noticed(biased, block):
    net, name = biased.net, f"{block}/concat"
    nodes = [replace(node, inputs=node.inputs[::-1]) if node.name == name else node for node in net.nodes]
    assert biased.logits_differ(Graph("swapped", net.inputs, nodes))
