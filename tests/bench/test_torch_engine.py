"""The torch module that a graph becomes: its results, its gradients, and the layers that it does not know."""

import numpy as np
import pytest
import small

import refnet
from refnet import Graph, Node, models
from refnet.bench import judge
from refnet.bench.engines import Form, Task, Unable
from refnet.bench.healthy import healthy_weights, inputs_of
from refnet.bench.torch_engine import Torch, TorchCompiled
from refnet.bench.torch_module import from_torch, merged_biases, module_of, to_torch
from refnet.layers import BiasAdd, Conv2d, Dense, GlobalAveragePool, GroupedConv2d, L2Normalize, Relu, Softmax

pytestmark = [pytest.mark.torch, pytest.mark.jit]

NETWORKS = {
    "small": small.network,
    "mobilenet_v1": lambda: refnet.mobilenet_v1(width=0.25, resolution=33, classes=3),
    "mobilenet_v2": lambda: refnet.mobilenet_v2(width=0.35, resolution=34, classes=3, padding="symmetric"),
    "ssdlite": lambda: models.ssdlite_mobilenet_v2(width=0.35, resolution=64, classes=2),
    "others": lambda: Graph(
        "others",
        {"images": (5, 6, 4)},
        [
            Node("grouped", GroupedConv2d(6, (3, 2), 2, (1, 2), (2, 1))),
            Node("relu", Relu()),
            Node("wide", Conv2d(4, 3, padding=(2, 0, 1, 3))),
            Node("wide_bias", BiasAdd()),
            Node("pool", GlobalAveragePool(keep_map=True)),
            Node("bias", BiasAdd()),
            Node("features", GlobalAveragePool()),
            Node("dense", Dense(3)),
            Node("softmax", Softmax()),
        ],
        ("softmax", "wide", "bias"),
    ),
}


def task(net, batch=2):
    return Task(net, healthy_weights(net, 0), inputs_of(net, batch, 1), 1)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("form", Torch.forms, ids=str)
def test_torch_is_right(name, form):
    pytest.importorskip("torch")
    given = task(NETWORKS[name]())
    inputs = {key: x.copy() for key, x in given.inputs.items()}
    session = Torch().prepare(given, form)
    session.run()
    assert judge.distance(session.outputs(), judge.true_outputs(given)) < judge.TOLERANCE
    assert all((given.inputs[key] == x).all() for key, x in inputs.items())  # nothing works in place on them


def test_an_unknown_layer_is_named():
    pytest.importorskip("torch")
    net = Graph("unknown", {"x": (4, 4, 2)}, [Node("first", Relu()), Node("second", L2Normalize())])
    with pytest.raises(Unable, match="node 'second': no torch module for L2Normalize"):
        Torch().prepare(task(net), Form())


def test_a_compiler_that_fails_leaves_the_column_out(monkeypatch):
    torch = pytest.importorskip("torch")

    def failing(module):
        raise RuntimeError("no C++ compiler\nand much more")

    monkeypatch.setattr(torch, "compile", failing)
    with pytest.raises(Unable, match=r"^torch.compile: no C\+\+ compiler$"):
        TorchCompiled().prepare(task(small.network()), Form())
    monkeypatch.setattr(torch, "compile", lambda module: module)
    assert TorchCompiled().prepare(task(small.network()), Form()).outputs()


@pytest.mark.parametrize("shape", [(3, 2, 5, 7), (3, 2, 5), (5, 7), (5,)])
def test_weights_go_there_and_back(shape):
    w = np.random.default_rng(0).standard_normal(shape)
    assert (from_torch(to_torch(w), shape) == w).all()


def test_every_weight_has_its_parameter_or_buffer():
    pytest.importorskip("torch")
    given = task(small.network())
    module = module_of(given.net, given.weights)
    keys = [key for part in module.modules() for key in getattr(part, "keys", {}).values()]
    assert sorted(keys) == sorted(given.net.parameters())


def test_only_a_bias_that_reads_alone_is_merged():
    nodes = [
        Node("a", Dense(2)),
        Node("a_bias", BiasAdd()),
        Node("b", Dense(2)),
        Node("b_bias", BiasAdd()),
        Node("pooled_bias", BiasAdd()),
    ]
    assert merged_biases(Graph("alone", {"x": (2,)}, nodes)) == {"a": "a_bias", "b": "b_bias"}
    assert merged_biases(Graph("read", {"x": (2,)}, nodes, ("b", "pooled_bias"))) == {"a": "a_bias"}
