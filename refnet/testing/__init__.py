"""Tools to test kernels with, refnet's own and other people's: oracles, drawn cases, checks, gradient checks.

    from refnet.testing import Limits, check_conv2d
    check_conv2d(my_forward, layout="NCHW", dtype="float16", accumulate="float32",
                 limits=Limits(stride=(1, 2), dilation=1, channels_multiple=8, groups=False))

Nothing here imports the code that it judges. Importing this package imports NumPy alone; the strategies and
the checks need Hypothesis, the extra `testing`, when they are called.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_NAMES = {
    "arrangement": ("arrange", "from_layout", "to_layout"),
    "cases": ("Case",),
    "checks": (
        "check_conv2d",
        "check_conv2d_backward",
        "check_depthwise_conv2d",
        "check_depthwise_conv2d_backward",
        "check_grouped_conv2d",
        "check_grouped_conv2d_backward",
        "check_pointwise_conv2d",
        "check_pointwise_conv2d_backward",
    ),
    "checks_relu6": ("check_relu6", "check_relu6_backward", "relu6_cases"),
    "counting_numbers": ("CountingNumber", "Tally", "count_multiplications", "counting"),
    "expected": ("Expected", "expected_forward", "expected_gradients"),
    "gradient_check": ("check_gradients",),
    "limits": ("Limits",),
    "oracles_batch_norm": (
        "naive_batch_norm_inference",
        "naive_batch_norm_inference_gradient",
        "naive_batch_norm_train",
        "naive_batch_norm_train_gradient",
    ),
    "oracles_convolution": (
        "naive_conv2d",
        "naive_depthwise_conv2d",
        "naive_grouped_conv2d",
        "naive_pointwise_conv2d",
        "pad_image",
    ),
    "oracles_gradients": (
        "naive_conv2d_filter_gradient",
        "naive_conv2d_input_gradient",
        "naive_depthwise_conv2d_filter_gradient",
        "naive_depthwise_conv2d_input_gradient",
        "naive_grouped_conv2d_filter_gradient",
        "naive_grouped_conv2d_input_gradient",
        "naive_pointwise_conv2d_filter_gradient",
        "naive_pointwise_conv2d_input_gradient",
    ),
    "oracles_layers": (
        "naive_bias_add",
        "naive_bias_add_gradient",
        "naive_dense",
        "naive_dense_filter_gradient",
        "naive_dense_input_gradient",
        "naive_global_average_pool",
        "naive_global_average_pool_gradient",
        "naive_leaky_relu",
        "naive_leaky_relu_gradient",
        "naive_relu",
        "naive_relu6",
        "naive_relu6_gradient",
        "naive_relu_gradient",
        "naive_softmax",
        "naive_softmax_cross_entropy",
        "naive_softmax_cross_entropy_gradient",
        "naive_softmax_gradient",
    ),
    "oracles_norms": (
        "naive_channel_scale",
        "naive_channel_scale_gradient",
        "naive_l2_normalize",
        "naive_l2_normalize_gradient",
        "naive_local_response_norm",
        "naive_local_response_norm_gradient",
    ),
    "oracles_pooling": (
        "naive_average_pool",
        "naive_average_pool_gradient",
        "naive_max_pool",
        "naive_max_pool_gradient",
        "naive_pad",
        "naive_pad_gradient",
    ),
    "oracles_rearranging": (
        "naive_channel_shuffle",
        "naive_channel_shuffle_gradient",
        "naive_concat",
        "naive_concat_gradient",
        "naive_space_to_depth",
        "naive_space_to_depth_gradient",
    ),
    "oracles_sampling": (
        "naive_crop_and_resize",
        "naive_crop_and_resize_gradient",
        "naive_resize_bilinear",
        "naive_resize_bilinear_gradient",
    ),
    "precision": ("Precision", "error_bound", "gamma"),
    "strategies": (
        "conv2d_cases",
        "depthwise_conv2d_cases",
        "grouped_conv2d_cases",
        "pointwise_conv2d_cases",
    ),
    "testcase_files": ("write_testcases",),
}
_HOME = {name: module for module, names in _NAMES.items() for name in names}
__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOME[name]}", __name__), name)


def __dir__() -> list[str]:
    return [*globals(), *_HOME]
