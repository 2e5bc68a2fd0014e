"""The stack on which a thread handles signals, kept as it was.

OpenVINO gives the thread that compiles a model a small stack of its own for that, and puts back what was there when the
model goes. When models go in another order than they came, that is the stack of one that is gone: Ctrl-C then ended
Python with a segmentation fault.
"""

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager


class _Stack(ctypes.Structure):
    """`stack_t` of Linux."""

    _fields_ = (("pointer", ctypes.c_void_p), ("flags", ctypes.c_int), ("size", ctypes.c_size_t))


@contextmanager
def kept_signal_stack() -> Iterator[None]:
    """What happens inside leaves the calling thread with the stack that it had. Nothing but on Linux."""
    if not sys.platform.startswith("linux"):
        yield
        return
    library, before = ctypes.CDLL(None), _Stack()
    library.sigaltstack(None, ctypes.byref(before))
    try:
        yield
    finally:
        library.sigaltstack(ctypes.byref(before), None)
