"""Memory from shapes: by hand on small graphs, against measured runs, and `refnet memory`."""

import json
import subprocess
import sys
from dataclasses import dataclass

import numpy as np
import pytest
from census import Census
from click.testing import CliRunner
from graph_samples import chain, drawn, forked, shared, tail, two_by_two
from layer_samples import SAMPLES, label

import refnet.kernels
from refnet import Graph, Node, memory, mobilenet_v1, mobilenet_v2, running
from refnet.cli import main
from refnet.layers import (
    Add,
    BatchNorm,
    Concat,
    CropAndResize,
    Dense,
    DepthwiseConv2d,
    Dropout,
    Each,
    Flatten,
    GlobalAveragePool,
    PointwiseConv2d,
    Relu6,
    Softmax,
)
from refnet.layers.base import Layer
from refnet.memory import Largest, Step, largest_by_size, maps, plan, training
from refnet.models import shufflenet_v1
from refnet.rewrites import split_bottleneck


def residual():
    """x (2x2x3) -> a block that expands to 12 channels and adds x; then a map of 5 channels, and features."""
    nodes = [
        Node("first", PointwiseConv2d(3)),
        Node("b/expand", PointwiseConv2d(12)),
        Node("b/expand_bn", BatchNorm()),
        Node("b/expand_relu6", Relu6()),
        Node("b/depthwise", DepthwiseConv2d(3)),
        Node("b/project", PointwiseConv2d(3)),
        Node("b/add", Add(), ("first", "b/project")),
        Node("last", PointwiseConv2d(5)),
        Node("pool", GlobalAveragePool()),
    ]
    return Graph("residual", {"images": (2, 2, 3)}, nodes)


# By hand.


def test_eq_2_layer_by_layer():
    found = plan(residual())
    assert [(step.name, step.inputs, step.outputs, step.held) for step in found.layers] == [
        ("first", 12, 12, 0),
        ("b/expand", 12, 48, 0),
        ("b/expand_bn", 48, 0, 12),  # in place, while the block's input waits
        ("b/expand_relu6", 48, 0, 12),
        ("b/depthwise", 48, 48, 12),
        ("b/project", 48, 12, 12),
        ("b/add", 24, 12, 0),
        ("last", 12, 20, 0),
        ("pool", 20, 5, 0),
    ]
    assert found.m() == Step("b/depthwise", 48, 48, 0, 12)
    assert (found.m().values, found.peak().live) == (96, 108)


def test_eq_2_with_a_block_as_one_operation():
    found = plan(residual(), bytes_per_value=2)
    assert found.blocks == (
        Step("first", 12, 12, 0, 0),
        Step("b", 12, 12, 0, 0),  # its input is an operand of the addition, and counts once
        Step("last", 12, 20, 0, 0),
        Step("pool", 20, 5, 0, 0),
    )
    assert found.m("block").name == "last"
    assert found.bytes(found.m("block").values) == 64


def test_activations_that_take_memory_of_their_own():
    found = plan(residual(), in_place=False)
    assert found.m() == Step("b/expand_bn", 48, 48, 0, 12)
    assert not found.in_place
    assert found.m("block").name == "last"


def test_nothing_is_written_onto_what_others_read():
    """The caller's array, an output, and a map that is read again further down."""
    nodes = [
        Node("a", Relu6(), ("x",)),
        Node("b", Relu6(), ("a",)),
        Node("c", Relu6(), ("b",)),
        Node("d", Relu6(), ("c",)),
        Node("e", Add(), ("b", "d")),
    ]
    found = plan(Graph("in place", {"x": (2, 2, 1)}, nodes, outputs=("e", "c")))
    assert [(step.inputs, step.outputs, step.held) for step in found.layers] == [
        (4, 4, 0),  # x is the caller's
        (4, 0, 0),
        (4, 4, 0),  # the sum reads b again
        (4, 4, 4),  # c is an output; b waits
        (8, 4, 4),
    ]


