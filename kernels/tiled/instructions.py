"""How one operation on a register tile becomes instructions: LLVM's language, as the compiler is to read it.

    operation   makes an `intrinsic` of a function that writes instructions: what Numba calls while it compiles a kernel
    Code        writes them: the few kinds of instructions of which all operations consist

The multiply-add is `llvm.fmuladd`: one instruction and one rounding where the processor has it, a product and a sum
where it has not (`llvm.fma` would call a slow library function there).

The operations themselves, each with its formula, are in `register_tile.py`, and those of training in
`row_operations.py`. LLVM is spoken in these three files, in `tile_types.py`, and in `atomics.py`.
"""

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from llvmlite import ir
from numba import extending, types
from numba.core import cgutils, typing
from numba.core.errors import TypingError

from .shapes import TileShape
from .tile_types import RowsType, ShapeType, TileType, vector_type

# Numba declares these in ways that no type checker can follow.
_extending: Any = extending
_cgutils: Any = cgutils
_intrinsic: Callable[[Any], Any] = extending.intrinsic
_pointer: Any = types.CPointer
_templates: Any = typing.templates

Vector = Any  # an LLVM value of the type <lanes x dtype>
Tile = list[list[Vector]]  # as the compiler sees it: tile[r][v]
Rows = list[Any]  # rows[r], an LLVM value of the type i64


class Array(NamedTuple):
    """Where an array's numbers are, and how many; of a pointer it is not known."""

    data: Any
    nitems: Any = None


