"""The operations at machine speed: the names and signatures of `refnet.kernels`, by register tiles where they exist.

    net.forward(weights, images)                            graphs run on these kernels unless they are told others
    net.forward(weights, images, kernels=refnet.kernels)    the plain ones

What has no tiled version is the plain one, so this package is a whole set of kernels. (A dense layer reads each of its
weights once: packing them would cost more than the layer.) Results are those of the plain kernels but for rounding:
sums accumulate in the dtype of the arrays, not in float64.

How to read it, bottom up: `register_tile.py` (a matrix of sums in vector registers; `tile_types.py` teaches Numba what
that is, and `instructions.py` writes what is done with it) and `shapes.py` (how large, on which processor). Then, for
one operation at a time, `packing.py` and `meetings.py` (what tiles read, and where), `matmul.py` and `taps.py` (the
loops), and the operations.

For whole networks (`refnet.compile`): `products.py` and `slide.py` (the loops, in one memory), `block.py` with
`filling.py` (a bottleneck as one operation), `program.py` (a table of operations, and what runs it), `lowering.py`,
`sliding.py` and `schedules.py` (from a layer to rows of the table), `threads.py`, `claims.py` and `atomics.py` (who
runs what).

For training steps (`refnet.fuse`): `normalised.py` (maps as they were before batch norm, read as they are wanted;
`row_operations.py` has its tiles), `moments.py` (what batch norm wants to know of them), `teamwork.py` (who does what,
in which memory); then the kernels, `train_pointwise.py` with `panels.py` (products in cache), `train_depthwise.py` with
`frames.py` (bands of a map), `train_dense.py`, `train_maps.py`; `fused.py` lists all of them.

Outside of this folder and of `refnet/engine/` nobody knows that channels are padded.

Compiled code only. Under NUMBA_DISABLE_JIT=1 a tiled function is an ImportError that says so, and `refnet.kernels` has
what you want.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # what type checkers and editors see; at run time a name is imported when it is asked for
    from .depthwise import depthwise_conv2d_backward as depthwise_conv2d_backward
    from .depthwise import depthwise_conv2d_filter_gradient as depthwise_conv2d_filter_gradient
    from .depthwise import depthwise_conv2d_forward as depthwise_conv2d_forward
    from .depthwise import depthwise_conv2d_input_gradient as depthwise_conv2d_input_gradient
    from .pointwise import pointwise_conv2d_backward as pointwise_conv2d_backward
    from .pointwise import pointwise_conv2d_filter_gradient as pointwise_conv2d_filter_gradient
    from .pointwise import pointwise_conv2d_forward as pointwise_conv2d_forward
    from .pointwise import pointwise_conv2d_input_gradient as pointwise_conv2d_input_gradient
    from .standard import conv2d_backward as conv2d_backward
    from .standard import conv2d_filter_gradient as conv2d_filter_gradient
    from .standard import conv2d_forward as conv2d_forward
    from .standard import conv2d_input_gradient as conv2d_input_gradient

# The files with a tiled version of their plain namesake, and the operation that each holds.
_OPERATIONS = {
    "standard": "conv2d",
    "depthwise": "depthwise_conv2d",
    "pointwise": "pointwise_conv2d",
}
_PARTS = ("forward", "input_gradient", "filter_gradient", "backward")
_FILE_OF = {f"{operation}_{part}": file for file, operation in _OPERATIONS.items() for part in _PARTS}

TILED = sorted(_FILE_OF)


def __getattr__(name: str) -> Any:
    if name in _FILE_OF:
        if not import_module(".tile_types", __name__).COMPILES:
            raise ImportError(f"{name}: NUMBA_DISABLE_JIT is set, and tiles are compiled code; use refnet.kernels")
        return getattr(import_module(f".{_FILE_OF[name]}", __name__), name)
    if name == "fused" and import_module(".tile_types", __name__).COMPILES:
        return import_module(".fused", __name__)
    plain = import_module(__name__.rpartition(".")[0])
    if name == "__all__":
        return plain.__all__
    if name not in plain.__all__:
        raise AttributeError(f"refnet.kernels.tiled has no function {name!r}")
    return getattr(plain, name)


def __dir__() -> list[str]:
    return sorted(__getattr__("__all__"))
