"""Finished cells on disk: a folder with one small JSON file for each, written whole or not at all.

A file says what it is of: work, settings, and the basis, which is what else decides a result (`basis.py`). What is not
said to be of this cell on this basis is as if it were not there; what another version computed stays beside it.
"""

import json
import os
import tempfile
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from ..io import files
from .experiment import Cell, Result


class Finished(NamedTuple):
    """result: as JSON gives it back. seconds: that its computation took."""

    result: Result
    seconds: float


class Cells:
    """The finished cells of a folder, which is made when the first is to be kept."""

    def __init__(self, folder: str | os.PathLike[str], basis: Mapping[str, Any]) -> None:
        self.folder, self.basis = Path(folder), dict(basis)
        self._basis_key = sha256(json.dumps(self.basis, sort_keys=True).encode()).hexdigest()[:8]

    def path(self, cell: Cell) -> Path:
        return self.folder / f"{cell.key}-{self._basis_key}.json"

    def find(self, cell: Cell) -> Finished | None:
        """What was kept of the cell. None where there is no file, half of one, or one of something else."""
        try:
            kept = json.loads(self.path(cell).read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return None
        if not isinstance(kept, dict) or {name: kept.get(name) for name in self._about(cell)} != self._about(cell):
            return None
        result, seconds = kept.get("result"), kept.get("seconds")
        if not isinstance(result, dict) or not isinstance(seconds, float):
            return None
        return Finished(result, seconds)

    def prepare(self) -> None:
        """Make the folder, and a file in it for a moment. Raises OSError that names the folder."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=self.folder).close()
        except OSError as error:
            raise type(error)(error.errno, error.strerror, str(self.folder)) from None

    def keep(self, cell: Cell, found: Finished) -> None:
        """Raises OSError that names the path; an earlier file of that name stays then."""
        kept = self._about(cell) | {"result": found.result, "seconds": found.seconds}
        self.folder.mkdir(parents=True, exist_ok=True)
        files.write(self.path(cell), json.dumps(kept, indent=1, allow_nan=False).encode())

    def _about(self, cell: Cell) -> dict[str, Any]:
        """What a file must say to be of the cell, as JSON gives it back."""
        about = {"work": cell.work, "settings": dict(cell.settings), "basis": self.basis}
        read: dict[str, Any] = json.loads(json.dumps(about))
        return read