@_intrinsic
def pointer(_context: Any, array: Any) -> Any:
    """Where a flat array's numbers are: what takes one argument from function to function, of an array's seven.

    It is indexed as the array, without a length, and without indices that count from the end.
    """
    if not (isinstance(array, types.Array) and array.ndim == 1 and array.layout == "C"):
        raise TypingError(f"pointer: wanted a flat and contiguous array, got {array}")

    def lower(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return _field(context, builder, signature.args[0], values[0], "data")

    return _pointer(array.dtype)(array), lower


def _field(context: Any, builder: Any, kind: Any, value: Any, name: str) -> Any:
    return context.data_model_manager[kind].get(builder, value, name)


class Code:
    """Writes the instructions of one operation into the kernel that is being compiled."""

    def __init__(self, context: Any, builder: Any, shape: TileShape) -> None:
        self.context, self.builder, self.shape = context, builder, shape
        self.vector, self.alignment = vector_type(shape), 4 if shape.dtype == "float32" else 8

    def add(self, *numbers: Any) -> Any:
        """The sum of integers."""
        return functools.reduce(self.builder.add, numbers)

    def up_to(self, first: Any, last: Any) -> list[Any]:
        """first, first + 1, ... for each row of the tile, but never more than last."""
        numbers = (self.add(first, self.constant(r)) for r in range(self.shape.rows))
        return [self.builder.select(self.builder.icmp_signed("<", i, last), i, last) for i in numbers]

    def nothing(self) -> Vector:
        return ir.Constant(self.vector, None)

    def constant(self, number: int) -> Any:
        return ir.Constant(ir.IntType(64), number)

    def places(self, array: Array, *offsets: Any) -> list[Any]:
        """The addresses of one row's vectors."""
        starts = (self.constant(v * self.shape.lanes) for v in range(self.shape.vectors))
        numbers = (self.builder.gep(array.data, [self.add(*offsets, start)]) for start in starts)
        return [self.builder.bitcast(number, self.vector.as_pointer()) for number in numbers]

    def vectors(self, array: Array, *offsets: Any) -> list[Vector]:
        """One row's vectors, read. The alignment is that of one number."""
        return [self._load(place) for place in self.places(array, *offsets)]

    def weights(self, array: Array, *offsets: Any) -> list[Vector]:
        """What all rows are multiplied with, or begin with. Of a halved shape, the last vector is one half, twice."""
        if not self.shape.halved:
            return self.vectors(array, *offsets)
        *whole, last = self.places(array, *offsets)
        half = self._load(self._half_place(last))
        return [*map(self._load, whole), self._joined(half, half)]

    def read_map(self, places: list[Array]) -> Tile:
        """A tile, each row from its place in a map."""
        if not self.shape.halved:
            return [self.vectors(place) for place in places]
        rows, halves = [], []
        for place in places:
            *whole, last = self.places(place)
            rows.append([*map(self._load, whole)])
            halves.append(self._load(self._half_place(last)))
        for r in range(0, len(rows), 2):
            other = halves[r + 1] if r + 1 < len(rows) else ir.Constant(halves[r].type, None)
            rows[r].append(self._joined(halves[r], other))
        return rows

    def write_map(self, tile: Tile, places: list[Array]) -> None:
        """A tile, each row to its place in a map."""
        for r, (place, row) in enumerate(zip(places, tile, strict=True)):
            vectors = self.places(place)
            if self.shape.halved:
                vectors[-1] = self._half_place(vectors[-1])
                row = [*row[: self.shape.vectors - 1], self._half(tile[r - r % 2][-1], r % 2)]
            for vector, value in zip(vectors, row, strict=True):
                self.builder.store(value, vector, align=self.alignment)

    def factors(self, numbers: list[Any]) -> Tile:
        """One number for each row -> a tile of them, in every lane."""
        rows = [self.everywhere(number) for number in numbers]
        found = [[each] * width for each, width in zip(rows, self.shape.widths, strict=True)]
        if self.shape.halved:
            n = self.shape.lanes
            halves = self._lanes([*range(n // 2), *range(n + n // 2, 2 * n)])
            for r in range(0, len(rows) - 1, 2):
                found[r][-1] = self.builder.shuffle_vector(rows[r], rows[r + 1], halves)
        return found

    def _load(self, place: Any) -> Any:
        return self.builder.load(place, align=self.alignment)

    def _half_place(self, place: Any) -> Any:
        return self.builder.bitcast(place, ir.VectorType(self.vector.element, self.shape.lanes // 2).as_pointer())

    def _half(self, vector: Vector, second: int) -> Vector:
        """Its first half, or the second."""
        n = self.shape.lanes // 2
        undefined = ir.Constant(self.vector, ir.Undefined)
        return self.builder.shuffle_vector(vector, undefined, self._lanes([*range(second * n, (second + 1) * n)]))

    def _joined(self, first: Any, second: Any) -> Vector:
        """Two halves."""
        return self.builder.shuffle_vector(first, second, self._lanes([*range(self.shape.lanes)]))

    def _lanes(self, numbers: list[int]) -> Any:
        """Lanes, by their numbers."""
        return ir.Constant(ir.VectorType(ir.IntType(32), len(numbers)), numbers)

    def at(self, array: Array, *offsets: Any) -> Array:
        """The array from an index on."""
        return Array(self.builder.gep(array.data, [self.add(*offsets)]))

    def evenly(self, array: Array, first: Any, step: Any, count: int) -> list[Array]:
        """Where x[first], x[first + step], x[first + 2*step], ... are.

        Left alone, the compiler computes all multiples of the step ahead of a loop, more than there are registers for,
        and reads them back from the stack. So every third address comes out of nowhere, as far as it can tell; those
        between are a step or two farther, which x86 adds to the address of a float32 while it reads.
        """
        near, found = array, []
        for i in range(count):
            if i % 3 == 0:
                offset = self.builder.mul(step, self.constant(3)) if i else first
                near = Array(self._from_nowhere(self.at(near, offset).data))
            found.append(self.at(near, self.builder.mul(step, self.constant(i % 3))))
        return found

    def _from_nowhere(self, value: Any) -> Any:
        """The same value, from no instruction at all."""
        return self.builder.asm(ir.FunctionType(value.type, [value.type]), "", "=r,0", (value,), False)

    def number(self, array: Array, *offsets: Any) -> Any:
        return self.builder.load(self.builder.gep(array.data, [self.add(self.constant(0), *offsets)]))

    def everywhere(self, number: Any) -> Vector:
        """A number in every lane."""
        undefined, lane = ir.Constant(self.vector, ir.Undefined), ir.IntType(32)
        first = self.builder.insert_element(undefined, number, ir.Constant(lane, 0))
        zeros = ir.Constant(ir.VectorType(lane, self.shape.lanes), [0] * self.shape.lanes)
        return self.builder.shuffle_vector(first, undefined, zeros)

    def multiply_add(self, a: Vector, b: Vector, c: Vector) -> Vector:
        """a * b + c."""
        name = f"llvm.fmuladd.v{self.shape.lanes}f{8 * self.alignment}"
        kind = ir.FunctionType(self.vector, [self.vector] * 3)
        function = _cgutils.get_or_insert_function(self.builder.module, kind, name)
        return self.builder.call(function, [a, b, c])

    def products(self, tile: Tile, numbers: Iterable[Any], weights: list[Vector]) -> Tile:
        """tile[r,v] + numbers[r] * weights[v]."""
        sums = []
        for factors, row in zip(self.factors(list(numbers)), tile, strict=True):
            sums.append([self.multiply_add(*each) for each in zip(factors, weights[: len(row)], row, strict=True)])
        return sums

    def sum(self, tile: Tile, term: Tile) -> Tile:
        """tile[r,v] + term[r,v]."""
        rows = zip(tile, term, strict=True)
        return [[self.builder.fadd(*each) for each in zip(*pair, strict=True)] for pair in rows]

    def fetch(self, array: Array, n: Any) -> None:
        """Ask for a line: to be read, into the second-level cache, data. (0, 2, 1 in LLVM's words.)"""
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        function = _cgutils.get_or_insert_function(self.builder.module, kind, "llvm.prefetch.p0i8")
        place = self.builder.bitcast(self.builder.gep(array.data, [n]), byte)
        self.builder.call(function, [place, *(ir.Constant(number, each) for each in (0, 2, 1))])

    def unless(self, comparison: str, tile: Tile, limit: Any) -> Tile:
        """The limit, where a sum compares so with it, else the sum; comparisons with NaN are false."""
        bound = self.everywhere(limit)
        compare, select = self.builder.fcmp_ordered, self.builder.select
        return [[select(compare(comparison, each, bound), bound, each) for each in row] for row in tile]

    def read(self, kind: Any, value: Any) -> Any:
        """An argument in the form in which the operations below want it."""
        if isinstance(kind, types.Array):
            return Array(*(_field(self.context, self.builder, kind, value, name) for name in Array._fields))
        if isinstance(kind, types.CPointer):
            return Array(value)
        if isinstance(kind, RowsType):
            return [self.builder.extract_value(value, r) for r in range(self.shape.rows)]
        if isinstance(kind, TileType):
            registers = iter(range(self.shape.registers))
            return [[self.builder.extract_value(value, next(registers)) for _ in range(v)] for v in self.shape.widths]
        return value

    def aggregate(self, kind: Any, answer: Any) -> Any:
        """An answer as one LLVM value; None is no answer."""
        if kind == types.none:
            return self.context.get_dummy_value()
        values = answer if isinstance(kind, RowsType) else [each for row in answer for each in row]
        found = ir.Constant(self.context.get_value_type(kind), ir.Undefined)
        for i, value in enumerate(values):
            found = self.builder.insert_value(found, value, i)
        return found


def operation(answer: Any) -> Callable[[Callable[..., Any]], Any]:
    """Make an operation of a function that writes its instructions; `answer` makes its type of the tile's shape.

    What an argument is follows from its name (`_expected`), and a wrong one ends the compilation with a message.
    """

    def make(write: Callable[..., Any]) -> Any:
        parameters = list(inspect.signature(write).parameters.values())[1:]

        def typed(_context: Any, *given: Any) -> Any:
            shape = given[0].shape if isinstance(given[0], ShapeType | TileType) else None
            expected = [_expected(write, p.name, kind, shape) for p, kind in zip(parameters, given, strict=True)]

            def lower(context: Any, builder: Any, _signature: Any, values: Any) -> Any:
                code = Code(context, builder, given[0].shape)
                arguments = (code.read(kind, value) for kind, value in zip(expected, values, strict=True))
                return code.aggregate(result, write(code, *arguments))

            result = answer if answer is types.none else answer(shape)
            return _templates.signature(result, *expected), lower

        context = inspect.Parameter("context", inspect.Parameter.POSITIONAL_ONLY)
        typed.__signature__ = inspect.Signature([context, *parameters])  # type: ignore[attr-defined]  # for Numba
        typed.__name__, typed.__doc__ = write.__name__, write.__doc__
        return _extending.intrinsic(typed)

    return make


def _expected(write: Any, name: str, given: Any, shape: TileShape | None) -> Any:
    """The type that an argument is to have: which one says its name. Raises TypingError for another."""
    wanted: Any = f"an array of {shape.dtype if shape else 'numbers'}, flat and contiguous"
    if name in ("shape", "tile", "factor", "term", "rows"):
        wanted = {"shape": ShapeType, "rows": RowsType}.get(name, TileType)
        fits = isinstance(given, wanted) and (shape is None or given.shape == shape)
    elif name in ("x", "w", "b", "y", "table"):
        kind = types.int64 if name == "table" else shape and getattr(types, shape.dtype)
        if isinstance(given, types.Array):
            fits = given.ndim == 1 and given.layout == "C" and given.dtype == kind and (given.mutable or name != "y")
        else:
            fits = isinstance(given, types.CPointer) and given.dtype == kind
    elif name == "limit":
        return shape and getattr(types, shape.dtype)
    else:
        wanted, fits = "an integer", isinstance(given, types.Integer)
    if not fits:
        raise TypingError(f"{write.__name__}: wanted {wanted} for {name}, got {given}")
    return types.intp if wanted == "an integer" else given
