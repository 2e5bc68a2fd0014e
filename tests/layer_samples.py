"""Samples of every layer that refnet.layers exports, and how to run one.

shapes   of the inputs, without the batch    B images of the batch
"""

from typing import NamedTuple

import numpy as np

import refnet.kernels
from refnet import layers
from refnet.layers import (
    Add,
    AveragePool2d,
    BatchNorm,
    BiasAdd,
    ChannelScale,
    ChannelShuffle,
    Concat,
    Conv2d,
    CropAndResize,
    Dense,
    DepthwiseConv2d,
    Dropout,
    Each,
    Flatten,
    GlobalAveragePool,
    GroupedConv2d,
    L2Normalize,
    LeakyRelu,
    LocalResponseNorm,
    MaxPool2d,
    Pad2d,
    PointwiseConv2d,
    Relu,
    Relu6,
    ResizeBilinear,
    Softmax,
    SpaceToDepth,
)

B = 3

LINEAR = [  # in each of their inputs: gradients are exact on integers
    (Conv2d(4, 3), [(5, 6, 2)]),
    (Conv2d(3, (2, 3), stride=(2, 1), dilation=(1, 2), padding=(0, 2, 3, 1)), [(6, 5, 2)]),
    (Conv2d(2, 3, stride=2, padding="symmetric"), [(6, 8, 3)]),
    (DepthwiseConv2d(3, 2), [(6, 7, 3)]),
    (DepthwiseConv2d((1, 4), stride=(1, 3), padding="valid"), [(2, 9, 2)]),
    (DepthwiseConv2d(3, dilation=2, padding="symmetric"), [(4, 5, 2)]),
    (GroupedConv2d(4, 3, groups=2, stride=2), [(5, 4, 6)]),
    (GroupedConv2d(6, 2, groups=3, padding="valid"), [(3, 4, 3)]),
    (PointwiseConv2d(5), [(2, 3, 4)]),
    (Dense(4), [(6,)]),
    (GlobalAveragePool(), [(2, 4, 3)]),  # 8 pixels: the mean of integers is exact
    (GlobalAveragePool(keep_map=True), [(4, 1, 2)]),
    (AveragePool2d(2, 2, "valid"), [(5, 6, 2)]),  # and so it is where windows have 1, 2, 4 or 8 pixels
    (AveragePool2d(2), [(3, 4, 2)]),
    (AveragePool2d((2, 4), (1, 3), (1, 0, 2, 1), count_padding=True), [(3, 5, 2)]),
    (Pad2d((1, -2, 0, 3)), [(4, 3, 2)]),
    (Flatten(), [(2, 3, 2)]),
    (ChannelScale(), [(2, 3, 4)]),
    (ChannelScale(), [(5,)]),
    (ChannelShuffle(3), [(2, 3, 6)]),
    (SpaceToDepth(2), [(4, 6, 3)]),
    (Each(Conv2d(3, 3, 2)), [(2, 5, 4, 2)]),
    (Each(Dense(4)), [(3, 6)]),
]
OTHERS = [
    (Add(), [(2, 3, 2), (2, 3, 2)]),
    (Add(), [(4,), (4,)]),
    (BatchNorm(), [(3, 2, 4)]),
    (BatchNorm(decay=0.9, eps=1e-5), [(5,)]),
    (BiasAdd(), [(2, 3, 4)]),
    (BiasAdd(), [(4,)]),
    (Dropout(0.25), [(2, 3, 4)]),
    (Dropout(0.0), [(7,)]),
    (Relu(), [(2, 3, 2)]),
    (Relu6(), [(2, 3, 2)]),
    (LeakyRelu(), [(2, 3, 2)]),
    (MaxPool2d(3, 2), [(5, 6, 2)]),
    (MaxPool2d((2, 3), 2, "ceil"), [(5, 4, 2)]),
    (LocalResponseNorm(3, alpha=0.5), [(2, 3, 5)]),
    (L2Normalize(), [(2, 3, 4)]),
    (L2Normalize(eps=30.0), [(4,)]),
    (Softmax(), [(5,)]),
    (Concat(2), [(2, 3, 2), (2, 3, 4)]),
    (Concat(3), [(4,), (1,), (2,)]),
    (ResizeBilinear(), [(2, 3, 2), (4, 5, 1)]),
    (ResizeBilinear(align_corners=False), [(4, 3, 2), (3, 6, 2)]),
    (CropAndResize(2), [(4, 5, 2), (3, 4)]),
    (CropAndResize((1, 3)), [(4, 4, 1), (2, 4)]),
    (Each(BatchNorm()), [(2, 3, 2, 4)]),
    (Each(Add()), [(2, 3, 2), (2, 3, 2)]),
]
SAMPLES = LINEAR + OTHERS


class Ran(NamedTuple):
    """One forward pass in training mode and its backward pass."""

    y: np.ndarray
    dxs: tuple
    dweights: dict
    updates: dict


def label(sample):
    layer, shapes = sample
    return f"{layer}-{'+'.join('x'.join(map(str, shape)) for shape in shapes)}"


def classes():
    """Every layer class that refnet.layers exports."""
    return {name: getattr(layers, name) for name in layers.__all__ if name != "Layer"}


def drawn(layer, shapes, dtype=np.float64, seed=0, batch=B):
    """Random inputs and weights; variances are positive, boxes lie in the map."""
    random = np.random.default_rng(seed)
    xs = [random.uniform(-3, 9, (batch, *shape)).astype(dtype) for shape in shapes]
    if isinstance(layer, CropAndResize) and len(xs) == 2:
        xs[1] = (xs[1] + 3) / 12  # boxes inside of the map
    weights = {
        role: random.uniform(0.5, 2, shape).astype(dtype) for role, shape in layer.parameters(*shapes).items()
    }
    return xs, weights


def run(layer, weights, xs, dy, statistics="batch", input_gradient=True, seed=1, kernels=refnet.kernels):
    rng = np.random.default_rng(seed)
    y, saved, updates = layer.train_forward(kernels, weights, *xs, rng=rng, statistics=statistics)
    dxs, dweights = layer.backward(kernels, weights, saved, dy, input_gradient=input_gradient)
    return Ran(y, dxs, dweights, updates)


def infer(layer, weights, *xs):
    return layer.forward(refnet.kernels, weights, *xs)
