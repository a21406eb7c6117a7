"""Writers, the server and the network of a team die while others write and read.

Part of `scripts.checks.team`. Writers reach the server through a proxy, and note each trial that
the knowledge base said is stored. While they write, one after another is killed (kill -9) and
begins again behind what it noted, the server is killed and started again, and connections are cut
in the middle or fall silent. In the end every trial must be on the server, once.
"""

import logging
import multiprocessing
import os
import sys
import time
from multiprocessing.process import BaseProcess
from pathlib import Path

from knowledge_base import Bundle, KnowledgeBase
from knowledge_base.server import team as team_module
from scripts.checks.stress_contributions import records

sys.path.append(str(Path(__file__).resolve().parents[2] / "tests" / "server"))

SOON = 0.5
"""Seconds after which a writer tries a lost server again: many failures, in a short check."""

LAST = 300.0
"""Seconds in which a writer delivers what waits in its outbox once it has made everything."""

STORM = ("writer", "cut", "server", "writer", "silence", "server")
"""What dies, in turn, each after a further share of all trials."""

SILENCE = 7.0
"""Seconds that the network swallows everything: more than a delivery may take."""


def write_on(url: str, home: str, process: int, trials: int, noted: str) -> None:
    """Add the trials of one writer that it has not noted yet, and note each."""
    logging.disable(logging.WARNING)  # That the server is not reached is what is wanted.
    os.environ["XDG_DATA_HOME"] = home
    team_module.AGAIN = SOON
    kb = KnowledgeBase(url, seed=False)
    kb.synchronise()
    with open(noted, "a", encoding="utf-8") as notes:
        for number in range(_lines(noted), trials):
            kb.append(Bundle.from_records(records(process, range(number, number + 1))))
            notes.write(f"{number}\n")
            notes.flush()
    deadline = time.monotonic() + LAST
    while not kb.synchronise():
        if time.monotonic() > deadline:
            raise TimeoutError(f"writer {process} cannot deliver: {kb.warnings}")
        time.sleep(SOON)


def _lines(path: str | Path) -> int:
    return Path(path).read_bytes().count(b"\n") if os.path.exists(path) else 0


class Storm:
    """Kills what is to be killed, and starts it again.

    Attributes:
        done: what died, in order.
        problems: what went wrong, one line each.
    """

    def __init__(self, server, proxy, folder: Path, writers: int, trials: int) -> None:
        """Take a running server, a proxy of it, and what is to be written."""
        self.server, self.proxy, self.folder = server, proxy, folder
        self.trials = trials
        self.done: list[str] = []
        self.problems: list[str] = []
        self._context = multiprocessing.get_context("spawn")
        self._writers = [self._begun(number) for number in range(writers)]

    def _noted(self, number: int) -> Path:
        return self.folder / f"noted-{number}"

    def _begun(self, number: int) -> BaseProcess:
        url = self.server.url(f"w{number}", port=self.proxy.port)
        home, noted = str(self.folder / f"k{number}"), str(self._noted(number))
        process = self._context.Process(
            target=write_on, args=(url, home, number, self.trials, noted)
        )
        process.start()
        return process

    def rage(self) -> None:
        """Return once every writer has ended."""
        total = self.trials * len(self._writers)
        while any(writer.is_alive() for writer in self._writers):
            noted = sum(_lines(self._noted(number)) for number in range(len(self._writers)))
            due = noted * (len(STORM) + 1) // total
            if len(self.done) < min(due, len(STORM)):
                what = STORM[len(self.done)]
                getattr(self, f"_{what}")()
                self.done.append(what)
            time.sleep(0.05)
        self.problems += [
            f"writer {number} ended with {writer.exitcode}"
            for number, writer in enumerate(self._writers)
            if writer.exitcode
        ]
        if len(self.done) < len(STORM):
            self.problems.append(f"all was written before more than {self.done} died")

    def _writer(self) -> None:
        """Kill the writer that has most left to do, and begin it again."""
        number = min(range(len(self._writers)), key=lambda n: _lines(self._noted(n)))
        self._writers[number].kill()
        self._writers[number].join()
        if self._writers[number].exitcode != -9:
            self.problems.append(f"writer {number} had ended before it could be killed")
        self._writers[number] = self._begun(number)

    def _server(self) -> None:
        self.server.kill()
        time.sleep(0.5)
        self.server.start()

    def _cut(self) -> None:
        """Let some more bytes through, and end each connection that sends more."""
        before = self.proxy.drops
        self.proxy.allowed = 3000
        deadline = time.monotonic() + 10
        while self.proxy.drops == before and time.monotonic() < deadline:
            time.sleep(0.01)
        self.proxy.allowed = None
        if self.proxy.drops == before:
            self.problems.append("no connection was there to be cut")

    def _silence(self) -> None:
        self.proxy.silent = True
        time.sleep(SILENCE)
        self.proxy.silent = False


def stormy(server, folder: Path, writers: int, readers: int, trials: int) -> tuple[Storm, int]:
    """Let writers write and readers read while all else dies; return what died, and looks."""
    from proxy import Proxy

    from scripts.checks.team import read

    context = multiprocessing.get_context("spawn")
    said, over = context.SimpleQueue(), context.Event()
    with Proxy(server.port) as proxy:
        url = server.url("r", port=proxy.port)
        looking = [
            context.Process(target=read, args=(url, str(folder / f"l{n}"), over, said))
            for n in range(readers)
        ]
        for process in looking:
            process.start()
        storm = Storm(server, proxy, folder, writers, trials)
        storm.rage()
        over.set()
        looks, ended = 0, 0
        while ended < readers:
            kind, value = said.get()
            if kind == "wrong":
                storm.problems.append(value)
            ended += kind == "read" or "saw" not in value
            looks += len(value) if kind == "read" else 0
        for process in looking:
            process.join()
    return storm, looks
