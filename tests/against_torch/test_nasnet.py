"""NASNet-A mobile as a whole against torch, whose code follows TF-slim's: logits and every gradient, shared weights."""

from dataclasses import replace

import pytest

from refnet import Graph
from refnet.models import nasnet_a_mobile

leaves = pytest.importorskip("torch_leaves")
torch = pytest.importorskip("torch")
F = torch.nn.functional
pytestmark = [pytest.mark.torch, pytest.mark.jit]

SIDE = 51  # behind the first convolution 25, then 13, 7, 4, 2: reductions of odd and of even maps


def nasnet(w, x, kept):
    """(name, whether it halves the map) of each cell; the pair of cells before it moves along."""
    x = w.conv_norm(x, "conv_first", 2)
    cells = [("cell_stem_0", True), ("cell_stem_1", True)]
    for number in range(12):
        cells += [(f"reduction_cell_{number // 4 - 1}", True)] if number in (4, 8) else []
        cells += [(f"cell_{number}", False)]
    before, current = None, x
    for name, halves in cells:
        out = (reduction if halves else normal)(w, name, *first_states(w, name, current, before))
        before, current = current, out
    return w.classify(F.relu(current).mean((2, 3)) * kept)


def first_states(w, name, current, before):
    state_0 = w.conv_norm(F.relu(current), f"{name}/current")
    if before is None:
        return state_0, current
    y = F.relu(before)
    if before.shape[2] == current.shape[2]:
        return state_0, w.conv_norm(y, f"{name}/before")
    shifted = F.pad(y, (0, 1, 0, 1))[:, :, 1:, 1:]
    halves = [w.conv(y[:, :, ::2, ::2], f"{name}/before_1"), w.conv(shifted[:, :, ::2, ::2], f"{name}/before_2")]
    return state_0, w.norm(torch.cat(halves, 1), f"{name}/before")


def separable(w, x, name, size, stride=1):
    for place, step in (("first", stride), ("second", 1)):
        x = w.conv(leaves.same_padded(F.relu(x), size, step), f"{name}/{place}_depthwise", step)
        x = w.conv_norm(x, f"{name}/{place}")
    return x


def normal(w, name, h0, h1):
    sums = [
        separable(w, h0, f"{name}/left_0", 5) + separable(w, h1, f"{name}/right_0", 3),
        separable(w, h1, f"{name}/left_1", 5) + separable(w, h1, f"{name}/right_1", 3),
        leaves.same_average(h0, 3, 1) + h1,
        leaves.same_average(h1, 3, 1) + leaves.same_average(h1, 3, 1),
        separable(w, h0, f"{name}/left_4", 3) + h0,
    ]
    return torch.cat([h1, *sums], 1)


def reduction(w, name, h0, h1):
    h2 = separable(w, h0, f"{name}/left_0", 5, 2) + separable(w, h1, f"{name}/right_0", 7, 2)
    h3 = leaves.same_max(h0, 3, 2) + separable(w, h1, f"{name}/right_1", 7, 2)
    h4 = leaves.same_average(h0, 3, 2) + separable(w, h1, f"{name}/right_2", 5, 2)
    h5 = h3 + leaves.same_average(h2, 3, 1)
    h6 = separable(w, h2, f"{name}/left_4", 3) + leaves.same_max(h0, 3, 2)
    return torch.cat([h3, h4, h5, h6], 1)


@pytest.fixture(scope="module")
def comparison():
    return leaves.Comparison(nasnet_a_mobile(SIDE, classes=5), nasnet, eps=1e-3, batch=1)


def test_logits_and_gradients_agree(comparison):
    assert comparison.differences() == []
    assert comparison.unnoticed() == []


@pytest.mark.parametrize("end", ["cell_stem_1/before", "cell_3/concat", "reduction_cell_1/concat"])
def test_swapped_branches_are_noticed(comparison, end):
    net = comparison.net
    nodes = [replace(node, inputs=node.inputs[::-1]) if node.name == end else node for node in net.nodes]
    assert comparison.logits_differ(Graph("swapped", net.inputs, nodes))
