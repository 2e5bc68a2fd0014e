"""Compile every kernel before it is needed, or read it from the cache: tiny arrays, one call each.

The arguments are what layers pass: C-contiguous arrays of one dtype, pairs and paddings as tuples of ints. The loops of
the tiled kernels compile once for each size of a tile, and as many channels as one tile has are enough to ask for it.
All programs (`refnet.compile`) are tables that one function reads: an empty one is enough. All steps of fused graphs
(`refnet.fuse`) are made of the same few kernels.

    x (1, 2, 2, 2) a map    f (1, 2) features    v (2,) one number per channel    w weights
"""

from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

Call = tuple[Any, ...]  # a kernel's name, and its arguments
Array = NDArray[Any]


def warmup(dtype: DTypeLike = np.float32) -> None:
    """Make the first call of each kernel, the first program and the first step of a fused graph as quick as the second.

    dtype: of the arrays, float32 or float64; raises ValueError for others. Takes one to two minutes where nothing is in
    the cache.
    """
    wanted = np.dtype(dtype)
    if wanted not in (np.float32, np.float64):
        raise ValueError(f"warmup: dtype must be float32 or float64, got {wanted}")
    _call(import_module(__package__ or ""), calls(wanted))
    if import_module(".tiled.tile_types", __package__).COMPILES:
        _call(import_module(".tiled", __package__), tiled_calls(wanted))
        _call(import_module(".tiled.fused", __package__), step_calls(wanted))
        _call(import_module(".tiled.program", __package__), [program_call(wanted)])


def _call(kernels: Any, listed: list[Call]) -> None:
    for name, *arguments in listed:
        getattr(kernels, name)(*arguments)


def calls(dtype: np.dtype[Any]) -> list[Call]:
    """One call for each plain kernel and each kind of arguments that networks give it: maps, features, or both."""
    x, f = np.ones((1, 2, 2, 2), dtype), np.ones((1, 2), dtype)
    return [
        *_convolution("conv2d", x, np.ones((1, 1, 2, 2), dtype)),
        *_convolution("depthwise_conv2d", x, np.ones((1, 1, 2), dtype)),
        *_convolution("grouped_conv2d", x, np.ones((1, 1, 2, 2), dtype), 1),
        *_matrix("pointwise_conv2d", x, np.ones((2, 2), dtype)),
        *_matrix("dense", f, np.ones((2, 2), dtype)),
        *_batch_norm(x, np.ones(2, dtype)),
        *_elementwise(x, f),
        *_classifier(x, f, np.ones(2, dtype)),
        *_pooling(x),
        *_norms(x, f, np.ones(2, dtype)),
        *_rearranging(x, f),
        *_sampling(x, np.zeros((1, 1, 4), dtype)),
    ]


def tiled_calls(dtype: np.dtype[Any]) -> list[Call]:
    """Calls that meet every size of a tile: pointwise layers for those of the matrix product, and a depthwise one."""
    shapes = import_module(".tiled.shapes", __package__)
    x, width = np.ones((1, 2, 2, 2), dtype), shapes.lanes(dtype)
    widths = [vectors * width for vectors in shapes.MATRIX_ROWS[shapes.vectors_here().registers]]
    return [
        *(call for channels in widths for call in _matrix_both_ways(x, np.ones((2, channels), dtype))),
        *_convolution("depthwise_conv2d", x, np.ones((1, 1, 2), dtype)),
    ]


def step_calls(dtype: np.dtype[Any]) -> list[Call]:
    """What the layers of a fused graph call."""
    fused = import_module(".tiled.fused", __package__)
    team, size, w = fused.Team(1, fused.Memory()), (1, 2, 2), np.ones((1, 1, 2), dtype)
    x = fused.as_normalised(np.ones((*size, 2), dtype))
    d = fused.Gradient(x.z, x.z, x.scale, x.shift, x.shift)
    window = (1, 1), (1, 1), (0, 0, 0, 0)  # stride, dilation, pads
    return [
        ("pointwise_forward", x, np.ones((2, 2), dtype), team),
        ("pointwise_backward", d, x, np.ones((2, 2), dtype), True, team),
        ("depthwise_forward", x, size, w, *window, team),
        ("depthwise_backward", d, x, size, w, window, True, team),
        ("values", x, team),
        ("gradient", d, team),
        ("masked", x, x.z, team),
        ("moments", x.z, x.scale.size, team),
        ("affine", x.z, np.ones(2, dtype), np.ones(2, dtype), np.ones(2), np.ones(2), (0.0, 6.0)),
        ("gradient_of", x.z, np.zeros((2, x.scale.size)), x, np.ones(2, dtype), np.ones(2), np.ones(2), True),
    ]


def program_call(dtype: np.dtype[Any]) -> Call:
    """A program without operations: table, arrays, chunks, and so on as `run` in `tiled/program.py` wants them."""
    program, shapes = (import_module(f".tiled.{name}", __package__) for name in ("program", "shapes"))
    claims, nothing = import_module(".tiled.claims", __package__), np.zeros(0, np.int64)
    table, arrays = np.zeros(0, program.OPERATION), program.Arrays(np.zeros(0, dtype), np.zeros(0, dtype), nothing)
    return "run", table, arrays, nothing, claims.new_state(), 0, 0, shapes.program_shapes(dtype)