def test_blocks_that_branch():
    """The first branch's result waits while the second is computed; inside of a block that costs nothing."""
    nodes = [
        Node("m/a", PointwiseConv2d(4), ("x",)),
        Node("m/b", PointwiseConv2d(2), ("x",)),
        Node("m/join", Concat(2), ("m/a", "m/b")),
        Node("end", PointwiseConv2d(1)),
    ]
    found = plan(Graph("branches", {"x": (3, 1, 5)}, nodes))
    assert [(step.values, step.live) for step in found.layers] == [(27, 27), (21, 33), (36, 36), (21, 21)]
    assert [(step.name, step.values) for step in found.blocks] == [("m", 33), ("end", 21)]


@pytest.mark.parametrize(
    ("build", "by", "where", "size"),
    [
        (mobilenet_v1, "layer", "block_1/pointwise", 2_408_448),  # 112 * 112 * (32 + 64) * 2
        (mobilenet_v1, "block", "block_1", 2_408_448),
        (mobilenet_v2, "layer", "block_2/depthwise", 3_010_560),  # (112 * 112 + 56 * 56) * 96 * 2
        (mobilenet_v2, "block", "block_1", 1_204_224),  # 112 * 112 * (32 + 16) * 2
    ],
)
def test_m_of_both_mobilenets_in_16_bits(build, by, where, size):
    found = plan(build(), 2)
    assert (found.m(by).name, found.bytes(found.m(by).values)) == (where, size)
    assert found.peak(by) == found.m(by)
    assert found.weights == build().cost().total("P-ALL")


def test_the_same_at_another_size():
    """Four times the pixels, four times the maps."""
    small, large = (plan(mobilenet_v2(resolution=side)) for side in (112, 224))
    assert large.m().values == 4 * small.m().values
    assert large.m("block").values == 4 * small.m("block").values
    assert large.weights == small.weights


def test_a_split_block_on_every_region_holds_a_part_of_each():
    """Planned, and measured."""
    block = split_bottleneck(residual(), "b", 4)
    layer = next(node.layer for node in block.nodes if node.name == "b/project")
    nodes = [Node("crop", CropAndResize(2), ("map", "boxes")), Node("split", Each(layer))]
    net = Graph("regions", {"map": (4, 4, 3), "boxes": (5, 4)}, nodes)
    weights, _ = drawn(net)
    own = {role: weights[f"split/{role}"] for role in layer.parameters((2, 2, 3))}
    census = Census()
    Each(layer).forward(census, own, np.ones((2, 5, 2, 2, 3)))
    step = plan(net, in_place=False).layers[1]
    assert step.inner == 5 * layer.inner((2, 2, 3)) > 0
    assert census.most == 2 * 8 * step.inner


def test_the_largest_maps():
    found = largest_by_size(maps(residual()))
    assert found == {(2, 2): Largest("last", 2, 2, 5, 20), (1, 1): Largest("pool", 1, 1, 5, 5)}
    assert largest_by_size(maps(regions()))[2, 2] == Largest("relu", 2, 2, 3, 3 * 2 * 2 * 3)
    assert maps(residual()) == {"first": (2, 2, 3), "b/add": (2, 2, 3), "last": (2, 2, 5), "pool": (5,)}
    names = [each.node for each in largest_by_size(maps(mobilenet_v2())).values()]
    assert names == [
        "conv_first_relu6",
        "block_2/project_bn",
        "block_4/project_bn",
        "block_11/project_bn",
        "conv_last_relu6",
        "pool",
    ]


# Measured.


def views():
    """Values that lie in one buffer, and one that nobody reads."""
    nodes = [
        Node("a", PointwiseConv2d(2)),
        Node("dropped", Dropout(0.5)),
        Node("pool", GlobalAveragePool(keep_map=True)),
        Node("loose", Relu6(), ("a",)),
        Node("flat", Flatten(), ("dropped",)),
        Node("dense", Dense(3)),
        Node("p", Softmax()),
    ]
    return Graph("views", {"images": (3, 4, 2)}, nodes)


