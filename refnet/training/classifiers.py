"""Networks that give a picture one class."""

from ..graph import Graph


def check_classifier(net: Graph) -> int:
    """The number of classes. Raises ValueError unless there is one input and one output (K,) with at least two."""
    shape = net.shapes[net.outputs[0]]
    if len(net.inputs) != 1 or len(net.outputs) != 1 or len(shape) != 1 or shape[0] < 2:
        got = f"{len(net.inputs)} input(s) and {len(net.outputs)} output(s), the first of shape {shape}"
        raise ValueError(f"{net.name}: wanted a network with one input and one output (classes,), got {got}")
    return shape[0]
