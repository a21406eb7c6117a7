"""A worker process as its search sees it: started, told, heard, and ended."""

import json
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

from advisor.training.loading import looked_into
from knowledge_base.errors import UserError

BEGIN = """import json, sys
sys.path[:] = json.loads(sys.argv[1])
folder, sys.argv = sys.argv[2], ["advisor-worker"]
from advisor.tuning.workers.child import main
main(folder)
"""
"""What a worker runs. It is told where to look for modules, and runs no file of the user's that
began the search: that need not be guarded by `if __name__ == "__main__":`."""

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS",
           "VECLIB_MAXIMUM_THREADS", "LOKY_MAX_CPU_COUNT")  # fmt: skip
"""What says how many threads libraries take."""

GRACE = 3.0
"""Seconds that a worker has to end by itself."""

Inbox: TypeAlias = "queue.SimpleQueue[tuple[WorkerProcess, object]]"
"""What workers said, in the order in which it came; None where one ended."""


class WorkerProcess:
    """A process of its own for one training after another.

    Attributes:
        ready: whether it has loaded what it needs.
    """

    def __init__(self, folder: Path, threads: int, inbox: Inbox) -> None:
        """Start it.

        Args:
            folder: of the objective, as `advisor.tuning.workers.parcel.packed` gives it.
            threads: that libraries in it may take.
            inbox: where what it says comes.

        Raises:
            UserError: it cannot be started.
        """
        self.ready = False
        environment = {**os.environ, **dict.fromkeys(THREADS, str(threads))}
        command = [sys.executable, "-c", BEGIN, json.dumps(looked_into()), str(folder)]
        try:
            # Ctrl-C in a terminal is for the search alone, which ends its workers.
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment,
                start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            raise UserError(f"A worker process cannot be started: {error}.") from error
        threading.Thread(target=self._listen, args=(inbox,), daemon=True).start()

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    def tell(self, message: object) -> None:
        """Send a message; where the worker has ended, that is heard in the inbox."""
        assert self._process.stdin is not None
        with suppress(OSError, ValueError):
            pickle.dump(message, self._process.stdin)
            self._process.stdin.flush()

    def how_it_ended(self) -> str:
        """Return why a worker is not there any more, in one line."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(GRACE)
        code = self._process.returncode
        if code is None:
            return "the worker process does not answer any more"
        if code >= 0:
            return f"the training ended its process with exit code {code}"
        with suppress(ValueError):
            name = signal.Signals(-code).name
            if name == "SIGKILL":
                return (
                    "the worker process was killed (SIGKILL), as the system does when memory "
                    "runs out"
                )
            return f"the worker process crashed ({name})"
        return f"the worker process was ended by signal {-code}"

    def interrupt(self) -> None:
        """Raise `KeyboardInterrupt` in what it trains."""
        self._signal(signal.SIGINT)

    def kill(self) -> None:
        """End it and all that it started, at once; twice does no harm."""
        self._signal(getattr(signal, "SIGKILL", signal.SIGTERM))
        with suppress(OSError):
            assert self._process.stdin is not None
            self._process.stdin.close()
        self._process.wait()

    @property
    def running(self) -> bool:
        """Whether the process is there."""
        return self._process.poll() is None

    def _signal(self, number: int) -> None:
        with suppress(OSError):
            if hasattr(os, "killpg"):  # Of a session of its own, so that it is a group, too.
                os.killpg(self._process.pid, number)
            elif self.running:
                self._process.terminate()

    def _listen(self, inbox: Inbox) -> None:
        assert self._process.stdout is not None
        with suppress(Exception), self._process.stdout as said:
            while True:  # A message that ends in its midst is the end.
                inbox.put((self, pickle.load(said)))
        inbox.put((self, None))


def end_all(workers: Sequence[WorkerProcess], interrupted: bool) -> None:
    """End workers: those that train are interrupted, and what does not end is killed.

    Args:
        workers: all of them.
        interrupted: whether what they train is to be interrupted.
    """
    try:
        for worker in workers:
            worker.tell(None)
            if not worker.ready:  # It is loading, and has nothing of the user's to end.
                worker.kill()
            elif interrupted:
                worker.interrupt()
        ends = time.monotonic() + GRACE
        while time.monotonic() < ends and any(worker.running for worker in workers):
            time.sleep(0.01)
    finally:  # A second Ctrl-C ends the waiting.
        for worker in workers:
            worker.kill()
