"""Ctrl-C during a training that would swallow it."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def interrupts_pass() -> Iterator[None]:
    """Raise `KeyboardInterrupt` at the end if Ctrl-C came, whatever the code inside made of it.

    skorch and scikit-learn take it for the wish to end this one fit, so that a search would go
    on with the next trial; Lightning ends the process and ignores further interrupts.

    Raises:
        KeyboardInterrupt: it came; other exceptions give way to it.
    """
    before = signal.getsignal(signal.SIGINT)
    if not callable(before) or threading.current_thread() is not threading.main_thread():
        yield  # ignored, or not ours to handle
        return
    came = False

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal came
        came = True
        before(number, frame)

    signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if came:
            raise KeyboardInterrupt
