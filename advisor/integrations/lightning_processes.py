"""The other processes of a trial that Lightning trains in several: what they run, and how they end.

Lightning starts them by running the command of this process again, which would be another search.
Here they get a command of their own instead: a file that calls the user's function with the
same configuration, and reports to nobody. What went wrong is written beside what they were
given; that one of them died makes a failed trial, and does not end the search.
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from advisor.faults import fault
from advisor.training.loading import load_function, looked_into
from advisor.training.report import StopTrial, as_report
from advisor.training.reporter import Asked, Reporter
from knowledge_base.errors import UserError

if TYPE_CHECKING:
    from pytorch_lightning import Trainer

VARIABLES = ("MASTER_ADDR", "MASTER_PORT", "NODE_RANK", "LOCAL_RANK", "WORLD_SIZE")
"""What Lightning leaves in the environment, by which the next trial would start no processes."""

BEGIN = """import json, os, pathlib, sys
given = pathlib.Path(sys.argv[1])
sys.path[:] = json.loads(given.read_text(encoding="utf-8"))["path"]
from advisor.integrations.lightning_processes import follow
follow(given)
sys.stdout.flush()
sys.stderr.flush()
os._exit(0)  # Whatever threads are left, the search waits for this process.
"""
"""What they run. It ends well even where the function failed, which is written down."""

PATIENCE = 10.0
"""Seconds that the other processes have to end after the function did."""

FAULT = "fault"
FOLDER = "folder"


class Processes:
    """The other processes of a trial, as the one that searches sees them."""

    def __init__(self, report: Reporter) -> None:
        """Prepare what they would run; nothing is started here."""
        self._home = os.getpid()
        self._follows = isinstance(report, Following)
        self._started: list[subprocess.Popen[bytes]] = []
        self._given: Path | None = None
        asked = report.asked
        if self._follows or asked.reference is None or os.environ.get("LOCAL_RANK") is not None:
            return
        folder = Path(tempfile.mkdtemp(prefix="advisor-trial-"))
        self._given = folder / "given.json"
        before = report.files_before
        content = {
            "path": looked_into(), "function": asked.reference, "config": dict(asked.config),
            "metric": asked.metric, "direction": asked.direction,
            "resume": None if before is None else str(before),
        }  # fmt: skip
        self._given.write_text(json.dumps(content), encoding="utf-8")
        report.on_folder.append(lambda made: _written(folder / FOLDER, str(made)))
        self._argv, self._spec = list(sys.argv), getattr(sys.modules["__main__"], "__spec__", None)
        self._environment = {name: os.environ.get(name) for name in VARIABLES}
        begin = folder / "follow.py"
        begin.write_text(BEGIN, encoding="utf-8")
        sys.argv[:] = [str(begin), str(self._given)]
        sys.modules["__main__"].__spec__ = None
        report.at_end.append(self._end)

    def __getstate__(self) -> dict[str, object]:
        """Return only what another process needs to see that it cannot report."""
        return {"_home": self._home, "_follows": self._follows, "_given": None, "_started": []}

    def check(self, trainer: "Trainer") -> None:
        """Refuse processes that were not started by way of this.

        Raises:
            ValueError: what to do instead.
        """
        known = getattr(trainer.strategy.launcher, "procs", [])
        self._started += known
        known.clear()  # Lightning watches this list, and kills this process if one of it dies.
        if self._follows or (self._given is not None and os.getpid() == self._home):
            return
        raise ValueError(
            f"a trial in {trainer.world_size} processes needs strategy='ddp', and a training "
            "function at the top of a file (FILE.py:FUNCTION); else give the trainer devices=1"
        )

    def fault(self) -> str | None:
        """Return what went wrong in another process, None where nothing did, or nobody says."""
        if self._given is None:
            return None
        file, until = self._given.with_name(FAULT), time.monotonic() + PATIENCE
        # A process that went away has written it, or is about to end without.
        while not file.is_file() and any(p.poll() is None for p in self._started):
            if time.monotonic() > until:
                return None
            time.sleep(0.02)
        if file.is_file():
            return file.read_text(encoding="utf-8")
        codes = [process.returncode for process in self._started if process.returncode]
        return f"it ended with code {codes[0]}" if codes else None

    def _end(self) -> None:
        """End what is left of the other processes, and leave everything as it was before."""
        sys.argv[:] = self._argv
        sys.modules["__main__"].__spec__ = self._spec
        for name, value in self._environment.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
        if self._started:
            self._part()
        if self._given is not None:
            shutil.rmtree(self._given.parent, ignore_errors=True)

    def _part(self) -> None:
        """Leave the group of processes, and wait for the others, or end them."""
        import torch.distributed

        if torch.distributed.is_initialized():
            with contextlib.suppress(RuntimeError):  # The others may be gone.
                torch.distributed.destroy_process_group()
        until = time.monotonic() + PATIENCE
        for process in self._started:
            while process.poll() is None and time.monotonic() < until:
                time.sleep(0.02)
            if process.poll() is None:
                process.kill()
                process.wait()


class Following(Reporter):
    """What the function reports to in the other processes: nobody."""

    def __init__(self, asked: Asked, place: Path, resume: str | None) -> None:
        """Take what the process that searches wrote.

        Args:
            asked: what the search asks of the function.
            place: folder with what it wrote.
            resume: folder of the files to go on from.
        """
        super().__init__(as_report(None), (), asked)
        self._written_in, self._before = place, None if resume is None else Path(resume)

    @property
    def folder(self) -> Path:
        """The folder of the trial, once the process that searches has asked for it.

        Raises:
            UserError: it does not.
        """
        until = time.monotonic() + PATIENCE
        while not (self._written_in / FOLDER).is_file():
            if time.monotonic() > until:
                raise UserError("`report.folder` is to be asked for in all processes of a trial.")
            time.sleep(0.02)
        return Path((self._written_in / FOLDER).read_text(encoding="utf-8"))

    @property
    def files_before(self) -> Path | None:
        """The folder of the files to go on from."""
        return self._before


def _written(file: Path, text: str) -> None:
    """Write a file that is there only when it is whole."""
    aside = file.with_name(f".{file.name}")
    aside.write_text(text, encoding="utf-8")
    aside.rename(file)


def follow(file: Path) -> None:
    """Call the user's function as the process that searches does; its errors are written down."""
    given = json.loads(file.read_text(encoding="utf-8"))
    asked = Asked(given["config"], given["metric"], given["direction"])
    try:
        function = load_function(given["function"])
        function(dict(asked.config), Following(asked, file.parent, given["resume"]))
    except StopTrial:
        return
    except BaseException as error:  # An exit of the function's is one, too.
        with contextlib.suppress(OSError):
            _written(file.with_name(FAULT), fault(error))
