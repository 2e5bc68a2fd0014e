"""How a kernel becomes machine code: the one decorator, and what its floating point may do.

    @jit                   strict IEEE arithmetic: every rounding happens where the text says
    @jit(CONTRACT)         a*b + c may become one fused multiply-add
    @jit(REASSOCIATE)      that, and a sum may be split over vector lanes
    @brief                 strict, without letting other Python threads run meanwhile
    @bare                  strict, without counting references to arrays
    @inner, @inlined       the same for what kernels alone call: parts (`parts.py`)

A kernel compiles at its first call with a new set of argument types, never at import, and later processes
read it back (`cache.py`). Under NUMBA_DISABLE_JIT=1 the decorator returns the plain function.
"""

import logging
from collections.abc import Callable
from types import FunctionType
from typing import Any, TypeVar, cast, overload
from weakref import WeakKeyDictionary

import numba
from numba.extending import register_jitable

from .geometry import output_size
from .parts import PartCompiler

F = TypeVar("F", bound=Callable[..., Any])

STRICT: frozenset[str] = frozenset()
CONTRACT = frozenset({"contract"})
REASSOCIATE = frozenset({"contract", "reassoc"})

_NAMES = {STRICT: "strict", CONTRACT: "contract", REASSOCIATE: "reassociate"}
_flags_of: WeakKeyDictionary[Callable[..., Any], str] = WeakKeyDictionary()

# The "numpy" error model, here and for kernels, because a kernel does not raise: x / 0 is inf or nan as in
# NumPy, and a loop with a division in it still becomes vector code.
register_jitable(error_model="numpy")(output_size)


@overload
def jit(target: F) -> F: ...
@overload
def jit(target: frozenset[str]) -> Callable[[F], F]: ...
def jit(target: Any) -> Any:
    """Compile a function strictly (`@jit`) or with one of the named sets of flags (`@jit(CONTRACT)`)."""
    if isinstance(target, FunctionType):
        return _compile_at_first_call(target, STRICT)
    if isinstance(target, frozenset) and target in _NAMES:
        return lambda function: _compile_at_first_call(function, target)
    raise TypeError(f"jit: wanted a plain function, STRICT, CONTRACT or REASSOCIATE, got {target!r}")


def _compile_at_first_call(function: F, flags: frozenset[str], **options: Any) -> F:
    _register(function, _NAMES[flags])
    usual = {"nogil": True, "_nrt": True, "forceinline": False}  # the last two, if left out, are those of a caller
    compiled = numba.njit(error_model="numpy", fastmath=set(flags) or False, **usual | options)(function)
    if compiled is not function:  # which it is under NUMBA_DISABLE_JIT=1
        _attach_cache(compiled, function, _NAMES[flags])
    return cast(F, compiled)


def _register(function: Callable[..., Any], name: str) -> None:
    """Refuse a second decoration: two versions of one text that differ in flags alone would be confused."""
    if not isinstance(function, FunctionType):
        raise TypeError(f"jit: wanted a plain function that was not jitted before, got {function!r}")
    if function in _flags_of:
        first, label = _flags_of[function], function.__qualname__
        raise ValueError(f"jit: {label} is already jitted as {first}, and cannot be {name} too")
    _flags_of[function] = name


def _attach_cache(compiled: Any, function: Any, name: str) -> None:
    """Give a dispatcher our cache, or none where Numba's private classes are not those that we know."""
    try:
        from .cache import KernelCache

        compiled._cache = KernelCache(function, name)
    except (ImportError, AttributeError, TypeError, OSError) as error:
        logging.getLogger(__name__).info("%s is not cached: %s", function.__qualname__, error)


def brief(function: F) -> F:
    """Compile strictly, for what takes a microsecond or two: a helper thread that waits for the interpreter's lock
    would have it meanwhile, and whoever wants it back sleeps until it is woken.
    """
    return _compile_at_first_call(function, STRICT, nogil=False)


def bare(function: F) -> F:
    """Compile strictly, without counting references to arrays: for kernels that make none and go from tile to tile."""
    return _compile_at_first_call(function, STRICT, _nrt=False)


def inner(function: F) -> F:
    """A part: what kernels alone call, never Python (`parts.py`). Strict, without counting references."""
    return _part(function, forceinline=False)  # Numba would take over what the caller has


def inlined(function: F) -> F:
    """A part that becomes one with the kernel that calls it."""
    return _part(function, forceinline=True)


def _part(function: F, **options: Any) -> F:
    _register(function, _NAMES[STRICT])
    options |= {"error_model": "numpy", "_nrt": False, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    return cast(F, numba.njit(pipeline_class=PartCompiler, **options)(function))
