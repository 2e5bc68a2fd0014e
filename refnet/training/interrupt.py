"""Ctrl-C between steps: the first asks to stop, so that what is saved is a whole step; a second one stops at once."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


class Asked:
    """Whether somebody has asked to stop. noted: called at once where somebody does."""

    def __init__(self, noted: Callable[[], None] = lambda: None) -> None:
        self.now, self._noted = False, noted

    def note(self, number: int, frame: FrameType | None) -> None:
        """Of a signal's handler."""
        if self.now:
            raise KeyboardInterrupt
        self.now = True
        self._noted()


@contextmanager
def asked_to_stop(noted: Callable[[], None] = lambda: None) -> Iterator[Asked]:
    """Inside, Ctrl-C is noted; afterwards it is what it was. Only the main thread can note it."""
    asked = Asked(noted)
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return
    before = signal.signal(signal.SIGINT, asked.note)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, before)
