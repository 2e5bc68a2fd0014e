"""Weights, images and comparisons for programs; small graphs of the shapes that operations are made from."""

import numpy as np
from healthy import healthy

from refnet import Graph, Node
from refnet.layers import (
    Add,
    BatchNorm,
    Conv2d,
    Dense,
    DepthwiseConv2d,
    Dropout,
    GlobalAveragePool,
    PointwiseConv2d,
    Relu,
    Relu6,
)

# Of the largest output: sums of thousands of products, in another order, through up to a hundred layers.
CLOSE = {np.float32: 2e-5, np.float64: 1e-12}


def weights_of(net, dtype=np.float32, seed=0):
    drawn = healthy(net, np.random.default_rng(seed))
    return {key: w.astype(dtype) for key, w in drawn.items()}


def inputs_of(net, batch=1, dtype=np.float32, seed=1):
    """One array per input; boxes, whose shape is (regions, 4), have their corners in order and inside."""
    random = np.random.default_rng(seed)
    found = {}
    for name, shape in net.inputs.items():
        x = random.uniform(-1, 1, (batch, *shape))
        found[name] = (np.sort(x, axis=-1) / 2 + 0.5 if len(shape) == 2 else x).astype(dtype)
    return found


def by_name(outputs):
    return outputs if isinstance(outputs, dict) else {"": outputs}


def assert_close(got, wanted):
    got, wanted = by_name(got), by_name(wanted)
    assert got.keys() == wanted.keys()
    for name, array in wanted.items():
        assert (got[name].shape, got[name].dtype) == (array.shape, array.dtype)
        limit = CLOSE[array.dtype.type] * max(abs(array).max(initial=0), 1e-3)
        assert abs(got[name] - array).max(initial=0) <= limit, name


def assert_same(got, wanted):
    """To the last bit."""
    got, wanted = by_name(got), by_name(wanted)
    assert got.keys() == wanted.keys()
    for name, array in wanted.items():
        np.testing.assert_array_equal(got[name], array)


def inverted_residual(channels=8, expansion=3, size=(9, 7), stride=1, outputs=()):
    """conv_first, then a block of V2 with a shortcut where the stride is 1, then a classifier."""
    block = [
        Node("b/expand", PointwiseConv2d(expansion * channels)),
        Node("b/expand_bn", BatchNorm()),
        Node("b/expand_relu6", Relu6()),
        Node("b/depthwise", DepthwiseConv2d(3, stride)),
        Node("b/depthwise_bn", BatchNorm()),
        Node("b/depthwise_relu6", Relu6()),
        Node("b/project", PointwiseConv2d(channels)),
        Node("b/project_bn", BatchNorm()),
    ]
    if stride == 1:
        block.append(Node("b/add", Add(), ("first_relu", "b/project_bn")))
    end = [Node("pool", GlobalAveragePool()), Node("dropout", Dropout(0.5)), Node("classifier", Dense(5))]
    first = [Node("first", Conv2d(channels, 3)), Node("first_relu", Relu())]
    return Graph("inverted", {"images": (*size, 3)}, [*first, *block, *end], outputs)
