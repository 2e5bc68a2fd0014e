"""Compiled kernels, kept between processes: Numba's file cache, made safe for code that changes and moves.

Numba's `cache=True` looks at one file only: a kernel whose helper was edited in another file is served as it
was. Here the folder's name is a hash of all kernels, the processor, and the versions and settings of the
compiler, and a file's key holds the code and the constants that the function really reaches in this process.
A file that cannot be read is compiled again; a folder that cannot be written costs time and nothing else.

    sig     Numba's types of a call's arguments    cres, data      what Numba compiled for them
    key     all that the result depends on         target_context  what Numba compiles for
"""

import functools
import logging
import os
import pickle
import sys
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import llvmlite
import numba
import numpy as np
from numba.core import config
from numba.core.caching import CompileResultCacheImpl, FunctionCache
from numba.core.registry import cpu_target
from numba.core.serialize import dumps

from . import store

# Numba's environment variables that change the machine code and not the processor.
_SETTINGS = ("OPT", "LOOP_VECTORIZE", "SLP_VECTORIZE", "BOUNDSCHECK", "DEBUGINFO_DEFAULT", "USING_SVML")

Key = tuple[Any, ...]
# Numba sets these attributes when it runs; no type checker can see them.
_config: Any = config
_target: Any = cpu_target
_serialize: Any = dumps
_log = logging.getLogger(__name__)
_writing = True


class KernelCache(FunctionCache):
    """One function's compiled versions. The name of its floating-point flags is part of key and file name."""

    def __init__(self, function: FunctionType, flags: str) -> None:
        source_digest()  # at import, because the files may be edited before the first call
        self._py_func = function
        self._name = f"{function.__module__}.{function.__qualname__}-{flags}"
        self._impl: Any = _Serializer()
        self._enabled = True

    @property
    def cache_path(self) -> str | None:
        found = folder()
        return None if found is None else str(found)

    def flush(self) -> None:
        """Nothing to forget: a file is found by what it was compiled from; a changed function misses it."""

    def load_overload(self, *args: Any, **named: Any) -> Any:
        """A compiled version from the disk, or None: whatever is wrong with it, compiling is the cure."""
        numbas: Any = super()
        try:
            return numbas.load_overload(*args, **named)
        except Exception:
            return None

    def save_overload(self, *args: Any, **named: Any) -> None:
        """Write a compiled version; a full disk or a read-only folder ends all writing in this process."""
        numbas: Any = super()
        try:
            numbas.save_overload(*args, **named)
        except OSError as error:
            _stop_writing(error)
        except Exception as error:
            _log.info("%s is not cached: %s", self._name, error)

    def _load_overload(self, sig: Any, target_context: Any) -> Any:
        key = self._key(sig)
        body = store.read(self._path(key))
        if body is None:
            return None
        found, reduced = pickle.loads(body)
        return self._impl.rebuild(target_context, reduced) if found == key else None

    def _save_overload(self, sig: Any, data: Any) -> None:
        if _writing and self._impl.check_cachable(data):
            key = self._key(sig)
            path = self._path(key)
            store.make_folder(path.parent)
            store.write(path, _serialize((key, self._impl.reduce(data))))

    def _key(self, sig: Any) -> Key:
        return sig, self._name, build(), fingerprint(self._py_func)

    def _path(self, key: Key) -> Path:
        """The file of a key. Its name only finds it: the key itself is inside, and compared when read."""
        found = folder()
        if found is None:
            raise OSError("this user has no cache folder")
        name = self._name.replace("<", "").replace(">", "")
        return found / f"{name}-{store.digest(repr(key).encode())}.bin"


class _Serializer(CompileResultCacheImpl):
    """Numba's conversion of a compiled function to plain data and back, without its search for a folder."""

    def __init__(self) -> None:
        pass

    def check_cachable(self, cres: Any) -> bool:
        """Addresses of this process are worth nothing in the next one."""
        return not cres.library.has_dynamic_globals


def folder() -> Path | None:
    """Where this build's files lie; None if there is no place for them."""
    chosen = _config.CACHE_DIR  # NUMBA_CACHE_DIR
    base = Path(chosen).absolute() if chosen else store.user_cache_folder(sys.platform, os.environ)
    name = store.digest(source_digest().encode(), repr(build()).encode())
    return None if base is None else base / "refnet" / name


@functools.cache
def source_digest() -> str:
    """The contents of every file under kernels/, as they were when this process imported its first kernel."""
    return store.source_digest(Path(__file__).parent)


def build() -> tuple[str, ...]:
    """What machine code depends on beside its source: processor and vector width, versions, settings."""
    versions = (sys.implementation.cache_tag, np.__version__, numba.__version__, llvmlite.__version__)
    settings = (f"{name}={getattr(_config, name, None)!r}" for name in _SETTINGS)
    return (*processor(), *versions, *settings)


def processor() -> tuple[str, ...]:
    """For which processor Numba compiles: triple, name, features ("+avx2,-avx512f,..."); NUMBA_CPU_* change it."""
    return tuple(map(str, _target.target_context.codegen().magic_tuple()))


def fingerprint(function: FunctionType) -> str:
    """Name the code that a function reaches in this process, through helpers, constants and closures.

    The folder's name is about files; this is about what was loaded from them. They differ when a file is
    edited after its import, when a module's constant depends on the machine, when a test replaces a helper.
    """
    return store.digest(*_reached(function, set()))


def _reached(value: Any, seen: set[Any]) -> Iterator[bytes]:
    if hasattr(value, "py_func"):  # a jitted function
        yield repr(sorted(value.targetoptions.get("fastmath") or ())).encode()
        yield from _reached(value.py_func, seen)
    elif isinstance(value, FunctionType):
        if value not in seen:
            seen.add(value)
            yield from _reached_by(value, seen)
    elif hasattr(value, "__wrapped__"):  # functools.cache and the like, whose text is an address
        yield from _reached(value.__wrapped__, seen)
    elif isinstance(value, ModuleType):
        yield value.__name__.encode()
    elif isinstance(value, np.ndarray):
        yield from (str(value.dtype).encode(), repr(value.shape).encode(), value.tobytes())
    elif _of_the_compiler(value):
        yield type(value).__qualname__.encode()
    else:
        yield repr(value).encode()


def _of_the_compiler(value: Any) -> bool:
    """Whether it is a part of Numba whose text is an address, another one in each process. `build` says what it is."""
    text: Any = type(value).__repr__
    return type(value).__module__.startswith("numba.") and text is object.__repr__


def _reached_by(function: FunctionType, seen: set[Any]) -> Iterator[bytes]:
    names: set[str] = set()
    yield from _code(function.__code__, names)
    for name in sorted(names & function.__globals__.keys()):
        yield name.encode()
        yield from _reached(function.__globals__[name], seen)
    for held in (*(cell.cell_contents for cell in function.__closure__ or ()), function.__defaults__):
        yield from _reached(held, seen)


def _code(code: CodeType, names: set[str]) -> Iterator[bytes]:
    """Instructions and constants, those of nested functions too; collects the names that are looked up."""
    names.update(code.co_names)
    yield code.co_code
    yield repr((code.co_names, code.co_varnames, code.co_freevars)).encode()
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _code(constant, names)
        else:
            yield repr(constant).encode()


def _stop_writing(error: OSError) -> None:
    global _writing
    _writing = False
    _log.warning("compiled kernels are not kept (%s); NUMBA_CACHE_DIR can name another folder", error)
