"""What commands cost on knowledge bases of several sizes: processor seconds and peak memory."""

import json
import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from knowledge_base import KnowledgeBase
from scripts import ROOT
from scripts.benchmarks.scale.made import OWN_SPACES, RATE, own_space

CONTRIBUTED = 100
"""Trials of a contribution."""

DATA, OTHER_DATA = "sklearn:wine", "sklearn:breast_cancer"

_MEASURED = """
import json, os, sys
command = sys.argv[1:]
process = os.posix_spawn(command[0], command, os.environ, file_actions=[
    (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)])
_, status, used = os.wait4(process, 0)
print(json.dumps([used.ru_utime + used.ru_stime, used.ru_maxrss / 2**10,
                  os.waitstatus_to_exitcode(status)]))
"""
"""Runs a command in a process of its own, whose peak is not that of this program."""


@dataclass(frozen=True)
class Cost:
    """What a command took.

    Attributes:
        seconds: of the processor, so that other programs do not count.
        memory: peak, MiB.
    """

    seconds: float
    memory: float


def costs(path: Path) -> dict[str, Cost]:
    """Return what commands cost on a knowledge base, which grows by a contribution."""
    for cache in path.parent.glob(f"{path.name}.experience/*"):
        cache.unlink()
    task = str(KnowledgeBase(path, seed=False).query("SELECT min(task_id) AS t FROM tasks")["t"][0])
    found = {
        "`kb info`": cost(path, "kb", "info"),
        "`kb tasks --limit 5`": cost(path, "kb", "tasks", "--limit", "5"),
        "`kb trials --limit 5`": cost(path, "kb", "trials", "--limit", "5"),
        "`kb trials --sort -value --limit 5`": cost(
            path, "kb", "trials", "--sort", "-value", "--limit", "5"
        ),
        "`kb trials --task T --limit 5`": cost(
            path, "kb", "trials", "--task", task, "--limit", "5"
        ),
        "`recommend`, the first ever": cost(path, "recommend", DATA),
        "`recommend`, other data": cost(path, "recommend", OTHER_DATA),
    }
    with tempfile.TemporaryDirectory() as folder:
        name = f"`contribute`, {CONTRIBUTED} trials"
        found[name] = cost(path, "contribute", *contribution(Path(folder)))
    found["`recommend` afterwards"] = cost(path, "recommend", DATA)
    return found


def contribution(folder: Path) -> list[str]:
    """Write trials that no store has, and return how they are contributed."""
    space, rng = own_space(OWN_SPACES), np.random.default_rng(uuid.uuid4().int)
    names = list(space.hyperparameters)
    rows = [",".join([*names, "accuracy"])]
    for _ in range(CONTRIBUTED):
        cells = {RATE: 10 ** rng.uniform(-4, -1), "subsample": rng.uniform(0.3, 1.0)}
        rows.append(",".join([*(str(cells.get(name, 3)) for name in names), str(rng.random())]))
    (folder / "runs.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (folder / "space.json").write_text(json.dumps(space.to_dict()), encoding="utf-8")
    return [str(folder / "runs.csv"), "--space", str(folder / "space.json"), "--metric",
            "accuracy", "--family", space.name, "--task", "contributed"]  # fmt: skip


def cost(path: Path | str, *command: str) -> Cost:
    """Return what a command costs, in a process of its own, with the knowledge base at `path`."""
    advisor = [sys.executable, "-c", "from advisor.cli import run; run()"]
    whole: Sequence[str] = [*advisor, *command, "--kb", str(path)]
    done = subprocess.run(
        [sys.executable, "-c", _MEASURED, *whole],
        capture_output=True, text=True, check=True, cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    seconds, memory, status = json.loads(done.stdout)
    if status:
        raise RuntimeError(f"{' '.join(command)} ended with {status}: {done.stderr[-2000:]}")
    return Cost(seconds, memory)
