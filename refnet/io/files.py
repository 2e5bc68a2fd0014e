"""Writing a file so that nobody ever sees half of it."""

import os
from pathlib import Path


def write(path: str | os.PathLike[str], content: bytes) -> None:
    """Put the content under the path, in place of what was there: first beside it, then in one step under its name.

    Raises OSError that names the path; what was there stays then.
    """
    target = Path(path)
    beside = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        beside.write_bytes(content)
        beside.replace(target)
    except OSError as error:
        raise type(error)(error.errno, error.strerror, str(path)) from None
    finally:
        beside.unlink(missing_ok=True)
