"""Any graph of refnet as an ONNX model: operator set 18, standard operators only, weights inside of the file.

    from refnet.io.onnx import save
    save("mobilenet_v2.onnx", net, weights)

Inside, maps are NCHW; where the file's inputs and outputs are NHWC, as in refnet, a transposition stands at each of
these borders. Operators and values are called as the nodes, initializers as the keys of the weights. Inference only:
dropout is left out, batch norm uses its stored statistics. A bias that alone reads a convolution or a dense layer is an
input of that operator.
"""

import os
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from .. import __version__
from ..graph import Graph
from ..layers.base import Array, check_count, check_flag
from ..layers.dense import BiasAdd
from ..node import Node
from ..rewrites import fold
from . import files
from .onnx_borders import LAYOUTS, crosses, enter, leave, outside
from .onnx_operators import operators
from .onnx_parts import Parts, Place, load_onnx

OPSET = 18
IR_VERSION = 8  # the first that knows operator set 18
LARGEST = 2**31 - 2**24  # bytes of weights: a file is one protobuf message, and that ends at 2 GiB


def to_onnx(
    net: Graph,
    weights: Mapping[str, Array],
    batch: int | None = None,
    fold_batch_norm: bool = False,
    layout: str = "NHWC",
) -> Any:
    """The graph with these weights -> onnx.ModelProto, in the weights' dtype (float32 for a graph without weights).

    batch: images per run; by default any number. fold_batch_norm: into the convolutions before, see rewrites/fold.py.
    layout: of inputs and outputs, "NHWC" (B, H, W, M) or "NCHW" (B, M, H, W); regions stand behind the batch in both.

    Raises ImportError naming the extra where onnx is missing, TypeError or ValueError that names the argument, the node
    or the weight otherwise.
    """
    if not isinstance(net, Graph):
        raise TypeError(f"net: wanted a refnet.Graph, got {type(net).__name__}")
    if batch is not None:
        check_count(batch, "batch")
    if layout not in LAYOUTS:
        raise ValueError(f"layout: wanted {' or '.join(LAYOUTS)}, got {layout!r}")
    onnx = load_onnx()
    net.check_weights(weights)
    _check_size(net, weights)
    if check_flag(fold_batch_norm, "fold_batch_norm"):
        net, weights = fold.fold_batch_norm(net, weights)
    parts = _parts(net, weights, layout)
    graph = onnx.helper.make_graph(
        parts.operators,
        net.name,
        [_described(parts, name, net, batch, layout) for name in net.inputs],
        [_described(parts, name, net, batch, layout) for name in dict.fromkeys(net.outputs)],
        list(parts.initializers.values()),
    )
    made = {"producer_name": "refnet", "producer_version": __version__, "ir_version": IR_VERSION}
    return onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", OPSET)], **made)


def save(
    path: str | os.PathLike[str],
    net: Graph,
    weights: Mapping[str, Array],
    batch: int | None = None,
    fold_batch_norm: bool = False,
    layout: str = "NHWC",
) -> None:
    """Write what `to_onnx` returns into a file, all at once. Raises OSError that names the path."""
    model = to_onnx(net, weights, batch, fold_batch_norm, layout)
    files.write(path, model.SerializeToString(deterministic=True))


def _check_size(net: Graph, weights: Mapping[str, Array]) -> None:
    size = sum(weights[key].nbytes for key in net.parameters())
    if size > LARGEST:
        raise ValueError(f"weights: wanted up to {LARGEST} bytes, as much as an ONNX file can hold, got {size}")


def _described(parts: Parts, name: str, net: Graph, batch: int | None, layout: str) -> Any:
    """Name, dtype and shape of an input or output; an unknown batch is called "batch"."""
    helper = parts.onnx.helper
    shape = "batch" if batch is None else int(batch), *outside(net.shapes[name], layout)
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(parts.dtype), shape)


def _parts(net: Graph, weights: Mapping[str, Array], layout: str) -> Parts:
    """Every operator and initializer of the file, in the order of the nodes."""
    dtype = next((weights[key].dtype for key in net.parameters()), np.dtype(np.float32))
    parts = Parts(net.shapes, dtype)
    values = {  # name in the graph -> name of the value that holds it inside of the file
        name: enter(parts, name, shape, layout) for name, shape in net.inputs.items()
    }
    biases = _biases(net)
    merged = {bias.name for bias in biases.values()}
    for node in net.nodes:
        if node.name in merged:
            values[node.name] = values[node.inputs[0]]
            continue
        place = _place(parts, net, weights, node, biases.get(node.name), values)
        name = biases.get(node.name, node).name  # what comes out is the value of the last node in it
        turned = name in net.outputs and crosses(net.shapes[name], layout)
        values[node.name] = _write(place, parts.unique(f"{name}/inside") if turned else name)
    for name in dict.fromkeys(net.outputs):
        if name not in net.inputs:  # an input that is also an output is the same value
            leave(parts, name, values[name], net.shapes[name], layout)
    return parts


def _write(place: Place, output: str) -> str:
    """The operators of one node -> the value that comes out, called so; that which went in if there are none.

    The last operator is called as the node; each writes last what it returns.
    """
    before = len(place.parts.operators)
    value = operators(place)
    return place.parts.rename_last(output, place.name) if len(place.parts.operators) > before else value


def _place(
    parts: Parts, net: Graph, weights: Mapping[str, Array], node: Node, bias: Node | None, values: Mapping[str, str]
) -> Place:
    shapes = tuple(net.shapes[source] for source in node.inputs)
    own = {role: (key, weights[key]) for role, key in node.keys(*shapes).items()}
    added = None if bias is None else (bias.key("bias"), weights[bias.key("bias")])
    return Place(parts, node.name, node.layer, tuple(values[source] for source in node.inputs), shapes, own, added)


def _biases(net: Graph) -> dict[str, Node]:
    """Name of each convolution or dense layer that nothing but a bias reads -> that bias."""
    readers = Counter(source for node in net.nodes for source in node.inputs) + Counter(net.outputs)
    linear = {node.name for node in net.nodes if type(fold.innermost(node.layer)) in fold.SCALABLE}
    biases = (node for node in net.nodes if type(fold.innermost(node.layer)) is BiasAdd)
    return {node.inputs[0]: node for node in biases if node.inputs[0] in linear and readers[node.inputs[0]] == 1}
