"""A graph as a torch module, from its nodes: generic over the layers that MobileNets are made of.

    values   name of a node or an input -> torch tensor (B, M, H, W) or (B, M), in whatever memory format it comes
    key      of a weight of refnet; each parameter and buffer of the module holds one of them

`nn.Module` is asked for inside a function, so that this file can be read without torch.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .. import layers
from ..graph import Graph
from ..layers.base import Array
from ..layers.normalization import VECTORS
from ..node import Node
from .engines import Unable, load

Tensor = Any
LINEAR = (layers.Conv2d, layers.DepthwiseConv2d, layers.GroupedConv2d, layers.PointwiseConv2d, layers.Dense)


def module_of(net: Graph, weights: Mapping[str, Array]) -> Any:
    """The graph as a torch.nn.Module in evaluation mode: called with a dict of inputs (B, M, H, W), it returns the
    outputs by name. Raises Unable for a layer that has no counterpart here."""
    torch = load("torch")
    builder, merged = _Builder(torch, net, weights), merged_biases(net)
    steps: list[tuple[str, Any, tuple[str, ...]]] = []
    at: dict[str, str] = {}  # name in the graph -> name of the step that gives its value
    for node in net.nodes:
        at[node.name] = at[node.inputs[0]] if node.name in merged.values() else node.name
        if node.name not in merged.values():
            inputs = tuple(at.get(source, source) for source in node.inputs)
            steps.append((node.name, builder.module(node, merged.get(node.name)), inputs))
    return _walking(torch, steps, {name: at.get(name, name) for name in net.outputs}).eval()


def merged_biases(net: Graph) -> dict[str, str]:
    """Name of each convolution or dense layer that nothing but a bias reads -> that bias."""
    readers = Counter(source for node in net.nodes for source in node.inputs) + Counter(net.outputs)
    linear = {node.name for node in net.nodes if isinstance(node.layer, LINEAR)}
    biases = (node for node in net.nodes if isinstance(node.layer, layers.BiasAdd))
    return {node.inputs[0]: node.name for node in biases if node.inputs[0] in linear and readers[node.inputs[0]] == 1}


def _walking(torch: Any, steps: list[tuple[str, Any, tuple[str, ...]]], outputs: Mapping[str, str]) -> Any:
    """The module that runs the steps (name, module, names of its inputs) one after another."""
    last = {source: index for index, (_, _, inputs) in enumerate(steps) for source in inputs}
    done = [[name for name, at in last.items() if at == index] for index in range(len(steps))]
    kept = set(outputs.values())

    class Walking(torch.nn.Module):  # type: ignore[misc]  # torch is loaded when it is needed
        def __init__(self) -> None:
            super().__init__()
            self.steps = torch.nn.ModuleList([module for _, module, _ in steps])

        def forward(self, values: Mapping[str, Tensor]) -> dict[str, Tensor]:
            held = dict(values)
            for (name, _, inputs), module, over in zip(steps, self.steps, done, strict=True):
                held[name] = module(*(held[source] for source in inputs))
                for each in over:
                    if each not in kept:
                        del held[each]
            return {name: held[at] for name, at in outputs.items()}

    return Walking()


class _Builder:
    """One node -> one torch module that holds the node's weights; the attribute `keys` says which is which."""

    def __init__(self, torch: Any, net: Graph, weights: Mapping[str, Array]) -> None:
        self.torch, self.nn, self.net, self.weights = torch, torch.nn, net, weights
        self.readers = Counter(source for node in net.nodes for source in node.inputs) + Counter(net.outputs)

    def module(self, node: Node, bias: str | None) -> Any:
        """bias: the name of the bias that is merged into the node."""
        make: Callable[[_Builder, Node, str | None], Any] | None = MODULES.get(type(node.layer))
        if make is None:
            raise Unable(f"node {node.name!r}: no torch module for {node.layer.operation}")
        return make(self, node, bias)

    def inside(self, node: Node) -> tuple[int, ...]:
        return self.net.shapes[node.inputs[0]]

    def tensor(self, key: str) -> Tensor:
        return self.torch.from_numpy(to_torch(self.weights[key]))

    def filled(self, module: Any, **keys: str) -> Any:
        """The module with these weights in place of its own, of their dtype, by the names that torch has for them."""
        module.to(self.tensor(next(iter(keys.values()))).dtype)
        for name, key in keys.items():
            held = getattr(module, name)
            held.data.copy_(self.tensor(key).reshape(held.shape))
        module.keys = keys
        return module

    def linear(self, node: Node, bias: str | None, module: Any) -> Any:
        keys = {"weight": node.key("kernel")}
        by_name = {each.name: each for each in self.net.nodes}
        return self.filled(module, **(keys if bias is None else keys | {"bias": by_name[bias].key("bias")}))

    def padded(self, pads: tuple[int, int, int, int], make: Callable[[tuple[int, int]], Any]) -> Any:
        """A convolution that pads by itself where that is possible, else one behind a padding."""
        top, bottom, left, right = pads
        if (top, left) == (bottom, right):
            return make((top, left))
        return self.nn.Sequential(self.nn.ZeroPad2d((left, right, top, bottom)), make((0, 0)))


