"""How much a step of training takes: the growth of a process's peak resident memory, in a process of its own.

Weights, images and the machine code of all kernels are there before; what grows are gradients, the optimizer's numbers
and all that a step keeps for its backward pass. Two steps, because what the first leaves is there in the second.
"""

import ctypes
import gc
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def memory_of(engine: type, lesson: Any) -> int | None:
    """Bytes; None where the system does not tell, or where the graph's own layers are in no module.

    engine: a class with `pupil(lesson)`. Raises RuntimeError with what the process wrote if it fails.
    """
    if not CLEAR.exists():
        return None
    try:
        content = pickle.dumps((engine, lesson))
    except (pickle.PicklingError, AttributeError, TypeError):
        return None
    path = os.pathsep.join([str(Path(__file__).parents[2]), *filter(None, sys.path)])
    words = [sys.executable, "-m", __name__]
    done = subprocess.run(words, input=content, capture_output=True, env={**os.environ, "PYTHONPATH": path})
    if done.returncode:
        raise RuntimeError(f"{engine.__name__}: its step fails in a process of its own: {done.stderr.decode()}")
    return int(done.stdout)


def growth(engine: Any, lesson: Any) -> int:
    """Bytes, in this process."""
    engine.pupil(lesson.few()).step()  # compiles, and loads what is loaded at first use
    pupil = engine.pupil(lesson)
    gc.collect()
    _give_back()
    CLEAR.write_text("5")  # the peak begins anew
    before = _resident("VmRSS")
    for _ in range(2):
        pupil.step()
    return _resident("VmHWM") - before


def _give_back() -> None:
    """What was freed and is kept for later goes back to the system, where the C library can do that: else what was left
    of the small step would be memory that the large one need not ask for."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _resident(what: str) -> int:
    """Linux counts in units of 1024 bytes, and calls them kB."""
    (line,) = (line for line in STATUS.read_text().splitlines() if line.startswith(f"{what}:"))
    return 1024 * int(line.split()[1])


if __name__ == "__main__":
    kind, given = pickle.loads(sys.stdin.buffer.read())
    print(growth(kind(), given))
