"""Runs contenders one after another, each in a process of its own, a line per result."""

import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from advisor.meta import learner_for
from advisor.models import get_family
from knowledge_base.durable import write_text
from knowledge_base.types import JsonObject
from scripts import ROOT
from scripts.benchmarks.advice.held import held_out
from scripts.benchmarks.takeaway.contenders import ENTRANTS, OF_TABLES, Entrant
from scripts.benchmarks.takeaway.data import written_table
from scripts.benchmarks.takeaway.figures import error_of
from scripts.benchmarks.takeaway.peers import TARGET
from scripts.seed.past_without import shipped_mark
from scripts.seed.work import Entry, append, read_rows

LONGEST = 7200
"""Seconds after which a contender is stopped and has failed."""

Key = tuple[str, int, str]
"""Data set, seed and contender."""


@dataclass(frozen=True)
class Unit:
    """One contender on one data set with one seed of split, training and search."""

    what: str
    entry: Entry
    seed: int
    entrant: Entrant

    @property
    def key(self) -> Key:
        """What its line is known by."""
        return self.entry.label, self.seed, self.entrant.name


@dataclass(frozen=True)
class Place:
    """Where everything is, and who trains.

    Attributes:
        folder: of lines and of rows.
        peers_python: interpreter that has the peers.
        threads: of each contender.
        clock: "wall", or "cpu" where other work runs on the machine.
        fresh: whether what other code of ours reached is to be run again.
        results: folder of the lines that the page is of, None for none; what a machine ran lies
            in `folder`, and another one goes on from these.
    """

    folder: Path
    peers_python: str
    threads: int = 2
    clock: str = "wall"
    fresh: bool = False
    results: Path | None = None

    def path(self, what: str) -> Path:
        """Return the file with a question's lines."""
        return self.folder / f"{what}.jsonl"

    def lines(self, what: str) -> dict[Key, JsonObject]:
        """Return the last line of every key; a half-written one is none."""
        before = [] if self.results is None else read_rows(self.results / f"{what}.jsonl")
        found = [*before, *read_rows(self.path(what))]
        return {(line["data"], line["seed"], line["contender"]): line for line in found}


def keep(found: Mapping[str, Sequence[JsonObject]], results: Path) -> None:
    """Write what the page is of, a file per question, in the order of data, seeds, contenders."""
    results.mkdir(parents=True, exist_ok=True)
    for what, lines in found.items():
        ordered = sorted(lines, key=lambda line: (line["data"], line["seed"], line["contender"]))
        text = "".join(json.dumps(line) + "\n" for line in ordered)
        write_text(results / f"{what}.jsonl", text)


@cache
def code_mark() -> str:
    """Return a digest of the library's code: what other code reached is something else."""
    mark = hashlib.sha256()
    for package in ("advisor", "knowledge_base"):
        for path in sorted((ROOT / package).rglob("*.py")):
            mark.update(path.read_bytes())
    return mark.hexdigest()[:12]


def planned(
    what: str, entries: Sequence[Entry], seeds: int, contenders: Sequence[str] = ()
) -> list[Unit]:
    """Return what there is to run: first whatever others wait for, then seed by seed."""
    entrants = ENTRANTS[what]
    waited = {entrant.after for entrant in entrants}
    chosen = [e for e in entrants if not contenders or e.name in contenders]
    first = [e for e in chosen if e.name in waited]
    rest = [e for e in chosen if e.name not in waited]
    return [
        Unit(what, entry, seed, entrant)
        for wave in (first, rest)
        for seed in range(seeds)
        for entry in entries
        for entrant in wave
    ]


def finished(line: JsonObject | None, entrant: Entrant, fresh: bool = False) -> bool:
    """Return whether a unit need not run: it has a result, and of the code at hand if `fresh`."""
    if line is None or line.get("error") is None:
        return False
    return not (fresh and entrant.way and line["code"] != code_mark())


def run_all(units: Sequence[Unit], place: Place) -> Iterator[tuple[Unit, JsonObject]]:
    """Run what is missing; yield each as soon as its line is written."""
    place.folder.mkdir(parents=True, exist_ok=True)
    for unit in units:
        known = place.lines(unit.what)
        if finished(known.get(unit.key), unit.entrant, place.fresh):
            continue
        line = run_one(unit, place, known)
        append(place.path(unit.what), line)
        yield unit, line


