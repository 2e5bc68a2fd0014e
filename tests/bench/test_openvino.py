"""OpenVINO gives the graph's results in each of its forms, where it is installed beside the writer of its files."""

import os
import subprocess
import sys

import pytest
import small

from refnet.bench import judge
from refnet.bench.engines import Task
from refnet.bench.healthy import healthy_weights, inputs_of
from refnet.bench.onnx_engines import OpenVino

pytestmark = [
    pytest.mark.skipif(bool(OpenVino().missing()), reason="OpenVINO is not installed"),
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.jit,
]


@pytest.mark.parametrize("form", OpenVino.forms, ids=str)
def test_openvino_is_right(form):
    net = small.network()
    task = Task(net, healthy_weights(net, 0), inputs_of(net, 2, 1), 1)
    session = OpenVino().prepare(task, form)
    for _ in range(2):  # the inputs must stay alive between runs
        session.run()
        assert judge.distance(session.outputs(), judge.true_outputs(task)) < 1e-5
    assert session.settings["INFERENCE_PRECISION_HINT"] == "f32"
    assert session.settings["INFERENCE_NUM_THREADS as set"] == "1"


def test_models_go_in_any_order_and_ctrl_c_still_ends_what_runs():
    """In a process of its own, which a segmentation fault would end."""
    code = """
import os, signal, time
from refnet import mobilenet_v2
from refnet.bench.engines import Task
from refnet.bench.healthy import healthy_weights, inputs_of
from refnet.bench.onnx_engines import OpenVino
net = mobilenet_v2(width=0.35, resolution=32)
task = Task(net, healthy_weights(net, 0), inputs_of(net, 1, 1), 1)
first, second = (OpenVino().prepare(task, OpenVino.forms[0]) for _ in range(2))
del first, second
try:
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(5)
except KeyboardInterrupt:
    print("interrupted")
"""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=120)
    assert (done.returncode, done.stdout) == (0, "interrupted\n"), done.stderr
