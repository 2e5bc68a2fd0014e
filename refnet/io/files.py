"""Writing a file so that nobody ever sees half of it."""

import os
from collections.abc import Callable
from contextlib import suppress
from glob import escape
from pathlib import Path
from time import time

_BESIDE = ".{}.{}.part"  # the target's name, the process that writes
_ABANDONED = 3600  # seconds after which nobody is still writing: the process was killed


def write(path: str | os.PathLike[str], content: bytes) -> None:
    """Put the content under the path; see `fill`."""
    fill(path, lambda beside: beside.write_bytes(content))


def fill(path: str | os.PathLike[str], put: Callable[[Path], object]) -> None:
    """Put the file that `put` writes under the path, in place of what was there: first under a name beside it, which
    `put` is given, then in one step under its own.

    Raises ValueError for a path without a name, OSError that names the path; what was there stays then.
    """
    target = Path(path)
    if not target.name:
        raise ValueError(f"path: wanted the name of a file, got {str(path)!r}")
    beside = target.with_name(_BESIDE.format(target.name, os.getpid()))
    try:
        put(beside)
        beside.replace(target)
    except OSError as error:
        raise type(error)(error.errno, error.strerror, str(path)) from None
    finally:
        with suppress(OSError):
            beside.unlink()


def prune(folder: Path, pattern: str, keep: int) -> None:
    """Remove the files that fit the pattern, but for those used last, as many as `keep` says, and what `fill` left
    half-written long ago. What cannot be removed stays.
    """
    left = [part for part in folder.glob(".*.part") if time() - _last_use(part) > _ABANDONED]
    for old in left + sorted(folder.glob(pattern), key=_last_use, reverse=True)[keep:]:
        with suppress(OSError):
            old.unlink()


def _last_use(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:  # another process has just removed it
        return 0.0


def sweep(path: str | os.PathLike[str]) -> None:
    """Remove what processes left beside the path that were killed while they wrote. Nobody may be writing there now."""
    target = Path(path)
    for left in target.parent.glob(_BESIDE.format(escape(target.name), "*")):
        with suppress(OSError):
            left.unlink()
