"""Ctrl-C is not lost where what runs when it comes swallows it."""

import os
import signal
import time

import pytest

from advisor.interrupts import interrupts_noted


@pytest.fixture(autouse=True)
def heard():
    """Let Ctrl-C be raised here; what a shell runs in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def swallowed():
    try:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(10)
    except KeyboardInterrupt:
        return True
    return False


def test_what_was_swallowed_is_raised_once_when_it_is_looked_at():
    before = signal.getsignal(signal.SIGINT)
    with interrupts_noted() as noted:
        noted.check()
        assert swallowed()
        with pytest.raises(KeyboardInterrupt):
            noted.check()
        noted.check()
    assert signal.getsignal(signal.SIGINT) is before


def test_a_crew_hears_of_it_before_it_waits(tmp_path):
    from advisor.training.objective import FunctionObjective
    from advisor.tuning.workers import Crew

    crew = Crew(FunctionObjective(len, "maximize"), 1)
    with crew._open:
        crew._interrupts = crew._open.enter_context(interrupts_noted())
        crew._running = {None: None}  # Something runs, so that it would wait.
        assert swallowed()
        with pytest.raises(KeyboardInterrupt):
            next(crew._next(None))
