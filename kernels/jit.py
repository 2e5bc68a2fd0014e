"""How a kernel becomes machine code: the one decorator, and what its floating point may do.

    @jit                   strict IEEE arithmetic: every rounding happens where the text says
    @jit(CONTRACT)         a*b + c may become one fused multiply-add
    @jit(REASSOCIATE)      that, and a sum may be split over vector lanes

Each kernel compiles at its first call with a new set of argument types, never at import, and is read back from
the cache of ``cache.py`` in later processes. With NUMBA_DISABLE_JIT=1 the decorator returns the plain function.
"""

import logging
from collections.abc import Callable
from typing import Any, TypeVar, cast, overload
from weakref import WeakKeyDictionary

import numba
from numba.extending import register_jitable

from .geometry import output_size

F = TypeVar("F", bound=Callable[..., Any])

STRICT: frozenset[str] = frozenset()
CONTRACT = frozenset({"contract"})
REASSOCIATE = frozenset({"contract", "reassoc"})

_FLAG_NAMES = {STRICT: "strict", CONTRACT: "contract", REASSOCIATE: "reassociate"}
_flags_of: WeakKeyDictionary[Callable[..., Any], str] = WeakKeyDictionary()

# The "numpy" error model, here and below, because a kernel does not raise: x / 0 is inf or nan as in NumPy, and
# loops with a division in them still vectorise.
register_jitable(error_model="numpy")(output_size)


@overload
def jit(target: F) -> F: ...
@overload
def jit(target: frozenset[str]) -> Callable[[F], F]: ...
def jit(target: Any) -> Any:
    """Compile a function, strictly (``@jit``) or with one of the named sets of flags (``@jit(CONTRACT)``)."""
    if isinstance(target, frozenset):
        name = _name_of(target)
        return lambda function: _compile_lazily(function, target, name)
    return _compile_lazily(target, STRICT, _FLAG_NAMES[STRICT])


def _name_of(flags: frozenset[str]) -> str:
    if flags not in _FLAG_NAMES:
        raise ValueError(f"jit: flags must be STRICT, CONTRACT or REASSOCIATE, got {sorted(flags)}")
    return _FLAG_NAMES[flags]


def _compile_lazily(function: F, flags: frozenset[str], name: str) -> F:
    _register(function, name)
    options = {"nogil": True, "error_model": "numpy", "fastmath": set(flags) or False}
    compiled = numba.njit(**options)(function)
    if compiled is not function:  # it is the plain function itself under NUMBA_DISABLE_JIT=1
        _attach_cache(compiled, function, name)
    return cast(F, compiled)


def _register(function: Callable[..., Any], name: str) -> None:
    """Refuse a second decoration: two compiled versions of one text, told apart by flags alone, get confused."""
    if not callable(function) or not hasattr(function, "__code__"):
        raise TypeError(f"jit: wanted a plain Python function or a named set of flags, got {function!r}")
    if function in _flags_of:
        first = _flags_of[function]
        raise ValueError(f"jit: {function.__qualname__} is already jitted as {first}, cannot be {name} too")
    _flags_of[function] = name


def _attach_cache(compiled: Any, function: Callable[..., Any], name: str) -> None:
    """Give the dispatcher our cache, or none where Numba's private classes are not those that we know."""
    try:
        from .cache import KernelCache

        compiled._cache = KernelCache(function, name)
    except (ImportError, AttributeError, TypeError) as error:
        logging.getLogger(__name__).info("kernels are not cached: %s", error)
