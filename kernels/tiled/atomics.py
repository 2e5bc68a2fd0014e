"""Atomic operations on the numbers of an int64 array, and two ways to wait: what threads need to share work.

Why they are needed
    `state[i] += 1` is three steps: read, add, write. If two threads read 7 before either writes, both write 8, and one
    turn is lost. An atomic operation is done as a whole: no other thread sees, or gets between, its parts.

        load(state, i)                          state[i]
        store(state, i, new)                    state[i] = new
        fetch_add(state, i, number)             state[i] += number; the answer is what stood there before
        compare_and_swap(state, i, old, new)    if state[i] == old: state[i] = new; the answer is whether it did

    The last one is the basis of everything else: look, think what the next value should be, and write it only if
    nobody wrote in the meantime. Of several threads that try with the same `old`, exactly one succeeds.

Why the order of ordinary writes matters too
    Compiler and processor may let a thread's writes become visible in another order than that of the text. If thread A
    writes a result and then sets a flag, thread B might see the flag and not yet the result. The operations here are
    *sequentially consistent*: whatever A wrote before its atomic write, B sees after the atomic read that finds it,
    and all threads agree on one order of all atomic operations. On x86 only a write or an exchange costs anything
    for that (some 20 cycles); a read is an ordinary one.

Two ways to wait
    pause()              tells the core that this is a waiting loop; it then burns less power, and gives its other
                         hyper-thread the right of way
    yield_processor()    asks the operating system to run another thread here, if one wants to. It is a function of the
                         C library (of the kernel32 library on Windows), called by name, so that compiled code can be
                         kept in a file: an address would hold for one process only

`instructions.py` tells how an intrinsic becomes part of a kernel. Nothing is checked: i lies inside of the array.
Under NUMBA_DISABLE_JIT=1 there are none of these operations.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import extending, types
from numba.core import cgutils, typing
from numba.core.errors import TypingError

# Numba declares these in ways that no type checker can follow.
_extending: Any = extending
_cgutils: Any = cgutils
_typing: Any = typing

_ORDER = "seq_cst"
_BYTES = 8


def operation(typed: Callable[..., Any]) -> Any:
    """Make an operation of a function that answers with its signature and with what writes its instructions."""
    return _extending.intrinsic(typed)


def _on_a_number(answer: Any, name: str, given: tuple[Any, ...], write: Callable[..., Any]) -> Any:
    """An operation on state[i], given the types of (state, i, further integers)."""
    state, *numbers = given
    fits = isinstance(state, types.Array) and state.ndim == 1 and state.layout == "C" and state.dtype == types.int64
    if not (fits and state.mutable):
        raise TypingError(f"{name}: wanted a writable array of int64, flat and contiguous, for state, got {state}")
    wrong = [each for each in numbers if not isinstance(each, types.Integer)]
    if wrong:
        raise TypingError(f"{name}: wanted integers behind state, got {wrong[0]}")

    def lower(context: Any, builder: Any, _types: Any, values: Any) -> Any:
        array = context.make_array(state)(context, builder, values[0])
        found = write(builder, builder.gep(array.data, [values[1]]), *values[2:])
        return context.get_dummy_value() if answer == types.none else found

    return _typing.signature(answer, state, *[types.int64] * len(numbers)), lower


@operation
def load(_context: Any, state: Any, i: Any) -> Any:
    """state[i], and with it all that its writer had written before."""

    def write(builder: Any, place: Any) -> Any:
        return builder.load_atomic(place, _ORDER, _BYTES)

    return _on_a_number(types.int64, "load", (state, i), write)


@operation
def store(_context: Any, state: Any, i: Any, new: Any) -> Any:
    """state[i] = new, after all that this thread wrote before."""

    def write(builder: Any, place: Any, number: Any) -> Any:
        return builder.store_atomic(number, place, _ORDER, _BYTES)

    return _on_a_number(types.none, "store", (state, i, new), write)


@operation
def fetch_add(_context: Any, state: Any, i: Any, number: Any) -> Any:
    """state[i] += number; the answer is what stood there before."""

    def write(builder: Any, place: Any, added: Any) -> Any:
        return builder.atomic_rmw("add", place, added, _ORDER)

    return _on_a_number(types.int64, "fetch_add", (state, i, number), write)


@operation
def compare_and_swap(_context: Any, state: Any, i: Any, old: Any, new: Any) -> Any:
    """state[i] = new where state[i] == old; the answer is whether it was."""

    def write(builder: Any, place: Any, wanted: Any, number: Any) -> Any:
        return builder.extract_value(builder.cmpxchg(place, wanted, number, _ORDER, _ORDER), 1)

    return _on_a_number(types.boolean, "compare_and_swap", (state, i, old, new), write)


@operation
def pause(_context: Any) -> Any:
    """Nothing, slowly: the processor's instruction for waiting loops, where it is known."""

    def lower(context: Any, builder: Any, _types: Any, _values: Any) -> Any:
        triple = builder.module.triple
        if triple.startswith(("x86_64", "i686", "amd64")):
            _call(builder, ir.VoidType(), "llvm.x86.sse2.pause")
        elif triple.startswith(("aarch64", "arm64")):
            _call(builder, ir.VoidType(), "llvm.aarch64.hint", ir.Constant(ir.IntType(32), 1))  # 1 is "yield"
        return context.get_dummy_value()

    return _typing.signature(types.none), lower


@operation
def yield_processor(_context: Any) -> Any:
    """Let another thread run on this core, if one is ready."""

    def lower(context: Any, builder: Any, _types: Any, _values: Any) -> Any:
        windows = "windows" in builder.module.triple
        _call(builder, ir.IntType(32), "SwitchToThread" if windows else "sched_yield")
        return context.get_dummy_value()

    return _typing.signature(types.none), lower


def _call(builder: Any, answer: Any, name: str, *values: Any) -> None:
    kind = ir.FunctionType(answer, [each.type for each in values])
    builder.call(_cgutils.get_or_insert_function(builder.module, kind, name), values)
