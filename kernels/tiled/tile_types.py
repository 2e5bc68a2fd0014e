"""How Numba learns what a register tile is.

How Numba learns a new kind of value
    Numba translates Python to LLVM's language, in which `<8 x float>` is one vector register and `[12 x <8 x float>]`
    twelve of them. A type of ours needs two things: a class for Numba's type inference (`TileType` below), and the
    LLVM type that stands for it (its data model). An operation on it is an `intrinsic` (`instructions.py`): a function
    that, while a kernel is being compiled, answers what type comes out and writes the instructions. After inlining
    nothing is left of the tile but registers. In a kernel it looks like any value:

        tile = zero(shape)
        for k in range(depth):
            tile = multiply_add(tile, x, rows, k, w, n + k * shape.channels)
        store(tile, y, targets, n)
"""

import functools
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import extending, types
from numba.core import config, datamodel, typing

from .shapes import Tiles, TileShape

# Numba declares these in ways that no type checker can follow.
_extending: Any = extending
_config: Any = config
_models: Any = datamodel.models
_templates: Any = typing.templates

# Whether there is a compiler; the package asks before it hands out a kernel.
COMPILES = not _config.DISABLE_JIT


class Shaped(types.Type):
    """A type of Numba's that depends on a shape."""

    def __init__(self, shape: TileShape) -> None:
        self.shape = shape
        slides = f", {shape.taps} taps, stride {shape.stride}" if shape.taps > 1 else ""
        size = f"{shape.rows}x{shape.vectors} of {shape.lanes} {shape.dtype}"
        super().__init__(f"{type(self).__name__}({size}{slides}{', halved' if shape.halved else ''})")


class ShapeType(Shaped):
    """Of a TileShape: the numbers are in the type, and its values hold nothing."""


class RowsType(Shaped):
    """Of the offsets of a tile's rows."""


class TileType(Shaped):
    """Of the sums."""


def vector_type(shape: TileShape) -> ir.VectorType:
    return ir.VectorType(ir.FloatType() if shape.dtype == "float32" else ir.DoubleType(), shape.lanes)


def _model(llvm_type: Callable[[TileShape], ir.Type]) -> Any:
    def initialise(model: Any, manager: Any, kind: Shaped) -> None:
        _models.PrimitiveModel.__init__(model, manager, kind, llvm_type(kind.shape))

    return type("Model", (_models.PrimitiveModel,), {"__init__": initialise})


_extending.register_model(TileType)(_model(lambda shape: ir.ArrayType(vector_type(shape), shape.registers)))
_extending.register_model(RowsType)(_model(lambda shape: ir.ArrayType(ir.IntType(64), shape.rows)))

# How a TileShape of Python becomes an argument of a kernel, and how a kernel reads its numbers.
_extending.register_model(ShapeType)(_models.OpaqueModel)
_shape_type = functools.cache(ShapeType)
_extending.typeof_impl.register(TileShape)(lambda shape, context: _shape_type(shape))
_extending.unbox(ShapeType)(lambda kind, shape, box: _extending.NativeValue(box.context.get_dummy_value()))


def _number_type(template: Any, kind: ShapeType, name: str) -> Any:
    return types.intp if name in ("rows", "vectors", "lanes", "channels", "line", "stride", "taps") else None


def _number(context: Any, builder: Any, kind: ShapeType, value: Any, name: str) -> Any:
    return context.get_constant(types.intp, getattr(kind.shape, name))


_numbers = {"key": ShapeType, "generic_resolve": _number_type}
_extending.infer_getattr(type("ShapeNumbers", (_templates.AttributeTemplate,), _numbers))
_extending.lower_getattr_generic(ShapeType)(_number)


class TilesType(types.Type):
    """Of a set of shapes: they are in the type, and its values hold nothing."""

    def __init__(self, tiles: Tiles) -> None:
        self.tiles = tiles
        super().__init__(f"TilesType({', '.join(_shape_type(shape).name for shape in vars(tiles).values())})")


def _shape_of(template: Any, kind: TilesType, name: str) -> Any:
    shape = vars(kind.tiles).get(name)
    return shape and _shape_type(shape)


def _nothing(context: Any, builder: Any, kind: TilesType, value: Any, name: str) -> Any:
    return context.get_dummy_value()


_extending.register_model(TilesType)(_models.OpaqueModel)
_tiles_type = functools.cache(TilesType)
_extending.typeof_impl.register(Tiles)(lambda tiles, context: _tiles_type(tiles))
_extending.unbox(TilesType)(lambda kind, tiles, box: _extending.NativeValue(box.context.get_dummy_value()))
_extending.infer_getattr(
    type("TilesShapes", (_templates.AttributeTemplate,), {"key": TilesType, "generic_resolve": _shape_of})
)
_extending.lower_getattr_generic(TilesType)(_nothing)
