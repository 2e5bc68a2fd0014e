"""Files of compiled code: where they lie, written whole or not at all, checked when read, removed when old.

One folder per build (everything that machine code depends on, hashed into the folder's name), one file per
compiled function and argument types. Plain Python: what is in a file is `cache.py`'s business.
"""

import contextlib
import hashlib
import os
import re
import shutil
import time
import uuid
from collections.abc import Mapping
from pathlib import Path

# So many folders are kept, whatever their age, and beside them every one used within the last day.
KEPT_FOLDERS = 8
RECENT_SECONDS = 24 * 3600

_HEADER = b"refnet compiled code 1\n"
_FOLDER_NAME = re.compile("[0-9a-f]{24}")


def user_cache_folder(platform: str, environment: Mapping[str, str]) -> Path | None:
    """Where a platform (`sys.platform`) wants caches, given `os.environ`; None if there is no home."""
    home = environment.get("HOME")
    if platform == "win32":
        local = environment.get("LOCALAPPDATA")
        return Path(local) if local else None
    if platform == "darwin":
        return Path(home, "Library", "Caches") if home else None
    chosen = environment.get("XDG_CACHE_HOME", "")
    if os.path.isabs(chosen):  # its specification: a relative one is to be ignored
        return Path(chosen)
    return Path(home, ".cache") if home else None


def digest(*parts: bytes) -> str:
    """24 hexadecimal digits that name the parts, and where one ends and the next begins."""
    total = hashlib.sha256()
    for part in parts:
        total.update(len(part).to_bytes(8, "little") + part)
    return total.hexdigest()[:24]


def source_digest(folder: Path) -> str:
    """Name the contents of every Python file under the folder."""
    files = sorted((path.relative_to(folder).as_posix(), path) for path in folder.rglob("*.py"))
    if not files:  # in a ZIP archive, for one
        raise OSError(f"there are no source files in {folder}")
    return digest(*(part for name, path in files for part in (name.encode(), path.read_bytes())))


def make_folder(folder: Path) -> None:
    """Create a build's folder; a new one is the moment to remove old ones."""
    with contextlib.suppress(FileExistsError):
        folder.mkdir(parents=True)
        prune(folder.parent, time.time())


def write(path: Path, body: bytes) -> None:
    """Replace the file in one step, so that another process sees the old one or the new one, never a half."""
    temporary = path.with_name(f"{path.name}.{uuid.uuid4().hex}")
    try:
        temporary.write_bytes(_HEADER + hashlib.sha256(body).digest() + body)
        temporary.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def read(path: Path) -> bytes | None:
    """What was written, or None if the file is missing, torn or not ours. Marks its folder as used."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    start = len(_HEADER) + hashlib.sha256().digest_size
    body = content[start:]
    if content[:start] != _HEADER + hashlib.sha256(body).digest():
        return None
    with contextlib.suppress(OSError):
        os.utime(path.parent)
    return body


def prune(root: Path, now: float) -> None:
    """Remove the builds' folders that are neither among the most recently used nor used within a day.

    A folder's time of modification is its last use: reading and writing both set it. So a process that
    compiles or loads right now is safe. One that comes back to its folder after a day may find it removed; it
    compiles again and creates it anew, for files are read whole and nobody holds on to one.
    """
    used = sorted(((_last_use(folder), folder) for folder in _builds(root)), reverse=True)
    for last_use, folder in used[KEPT_FOLDERS:]:
        if now - last_use > RECENT_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)


def _builds(root: Path) -> list[Path]:
    return [path for path in root.iterdir() if _FOLDER_NAME.fullmatch(path.name) and path.is_dir()]


def _last_use(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except OSError:  # another process has just removed it
        return 0.0
