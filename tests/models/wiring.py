"""What a graph's branches do, in words that a publication's table can be typed in.

"1x1 64, 3x3 96/2"   convolutions with their channels and stride, from the start of a block to its end
"max 3x3/2", "avg 3x3"   pools; V behind a stride: no padding; g: groups; batch norm and activations are left out
"""

from dataclasses import replace

from refnet import Graph
from refnet.layers import (
    AveragePool2d,
    Concat,
    Conv2d,
    DepthwiseConv2d,
    GroupedConv2d,
    MaxPool2d,
    PointwiseConv2d,
)

POOLS = {MaxPool2d: "max", AveragePool2d: "avg"}


def concatenations(net):
    """Block -> what each input of its concatenation does, in the order of the channels."""
    by_name = {node.name: node for node in net.nodes}
    joined = [node for node in net.nodes if isinstance(node.layer, Concat)]
    return {
        node.name.partition("/")[0]: [chain(by_name, end, node.name.partition("/")[0]) for end in node.inputs]
        for node in joined
    }


def chain(by_name, end, block):
    """The layers from outside of the block to `end`."""
    words = []
    while end.startswith(f"{block}/"):
        node = by_name[end]
        words.insert(0, word(node.layer))
        (end,) = node.inputs
    return ", ".join(filter(None, words))


def word(layer):
    if isinstance(layer, PointwiseConv2d):
        return f"1x1 {layer.filters}"
    if not isinstance(layer, (Conv2d, DepthwiseConv2d, GroupedConv2d, *POOLS)):
        return ""
    window = layer.window()
    size = f"{window.kernel[0]}x{window.kernel[1]}"
    stride = "" if window.stride == (1, 1) else f"/{window.stride[0]}"
    stride += "V" if window.padding == "valid" else ""
    if type(layer) in POOLS:
        return f"{POOLS[type(layer)]} {size}{stride}"
    if isinstance(layer, DepthwiseConv2d):
        return f"dw {size}{stride}"
    groups = f" g{layer.groups}" if isinstance(layer, GroupedConv2d) else ""
    return f"{size} {layer.filters}{groups}{stride}"


def weights(net):
    """Weights of all kernels by block, which is what stands before the first `/` of a node's name."""
    found = {}
    for row in net.cost():
        block = row.node.partition("/")[0]
        found[block] = found.get(block, 0) + row.terms.weights
    return {block: number for block, number in found.items() if number}


def with_swapped_branches(net, concat):
    """The same graph with the first and the last input of one concatenation in each other's place."""
    nodes = [
        replace(node, inputs=(node.inputs[-1], *node.inputs[1:-1], node.inputs[0])) if node.name == concat else node
        for node in net.nodes
    ]
    return Graph(net.name, net.inputs, nodes, net.outputs)
