"""What the tests of ONNX files share: the reference evaluator, graphs of one layer, how far two results are apart.

The constants of some layers are attributes in ONNX, and those are float32: a network that is compared in float64 gets
constants that float32 holds exactly.
"""

from dataclasses import replace

import numpy as np
import onnx
import pytest
from onnx.reference import ReferenceEvaluator
from onnx.reference.op_run import OpRun

from refnet import Graph, Node
from refnet.layers import BatchNorm, BiasAdd, CropAndResize, Each, LeakyRelu, LocalResponseNorm


def rounded(layer):
    """The layer with constants that float32 holds."""
    if isinstance(layer, Each):
        return Each(rounded(layer.layer))
    if isinstance(layer, BatchNorm):
        return replace(layer, eps=float(np.float32(layer.eps)))
    if isinstance(layer, LeakyRelu):
        return replace(layer, slope=float(np.float32(layer.slope)))
    if isinstance(layer, LocalResponseNorm):
        alpha = float(np.float32(layer.alpha * layer.size)) / layer.size
        return replace(layer, alpha=alpha, beta=float(np.float32(layer.beta)), bias=float(np.float32(layer.bias)))
    return layer


def with_rounded(net):
    return Graph(net.name, net.inputs, [replace(node, layer=rounded(node.layer)) for node in net.nodes], net.outputs)


def single(layer, shapes):
    """A graph with this layer as node `layer`, and a bias behind it, which has weights for a layer that has none.

    A graph takes no regions of maps (R, H, W, M) but makes them: they are cut out of a map.
    """
    inputs, nodes, names = {}, [], []
    for i, shape in enumerate(shapes):
        names.append(f"x{i}")
        if len(shape) < 4:
            inputs[f"x{i}"] = shape
            continue
        inputs |= {f"map{i}": (5, 4, shape[3]), f"boxes{i}": (shape[0], 4)}
        nodes.append(Node(f"x{i}", CropAndResize(shape[1:3]), (f"map{i}", f"boxes{i}")))
    nodes += [Node("layer", rounded(layer), tuple(names)), Node("bias", BiasAdd())]
    return Graph("single", inputs, nodes)


class LRN(OpRun):
    """The operator as ONNX defines it: the evaluator of onnx 1.23 sums the squares of as many channels as there are
    images, and of none beyond them."""

    op_domain = ""

    def _run(self, x, alpha=None, beta=None, bias=None, size=None):
        squares = np.pad(x**2, [(0, 0), (size // 2, size // 2), (0, 0), (0, 0)])
        total = sum(squares[:, i : i + x.shape[1]] for i in range(size))
        return ((x / (bias + float(alpha) / size * total) ** float(beta)).astype(x.dtype),)


def reference(model, inputs):
    """Every output of the model by name, after onnx's own check of it."""
    onnx.checker.check_model(model, full_check=True)
    ran = ReferenceEvaluator(model, new_ops=[LRN]).run(None, inputs)
    return dict(zip((each.name for each in model.graph.output), ran, strict=True))


def runtime(model, inputs):
    """Every output of the model by name, from ONNX Runtime with all of its rewrites; skips where that is missing."""
    onnxruntime = pytest.importorskip("onnxruntime")
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return dict(zip((each.name for each in session.get_outputs()), session.run(None, inputs), strict=True))


def singles(arrays):
    return {name: x.astype(np.float32) for name, x in arrays.items()}


def outputs_of(net, weights, inputs):
    """What the graph itself computes, by output name."""
    found = net.forward(weights, inputs)
    return found if isinstance(found, dict) else {net.outputs[0]: found}


def distance(got, wanted):
    """The largest difference as a share of the largest value, over outputs of the same names and shapes."""
    assert {name: y.shape for name, y in got.items()} == {name: y.shape for name, y in wanted.items()}
    return max(float(abs(got[name] - y).max() / abs(y).max()) for name, y in wanted.items())


def drawn_inputs(net, batch=1, seed=0, dtype=np.float64):
    """Images between -1 and 1; boxes, which are (regions, 4), within the map."""
    random = np.random.default_rng(seed)
    low = {name: 0 if len(shape) == 2 else -1 for name, shape in net.inputs.items()}
    return {name: random.uniform(low[name], 1, (batch, *shape)).astype(dtype) for name, shape in net.inputs.items()}


def turned(arrays, layout):
    """Values (B, ..., H, W, M) as the layout has them: with channels before rows and columns, or as they are."""
    return {name: np.moveaxis(x, -1, -3) if layout == "NCHW" and x.ndim > 3 else x for name, x in arrays.items()}
