"""On what and with what it was measured."""

import os
import platform
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

from .. import __version__
from ..kernels.cache import processor
from ..kernels.tiled.shapes import vectors_here


def machine() -> dict[str, Any]:
    """The processor by its name, its cores for this process, its vector features; the system; how busy it was."""
    features = [name[1:] for name in processor()[2].split(",") if name.startswith("+")]
    return {
        "processor": processor_name(),
        "cores": cores(),
        "features": features,
        "float32_per_register": vectors_here().lanes,
        "system": platform.platform(),
        "load": list(os.getloadavg()) if hasattr(os, "getloadavg") else None,
    }


def processor_name() -> str:
    """As the processor calls itself, where Linux says it; else what Python knows."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith(("model name", "Model")))
    return next(names, "") or platform.processor() or platform.machine()


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def versions() -> dict[str, str]:
    """Of what computes, without the engines, which say theirs themselves."""
    found = {name: metadata.version(name) for name in ("numpy", "numba", "llvmlite")}
    return {"refnet": __version__, "python": sys.version.split()[0], **found}
