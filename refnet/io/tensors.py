"""Named arrays in one file, in the format of safetensors: nothing in it is ever run, and any tool can read it.

    8 bytes       length n of the header, little endian
    n bytes       JSON: name -> {"dtype", "shape", "data_offsets": [begin, end]}, and "__metadata__": text -> text
    the rest      the arrays' bytes, C order, little endian, one after the other without gaps

The header is filled up with spaces so that the arrays begin at a multiple of 8. The format is described in the README
of the repository huggingface/safetensors; the library of that name is not needed.
"""

import json
import os
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .files import write

Array = NDArray[Any]

DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1", "U8": "u1"}
_NAMES = {np.dtype(code): name for name, code in DTYPES.items()}
_METADATA = "__metadata__"
_LARGEST_HEADER = 100_000_000  # bytes: the library refuses larger ones


def save_tensors(
    path: str | os.PathLike[str], arrays: Mapping[str, Array], metadata: Mapping[str, str] | None = None
) -> None:
    """Write the arrays; one step puts the file in the place of what was there, which stays whole until then.

    Raises TypeError for a dtype that the format or this project does not have, OSError that names the path.
    """
    header: dict[str, Any] = {_METADATA: dict(metadata)} if metadata else {}
    parts: list[bytes] = []
    end = 0
    for name, array in arrays.items():
        dtype = array.dtype.newbyteorder("<")
        if dtype not in _NAMES:
            raise TypeError(f"{name}: wanted a dtype of {', '.join(DTYPES)}, got {array.dtype}")
        parts.append(np.ascontiguousarray(array, dtype).tobytes())
        begin, end = end, end + len(parts[-1])
        header[name] = {"dtype": _NAMES[dtype], "shape": list(array.shape), "data_offsets": [begin, end]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    write(path, b"".join([len(text).to_bytes(8, "little"), text, *parts]))


def load_tensors(path: str | os.PathLike[str]) -> tuple[dict[str, Array], dict[str, str]]:
    """-> arrays by name, metadata. Raises OSError, or ValueError that names the file and what is wrong in it."""
    content = Path(path).read_bytes()
    length = int.from_bytes(content[:8], "little")
    if len(content) < 8 or length > _LARGEST_HEADER or not content[8 : 8 + length].lstrip().startswith(b"{"):
        raise ValueError(f"{path}: wanted a file of tensors (safetensors), got something else")
    if len(content) < 8 + length:
        raise _short(path, 8 + length, len(content))
    try:
        header = json.loads(content[8 : 8 + length])
        metadata = header.pop(_METADATA, {})
        return _arrays(path, header, content, 8 + length), metadata
    except (KeyError, TypeError, AttributeError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path}: wanted a header as safetensors has it, got another ({error})") from None


def _arrays(path: Any, header: dict[str, Any], content: bytes, start: int) -> dict[str, Array]:
    wanted = start + max((entry["data_offsets"][1] for entry in header.values()), default=0)
    if len(content) != wanted:
        raise _short(path, wanted, len(content))
    arrays = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        dtype, shape = np.dtype(DTYPES[entry["dtype"]]), tuple(entry["shape"])
        if begin < 0 or end - begin != prod(shape) * dtype.itemsize:
            raise ValueError(f"{path}: {name}: wanted {prod(shape)} values of {dtype}, got {end - begin} bytes")
        values = np.frombuffer(content, dtype, prod(shape), start + begin)
        arrays[name] = values.reshape(shape).astype(dtype.newbyteorder("="))
    return arrays


def _short(path: Any, wanted: int, got: int) -> ValueError:
    return ValueError(f"{path}: wanted {wanted} bytes, as its header says, got {got}: it was cut short or added to")
