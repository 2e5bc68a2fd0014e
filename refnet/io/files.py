"""Writing a file so that nobody ever sees half of it."""

import os
from contextlib import suppress
from pathlib import Path


def write(path: str | os.PathLike[str], content: bytes) -> None:
    """Put the content under the path, in place of what was there: first beside it, then in one step under its name.

    Raises ValueError for a path without a name, OSError that names the path; what was there stays then.
    """
    target = Path(path)
    if not target.name:
        raise ValueError(f"path: wanted the name of a file, got {str(path)!r}")
    beside = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        beside.write_bytes(content)
        beside.replace(target)
    except OSError as error:
        raise type(error)(error.errno, error.strerror, str(path)) from None
    finally:
        with suppress(OSError):
            beside.unlink()
