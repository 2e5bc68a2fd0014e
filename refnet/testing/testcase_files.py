"""Cases in files, for kernels that Python cannot call: C, Rust, a board on the desk.

One `.npz` per case holds `x, w, dy` (in the dtype), the expected `y, dx, dw` (float64; int8: `y`
only, int32), how far an answer may be from each entry (`y_bound, dx_bound, dw_bound`; 0: exact), and the
settings `stride, dilation` (y, x), `pads` (top, bottom, left, right) and `groups` as int64. ReLU6 has
`x, dy, y, dx`. `index.json` lists the files with their SHA-256, shapes and settings, and states the
rule. Every byte follows from the arguments. Needs NumPy alone.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from .arrangement import check_layouts
from .cases import Case, draw_case, seeded_pick
from .checks_relu6 import make_relu6_case
from .expected import Expected, expected_forward, expected_gradients
from .geometry_of_cases import CONVOLUTIONS
from .limits import Limits
from .oracles_layers import naive_relu6, naive_relu6_gradient
from .plain import Array
from .precision import Precision, precision
from .subject import Subject

FORMAT = "refnet-testcases"
VERSION = 1
OPERATIONS = (*CONVOLUTIONS, "relu6")
RULE = (
    "An answer a is right where |a - y| <= y_bound, entry by entry, compared in float64 (so for dx and dw); "
    "a bound of 0 means exactly. NaN is right only where NaN is expected. The bound is gamma_n * sum of "
    "|x| * |w| for n products summed in the accumulator, plus the rounding to a narrower output. relu6 has "
    "no bounds: y and dx are right only exactly, and dx counts only where x is not NaN."
)


def write_testcases(
    directory: str | os.PathLike[str],
    seed: int = 0,
    operations: Sequence[str] = OPERATIONS,
    dtype: DTypeLike = "float32",
    accumulate: DTypeLike | None = None,
    layout: str = "NHWC",
    count: int = 20,
    limits: Limits = Limits(),  # noqa: B008  (frozen)
) -> Path:
    """Writes `count` seeded cases per operation into a new or empty folder; returns the path of its index.

    The folder appears complete or not at all. With int8 there is no ReLU6 and no gradient. Raises
    ValueError for an argument that is not known, FileExistsError for a folder that is not empty,
    NotADirectoryError, PermissionError and other OSErrors with the folder's name.
    """
    formats = precision(dtype, accumulate)
    wanted = _known(operations, formats)
    check_layouts("conv2d", layout, None)
    if count < 1 or seed < 0:
        raise ValueError(
            f"wanted a count of at least 1 and a seed of at least 0, got count {count}, seed {seed}"
        )
    target = Path(directory)
    _check_target(target)
    try:
        with tempfile.TemporaryDirectory(dir=_existing_parent(target), prefix=".refnet-testcases-") as work:
            built = Path(work) / "cases"
            built.mkdir()
            entries = [
                _write_case(built, operation, number, seed, formats, layout, limits)
                for operation in wanted
                for number in range(count)
            ]
            _write_index(built, entries, seed, formats, layout)
            _move(built, target)
    except OSError as error:
        if error.strerror is None:
            raise
        raise type(error)(f"{target}: wanted a folder that can be written, got: {error.strerror}") from error
    return target / "index.json"


def _known(operations: Sequence[str], formats: Precision) -> list[str]:
    """The operations in order. Raises ValueError for an unknown one, for none, and for int8 ReLU6 alone."""
    names = [operations] if isinstance(operations, str) else list(operations)
    if not names or not set(names) <= set(OPERATIONS):
        raise ValueError(
            f"operations: wanted some of {', '.join(OPERATIONS)}, got {', '.join(names) or 'none'}"
        )
    found = [name for name in dict.fromkeys(names) if not (formats.exact and name == "relu6")]
    if not found:
        raise ValueError("operations: wanted a convolution for int8, got relu6")
    return found


def _check_target(target: Path) -> None:
    if target.exists() and not target.is_dir():
        raise NotADirectoryError(f"{target}: wanted a new or empty folder, got a file")
    if target.exists() and any(target.iterdir()):
        raise FileExistsError(f"{target}: wanted a new or empty folder, got one that is not empty")


def _existing_parent(target: Path) -> Path:
    """The folder beside which the cases are built, made where it is missing."""
    parent = target.absolute().parent
    parent.mkdir(parents=True, exist_ok=True)
    return parent


def _move(built: Path, target: Path) -> None:
    """Puts the finished folder in place of an empty or missing one; FileExistsError if it filled up."""
    built.chmod(0o755)
    if target.exists():
        _check_target(target)
        target.rmdir()
    shutil.move(built, target)


def _write_case(
    folder: Path, operation: str, number: int, seed: int, formats: Precision, layout: str, limits: Limits
) -> dict[str, Any]:
    """One file, and its entry in the index. A case depends on its operation, number and seed only."""
    # The generator takes several words as one seed; the operation's place in the list is one of them.
    own_seed = int(np.random.SeedSequence([seed, OPERATIONS.index(operation), number]).generate_state(1)[0])
    if operation == "relu6":
        arrays, entry = _relu6(own_seed, formats)
    else:
        case = draw_case(seeded_pick(own_seed), operation, formats, limits)
        arrays, entry = _convolution(case, layout)
    name = f"{operation}_{number:04d}.npz"
    data = _npz(arrays)
    (folder / name).write_bytes(data)
    shapes = {key: list(array.shape) for key, array in arrays.items()}
    digest = hashlib.sha256(data).hexdigest()
    return {"file": name, "sha256": digest, "operation": operation, "shapes": shapes, **entry}


def _convolution(case: Case, layout: str) -> tuple[dict[str, Array], dict[str, Any]]:
    """The arrays of a case in the layout, and what the index says about it."""
    g, filters = case.geometry, check_layouts(case.operation, layout, None)
    subject = Subject("write_testcases", expected_forward, case.operation, layout, filters, case.formats)

    def laid(name: str, array: Array) -> Array:
        return subject.presented(name, array, "C")

    arrays = {"x": laid("x", case.x), "w": laid("w", case.w)}
    answers: list[Expected] = [expected_forward(case)]
    if not case.formats.exact:
        arrays["dy"] = laid("dy", case.dy)
        answers += expected_gradients(case)
    for expected in answers:
        kept = np.int32 if case.formats.exact else np.float64
        arrays[expected.name] = laid(expected.name, expected.value.astype(kept))
        arrays[f"{expected.name}_bound"] = laid(expected.name, expected.bound)
    settings = {"stride": g.stride, "dilation": g.dilation, "pads": g.pads, "groups": g.groups}
    arrays |= {name: np.array(value, dtype=np.int64) for name, value in settings.items()}
    return arrays, {
        **settings,
        "padding": g.padding,
        "values": case.values,
        "exact": case.values == "integers",
    }


def _relu6(seed: int, formats: Precision) -> tuple[dict[str, Array], dict[str, Any]]:
    """Arrays with values on and around the kinks. Where x is NaN, dx is 0; frameworks differ."""
    rng = np.random.default_rng(seed)
    case = make_relu6_case(tuple(int(n) for n in rng.integers(1, 5, 4)), formats.dtype, "C", seed)
    y, dx = naive_relu6(case.x), naive_relu6_gradient(case.dy, case.x)
    return {"x": case.x, "dy": case.dy, "y": y, "dx": dx}, {"values": "kinks", "exact": True}


def _npz(arrays: dict[str, Array]) -> bytes:
    """The arrays as an uncompressed `.npz` without the time or the platform in it, little-endian."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            member = io.BytesIO()
            little = np.ascontiguousarray(array).reshape(array.shape).astype(array.dtype.newbyteorder("<"))
            np.lib.format.write_array(member, little, version=(1, 0), allow_pickle=False)
            info = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            info.create_system = 3
            archive.writestr(info, member.getvalue())
    return buffer.getvalue()


def _write_index(
    folder: Path, entries: list[dict[str, Any]], seed: int, formats: Precision, layout: str
) -> None:
    index = {
        "format": FORMAT,
        "version": VERSION,
        "seed": seed,
        "dtype": formats.dtype,
        "accumulate": formats.accumulate,
        "output": formats.output,
        "layout": layout,
        "filter_layouts": {name: check_layouts(name, layout, None) for name in CONVOLUTIONS},
        "settings": {"stride": "y, x", "dilation": "y, x", "pads": "top, bottom, left, right"},
        "rule": RULE,
        "cases": entries,
    }
    (folder / "index.json").write_text(json.dumps(index, indent=1) + "\n", encoding="utf-8", newline="\n")
