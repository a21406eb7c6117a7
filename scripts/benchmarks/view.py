"""What `advisor view` takes: its pages over many trials, its updates, and what they cost a search.

    python -m scripts.benchmarks.view

Pages are asked for over HTTP, as a browser does. A search of own Python functions runs in a
process of its own, with and without its page open, in turns; its processor seconds are compared.
These tell no hundredth on a machine with other work, so that another pair of searches counts what
the process does: every call of a function, every read and write, every file and lock.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import click
import httpx

from advisor.facade import Advisor
from advisor.view.server import view_server
from knowledge_base import KnowledgeBase, StudyRecord, TaskRecord
from scripts import ROOT
from scripts.benchmarks import report
from scripts.benchmarks.store import SPACE, make_frame

PAGES = {
    "trials, first page": "/trials",
    "by value": "/trials?sort=-value",
    "by value, the last page": "/trials?sort=value&page={last}",
    "filtered by task and value": "/trials?task_name=7&value_min=0.4",
    "filtered by contributor, by task": "/trials?contributor=3&sort=task_name",
    "tasks": "/tasks",
    "contributors": "/contributors",
    "overview": "/",
}
ASKED = 5
TRIALS, TRIAL_SECONDS = 40, 0.25

COUNTED_SECONDS = 0.1
"""Seconds of a trial whose calls are counted; it sleeps, so that it makes always as many."""

DONE = {
    "calls": "calls of functions",
    "opened": "files opened",
    "changed": "files renamed, removed or made, and locks taken",
    "syscr": "reads",
    "rchar": "bytes read",
    "syscw": "writes",
    "wchar": "bytes written",
}
"""What a process does, by what it is called in the search and on the page."""

SEARCH = """
import collections, json, sys, threading, time
from advisor.facade import Advisor
from knowledge_base.space import SpaceDefinition

counted, did = len(sys.argv) > 3, collections.Counter()
CHANGES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.link",
           "fcntl.flock", "fcntl.lockf", "socket.connect", "subprocess.Popen")

def seen(frame, event, argument):
    if event in ("call", "c_call"):
        did["calls"] += 1

def audited(event, arguments):
    if event == "open":
        did["opened"] += 1
    elif event in CHANGES:
        did["changed"] += 1

def passed():
    with open("/proc/self/io") as file:
        return {{name: int(value) for name, value in (line.split(": ") for line in file)}}

def train(config, report):
    began = time.process_time()
    if counted:
        time.sleep({sleeps})
    while not counted and time.process_time() - began < {seconds}:
        sum(range(1000))  # A training that keeps the processor busy.
    for epoch in range(20):
        report(config["rate"] * epoch)
    return config["rate"]

space = SpaceDefinition.from_dict({{"name": "made", "hyperparameters": [
    {{"name": "rate", "type": "uniform_float", "lower": 0.1, "upper": 1.0,
     "default_value": 0.2}}]}})
search = Advisor(sys.argv[1]).search(objective=train, space=space, direction="maximize",
    trials={trials}, strategy="random", name=sys.argv[2], contribute=False)
if counted:
    sys.addaudithook(audited)
    threading.setprofile(seen)
    sys.setprofile(seen)
