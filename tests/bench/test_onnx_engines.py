"""ONNX Runtime gives the graph's results in each of its forms; OpenVINO's are tested where it is installed."""

import numpy as np
import pytest
import small

from refnet import models
from refnet.bench import judge
from refnet.bench.engines import Task
from refnet.bench.healthy import healthy_weights, inputs_of
from refnet.bench.onnx_engines import OnnxRuntime, as_ours, laid_out

pytestmark = [pytest.mark.onnx, pytest.mark.jit]


def task(net, batch=2, threads=1):
    return Task(net, healthy_weights(net, 0), inputs_of(net, batch, 1), threads)


def test_layouts_turn_maps_and_nothing_else():
    given = task(small.network())
    x, features = np.arange(24.0).reshape(1, 2, 3, 4), np.ones((1, 5))
    turned = laid_out({"x": x, "features": features}, "NCHW")
    assert turned["x"].shape == (1, 4, 2, 3)
    assert turned["x"].flags.c_contiguous
    assert turned["features"] is features
    back = as_ours(given, "NCHW", {"conv_first": turned["x"], "pool": features})
    assert (back["conv_first"] == x).all()
    assert back["pool"] is features
    assert laid_out({"x": x}, "NHWC")["x"] is x


@pytest.mark.parametrize("form", OnnxRuntime.forms, ids=str)
@pytest.mark.parametrize("threads", [1, 2])
def test_onnx_runtime_is_right(form, threads):
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    given = task(small.network(), threads=threads)
    session = OnnxRuntime().prepare(given, form)
    assert judge.distance(session.outputs(), judge.true_outputs(given)) < judge.TOLERANCE
    assert session.settings["intra_op_num_threads"] == threads
    assert session.settings["session.intra_op.allow_spinning"] == "1"
    assert session.settings["provider"] == ["CPUExecutionProvider"]


def test_several_outputs_come_by_name():
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    given = task(models.ssdlite_mobilenet_v2(width=0.35, resolution=64, classes=2), batch=1)
    engine = OnnxRuntime()
    true = judge.true_outputs(given)
    for form in engine.forms:
        assert judge.distance(engine.prepare(given, form).outputs(), true) < judge.TOLERANCE


def test_the_version_is_the_packages():
    onnxruntime = pytest.importorskip("onnxruntime")
    assert OnnxRuntime().version() == onnxruntime.__version__
    assert OnnxRuntime().missing() == ()
