"""NASNet-A mobile against TF-slim's nets/nasnet/{nasnet,nasnet_utils,nasnet_test}.py and Keras's numbers.

Shapes are those that nasnet_test.py lists for the mobile model; the cells are read off nasnet_utils.py (operations,
hiddenstate_indices, used_hiddenstates). Keras's NASNetMobile, converted from the same checkpoint, has 5,326,716
parameters, of which 36,738 are moving statistics, and 4,269,716 without its classifier.
"""

import numpy as np
import pytest

from refnet.layers import BatchNorm, Relu
from refnet.models import nasnet_a_mobile

from .wiring import weights, with_swapped_branches, word

SIDES = {"cell_stem_0": 56, "cell_stem_1": 28}
SIDES |= {f"cell_{number}": 28 // 2 ** (number // 4) for number in range(12)}
SIDES |= {"reduction_cell_0": 14, "reduction_cell_1": 7}
CHANNELS = {"cell_stem_0": 44, "cell_stem_1": 88, "reduction_cell_0": 352, "reduction_cell_1": 704}
CHANNELS |= {f"cell_{number}": (264, 528, 1056)[number // 4] for number in range(12)}
FILTERS = {"cell_stem_0": 11, "cell_stem_1": 22, "reduction_cell_0": 88, "reduction_cell_1": 176}
FILTERS |= {f"cell_{number}": (44, 88, 176)[number // 4] for number in range(12)}

# The two cells before each; stem_0 reads the first convolution twice.
BEFORE = {
    "cell_stem_0": ("conv_first_bn", "conv_first_bn"),
    "cell_stem_1": ("cell_stem_0", "conv_first_bn"),
    "cell_0": ("cell_stem_1", "cell_stem_0"),
    "cell_1": ("cell_0", "cell_stem_1"),
    "cell_2": ("cell_1", "cell_0"),
    "cell_3": ("cell_2", "cell_1"),
    "reduction_cell_0": ("cell_3", "cell_2"),
    "cell_4": ("reduction_cell_0", "cell_3"),
    "cell_5": ("cell_4", "reduction_cell_0"),
    "cell_6": ("cell_5", "cell_4"),
    "cell_7": ("cell_6", "cell_5"),
    "reduction_cell_1": ("cell_7", "cell_6"),
    "cell_8": ("reduction_cell_1", "cell_7"),
    "cell_9": ("cell_8", "reduction_cell_1"),
    "cell_10": ("cell_9", "cell_8"),
    "cell_11": ("cell_10", "cell_9"),
}


def separable(size, filters, stride=""):
    return f"dw {size}x{size}{stride}, 1x1 {filters}, dw {size}x{size}, 1x1 {filters}"


def normal(f):
    """(state, operation) on either side of each sum; the states that come out."""
    three, five = separable(3, f), separable(5, f)
    sums = [
        ((0, five), (1, three)),
        ((1, five), (1, three)),
        ((0, "avg 3x3"), (1, "")),
        ((1, "avg 3x3"), (1, "avg 3x3")),
        ((0, three), (0, "")),
    ]
    return sums, [1, 2, 3, 4, 5, 6]


def reduction(f):
    five, seven = separable(5, f, "/2"), separable(7, f, "/2")
    sums = [
        ((0, five), (1, seven)),
        ((0, "max 3x3/2"), (1, seven)),
        ((0, "avg 3x3/2"), (1, five)),
        ((3, ""), (2, "avg 3x3")),
        ((2, separable(3, f)), (0, "max 3x3/2")),
    ]
    return sums, [3, 4, 5, 6]


def cell_of(net, cell):
    """What a cell of the graph does, in the same words."""
    by_name = {node.name: node for node in net.nodes}
    states = [f"{cell}/current_bn", f"{cell}/before_bn", *(f"{cell}/add_{number}" for number in range(5))]
    if states[1] not in by_name:
        states[1] = "conv_first_bn"

    def operation(end):
        words = []
        while end not in states:
            words.insert(0, word(by_name[end].layer))
            (end,) = by_name[end].inputs
        return states.index(end), ", ".join(filter(None, words))

    sums = [tuple(map(operation, by_name[name].inputs)) for name in states[2:]]
    return sums, [states.index(each) for each in by_name[f"{cell}/concat"].inputs]


def paths(net, end):
    """Every way from `end` back to a node outside of its cell, in words, with that node's cell."""
    by_name = {node.name: node for node in net.nodes}
    cell = end.partition("/")[0]

    def back(name, words):
        if not name.startswith(f"{cell}/"):
            return [(name.partition("/")[0], ", ".join(filter(None, words)))]
        node = by_name[name]
        text = "relu" if isinstance(node.layer, Relu) else word(node.layer)
        text = getattr(node.layer, "pads", None) or text
        return [path for each in node.inputs for path in back(each, [str(text), *words])]

    return back(end, [])


@pytest.fixture(scope="module")
def net():
    return nasnet_a_mobile()


def test_every_endpoint(net):
    ends = {name: net.shapes[f"{name}/concat"] for name in SIDES}
    assert ends == {name: (SIDES[name], SIDES[name], CHANNELS[name]) for name in SIDES}
    assert net.shapes["conv_first"] == (111, 111, 32)
    assert net.shapes["pool"] == (1056,)
    assert net.shapes["classifier_bias"] == (1000,)
    assert list(dict.fromkeys(node.name.partition("/")[0] for node in net.nodes if "/" in node.name)) == list(BEFORE)


@pytest.mark.parametrize("cell", FILTERS)
def test_every_cell_and_the_order_of_its_states(net, cell):
    published = (reduction if "stem" in cell or "reduction" in cell else normal)(FILTERS[cell])
    assert cell_of(net, cell) == published
    assert cell_of(with_swapped_branches(net, f"{cell}/concat"), cell) != published


@pytest.mark.parametrize("cell", FILTERS)
def test_what_the_first_two_states_are_made_of(net, cell):
    """A 1x1 convolution of the cell before; of the one before that, too, or two shifted halves where it is larger."""
    f = FILTERS[cell]
    last, before = BEFORE[cell]
    assert paths(net, f"{cell}/current_bn") == [(last, f"relu, 1x1 {f}")]
    if cell == "cell_stem_0":
        assert f"{cell}/before_bn" not in net.shapes
    elif SIDES.get(before, 111) == SIDES[last]:
        assert paths(net, f"{cell}/before_bn") == [(before, f"relu, 1x1 {f}")]
    else:
        halves = [
            (before, f"relu, avg 1x1/2V, 1x1 {f // 2}"),
            (before, f"relu, (-1, 1, -1, 1), avg 1x1/2V, 1x1 {f // 2}"),
        ]
        assert paths(net, f"{cell}/before_bn") == halves
        assert paths(with_swapped_branches(net, f"{cell}/before"), f"{cell}/before_bn") != halves


def test_every_separable_convolution_reads_a_relu_and_ends_in_a_batch_norm(net):
    by_name = {node.name: node for node in net.nodes}
    followed = {source: node for node in net.nodes for source in node.inputs}
    depthwise = [node for node in net.nodes if node.name.endswith("_depthwise")]
    assert len(depthwise) == 2 * 5 * len(FILTERS)
    for node in depthwise:
        (source,) = node.inputs
        assert isinstance(by_name[source].layer, Relu)
        pointwise = followed[node.name]
        assert word(pointwise.layer).startswith("1x1 ")
        assert isinstance(followed[pointwise.name].layer, BatchNorm)


# Window and first state of a cell's separable operations.
NORMAL_WINDOWS = [(5, 0), (3, 1), (5, 1), (3, 1), (3, 0)]
REDUCTION_WINDOWS = [(5, 0), (7, 1), (7, 1), (5, 1), (3, 2)]


def weights_by_hand(cell):
    """A 1x1 convolution of each of the two cells before (two halves are as many weights), and for each separable
    operation two depthwise and two 1x1 convolutions. In stem_0, state 1 still is the first convolution."""
    f, (last, before) = FILTERS[cell], (CHANNELS.get(name, 32) for name in BEFORE[cell])
    state_1 = before if cell == "cell_stem_0" else f
    total = last * f + (0 if cell == "cell_stem_0" else before * f)
    for size, state in REDUCTION_WINDOWS if "stem" in cell or "reduction" in cell else NORMAL_WINDOWS:
        channels = state_1 if state == 1 else f
        total += size * size * channels + channels * f + size * size * f + f * f
    return total


def test_weights_of_each_cell(net):
    found = weights(net)
    wanted = {"conv_first": 9 * 3 * 32, **{cell: weights_by_hand(cell) for cell in BEFORE}, "classifier": 1056 * 1000}
    assert found == wanted


def test_totals(net):
    cost = net.cost()
    assert cost.total("P-ALL") == 5_326_716
    assert cost.total("P-TRAINABLE") == 5_326_716 - 36_738
    assert nasnet_a_mobile(classes=0).cost().total("P-ALL") == 4_269_716
    assert round(cost.madds / 1e6) == 564  # the paper's Table 3


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"resolution": 31}, "resolution: wanted an integer of at least 32, got 31"),
        ({"classes": -1}, "classes: wanted an integer of at least 0, got -1"),
    ],
)
def test_bad_settings(given, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        nasnet_a_mobile(**given)


@pytest.mark.parametrize("resolution", range(32, 75, 7))
def test_any_size_from_32(resolution):
    assert nasnet_a_mobile(resolution).shapes["classifier"] == (1000,)


@pytest.mark.jit
def test_it_runs():
    net = nasnet_a_mobile(33, classes=4)
    images = np.random.default_rng(0).standard_normal((2, 33, 33, 3)).astype(np.float32)
    logits = net.forward(net.init(0), images)
    assert logits.shape == (2, 4)
    assert logits.dtype == np.float32
    assert np.ptp(logits, axis=0).min() > 0