before, used = passed(), time.process_time()
result = search.run()
used, after = time.process_time() - used, passed()
sys.setprofile(None)
assert len(search.tuner.trials) == {trials}, result.message
print(json.dumps({{"seconds": used, **did, **{{n: after[n] - before[n] for n in after}}}}))
"""


@contextmanager
def served(kb: KnowledgeBase) -> Iterator[httpx.Client]:
    """Give somebody who has opened the view of a knowledge base."""
    server = view_server(Advisor(kb))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        with httpx.Client(base_url=server.address.split("/?")[0], timeout=120) as client:
            client.get(server.address).raise_for_status()
            yield client
    finally:
        server.stop()
        thread.join()


def build(path: Path, studies: int, each: int) -> None:
    """Make a knowledge base of `studies` x `each` trials of 50 tasks and 7 contributors."""
    kb = KnowledgeBase(path, seed=False)
    frame = make_frame(each)
    frame["duration"] = (frame["value"] * 100).round(2)
    for number in range(studies):
        task = TaskRecord(f"benchmark {number % 50}", "accuracy", "maximize", "mlp")
        study = StudyRecord(
            f"benchmark-{number}", task.task_id, SPACE.space_id, f"study {number}", "random",
            contributor=f"person {number % 7}",
        )  # fmt: skip
        values = (frame["value"] * 0.5 + 0.001 * number).round(6)
        kb.add_trials(frame.assign(value=values), task=task, space=SPACE, study=study)
    kb.fold(10.0)


def pages(kb: KnowledgeBase, n_trials: int) -> dict[str, tuple[float, float]]:
    """Return the median seconds of each page, by the clock and of the processor."""
    found = {}
    with served(kb) as client:
        for name, address in PAGES.items():
            taken = [_asked(client, address.format(last=n_trials // 50)) for _ in range(ASKED)]
            found[name] = (
                statistics.median(clock for clock, _ in taken),
                statistics.median(used for _, used in taken),
            )
    return found


def _asked(client: httpx.Client, address: str) -> tuple[float, float]:
    clock, used = time.perf_counter(), time.process_time()
    client.get(address).raise_for_status()
    return time.perf_counter() - clock, time.process_time() - used


def _run(kb: KnowledgeBase, name: str, counted: bool) -> subprocess.Popen[str]:
    code = SEARCH.format(seconds=TRIAL_SECONDS, sleeps=COUNTED_SECONDS, trials=TRIALS)
    # Texts have the same hashes in all of them, and so sets the same order, and calls their number.
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0"}
    return subprocess.Popen(
        [sys.executable, "-c", code, str(kb.path), name, *(["counted"] if counted else [])],
        stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT,
    )  # fmt: skip


def alone(kb: KnowledgeBase, name: str, counted: bool = False) -> dict[str, float]:
    """Return the processor seconds of a search that nobody looks at, and what it did."""
    out, _ = _run(kb, name, counted).communicate()
    found: dict[str, float] = json.loads(out)
    return found


def watched(
    kb: KnowledgeBase, name: str, counted: bool = False
) -> tuple[dict[str, float], float, list[float]]:
    """Run a search with its page open, as `static/view.js` keeps it.

    Returns:
        The same of this search, processor seconds of the server, and how long after the line of
        each trial was written the new page was there.
    """
    lines = kb.studies_root / name / "trials.jsonl"
    late: list[float] = []
    process = _run(kb, name, counted)
    while not lines.exists():
        time.sleep(0.05)
    before = _used()
    with served(kb) as client, client.stream("GET", f"/study/events?name={name}") as events:
        for line in events.iter_lines():
            if line.startswith("data:"):
                client.get(f"/study?name={name}").raise_for_status()
                late.append(time.time() - lines.stat().st_mtime)
            if lines.read_bytes().count(b"\n") >= TRIALS:
                break
    out, _ = process.communicate()
    found: dict[str, float] = json.loads(out)
    return found, _used() - before, late


def _used() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _of_pages(found: Mapping[int, dict[str, tuple[float, float]]]) -> str:
    heads = [head for n in found for head in (f"{n:,}: ms", "of the processor")]
    rows = [
        (name, *(f"{1000 * s:.0f}" for each in found.values() for s in each[name]))
        for name in PAGES
    ]
    return report.table(("page", *heads), rows)


def _looked_at(kb: KnowledgeBase, runs: int) -> list[str]:
    """Run searches with and without their page open, and return what the page says of them."""
    without, with_page = [], []
    for run in range(runs):
        if run % 2:  # What else the machine does grows or shrinks meanwhile.
            with_page.append(watched(kb, f"watched-{run}"))
        without.append(alone(kb, f"alone-{run}")["seconds"])
        if not run % 2:
            with_page.append(watched(kb, f"watched-{run}"))
    late = sorted(seconds for _, _, each in with_page for seconds in each)
    searches = [found["seconds"] for found, _, _ in with_page]
    more = [100 * (b / a - 1) for a, b in zip(without, searches, strict=True)]
    doubt = statistics.stdev(more) / runs**0.5 if runs > 1 else float("nan")
    viewing = statistics.mean(used for _, used, _ in with_page)
    costs = [
        ("processor seconds of the search, nobody looks", f"{statistics.mean(without):.2f}"),
        ("the same, with its page open", f"{statistics.mean(searches):.2f}"),
        ("how much more, pair by pair, with its standard error",
         f"{statistics.mean(more):+.2f}% ± {doubt:.2f}%"),
        ("processor seconds of the view and of who asks, meanwhile", f"{viewing:.2f}"),
        ("seconds until a finished trial is shown, median", f"{statistics.median(late):.2f}"),
        ("the same, the longest", f"{late[-1]:.2f}"),
    ]  # fmt: skip
    first, (second, _, _) = alone(kb, "counted-one", True), watched(kb, "counted-two", True)
    done = [
        (label, f"{first[name]:,}", f"{second[name]:,}", f"{second[name] / first[name] - 1:+.3%}")
        for name, label in DONE.items()
    ]
    return [
        "## A search that is looked at",
        f"{runs} searches of {TRIALS} trials of {TRIAL_SECONDS} s each, alone and looked at in "
        "turns. Processor\nseconds grow with what else uses the processor's caches, the view "
        "among others.",
        report.table(("", ""), costs),
        "The view reads files that the search writes anyway, and asks the search nothing. So what "
        "the\nprocess of a search does is the same, whoever looks; counted in one more pair of "
        "searches, whose\ntrials sleep:",
        report.table(("", "nobody looks", "its page open", "difference"), done),
    ]


@click.command()
@click.option("--sizes", default="10000,1000000", help="Trials of the knowledge bases.")
@click.option("--kept", type=click.Path(path_type=Path, file_okay=False),
              help="Folder in which these stay for the next time.")  # fmt: skip
@click.option("--runs", default=4, help="Searches of each kind.")
@report.write_option
def main(sizes: str, kept: Path | None, runs: int, write: bool) -> None:
    """Measure, print and write the page."""
    load, found = os.getloadavg()[0], {}
    with tempfile.TemporaryDirectory() as folder:
        for size in map(int, sizes.split(",")):
            path = (kept or Path(folder)) / f"{size}.duckdb"
            if not path.exists():
                build(path, 100, size // 100)
            found[size] = pages(KnowledgeBase(path, seed=False), size)
        kb = KnowledgeBase(Path(folder) / "searches.duckdb", seed=False)
        looked_at = _looked_at(kb, runs)
    parts = [
        report.measured_under(load, "duckdb", "starlette", "uvicorn"),
        "## Pages over many trials",
        f"Medians of {ASKED} questions over HTTP, of the user's own trials only; the server's "
        "processor\nseconds include those of who asks.",
        _of_pages(found),
        *looked_at,
    ]
    report.publish("view", report.page("The live view", "view", parts), write)


if __name__ == "__main__":
    main()
