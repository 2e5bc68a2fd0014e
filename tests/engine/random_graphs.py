"""Small graphs of every wiring: Hypothesis draws layers, whom they read, and what comes out."""

from hypothesis import strategies as st

from refnet import Graph, Node
from refnet.layers import (
    Add,
    AveragePool2d,
    BatchNorm,
    BiasAdd,
    Concat,
    Conv2d,
    Dense,
    DepthwiseConv2d,
    Dropout,
    Flatten,
    GlobalAveragePool,
    MaxPool2d,
    PointwiseConv2d,
    Relu,
    Relu6,
)

SIDES, CHANNELS = st.integers(1, 9), st.sampled_from((1, 3, 4, 8, 9, 17))
WINDOWS = {
    "kernel": st.integers(1, 3),
    "stride": st.sampled_from((1, 2, 3, 9)),
    "dilation": st.integers(1, 2),
    "padding": st.sampled_from(("same", "symmetric", "valid", (1, 0, 0, 1), (0, 2, 1, 0), (5, 1, 9, 2))),
}
ELEMENTWISE = st.sampled_from((BatchNorm(), BiasAdd(), Relu(), Relu6(), Dropout(0.5)))
CONVOLUTIONS = st.one_of(
    st.builds(PointwiseConv2d, CHANNELS),
    st.builds(DepthwiseConv2d, **WINDOWS),
    st.builds(Conv2d, CHANNELS, **WINDOWS),
)
POOLS = st.one_of(st.builds(MaxPool2d, st.integers(1, 2)), st.builds(AveragePool2d, st.integers(1, 2)))
LAYERS = st.one_of(CONVOLUTIONS, CONVOLUTIONS, ELEMENTWISE, ELEMENTWISE, POOLS)
ENDS = st.sampled_from(((), (GlobalAveragePool(), Dense(5)), (Flatten(), Dense(3), BiasAdd(), Relu())))


@st.composite
def graphs(draw):
    """A graph of up to a dozen nodes, most of which read the node before them."""
    shapes = {"images": (draw(SIDES), draw(SIDES), draw(CHANNELS))}
    nodes = []
    for number in range(draw(st.integers(1, 10))):
        before = list(shapes)[-1] if draw(st.integers(0, 3)) else draw(st.sampled_from(list(shapes)))
        _add(draw, nodes, shapes, f"n{number}", before)
    outputs = draw(st.lists(st.sampled_from(list(shapes)), max_size=3, unique=True)) if draw(st.booleans()) else []
    before = list(shapes)[-1]
    for number, layer in enumerate(draw(ENDS)):
        nodes.append(Node(f"end{number}", layer, (before,)))
        before = nodes[-1].name
    return Graph("drawn", {"images": shapes["images"]}, nodes, dict.fromkeys((*outputs, before)))


def _add(draw, nodes, shapes, name, before):
    """One more node on the value `before`, perhaps together with another value of its size."""
    others = [other for other, shape in shapes.items() if shape == shapes[before]]
    kind = draw(st.sampled_from(("layer", "layer", "layer", "add", "concat")))
    layer = {"add": Add(), "concat": Concat(2)}.get(kind) or draw(LAYERS)
    inputs = (before,) if kind == "layer" else (before, draw(st.sampled_from(others)))
    try:
        shapes[name] = layer.out_shape(*(shapes[each] for each in inputs))
    except ValueError:  # a window that does not fit
        layer, inputs = Relu(), (before,)
        shapes[name] = shapes[before]
    nodes.append(Node(name, layer, inputs))
