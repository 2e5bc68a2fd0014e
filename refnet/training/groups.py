"""Which weight is in which group, by the layer that it belongs to: L2 is for the kernels of the first group alone.

V1 section 3.2: "very little or no weight decay (l2 regularization) on the depthwise filters since they are so few
parameters in them". The official code has none there, none on batch norm and none on biases: `mobilenet_v1_arg_scope`
in research/slim/nets/mobilenet_v1.py and `training_scope` in research/slim/nets/mobilenet/mobilenet.py.
"""

from ..graph import Graph
from ..layers.base import STATISTICS, Layer
from ..layers.convolution import DepthwiseConv2d, GroupedConv2d
from ..layers.regions import Each

# Group -> what it is, as `refnet train --groups` prints it; the only one with weight decay comes first.
GROUPS = {
    "kernels": "kernels of standard, pointwise, grouped convolutions and of dense layers: weight decay",
    "depthwise": "depthwise kernels: no weight decay (V1 section 3.2)",
    "norms": "scales and shifts of batch norm: no weight decay",
    "biases": "biases and other single factors: no weight decay",
    "statistics": "moving statistics of batch norm: not trained",
}
_BY_ROLE = {"gamma": "norms", "beta": "norms", "bias": "biases", "scale": "biases"}


def weight_groups(net: Graph) -> dict[str, str]:
    """Key of each weight -> its group, in the order of the weights.

    A kernel is depthwise if each of its filters reads one channel; of one that several nodes share, the first decides.
    """
    kinds: dict[str, bool] = {}
    for node in net.nodes:
        shapes = [net.shapes[source] for source in node.inputs]
        for key in node.keys(*shapes).values():
            kinds.setdefault(key, _depthwise(node.layer, shapes[0][-1]))
    return {key: _group(each.role, kinds[key]) for key, each in net.parameters().items()}


def decayed(net: Graph, depthwise: bool = False) -> frozenset[str]:
    """Keys of the weights that get weight decay; `depthwise`: the depthwise kernels too."""
    wanted = ("kernels", "depthwise") if depthwise else ("kernels",)
    return frozenset(key for key, group in weight_groups(net).items() if group in wanted)


def _group(role: str, depthwise: bool) -> str:
    if role in STATISTICS:
        return "statistics"
    if role == "kernel":
        return "depthwise" if depthwise else "kernels"
    return _BY_ROLE.get(role, "biases")


def _depthwise(layer: Layer, channels: int) -> bool:
    while isinstance(layer, Each):
        layer = layer.layer
    if isinstance(layer, GroupedConv2d):
        return layer.groups == channels > 1
    convolution = getattr(layer, "convolution", layer)  # of a fused layer
    return isinstance(convolution, DepthwiseConv2d)