def run_one(unit: Unit, place: Place, known: dict[Key, JsonObject]) -> JsonObject:
    """Return the line of a unit: its error and seconds, or why it has `failed`."""
    label, seed, name = unit.key
    line: JsonObject = {
        "what": unit.what, "data": label, "seed": seed, "contender": name,
        "kind": unit.entry.kind, "threads": place.threads, "clock": place.clock,
        "shipped": shipped_mark(), "code": code_mark(), "settings": dict(unit.entrant.settings),
    }  # fmt: skip
    try:
        if unit.entrant.after is not None:
            line["settings"]["timeout"] = seconds_of(known, label, unit.entrant.after)
        return line | _result(unit, place, line)
    except (FailedError, ValueError) as error:
        return {**line, "failed": str(error)}


class FailedError(Exception):
    """A contender came to nothing; says why."""


def seconds_of(known: dict[Key, JsonObject], label: str, name: str) -> float:
    """Return the median seconds of a contender on a data set.

    Raises:
        FailedError: it has none.
    """
    taken = [
        line["seconds"]
        for (data, _, contender), line in known.items()
        if (data, contender) == (label, name) and line.get("error") is not None
    ]
    if not taken:
        raise FailedError(f"waits for the seconds of {name}")
    return statistics.median(taken)


def _result(unit: Unit, place: Place, line: JsonObject) -> JsonObject:
    entrant, job = unit.entrant, {**line, "label": line["data"], "way": unit.entrant.way}
    job["every"] = entrant.every
    table = unit.what in OF_TABLES
    if table:
        known, truth = written_table(unit.entry, unit.seed, place.folder / "rows")
        job |= {"known": str(known), "truth": str(truth)}
    if entrant.way.startswith("tune"):  # To leave data out is our work, not the contender's.
        # What is learned of the past without it is kept in one file of the user's otherwise, which
        # another run beside this one would overwrite.
        os.environ["XDG_CACHE_HOME"] = str(place.folder / "cache" / str(unit.entry.name))
        family = get_family(unit.entry.family)
        learner_for(held_out(unit.entry, unit.seed).past, family.space(), family.name)
    with tempfile.TemporaryDirectory() as folder:
        job["out"] = str(Path(folder) / "result.json")
        _call(job, entrant, place, Path(folder))
        found: JsonObject = json.loads(Path(job["out"]).read_text(encoding="utf-8"))
        if table:
            prediction = np.load(Path(folder) / "result.npz")["prediction"]
            found |= _measured(job, prediction)
        else:
            found["rows"] = found["said"].pop("rows")
    return found


def _measured(job: JsonObject, prediction: np.ndarray) -> JsonObject:
    import pandas as pd

    truth = pd.read_parquet(job["truth"], columns=[TARGET])[TARGET].to_numpy()
    return {"error": error_of(job["kind"], truth, prediction), "rows": len(truth)}


def _call(job: JsonObject, entrant: Entrant, place: Place, folder: Path) -> None:
    """Run a job in a process of its own.

    Raises:
        FailedError: it ended without success; says the last line of what it wrote.
    """
    file = folder / "job.json"
    file.write_text(json.dumps(job), encoding="utf-8")
    threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), str(place.threads))
    environment = {**os.environ, **threads, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "scripts.benchmarks.takeaway.ours", str(file)]
    if not entrant.way:
        del environment["PYTHONPATH"]
        command = [place.peers_python, str(PEERS), str(file)]
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=LONGEST
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise FailedError(str(error)) from error
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise FailedError(said[-1])


PEERS = Path(__file__).with_name("peers.py")


def available(python: str) -> JsonObject:
    """Return what each peer lacks in an interpreter, and the versions of what it has."""
    try:
        done = subprocess.run([python, str(PEERS)], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        return {"lacking": {}, "versions": {}, "failed": str(error)}
    found: JsonObject = json.loads(done.stdout.strip().splitlines()[-1])
    return found
