"""Ctrl-C during a training that would swallow it."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType


@dataclass
class Noted:
    """Whether Ctrl-C came since it was last looked at."""

    came: bool = False

    def check(self) -> None:
        """Raise it anew, if what ran when it came swallowed it.

        Raises:
            KeyboardInterrupt: it came.
        """
        if self.came:
            self.came = False
            raise KeyboardInterrupt


@contextmanager
def interrupts_noted() -> Iterator[Noted]:
    """Take note of Ctrl-C, which is raised as ever; nothing outside the main thread is."""
    noted, before = Noted(), signal.getsignal(signal.SIGINT)
    if not callable(before) or threading.current_thread() is not threading.main_thread():
        yield noted  # ignored, or not ours to handle
        return

    def note(number: int, frame: FrameType | None) -> None:
        noted.came = True
        before(number, frame)

    signal.signal(signal.SIGINT, note)
    try:
        yield noted
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def interrupts_pass() -> Iterator[None]:
    """Raise `KeyboardInterrupt` at the end if Ctrl-C came, whatever the code inside made of it.

    skorch and scikit-learn take it for the wish to end this one fit, so that a search would go
    on with the next trial; Lightning ends the process and ignores further interrupts.

    Raises:
        KeyboardInterrupt: it came; other exceptions give way to it.
    """
    with interrupts_noted() as noted:
        try:
            yield
        finally:
            noted.check()
