"""Eight processes add trials to one knowledge base at once; nothing may fail or get lost.

    python scripts/stress_contributions.py

Both ways: every process adds its trials one by one, and every process adds one bulk.
"""

import argparse
import multiprocessing
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from knowledge_base import (
    Bundle,
    KnowledgeBase,
    SpaceDefinition,
    StudyRecord,
    TaskRecord,
    TrialRecord,
)

SPACE = SpaceDefinition.from_dict(
    {
        "name": "stress",
        "hyperparameters": [
            {"name": "x", "type": "uniform_float", "lower": 0.0, "upper": 1.0, "default_value": 0.5}
        ],
    }
)
TASK = TaskRecord(name="stress", metric="accuracy", direction="maximize", family="stress")


def records(process: int, numbers: range) -> list[Any]:
    study_id = f"study-{process}"
    study = StudyRecord(study_id, TASK.task_id, SPACE.space_id, name=study_id)
    trials = [
        TrialRecord(study_id, number, {"x": number / 1e6}, "complete", number / 1e6)
        for number in numbers
    ]
    return [SPACE, TASK, study, *trials]


def contribute(path: str, process: int, trials: int, bulk: bool, failures: Any) -> None:
    """Add the trials of one process; what goes wrong goes to `failures`."""
    kb = KnowledgeBase(path, seed=False)
    steps = [range(trials)] if bulk else [range(n, n + 1) for n in range(trials)]
    try:
        for step in steps:
            report = kb.add(Bundle.from_records(records(process, step)))
            if (report.added, report.duplicates) != (len(step), 0):
                failures.put(f"process {process}, trials {step}: {report}")
    except Exception as error:
        failures.put(f"process {process}: {type(error).__name__}: {error}")


def stress(path: Path, processes: int, trials: int, bulk: bool) -> tuple[float, list[str]]:
    """Return the seconds that it took, and what went wrong."""
    context = multiprocessing.get_context("spawn")
    failures = context.SimpleQueue()
    workers = [
        context.Process(target=contribute, args=(str(path), process, trials, bulk, failures))
        for process in range(processes)
    ]
    start = time.perf_counter()
    for worker in workers:
        worker.start()
    problems = []
    while any(worker.is_alive() for worker in workers) or not failures.empty():
        while not failures.empty():
            problems.append(failures.get())
        time.sleep(0.02)
    seconds = time.perf_counter() - start
    problems += [f"exit code {w.exitcode}" for w in workers if w.exitcode]
    return seconds, problems + check(path, processes, trials)


def check(path: Path, processes: int, trials: int) -> list[str]:
    """Return what the knowledge base lacks, before and after the journal is folded."""
    kb = KnowledgeBase(path, seed=False)
    wanted = {(f"study-{p}", n) for p in range(processes) for n in range(trials)}
    problems = []
    for moment in ("before folding", "after folding"):
        frame = kb.trials()
        found = set(zip(frame["study_id"], frame["number"], strict=True))
        if len(frame) != len(wanted) or found != wanted:
            problems.append(f"{moment}: {len(frame)} trials, {len(found & wanted)} as they should")
        if moment == "before folding" and not kb.fold(patience=10.0):
            problems.append("the journal could not be folded")
    return problems + kb.verify()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--trials", type=int, default=1000, help="per process")
    options = parser.parse_args()
    failed = False
    for bulk in (False, True):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "kb.duckdb"
            seconds, problems = stress(path, options.processes, options.trials, bulk)
        total = options.processes * options.trials
        way = "one bulk each" if bulk else "one by one"
        print(
            f"{options.processes} processes, {options.trials} trials each, {way}: "
            f"{seconds:.1f} s, {total / seconds:,.0f} trials/s, "
            f"{'; '.join(problems) or f'all {total} trials there'}"
        )
        failed = failed or bool(problems)
    sys.exit(failed)


if __name__ == "__main__":
    main()
