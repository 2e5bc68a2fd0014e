"""The operations of MobileNet V1 and V2, each a forward and a backward pass written by hand.

Open `depthwise.py` first; every other file is read the same way.

These functions are **unchecked**: arrays go in, fresh arrays come out, and a wrong shape is undefined behaviour.
Layers, graphs and the command line check; call them if you want to be told what is wrong.

Activations are NHWC, float32 or float64, C-contiguous. `stride` and `dilation` are pairs `(y, x)`; `pads` is
`(top, bottom, left, right)`. The functions compile at their first call (`refnet.warmup()` does it in advance) and
run as ordinary Python under `NUMBA_DISABLE_JIT=1`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # what type checkers and editors see; at run time a name is imported when it is asked for
    from .add import add_backward as add_backward
    from .add import add_forward as add_forward
    from .average_pool import average_pool_backward as average_pool_backward
    from .average_pool import average_pool_forward as average_pool_forward
    from .batchnorm import batch_norm_inference_backward as batch_norm_inference_backward
    from .batchnorm import batch_norm_inference_forward as batch_norm_inference_forward
    from .batchnorm import batch_norm_train_backward as batch_norm_train_backward
    from .batchnorm import batch_norm_train_forward as batch_norm_train_forward
    from .bias import bias_add_backward as bias_add_backward
    from .bias import bias_add_forward as bias_add_forward
    from .channel_scale import channel_scale_backward as channel_scale_backward
    from .channel_scale import channel_scale_forward as channel_scale_forward
    from .channel_shuffle import channel_shuffle_backward as channel_shuffle_backward
    from .channel_shuffle import channel_shuffle_forward as channel_shuffle_forward
    from .concat import concat_backward as concat_backward
    from .concat import concat_forward as concat_forward
    from .crop_and_resize import crop_and_resize_backward as crop_and_resize_backward
    from .crop_and_resize import crop_and_resize_forward as crop_and_resize_forward
    from .dense import dense_backward as dense_backward
    from .dense import dense_filter_gradient as dense_filter_gradient
    from .dense import dense_forward as dense_forward
    from .dense import dense_input_gradient as dense_input_gradient
    from .depthwise import depthwise_conv2d_backward as depthwise_conv2d_backward
    from .depthwise import depthwise_conv2d_filter_gradient as depthwise_conv2d_filter_gradient
    from .depthwise import depthwise_conv2d_forward as depthwise_conv2d_forward
    from .depthwise import depthwise_conv2d_input_gradient as depthwise_conv2d_input_gradient
    from .dropout import dropout_backward as dropout_backward
    from .dropout import dropout_forward as dropout_forward
    from .grouped import grouped_conv2d_backward as grouped_conv2d_backward
    from .grouped import grouped_conv2d_filter_gradient as grouped_conv2d_filter_gradient
    from .grouped import grouped_conv2d_forward as grouped_conv2d_forward
    from .grouped import grouped_conv2d_input_gradient as grouped_conv2d_input_gradient
    from .l2_normalize import l2_normalize_backward as l2_normalize_backward
    from .l2_normalize import l2_normalize_forward as l2_normalize_forward
    from .leaky_relu import leaky_relu_backward as leaky_relu_backward
    from .leaky_relu import leaky_relu_forward as leaky_relu_forward
    from .local_response_norm import local_response_norm_backward as local_response_norm_backward
    from .local_response_norm import local_response_norm_forward as local_response_norm_forward
    from .max_pool import max_pool_backward as max_pool_backward
    from .max_pool import max_pool_forward as max_pool_forward
    from .pad import pad_backward as pad_backward
    from .pad import pad_forward as pad_forward
    from .pointwise import pointwise_conv2d_backward as pointwise_conv2d_backward
    from .pointwise import pointwise_conv2d_filter_gradient as pointwise_conv2d_filter_gradient
    from .pointwise import pointwise_conv2d_forward as pointwise_conv2d_forward
    from .pointwise import pointwise_conv2d_input_gradient as pointwise_conv2d_input_gradient
    from .pooling import global_average_pool_backward as global_average_pool_backward
    from .pooling import global_average_pool_forward as global_average_pool_forward
    from .relu import relu_backward as relu_backward
    from .relu import relu_forward as relu_forward
    from .relu6 import relu6_backward as relu6_backward
    from .relu6 import relu6_forward as relu6_forward
    from .resize_bilinear import resize_bilinear_backward as resize_bilinear_backward
    from .resize_bilinear import resize_bilinear_forward as resize_bilinear_forward
    from .softmax import softmax_backward as softmax_backward
    from .softmax import softmax_cross_entropy_backward as softmax_cross_entropy_backward
    from .softmax import softmax_cross_entropy_forward as softmax_cross_entropy_forward
    from .softmax import softmax_forward as softmax_forward
    from .space_to_depth import space_to_depth_backward as space_to_depth_backward
    from .space_to_depth import space_to_depth_forward as space_to_depth_forward
    from .standard import conv2d_backward as conv2d_backward
    from .standard import conv2d_filter_gradient as conv2d_filter_gradient
    from .standard import conv2d_forward as conv2d_forward
    from .standard import conv2d_input_gradient as conv2d_input_gradient

# The public functions and the file in which each pair stands.
_HOME = {
    "standard": ("conv2d_forward", "conv2d_input_gradient", "conv2d_filter_gradient", "conv2d_backward"),
    "depthwise": (
        "depthwise_conv2d_forward",
        "depthwise_conv2d_input_gradient",
        "depthwise_conv2d_filter_gradient",
        "depthwise_conv2d_backward",
    ),
    "pointwise": (
        "pointwise_conv2d_forward",
        "pointwise_conv2d_input_gradient",
        "pointwise_conv2d_filter_gradient",
        "pointwise_conv2d_backward",
    ),
    "grouped": (
        "grouped_conv2d_forward",
        "grouped_conv2d_input_gradient",
        "grouped_conv2d_filter_gradient",
        "grouped_conv2d_backward",
    ),
    "dense": ("dense_forward", "dense_input_gradient", "dense_filter_gradient", "dense_backward"),
    "bias": ("bias_add_forward", "bias_add_backward"),
    "relu": ("relu_forward", "relu_backward"),
    "relu6": ("relu6_forward", "relu6_backward"),
    "add": ("add_forward", "add_backward"),
    "batchnorm": (
        "batch_norm_train_forward",
        "batch_norm_train_backward",
        "batch_norm_inference_forward",
        "batch_norm_inference_backward",
    ),
    "pooling": ("global_average_pool_forward", "global_average_pool_backward"),
    "softmax": (
        "softmax_forward",
        "softmax_backward",
        "softmax_cross_entropy_forward",
        "softmax_cross_entropy_backward",
    ),
    "dropout": ("dropout_forward", "dropout_backward"),
    "max_pool": ("max_pool_forward", "max_pool_backward"),
    "average_pool": ("average_pool_forward", "average_pool_backward"),
    "pad": ("pad_forward", "pad_backward"),
    "leaky_relu": ("leaky_relu_forward", "leaky_relu_backward"),
    "local_response_norm": ("local_response_norm_forward", "local_response_norm_backward"),
    "l2_normalize": ("l2_normalize_forward", "l2_normalize_backward"),
    "channel_scale": ("channel_scale_forward", "channel_scale_backward"),
    "concat": ("concat_forward", "concat_backward"),
    "channel_shuffle": ("channel_shuffle_forward", "channel_shuffle_backward"),
    "space_to_depth": ("space_to_depth_forward", "space_to_depth_backward"),
    "resize_bilinear": ("resize_bilinear_forward", "resize_bilinear_backward"),
    "crop_and_resize": ("crop_and_resize_forward", "crop_and_resize_backward"),
}
_FILE_OF = {function: file for file, functions in _HOME.items() for function in functions}

__all__ = sorted(_FILE_OF)


def __getattr__(name: str) -> Any:
    if name == "tiled":  # these operations once more, fast
        return import_module(".tiled", __name__)
    if name not in _FILE_OF:
        raise AttributeError(f"refnet.kernels has no function {name!r}")
    return getattr(import_module(f".{_FILE_OF[name]}", __name__), name)


def __dir__() -> list[str]:
    return __all__
