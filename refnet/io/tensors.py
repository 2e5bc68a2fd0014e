"""Named arrays in one file, in the format of safetensors: nothing in it is ever run, and any tool can read it."""

import os
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .files import write

Array = NDArray[Any]


def save_tensors(
    path: str | os.PathLike[str], arrays: Mapping[str, Array], metadata: Mapping[str, str] | None = None
) -> None:
    """Write the arrays; one step puts the file in the place of what was there, which stays whole until then.

    Raises ImportError that names the extra, TypeError for a dtype that the format does not have, OSError that names
    the path.
    """
    _library()
    save = import_module("safetensors.numpy").save
    plain = {}
    for name, array in arrays.items():
        if array.dtype.kind not in "fiub":
            raise TypeError(f"{name}: wanted numbers, got {array.dtype}")
        native = array.astype(array.dtype.newbyteorder("="), copy=False)
        plain[name] = np.ascontiguousarray(native).reshape(array.shape)  # else () would become (1,)
    write(path, save(plain, None if metadata is None else dict(metadata)))


def load_tensors(path: str | os.PathLike[str]) -> tuple[dict[str, Array], dict[str, str]]:
    """-> arrays by name, metadata.

    Raises ImportError that names the extra, OSError, or ValueError that names the file and what is wrong in it.
    """
    library = _library()
    with open(path, "rb"):  # for the operating system's own words where there is none, or it cannot be read
        pass
    try:
        with library.safe_open(os.fspath(path), "numpy") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, dict(file.metadata() or {})  # noqa: SIM118
    except library.SafetensorError as error:
        raise ValueError(f"{path}: wanted a whole file of tensors (safetensors), got something else: {error}") from None


def _library() -> Any:
    try:
        return import_module("safetensors")
    except ImportError:
        raise ImportError(
            "files of tensors are read and written by safetensors: pip install '.[weights]' in the folder of refnet"
        ) from None
