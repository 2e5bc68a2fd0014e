"""From a file's inputs to the form that values have inside of it, and from there to its outputs.

    shape in the graph       outside, NHWC         outside, NCHW         inside
    (H, W, M)                (B, H, W, M)          (B, M, H, W)          (B, M, H, W)
    (R, H, W, M) regions     (B, R, H, W, M)       (B, R, M, H, W)       (B*R, M, H, W)
    (M,)                     (B, M)                (B, M)                (B, M)
    (R, M) regions           (B, R, M)             (B, R, M)             (B*R, M)
"""

from ..layers.base import Shape
from .onnx_parts import Parts, Place, is_map

LAYOUTS = ("NHWC", "NCHW")


def outside(shape: Shape, layout: str) -> Shape:
    """What a value of this shape has behind the batch, outside of the file."""
    return shape if layout == "NHWC" else (*regions(shape), *_channels_first(shape))


def crosses(shape: Shape, layout: str) -> bool:
    """Whether the form outside is another than inside."""
    return bool(regions(shape)) or (is_map(shape) and layout == "NHWC")


def enter(parts: Parts, name: str, shape: Shape, layout: str) -> str:
    """From outside: the file's input -> the value inside."""
    at, value, axes = Place(parts, name, None, (), (), {}), name, len(shape)
    if is_map(shape) and layout == "NHWC":
        value = at.put("Transpose", value, perm=(*range(axes - 2), axes, axes - 2, axes - 1))
    return at.reshape(value, -1, *_channels_first(shape)) if regions(shape) else value


def leave(parts: Parts, name: str, value: str, shape: Shape, layout: str) -> None:
    """To outside: the value inside -> one that is called as the file's output, if it is not already."""
    if value == name:
        return
    at, axes = Place(parts, name, None, (), (), {}), len(shape)
    if regions(shape):
        value = at.reshape(value, -1, *regions(shape), *_channels_first(shape))
    if is_map(shape) and layout == "NHWC":
        value = at.put("Transpose", value, perm=(*range(axes - 2), axes - 1, axes, axes - 2))
    if not crosses(shape, layout):  # the value of another node, from before a dropout
        at.put("Identity", value)
    parts.rename_last(name)


def regions(shape: Shape) -> Shape:
    """The axes before those of a map or of features."""
    return shape[:-3] if is_map(shape) else shape[:-1]


def _channels_first(shape: Shape) -> Shape:
    """(M, H, W) or (M,), without regions."""
    return (shape[-1], *shape[-3:-1]) if is_map(shape) else shape[-1:]
