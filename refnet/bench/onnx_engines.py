"""ONNX Runtime and OpenVINO, on the file that `refnet.io.onnx` writes, with the same weights.

Each takes the file in the form in which it is fastest: batch norm folded or not, inputs and outputs NHWC or NCHW. The
images lie ready in that layout. Batch and shapes are fixed in the file, so that the engines can plan for them.
"""

from collections.abc import Callable, Mapping
from itertools import product
from typing import Any

import numpy as np

from ..io.onnx import to_onnx
from ..layers.base import Array
from .engines import Engine, Form, Session, Task, load
from .signal_stack import kept_signal_stack

CALLS = ("infer", "start and wait")  # in the calling thread, or in one of OpenVINO's own


class OnnxRuntime(Engine):
    """All of its graph optimisations, as many intra-op threads as asked for, which spin while they wait."""

    name = distribution = "onnxruntime"
    packages = ("onnxruntime", "onnx")
    forms = tuple(Form(*each) for each in product((True, False), ("NHWC", "NCHW")))

    def prepare(self, task: Task, form: Form) -> Session:
        ort, options = load("onnxruntime"), load("onnxruntime").SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = task.threads, 1
        options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
        options.add_session_config_entry("session.intra_op.allow_spinning", "1")
        options.log_severity_level = 3
        session = ort.InferenceSession(_file(task, form), options, providers=["CPUExecutionProvider"])
        names, inputs = [each.name for each in session.get_outputs()], laid_out(task.inputs, form.layout)
        settings = {
            "provider": session.get_providers(),
            "graph_optimization_level": "ORT_ENABLE_ALL",
            "execution_mode": "ORT_SEQUENTIAL",
            "intra_op_num_threads": task.threads,
            "inter_op_num_threads": 1,
            "session.intra_op.allow_spinning": "1",
        }
        return Session(
            lambda: session.run(None, inputs),
            lambda: as_ours(task, form.layout, dict(zip(names, session.run(None, inputs), strict=True))),
            settings,
        )


class OpenVino(Engine):
    """Latency hint, as many threads as asked for, arithmetic pinned to float32."""

    name = distribution = "openvino"
    packages = ("openvino", "onnx")
    forms = tuple(Form(*each) for each in product((True, False), ("NHWC", "NCHW"), CALLS))

    def prepare(self, task: Task, form: Form) -> Session:
        openvino = load("openvino")
        settings = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": task.threads,
            "INFERENCE_PRECISION_HINT": "f32",
        }
        core = openvino.Core()
        with kept_signal_stack():
            model = core.compile_model(core.read_model(_file(task, form)), "CPU", settings)
        request, inputs = model.create_infer_request(), laid_out(task.inputs, form.layout)
        for name, x in inputs.items():
            request.set_tensor(name, openvino.Tensor(x, shared_memory=True))
        run = request.infer if form.call == "infer" else _start_and_wait(request)

        def outputs(_alive: Any = inputs) -> Mapping[str, Array]:  # the tensors share this memory and do not own it
            run()
            names = (port.get_any_name() for port in model.outputs)
            return as_ours(task, form.layout, {name: request.get_tensor(name).data.copy() for name in names})

        return Session(run, outputs, settings | _read_back(model))


def _start_and_wait(request: Any) -> Callable[[], None]:
    def run() -> None:
        request.start_async()
        request.wait()

    return run


def _read_back(model: Any) -> dict[str, str]:
    """What the plugin made of the settings."""
    names = ("NUM_STREAMS", "ENABLE_CPU_PINNING", "INFERENCE_NUM_THREADS")
    return {f"{name} as set": str(model.get_property(name)) for name in names}


def _file(task: Task, form: Form) -> bytes:
    content: bytes = to_onnx(task.net, task.weights, task.batch, form.folded, form.layout).SerializeToString()
    return content


def laid_out(arrays: Mapping[str, Array], layout: str) -> dict[str, Array]:
    """Maps (..., H, W, M) as they are, or as (..., M, H, W); everything else as it is; contiguous."""
    turn = layout == "NCHW"
    return {
        name: np.ascontiguousarray(np.moveaxis(x, -1, -3) if turn and x.ndim > 3 else x) for name, x in arrays.items()
    }


def as_ours(task: Task, layout: str, arrays: Mapping[str, Array]) -> dict[str, Array]:
    """The way back."""
    turn = layout == "NCHW"
    return {
        name: np.moveaxis(y, -3, -1) if turn and len(task.net.shapes[name]) > 2 else y for name, y in arrays.items()
    }