def regions():
    nodes = [
        Node("crop", CropAndResize(2), ("images", "boxes")),
        Node("conv", Each(PointwiseConv2d(3))),
        Node("bn", Each(BatchNorm())),
        Node("relu", Each(Relu6())),
        Node("drop", Each(Dropout(0.5))),
        Node("flat", Each(Flatten())),
        Node("dense", Each(Dense(2))),
    ]
    return Graph("regions", {"images": (4, 4, 2), "boxes": (3, 4)}, nodes)


GRAPHS = [
    residual,
    forked,
    shared,
    two_by_two,
    tail,
    views,
    regions,
    lambda: chain(4),
    lambda: Graph("two outputs", {"images": (3, 4, 3)}, forked().nodes, ("b", "e", "a")),
    lambda: split_bottleneck(residual(), "b", 5),
]
NETWORKS = [
    lambda: mobilenet_v1(0.25, 32, 5),
    lambda: mobilenet_v2(0.35, 32, 5),
    lambda: mobilenet_v2(0.35, 32, 5, shortcut="expansion"),
    lambda: shufflenet_v1(0.5, 3, 32, 5),
]
COMPILED = [pytest.param(each, marks=pytest.mark.jit) for each in NETWORKS]
every_graph = pytest.mark.parametrize("build", [*GRAPHS, *COMPILED])


def owner(array):
    """The array whose memory this one shows."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def held_bytes(arrays):
    """Bytes of these arrays, each buffer once."""
    return sum(each.nbytes for each in {id(own): own for own in map(owner, arrays)}.values())


class Values(dict):
    """The values of a run, measuring what lies in memory whenever one is added."""

    def __init__(self, images):
        super().__init__(images)
        self.bytes = []

    def __setitem__(self, name, value):
        super().__setitem__(name, value)
        self.bytes.append(held_bytes(self.values()))


@every_graph
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_is_live_in_a_run_is_the_plan_at_every_node(build, dtype):
    net = build()
    weights, images = drawn(net, dtype, batch=1)
    values = Values(images)
    keys = [node.keys(*(net.shapes[source] for source in node.inputs)) for node in net.nodes]
    running.forward(net.nodes, keys, weights, values, net.outputs, refnet.kernels)
    found = plan(net, np.dtype(dtype).itemsize, in_place=False)
    # What a split block holds inside of it is no value of the graph: see test_split.py.
    assert values.bytes == [found.bytes(step.live - step.inner) for step in found.layers]


@pytest.mark.jit
@pytest.mark.parametrize("build", [residual, *NETWORKS])
def test_nothing_else_keeps_a_value_alive(build):
    """Not only the dict of values: every array that a kernel returned is gone when the plan says so."""
    net, census = build(), Census()
    weights, images = drawn(net, batch=1)
    net.forward(weights, images, kernels=census)
    first, *others = plan(net, 8, in_place=False).layers
    assert census.most == 8 * max(first.outputs, *(step.live for step in others))  # the images are the caller's


def arrays_in(content):
    """Every array in what a layer saved."""
    if isinstance(content, np.ndarray):
        return [content]
    return [array for each in content for array in arrays_in(each)] if isinstance(content, tuple) else []


def saved_arrays(net, dtype, batch, kernels):
    """Every array on the tape of a step."""
    weights, images = drawn(net, dtype, batch=batch)
    _, tape = net.train_forward(weights, images, 0, kernels=kernels)
    return [array for each in tape.saved for array in arrays_in(each.content)]


def measured_tape(net, dtype, batch):
    return held_bytes(saved_arrays(net, dtype, batch, refnet.kernels))


@every_graph
@pytest.mark.parametrize(("dtype", "batch"), [(np.float32, 2), (np.float64, 3)])
def test_what_a_tape_holds_is_the_plan(build, dtype, batch):
    net = build()
    found = training(net, np.dtype(dtype).itemsize, batch)
    assert measured_tape(net, dtype, batch) == found.bytes


@pytest.mark.jit
@every_graph
def test_tiled_kernels_add_no_more_than_a_cache_line_to_an_array(build):
    """Their arrays begin on one."""
    net = build()
    saved, planned = saved_arrays(net, np.float32, 2, refnet.kernels.tiled), training(net, 4, 2).bytes
    assert planned <= held_bytes(saved) <= planned + 64 * len(saved)


@pytest.mark.parametrize("sample", [s for s in SAMPLES if all(len(shape) < 4 for shape in s[1])], ids=label)
def test_what_each_layer_saves_is_the_plan(sample):
    """So that no new layer is forgotten."""
    layer, shapes = sample
    inputs = {f"x{at}": shape for at, shape in enumerate(shapes)}
    net = Graph("one", inputs, [Node("only", layer, tuple(inputs))])
    assert measured_tape(net, np.float32, 3) == training(net, 4, 3).bytes


def test_a_split_block_keeps_only_its_input():
    net = residual()
    split = training(split_bottleneck(net, "b", 4))
    assert (split.values, split.masks, split.statistics) == (3 * 12, 0, 0)  # images, first, b/add
    assert training(net).statistics == 2 * 12
    assert training(net).values == 3 * 12 + 4 * 48  # behind expansion, batch norm, ReLU6 and depthwise


@dataclass(frozen=True)
class Kept(Layer):
    """A layer of somebody's own, which keeps its output."""

    saves = "output"

    def out_shape(self, *shapes):
        return shapes[0]

    def _forward(self, kernels, weights, xs):
        return np.exp(xs[0])

    def _saved(self, xs, y):
        return y

    def _backward(self, kernels, weights, saved, dy, input_gradient):
        return (dy * saved,), {}


