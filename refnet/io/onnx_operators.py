"""One function per layer: which ONNX operators compute it (operator set 18, https://onnx.ai/onnx/operators).

Each appends its operators at a `Place` and returns the value that they give. Padding is always written out as four
numbers, since SAME has its odd pixel bottom and right. Attributes of ONNX are float32, so the constants of batch norm,
leaky ReLU and local response norm are rounded to that.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from .. import layers
from ..layers.base import Layer, Shape
from ..layers.normalization import VECTORS
from ..layers.window import Window, pair
from ..rewrites.split import SplitBottleneck
from .onnx_parts import Place, is_map


def operators(at: Place) -> str:
    """Write the node's layer -> the value that comes out. Raises ValueError for a layer that no function here knows."""
    if type(at.layer) not in OPERATORS:
        raise ValueError(f"node {at.name!r}: wanted a layer of refnet.layers, which ONNX can say, got {at.layer}")
    return OPERATORS[type(at.layer)](at)


# Convolutions and dense layers: kernels become (N, M, KH, KW). A bias behind them is an input of theirs.


def _conv2d(at: Place) -> str:
    return _convolution(at, at.weight("kernel", lambda w: w.transpose(3, 2, 0, 1)))


def _grouped(at: Place) -> str:
    return _convolution(at, at.weight("kernel", lambda w: w.transpose(3, 2, 0, 1)), at.layer.groups)


def _depthwise(at: Place) -> str:
    channels = at.shapes[0][-1]
    return _convolution(at, at.weight("kernel", lambda w: w.transpose(2, 0, 1)[:, None]), channels)


def _convolution(at: Place, kernel: str, groups: int = 1) -> str:
    window = at.layer.window()
    attributes = _window(window, at.shapes[0])
    return at.put("Conv", at.x, kernel, *at.biases(), dilations=window.dilation, group=int(groups), **attributes)


def _pointwise(at: Place) -> str:
    return at.put("Conv", at.x, at.weight("kernel", lambda w: w.T[:, :, None, None]), *at.biases(), kernel_shape=(1, 1))


def _dense(at: Place) -> str:
    return at.put("Gemm", at.x, at.weight("kernel"), *at.biases())


def _window(window: Window, shape: Shape) -> dict[str, Any]:
    """Kernel, strides and pads (top, left, bottom, right) for a map (H, W, M)."""
    top, bottom, left, right = window.pads(shape[0], shape[1])
    return {"kernel_shape": window.kernel, "strides": window.stride, "pads": (top, left, bottom, right)}


# Channel by channel.


def _bias_add(at: Place) -> str:
    return at.put("Add", at.x, at.per_channel("bias"))


def _channel_scale(at: Place) -> str:
    return at.put("Mul", at.x, at.per_channel("scale"))


def _batch_norm(at: Place) -> str:
    vectors = (at.weight(role) for role in VECTORS)
    return at.put("BatchNormalization", at.x, *vectors, epsilon=float(at.layer.eps))


def _local_response_norm(at: Place) -> str:
    """ONNX divides alpha by size, and knows maps only."""
    layer, x = at.layer, at.x if at.is_map else at.reshape(at.x, 0, 0, 1, 1)
    setting = {"alpha": float(layer.alpha * layer.size), "beta": float(layer.beta), "bias": float(layer.bias)}
    y = at.put("LRN", x, size=int(layer.size), **setting)
    return y if at.is_map else at.put("Flatten", y, axis=1)


def _l2_normalize(at: Place) -> str:
    length = at.put("ReduceL2", at.x, at.integers(1), keepdims=1)
    return at.put("Div", at.x, at.put("Max", length, at.number(at.layer.eps)))


# Value by value.


def _relu(at: Place) -> str:
    return at.put("Relu", at.x)


def _relu6(at: Place) -> str:
    return at.put("Clip", at.x, at.number(0), at.number(6))


def _leaky_relu(at: Place) -> str:
    return at.put("LeakyRelu", at.x, alpha=float(at.layer.slope))


def _softmax(at: Place) -> str:
    return at.put("Softmax", at.x, axis=1)


def _add(at: Place) -> str:
    return at.put("Add", *at.inputs)


def _dropout(at: Place) -> str:
    """Nothing, in inference."""
    return at.x


# Pooling.


