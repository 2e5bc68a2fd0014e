"""ShuffleNet v1 as a whole against torch: logits and every gradient, with shared random weights.

The torch code follows Figure 2 of the paper: the shuffle stands behind the first 1x1 convolution, as `reshape` and
`transpose` of the channels.
"""

from dataclasses import replace

import pytest

from refnet import Graph
from refnet.layers import ChannelShuffle
from refnet.models import shufflenet_v1

leaves = pytest.importorskip("torch_leaves")
torch = pytest.importorskip("torch")
F = torch.nn.functional
pytestmark = [pytest.mark.torch, pytest.mark.jit]

UNITS = {2: 4, 3: 8, 4: 4}


def shuffled(x, groups):
    """Channels (groups, n) -> (n, groups)."""
    batch, channels, height, width = x.shape
    return x.reshape(batch, groups, channels // groups, height, width).transpose(1, 2).reshape(x.shape)


def unit(w, x, name, groups, first_groups, stride):
    y = w.unit(x, f"{name}/reduce", groups=first_groups)
    y = w.conv_norm(shuffled(y, groups), f"{name}/depthwise", stride, 1)
    y = w.conv_norm(y, f"{name}/expand", groups=groups)
    if stride == 1:
        return F.relu(x + y)
    return F.relu(torch.cat([F.avg_pool2d(x, 3, 2, 1), y], 1))


def shufflenet(groups):
    def network(w, x, kept):
        x = F.max_pool2d(w.unit(x, "conv_first", 2, 1), 3, 2, 1)
        for stage, count in UNITS.items():
            for number in range(1, count + 1):
                name, stride = f"stage_{stage}_unit_{number}", 2 if number == 1 else 1
                x = unit(w, x, name, groups, 1 if name == "stage_2_unit_1" else groups, stride)
        return w.classify(x.mean((2, 3)))

    return network


def compared(groups, width=0.5, side=64):
    net = shufflenet_v1(width, groups, side, 5)
    return leaves.Comparison(net, shufflenet(groups), eps=1e-5)


@pytest.mark.parametrize(("groups", "width"), [(1, 0.5), (2, 1.0), (3, 0.5), (3, 1.5), (8, 1.0)])
def test_logits_and_gradients_agree(groups, width):
    comparison = compared(groups, width)
    assert comparison.differences() == []
    assert comparison.unnoticed() == []


@pytest.fixture(scope="module")
def three_groups():
    return compared(3)


@pytest.mark.parametrize("stage", UNITS)
def test_swapped_branches_are_noticed(three_groups, stage):
    net, name = three_groups.net, f"stage_{stage}_unit_1/concat"
    nodes = [replace(node, inputs=node.inputs[::-1]) if node.name == name else node for node in net.nodes]
    assert three_groups.logits_differ(Graph("swapped", net.inputs, nodes))


def test_a_shuffle_the_other_way_round_is_noticed(three_groups):
    net = three_groups.net

    def inverse(node):
        groups = net.shapes[node.name][2] // node.layer.groups
        return replace(node, layer=ChannelShuffle(groups))

    nodes = [inverse(node) if isinstance(node.layer, ChannelShuffle) else node for node in net.nodes]
    assert three_groups.logits_differ(Graph("unshuffled", net.inputs, nodes))