def to_torch(w: Array) -> Array:
    """(KH, KW, M, N) -> (N, M, KH, KW); (KH, KW, M) -> (M, 1, KH, KW); (M, N) -> (N, M); a vector as it is."""
    if w.ndim == 3:
        w = w[..., None]
        return np.ascontiguousarray(w.transpose(2, 3, 0, 1))
    return np.ascontiguousarray(np.moveaxis(w, (-1, -2), (0, 1)) if w.ndim > 1 else w)


def from_torch(t: Array, shape: tuple[int, ...]) -> Array:
    """The way back, to a weight of this shape: for gradients."""
    if len(shape) == 3:
        return np.ascontiguousarray(t[:, 0].transpose(1, 2, 0))
    return np.ascontiguousarray(np.moveaxis(t, (0, 1), (-1, -2)).reshape(shape) if t.ndim > 1 else t)


def _convolution(builder: _Builder, node: Node, bias: str | None) -> Any:
    layer: Any = node.layer
    height, width, channels = builder.inside(node)
    window, (seen, filters) = layer.window(), layer.channels(channels)
    more = {"groups": channels // seen, "bias": bias is not None, "dilation": window.dilation}

    def make(padding: tuple[int, int]) -> Any:
        convolution = builder.nn.Conv2d(
            channels, filters, window.kernel, window.stride, padding=padding, **more
        )
        return builder.linear(node, bias, convolution)

    return builder.padded(window.pads(height, width), make)


def _pointwise(builder: _Builder, node: Node, bias: str | None) -> Any:
    layer: Any = node.layer
    return builder.linear(
        node, bias, builder.nn.Conv2d(builder.inside(node)[2], layer.filters, 1, bias=bias is not None)
    )


def _dense(builder: _Builder, node: Node, bias: str | None) -> Any:
    layer: Any = node.layer
    return builder.linear(
        node, bias, builder.nn.Linear(builder.inside(node)[0], layer.units, bias=bias is not None)
    )


def _batch_norm(builder: _Builder, node: Node, _: str | None) -> Any:
    layer: Any = node.layer
    kind = builder.nn.BatchNorm2d if len(builder.inside(node)) == 3 else builder.nn.BatchNorm1d
    names = ("weight", "bias", "running_mean", "running_var")
    keys = {name: node.key(role) for name, role in zip(names, VECTORS, strict=True)}
    return builder.filled(kind(builder.inside(node)[-1], layer.eps, 1 - layer.decay), **keys)


def _bias(builder: _Builder, node: Node, _: str | None) -> Any:
    values = builder.tensor(node.key("bias"))
    values = values[:, None, None] if len(builder.inside(node)) == 3 else values

    class Bias(builder.nn.Module):  # type: ignore[misc,name-defined]  # torch is loaded when it is needed
        def __init__(self) -> None:
            super().__init__()
            self.bias = builder.nn.Parameter(values)
            self.keys = {"bias": node.key("bias")}

        def forward(self, x: Tensor) -> Tensor:
            return x + self.bias

    return Bias()


def _function(builder: _Builder, function: Callable[..., Tensor]) -> Any:
    """A module without weights."""

    class Function(builder.nn.Module):  # type: ignore[misc,name-defined]  # torch is loaded when it is needed
        def forward(self, *xs: Tensor) -> Tensor:
            return function(*xs)

    return Function()


def _activation(name: str) -> Callable[[_Builder, Node, str | None], Any]:
    """In place, as is usual, where nobody else reads the input."""

    def make(builder: _Builder, node: Node, _: str | None) -> Any:
        source = node.inputs[0]
        alone = builder.readers[source] == 1 and source not in builder.net.inputs
        return getattr(builder.nn, name)(inplace=alone)

    return make


def _pool(builder: _Builder, node: Node, _: str | None) -> Any:
    keep = getattr(node.layer, "keep_map", False)
    return _function(builder, lambda x: x.mean((2, 3), keepdim=keep))


MODULES: dict[type, Callable[[_Builder, Node, str | None], Any]] = {
    layers.Conv2d: _convolution,
    layers.DepthwiseConv2d: _convolution,
    layers.GroupedConv2d: _convolution,
    layers.PointwiseConv2d: _pointwise,
    layers.Dense: _dense,
    layers.BatchNorm: _batch_norm,
    layers.BiasAdd: _bias,
    layers.Relu: _activation("ReLU"),
    layers.Relu6: _activation("ReLU6"),
    layers.GlobalAveragePool: _pool,
    layers.Add: lambda builder, node, _: _function(builder, lambda a, b: a + b),
    layers.Dropout: lambda builder, node, _: builder.nn.Dropout(node.layer.rate),  # type: ignore[attr-defined]
    layers.Softmax: lambda builder, node, _: builder.nn.Softmax(1),
}
