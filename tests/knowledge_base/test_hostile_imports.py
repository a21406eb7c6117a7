"""Importing files of every kind that name, link to or hide what is not theirs.

All of them are imported in one process whose system calls are traced, where there is strace, and
whose own opening of files is heard of everywhere.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from kb_hostile import HOSTILE, LINE, make_private, my_trials
from traced_imports import BEGIN, END

from knowledge_base import KnowledgeBase
from knowledge_base.shipped import SEED

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
CODE = (ROOT, SEED, Path(sys.prefix).resolve(), Path(sys.base_prefix).resolve())
"""Where modules, their data and the shipped trials lie."""

CALLS = "open,openat,openat2,creat,connect,execve,stat,newfstatat,statx,access"


def _tables(folder: Path) -> list[str]:
    """Make three small tables; one is like my data."""
    rng = np.random.default_rng(0)
    files = []
    for number, rows in enumerate((120, 80, 60)):
        frame = pd.DataFrame(rng.normal(size=(rows, 4 + number)).round(3)).add_prefix("x")
        frame["y"] = np.where(frame["x0"] > 0, "a", np.where(frame["x1"] > 0, "b", "c"))
        files.append(str(folder / f"data{number}.csv"))
        frame.to_csv(files[-1], index=False)
    return files


def _strace() -> bool:
    if shutil.which("strace") is None:
        return False
    return subprocess.run(["strace", "-o", os.devnull, "true"], capture_output=True).returncode == 0


@pytest.fixture(scope="module")
def imports(tmp_path_factory):
    """What was said, opened and recommended, by the kind of file ("" before the first)."""
    base = tmp_path_factory.mktemp("hostile").resolve()
    private = make_private(base / "private")
    sources = {}
    for number, (kind, (make, _)) in enumerate(HOSTILE.items()):
        (base / f"given{number}").mkdir()
        sources[kind] = make(base / f"given{number}", private)
    kb = KnowledgeBase(base / "own" / "kb.duckdb")
    kb.add(my_trials())
    assert kb.fold(5)
    (base / "tmp").mkdir()
    plan = {"kb": str(kb.path), "data": _tables(base), "sources": sources}
    (base / "plan.json").write_text(json.dumps(plan))
    command = [sys.executable, str(Path(__file__).with_name("traced_imports.py")),
               str(base / "plan.json")]  # fmt: skip
    log = base / "log"
    if traced := _strace():
        command = ["strace", "-f", "-y", "-s", "4096", "-e", CALLS, "-o", str(log), *command]
    environment = {
        **os.environ,
        "TMPDIR": str(base / "tmp"),
        "PYTHONPATH": str(ROOT),
        "ADVISOR_CONTRIBUTOR": "tester",
    }
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    found = {row["name"]: row for row in map(json.loads, done.stdout.splitlines())}
    assert list(found) == ["", *HOSTILE]
    return base, found, _traced(log) if traced else None


def _traced(log: Path) -> dict[str, list[tuple[str, str]]]:
    """Return calls and what they opened, connected to or started, by the kind of file."""
    calls: dict[str, list[tuple[str, str]]] = {}
    kind = None
    for line in log.read_text(errors="replace").splitlines():
        name = re.search(r"^\d+ +(\w+)[(]", line)
        if begun := re.search(f'"{BEGIN}([^"]*)"', line):
            kind = begun[1]
            calls[kind] = []
        elif END in line:
            kind = None
        elif kind is not None and name is not None:
            there = re.search(r"= \d+<([^>]*)>$", line)
            if name[1] in ("connect", "execve"):
                calls[kind].append((name[1], line))
            elif name[1] in ("open", "openat", "openat2", "creat") and there is not None:
                calls[kind].append(("open", there[1]))
    return calls


def _may_open(file: str, base: Path, kind: str) -> object:
    """Return whether a file is code, given, my own, or one of the process itself."""
    number = list(HOSTILE).index(kind)
    own = (base / "own", base / "tmp", base / f"given{number}")
    path = Path(file)
    if any(path.is_relative_to(folder) for folder in (*own, *CODE)):
        return True
    return re.match(
        r"/(sys|dev|usr/share/zoneinfo|usr/lib\w*|lib\w*|proc/(self|\d+))/|/proc/meminfo$"
        r"|/etc/(ld[.]so[.]cache|localtime|timezone)$",
        file,
    )


@pytest.mark.parametrize("kind", HOSTILE)
def test_nothing_but_what_was_given_is_opened(kind, imports):
    base, found, traced = imports
    outside = [file for file in found[kind]["opened"] if not _may_open(file, base, kind)]
    assert outside == []
    assert found[kind]["started"] == []
    assert LINE not in json.dumps(found[kind])
    if traced is None:
        pytest.skip("the system calls cannot be traced here; what Python opens was looked at")
    assert [call for call in traced[kind] if call[0] != "open"] == []
    opened = {file for _, file in traced[kind]}
    given = base / f"given{list(HOSTILE).index(kind)}"
    seen = any(Path(file).is_relative_to(given) for file in opened)
    assert seen or "link" in json.dumps(found[kind]["said"])  # Else the trace would show nothing.
    assert {file for file in opened if not _may_open(file, base, kind)} == set()


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_is_recommended_is_what_it_was(kind, imports):
    _, found, _ = imports
    assert len(found[""]["recommended"]) == 3
    assert found[kind]["recommended"] == found[""]["recommended"]


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_is_said_of_each(kind, imports):
    _, found, _ = imports
    _, says = HOSTILE[kind]
    assert found[kind]["said"]
    assert re.search(says, json.dumps(found[kind]["said"]))


def test_nothing_private_was_taken_or_removed(imports):
    base, _, _ = imports
    assert (base / "private" / "line.txt").read_text() == LINE
    kb = KnowledgeBase(base / "own" / "kb.duckdb", seed=False)
    assert kb.verify() == []
    for table in (kb.trials(), kb.studies(), kb.tasks(), kb.datasets()):
        assert LINE not in table.to_csv()
    mine = kb.trials(study="study-mine")["value"].tolist()
    assert mine == my_trials()["trials"]["value"].to_pylist()
