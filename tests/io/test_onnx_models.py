"""Every model as an ONNX file, as it is and with batch norm folded, through two programs that run such files."""

from functools import cache

import numpy as np
import pytest
from healthy import healthy
from small_models import small

from refnet import models
from refnet.io.onnx import to_onnx
from refnet.layers import BatchNorm
from refnet.rewrites import split_bottlenecks

judges = pytest.importorskip("onnx_judges")
pytestmark = [pytest.mark.onnx, pytest.mark.jit]

NAMES = models.__all__
# Some hundred operators, each with roundings of 1e-16; what was seen is below 1e-14.
CLOSE = 1e-12
# The same with roundings of 6e-8; what was seen is below 1e-6.
CLOSE_32 = 1e-5


@cache
def setting(name, batch=1):
    """-> a small graph, weights and inputs in float64, what comes out."""
    net = judges.with_rounded(small(name))
    weights, inputs = healthy(net, np.random.default_rng(0)), judges.drawn_inputs(net, batch)
    return net, weights, inputs, judges.outputs_of(net, weights, inputs)


def has_norms(name):
    return any(isinstance(node.layer, BatchNorm) for node in small(name).nodes)


def kinds(model):
    return [node.op_type for node in model.graph.node]


@pytest.mark.parametrize("name", NAMES)
def test_a_model_gives_what_the_graph_gives(name):
    net, weights, inputs, wanted = setting(name)
    assert judges.distance(judges.reference(to_onnx(net, weights), inputs), wanted) <= CLOSE


@pytest.mark.parametrize("name", [name for name in NAMES if has_norms(name)])
def test_and_with_batch_norm_folded(name):
    net, weights, inputs, wanted = setting(name)
    model = to_onnx(net, weights, fold_batch_norm=True)
    assert "BatchNormalization" not in kinds(model)
    assert judges.distance(judges.reference(model, inputs), wanted) <= CLOSE


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("fold", [False, True])
def test_onnx_runtime_agrees(name, fold):
    """A second judge, in float32, with all of its own rewrites."""
    net, weights, inputs, wanted = setting(name)
    if fold and not has_norms(name):
        return
    model = to_onnx(net, judges.singles(weights), fold_batch_norm=fold)
    assert judges.distance(judges.runtime(model, judges.singles(inputs)), wanted) <= CLOSE_32


@pytest.mark.parametrize("name", ["ssdlite_mobilenet_v2", "deeplab_mobilenet_v2", "faster_rcnn_mobilenet_v1"])
def test_channels_first_outside(name):
    net, weights, inputs, wanted = setting(name)
    model = to_onnx(net, weights, layout="NCHW")
    got = judges.reference(model, judges.turned(inputs, "NCHW"))
    assert judges.distance(got, judges.turned(wanted, "NCHW")) <= CLOSE


def test_all_of_ssdlite_comes_out_in_order():
    net, weights, inputs, wanted = setting("ssdlite_mobilenet_v2")
    got = judges.reference(to_onnx(net, weights), inputs)
    assert list(got) == list(net.outputs) == list(wanted)
    assert len(got) == 12


def test_any_number_of_images_and_only_the_given_one():
    net, weights, inputs, wanted = setting("mobilenet_v2", batch=3)
    model = to_onnx(net, weights)
    assert judges.distance(judges.reference(model, inputs), wanted) <= CLOSE
    for each in (*model.graph.input, *model.graph.output):
        assert each.type.tensor_type.shape.dim[0].dim_param == "batch"
    model = to_onnx(net, weights, batch=3)
    assert judges.distance(judges.reference(model, inputs), wanted) <= CLOSE
    assert [each.type.tensor_type.shape.dim[0].dim_value for each in model.graph.output] == [3]


@pytest.mark.parametrize("name", ["mobilenet_v2", "deeplab_mobilenet_v2"])
def test_the_same_weights_for_maps_of_another_size(name):
    net, weights = setting(name)[:2]
    moved = net.at(41, 34)
    inputs = judges.drawn_inputs(moved)
    wanted = judges.outputs_of(moved, weights, inputs)
    assert judges.distance(judges.reference(to_onnx(moved, weights), inputs), wanted) <= CLOSE


def test_a_split_network_is_written_whole():
    net, weights, inputs, wanted = setting("mobilenet_v2")
    whole, parts = to_onnx(net, weights), to_onnx(split_bottlenecks(net, 3), weights)
    assert kinds(parts) == kinds(whole)
    assert judges.distance(judges.reference(parts, inputs), wanted) <= CLOSE