def _matrix_both_ways(x: Array, w: Array) -> list[Call]:
    dy = np.ones((*x.shape[:3], w.shape[1]), x.dtype)
    return [("pointwise_conv2d_forward", x, w), ("pointwise_conv2d_filter_gradient", dy, x)]


def _convolution(kind: str, x: Array, w: Array, *groups: int) -> list[Call]:
    window = ((1, 1), (1, 1), (0, 0, 0, 0), *groups)  # stride, dilation, pads
    return [
        (f"{kind}_forward", x, w, *window),
        (f"{kind}_input_gradient", x, w, (2, 2), *window),
        (f"{kind}_filter_gradient", x, x, (1, 1), *window),
        (f"{kind}_backward", x, x, w, *window),
    ]


def _matrix(kind: str, x: Array, w: Array) -> list[Call]:
    return [
        (f"{kind}_forward", x, w),
        (f"{kind}_input_gradient", x, w),
        (f"{kind}_filter_gradient", x, x),
        (f"{kind}_backward", x, x, w),
    ]


def _batch_norm(x: Array, v: Array) -> list[Call]:
    saved = np.ones(2, np.float64)  # mean and inv_std, which are float64 for both dtypes
    return [
        ("batch_norm_train_forward", x, v, v, v, v, 0.9, 0.1),
        ("batch_norm_train_backward", x, x, v, saved, saved),
        ("batch_norm_inference_forward", x, v, v, v, v, 0.1),
        ("batch_norm_inference_backward", x, x, v, v, v, 0.1),
    ]


def _elementwise(x: Array, f: Array) -> list[Call]:
    return [
        ("relu_forward", x),
        ("relu_backward", x, x),
        ("relu_forward", f),
        ("relu_backward", f, f),
        ("relu6_forward", x),
        ("relu6_backward", x, x),
        ("leaky_relu_forward", x, 0.1),
        ("leaky_relu_backward", x, x, 0.1),
        ("add_forward", x, x),
        ("add_backward", x),
    ]


def _classifier(x: Array, f: Array, v: Array) -> list[Call]:
    losses = np.ones(1, f.dtype)
    return [
        ("bias_add_forward", x, v),
        ("bias_add_backward", x),
        ("bias_add_forward", f, v),
        ("bias_add_backward", f),
        ("global_average_pool_forward", x),
        ("global_average_pool_backward", f, (2, 2)),
        *_dropout(x),
        *_dropout(f),
        ("softmax_forward", f),
        ("softmax_backward", f, f),
        ("softmax_cross_entropy_forward", f, f),
        ("softmax_cross_entropy_backward", losses, f, f),
    ]


def _dropout(x: Array) -> list[Call]:
    mask = np.ones(x.shape, np.bool_)
    return [("dropout_forward", x, mask, 0.1), ("dropout_backward", x, mask, 0.1)]


def _pooling(x: Array) -> list[Call]:
    window = ((1, 1), (1, 1), (0, 0, 0, 0))  # window, stride, pads
    return [
        ("max_pool_forward", x, *window),
        ("max_pool_backward", x, x, *window),
        ("average_pool_forward", x, *window, False),
        ("average_pool_backward", x, (2, 2), *window, False),
    ]


def _norms(x: Array, f: Array, v: Array) -> list[Call]:
    return [
        ("local_response_norm_forward", x, 1, 0.1, 0.5, 1.0),
        ("local_response_norm_backward", x, x, 1, 0.1, 0.5, 1.0),
        ("l2_normalize_forward", x, 0.1),
        ("l2_normalize_backward", x, x, 0.1),
        ("l2_normalize_forward", f, 0.1),
        ("l2_normalize_backward", f, f, 0.1),
        ("channel_scale_forward", x, v),
        ("channel_scale_backward", x, x, v),
    ]


def _rearranging(x: Array, f: Array) -> list[Call]:
    """A concatenation compiles for each number of parts: the usual ones are here."""
    return [
        *(("concat_forward", (x,) * parts) for parts in (2, 3, 4, 5, 6)),
        ("concat_backward", x, 0, 1),
        ("concat_forward", (f, f)),
        ("concat_backward", f, 0, 1),
        ("channel_shuffle_forward", x, 1),
        ("channel_shuffle_backward", x, 1),
        ("space_to_depth_forward", x, 1),
        ("space_to_depth_backward", x, 1),
        ("pad_forward", x, (0, 0, 0, 0)),
        ("pad_backward", x, (0, 0, 0, 0)),
    ]


def _sampling(x: Array, boxes: Array) -> list[Call]:
    samples = np.ones((1, 1, 2, 2, 2), x.dtype)
    return [
        ("resize_bilinear_forward", x, (2, 2), True),
        ("resize_bilinear_backward", x, (2, 2), True),
        ("crop_and_resize_forward", x, boxes, (2, 2)),
        ("crop_and_resize_backward", samples, x, boxes),
    ]