def test_a_layer_of_ones_own_says_what_it_saves():
    for layer in (Kept(), Each(Kept())):
        nodes = [Node("first", Relu6()), Node("own", layer, ("x",)), Node("last", Add(), ("first", "own"))]
        net = Graph("own", {"x": (2, 3)}, nodes)
        assert measured_tape(net, np.float64, 2) == training(net, 8, 2).bytes


def test_training_needs_many_times_what_inference_needs():
    net = mobilenet_v2()
    assert training(net, 4).bytes > 10 * plan(net, 4).bytes(plan(net, 4).m().values)
    assert training(net, 4, 8).values == 8 * training(net, 4).values


# Bad arguments.


def test_bad_arguments():
    net = residual()
    for function in (plan, training, maps):
        with pytest.raises(TypeError, match="^net: wanted a Graph, got 'mobilenet_v2'$"):
            function("mobilenet_v2")
    for size in (0, -2, 2.5, "4"):
        with pytest.raises(ValueError, match=f"^bytes_per_value: wanted an integer of at least 1, got {size!r}$"):
            plan(net, size)
    with pytest.raises(ValueError, match="^batch: wanted an integer of at least 1, got 0$"):
        training(net, 4, 0)
    with pytest.raises(ValueError, match="^by: wanted one of layer, block, got 'type'$"):
        plan(net).m("type")


# The command.


def run(*words):
    return CliRunner().invoke(main, ("memory", *words), env={"NO_COLOR": "1", "COLUMNS": "100"})