def _max_pool(at: Place) -> str:
    return at.put("MaxPool", at.x, **_window(at.layer.window(), at.shapes[0]))


def _average_pool(at: Place) -> str:
    count = {"count_include_pad": int(at.layer.count_padding)}
    return at.put("AveragePool", at.x, **_window(at.layer.window(), at.shapes[0]), **count)


def _global_average_pool(at: Place) -> str:
    y = at.put("GlobalAveragePool", at.x)
    return y if at.layer.keep_map else at.put("Flatten", y, axis=1)


# Moving channels and pixels about.


def _concat(at: Place) -> str:
    return at.put("Concat", *at.inputs, axis=1)


def _channel_shuffle(at: Place) -> str:
    """A table of groups x M/groups channels, read down its columns."""
    (height, width, channels), groups = at.shapes[0], int(at.layer.groups)
    table = at.reshape(at.x, 0, groups, channels // groups, height, width)
    return at.reshape(at.put("Transpose", table, perm=(0, 2, 1, 3, 4)), 0, channels, height, width)


def _space_to_depth(at: Place) -> str:
    """ONNX has our order of channels: row in the block, column in the block, channel."""
    return at.put("SpaceToDepth", at.x, blocksize=int(at.layer.block))


def _pad(at: Place) -> str:
    """First the zeros, then what is cropped, as not everything that runs ONNX takes negative pads.

    In the other order ONNX Runtime (seen in 1.31) makes the zeros of NASNet's shift part of the 1x1 pool behind them,
    and then refuses that pool because its padding is as large as its window.
    """
    pads = np.array(at.layer.pads).reshape(2, 2)  # (top, bottom), (left, right)
    zeros, crops = np.maximum(pads, 0), np.maximum(-pads, 0)
    x = at.x
    if zeros.any():
        x = at.put("Pad", x, at.integers(0, 0, *zeros[:, 0], 0, 0, *zeros[:, 1]))
    if crops.any():
        ends = np.array(at.shapes[0][:2]) + zeros.sum(1) - crops[:, 1]
        x = at.put("Slice", x, at.integers(*crops[:, 0]), at.integers(*ends), at.integers(2, 3))
    return x


def _flatten(at: Place) -> str:
    """Our order: rows, columns, channels."""
    single = at.shapes[0][:2] == (1, 1)
    return at.put("Flatten", at.x if single else at.put("Transpose", at.x, perm=(0, 2, 3, 1)), axis=1)


# Between the pixels.


def _resize_bilinear(at: Place) -> str:
    """The second input only gives the size, which the file states as numbers, behind as many images and channels as
    there are. (The attribute `axes` would spare that, but ONNX Runtime 1.31 gets it wrong next to a transposition.)"""
    size = at.put("Concat", at.put("Shape", at.x, end=2), at.integers(*at.shapes[1][:2]), axis=0)
    mode = "align_corners" if at.layer.align_corners else "half_pixel"
    return at.put("Resize", at.x, "", "", size, mode="linear", coordinate_transformation_mode=mode)


def _crop_and_resize(at: Place) -> str:
    """ONNX has no such operator (RoiAlign takes means); a bilinear sample is `rows . map . columns`, matrix products.

    A row of the first matrix holds the weights that one point of the sample gives the H rows of the map; at most two
    of them are not 0. R regions, M channels: (B, R, 1, CH, H) . (B, 1, M, H, W) . (B, R, 1, W, CW).
    """
    (height, width, channels), (regions, _) = at.shapes
    CH, CW = pair(at.layer.size, "size")
    maps = at.reshape(at.x, -1, 1, channels, height, width)
    rows = at.reshape(_weights_of_points(at, 0, CH, height), -1, regions, 1, CH, height)
    columns = at.reshape(_weights_of_points(at, 1, CW, width), -1, regions, 1, CW, width)
    columns = at.put("Transpose", columns, perm=(0, 1, 2, 4, 3))
    samples = at.put("MatMul", at.put("MatMul", rows, maps), columns)
    return at.reshape(samples, -1, channels, CH, CW)


def _weights_of_points(at: Place, axis: int, count: int, size: int) -> str:
    """Boxes (B*R, 4) -> (B*R, count, size): `max(1 - |point - pixel|, 0)`, all 0 for a point outside of the map.

    Points are taken in float64 from edge to edge, as in kernels/crop_and_resize.py; axis: 0 along y, 1 along x.
    """
    double = at.parts.onnx.TensorProto.DOUBLE
    steps, way = (count - 1, np.arange(count, dtype=float)) if count > 1 else (2, np.ones(1))
    edges = np.zeros((4, count))
    edges[axis], edges[axis + 2] = steps - way, way
    zero, one, last, pixels = (at.parts.constant(np.array(each, float)) for each in (0, 1, size - 1, range(size)))
    point = at.put("MatMul", at.put("Cast", at.inputs[1], to=double), at.parts.constant(edges))
    point = at.put("Div", at.put("Mul", point, last), at.parts.constant(np.array(steps, float)))
    point = at.reshape(point, -1, count, 1)
    inside = at.put("And", at.put("GreaterOrEqual", point, zero), at.put("LessOrEqual", point, last))
    near = at.put("Sub", one, at.put("Abs", at.put("Sub", point, pixels)))
    weights = at.put("Where", inside, at.put("Max", near, zero), zero)
    return at.put("Cast", weights, to=at.parts.onnx.helper.np_dtype_to_tensor_dtype(at.parts.dtype))


# Layers made of layers.


def _each(at: Place) -> str:
    """Regions are images in the file already; what is left to do is to see (R, a, M) features as no map, and back."""
    inner = at.layer.layer
    shapes = tuple(shape[1:] for shape in at.shapes)
    inputs = tuple(
        _as_features(at, value, shape[-1]) if is_map(shape) and not is_map(shape[1:]) else value
        for value, shape in zip(at.inputs, at.shapes, strict=True)
    )
    y = operators(replace(at, layer=inner, inputs=inputs, shapes=shapes))
    out = at.layer.out_shape(*at.shapes)
    return _as_map(at, y, out) if is_map(out) and not is_map(out[1:]) else y


def _as_features(at: Place, value: str, channels: int) -> str:
    """(B, M, H, W) -> (B*H*W, M)"""
    return at.reshape(at.put("Transpose", value, perm=(0, 2, 3, 1)), -1, channels)


def _as_map(at: Place, value: str, shape: Shape) -> str:
    """(B*H*W, M) -> (B, M, H, W)"""
    return at.put("Transpose", at.reshape(value, -1, *shape), perm=(0, 3, 1, 2))


def _split_bottleneck(at: Place) -> str:
    """The layers that it stands for, whole: splitting is about memory, not about the result."""
    layer, x, shape = at.layer, at.x, at.shapes[0]
    stages = (layer.expansion, *layer.between, layer.projection)
    for name, stage in zip(layer.names, stages, strict=True):
        own = {role.rpartition("/")[2]: w for role, w in at.weights.items() if role.rpartition("/")[0] == name}
        x = operators(replace(at, name=name, layer=stage, inputs=(x,), shapes=(shape,), weights=own))
        shape = stage.out_shape(shape)
    return x


OPERATORS: dict[type[Layer], Callable[[Place], str]] = {
    layers.Conv2d: _conv2d,
    layers.DepthwiseConv2d: _depthwise,
    layers.PointwiseConv2d: _pointwise,
    layers.GroupedConv2d: _grouped,
    layers.Dense: _dense,
    layers.BiasAdd: _bias_add,
    layers.BatchNorm: _batch_norm,
    layers.ChannelScale: _channel_scale,
    layers.LocalResponseNorm: _local_response_norm,
    layers.L2Normalize: _l2_normalize,
    layers.Relu: _relu,
    layers.Relu6: _relu6,
    layers.LeakyRelu: _leaky_relu,
    layers.Softmax: _softmax,
    layers.Add: _add,
    layers.Dropout: _dropout,
    layers.MaxPool2d: _max_pool,
    layers.AveragePool2d: _average_pool,
    layers.GlobalAveragePool: _global_average_pool,
    layers.Concat: _concat,
    layers.ChannelShuffle: _channel_shuffle,
    layers.SpaceToDepth: _space_to_depth,
    layers.Pad2d: _pad,
    layers.Flatten: _flatten,
    layers.ResizeBilinear: _resize_bilinear,
    layers.CropAndResize: _crop_and_resize,
    layers.Each: _each,
    SplitBottleneck: _split_bottleneck,
}
