"""Python's search for garbage, and when it has to wait."""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_off = threading.RLock()


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """Without Python's search for garbage, which is afterwards as it was before.

    One thread at a time: a second one would find it off, and leave it so.
    """
    with _off:
        before = gc.isenabled()
        gc.disable()
        try:
            yield
        finally:
            if before:
                gc.enable()