def data_of(*words):
    result = run(*words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_json():
    data = data_of("mobilenet_v2", "--bytes", "2", "--train")
    assert (data["model"], data["width"], data["resolution"], data["bytes_per_value"]) == ("mobilenet_v2", 1.0, 224, 2)
    assert data["by_layer"]["m"] == {
        "operation": "block_2/depthwise",
        "inputs": 1_204_224,
        "outputs": 301_056,
        "inner": 0,
        "held": 0,
        "values": 1_505_280,
        "live": 1_505_280,
        "bytes": 3_010_560,
        "live_bytes": 3_010_560,
    }
    assert (data["by_block"]["m"]["operation"], data["by_block"]["m"]["bytes"]) == ("block_1", 1_204_224)
    assert data["counted"] == {
        "residual_input": {"layer": {"m": False, "live": True}, "block": {"m": True, "live": True}},
        "weights": False,
        "in_place_activations": True,
    }
    assert data["training"]["bytes"] == training(mobilenet_v2(), 2).bytes
    assert not data_of("mobilenet_v2", "--fresh")["counted"]["in_place_activations"]


def test_json_by_layer_block_and_size():
    layers = data_of("mobilenet_v1", "--width", "0.5", "--resolution", "160", "--by", "layer")["steps"]
    found = plan(mobilenet_v1(0.5, 160))
    assert [(row["operation"], row["values"]) for row in layers] == [(s.name, s.values) for s in found.layers]
    blocks = data_of("mobilenet_v1", "--by", "block")["steps"]
    assert {"block_1", "block_13", "classifier"} <= {row["operation"] for row in blocks}
    sizes = data_of("mobilenet_v2", "--bytes", "2", "--by", "size")["sizes"]
    assert [(row["height"], row["channels"], row["bytes"]) for row in sizes][1:3] == [
        (56, 24, 150_528),
        (28, 32, 50_176),
    ]


def test_settings_are_those_of_count():
    words = ("--classes", "7", "--padding", "symmetric", "--expansion", "4", "--set", "shortcut=none")
    net = mobilenet_v2(classes=7, padding="symmetric", expansion=4, shortcut="none")
    assert data_of("mobilenet_v2", *words)["by_layer"]["m"]["values"] == plan(net).m().values
    assert data_of("mobilenet_v2", *words)["classes"] == 7


def test_split_needs_less_and_says_how_many():
    whole, split = data_of("mobilenet_v2"), data_of("mobilenet_v2", "--split", "16")
    assert split["by_layer"]["m"]["bytes"] < whole["by_layer"]["m"]["bytes"]
    assert split["graph"] == "mobilenet_v2-1.0-224, 16 of 16 bottlenecks in 16 parts"
    page = " ".join(run("ssdlite_mobilenet_v2", "--split", "3").stdout.split())
    assert page.startswith("ssdlite_mobilenet_v2-1.0-320, 15 of 16 bottlenecks in 3 parts: activations")


@pytest.mark.parametrize("words", [(), ("--by", "layer"), ("--by", "block", "--train"), ("--by", "size"), ("--fresh",)])
def test_pages_fit_100_columns_and_say_what_counts(words):
    result = run("mobilenet_v2", *words)
    assert result.exit_code == 0
    assert max(map(len, result.output.splitlines())) <= 100
    text = " ".join(result.output.split())
    assert "Weights do not count." in text
    assert "residual" in text
    assert ("take memory of their own" in text) == ("--fresh" in words)
    assert ("tape of a training step" in text) == ("--train" in words)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("mobilenet_v2 --bytes 0", "Invalid value for '--bytes': 0 is not in the range x>=1"),
        ("mobilenet_v2 --split 0", "Invalid value for '--split': 0 is not in the range x>=1"),
        ("mobilenet_v1 --split 2", "wanted blocks with nodes `expand` and `project`"),
        ("mobilenet_v9", "no model 'mobilenet_v9'"),
        ("mobilenet_v2 --by type", "'type' is not one of"),
        ("mobilenet_v2 --width 0", "width: wanted a width multiplier above 0"),
    ],
)
def test_misuse_gets_one_clear_line(words, message):
    result = run(*words.split())
    assert result.exit_code == 2
    assert not result.stdout
    line = result.stderr.strip().splitlines()[-1]
    assert line.startswith("Error: ")
    assert message in line


def test_no_compiler_is_loaded():
    code = "import sys; from refnet.cli import main; main(['memory', 'mobilenet_v2'], standalone_mode=False)"
    check = "; assert 'numba' not in sys.modules, 'numba was imported'"
    subprocess.run([sys.executable, "-c", code + check], check=True, stdout=subprocess.DEVNULL)


def test_the_module_is_public():
    assert memory.plan is plan
