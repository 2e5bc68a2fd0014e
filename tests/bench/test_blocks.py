"""A network in blocks: each node once, and the chain of blocks computes what the whole does."""

import numpy as np
import pytest
import small
from small_models import small as small_model

import refnet
from refnet import Graph, Node, kernels, models
from refnet.bench.blocks import Times, block_data, by_block, split
from refnet.bench.healthy import healthy_weights, inputs_of
from refnet.bench.progress import Progress
from refnet.bench.rows import Case
from refnet.layers import CropAndResize, Dense, Dropout, Relu


def test_blocks_are_named_as_the_network_names_them():
    names = list(split(refnet.mobilenet_v2()))
    blocks = [f"block_{i}" for i in range(1, 18)]
    assert names == ["conv_first", *blocks, "conv_last", "pool", "classifier"]


@pytest.mark.parametrize("name", [name for name in models.__all__ if not name.startswith("faster_rcnn")])
def test_every_node_is_in_one_block_and_costs_what_it_did(name):
    net = small_model(name)
    parts = split(net)
    assert [node for part in parts.values() for node in part.nodes] == list(net.nodes)
    assert sum(part.cost().madds for part in parts.values()) == net.cost().madds


@pytest.mark.jit
@pytest.mark.parametrize("name", ["small", "ssdlite_mobilenet_v2"])
def test_the_chain_computes_what_the_whole_does(name):
    net = small.network() if name == "small" else small_model(name)
    weights, values = healthy_weights(net, 0), inputs_of(net, 2, 1)
    wanted = net.forward(weights, dict(values), kernels=kernels)
    for part in split(net).values():
        found = part.forward(weights, {name: values[name] for name in part.inputs}, kernels=kernels)
        values |= found if isinstance(found, dict) else {part.outputs[0]: found}
    for name, y in (wanted if isinstance(wanted, dict) else {net.outputs[0]: wanted}).items():
        assert (values[name] == y).all()


def test_a_block_gives_what_anybody_reads():
    nodes = [
        Node("a/first", Dense(3)),
        Node("a/second", Relu()),
        Node("b", Dense(2), ("a/first",)),
        Node("b_dropout", Dropout(0.5), ("a/second",)),
        Node("a/third", Relu(), ("b",)),
    ]
    parts = split(Graph("crossing", {"x": (4,)}, nodes, ("a/third", "b_dropout")))
    assert {name: (set(part.inputs), part.outputs) for name, part in parts.items()} == {
        "a": ({"x"}, ("a/first", "a/second")),
        "b": ({"a/first", "a/second"}, ("b", "b_dropout")),
        "a again, a/third": ({"b"}, ("a/third",)),
    }


def test_values_that_no_graph_takes_are_named():
    nodes = [Node("crop", CropAndResize((2, 2)), ("x", "boxes")), Node("next", Relu())]
    net = Graph("regions", {"x": (4, 4, 2), "boxes": (3, 4)}, nodes)
    with pytest.raises(ValueError, match=r"--by: wanted maps or features between blocks, got 'crop' \(3, 2, 2, 2\)"):
        split(net)


@pytest.mark.jit
def test_warmups_do_not_count():
    found = by_block(Case("small", {}, small.network(), 1, 1), small.QUICK, 0, Progress())
    assert {len(every) for every in found.blocks.values()} == {small.QUICK.blocks * small.QUICK.runs}
    assert len(found.whole) == small.QUICK.blocks * small.QUICK.runs
    assert len(found.peaks) == small.QUICK.blocks


def test_shares_follow_from_times():
    net = small.network()
    seconds = {"a": [1.0, 3.0], "b": [2.0]}
    times = Times(Case("small", {}, net, 2, 1), {"a": 100, "b": 300}, seconds, [3.0], [50.0, 150.0])
    data = block_data(times)
    assert [row["median"] for row in data["blocks"]] == [2.0, 2.0]
    assert [row["peak_percent"] for row in data["blocks"]] == pytest.approx([50, 150])
    assert (data["sum_of_medians"], data["whole_program"]["median"]) == (4.0, 3.0)
    assert np.isclose(data["blocks"][0]["minimum"], 1.0)
