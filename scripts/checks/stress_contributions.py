"""Eight processes add trials to one knowledge base at once; nothing may fail or get lost.

    python -m scripts.checks.stress_contributions

Both ways: every process adds its trials one by one, and every process adds one bulk.
"""

import multiprocessing
import tempfile
import time
from multiprocessing.queues import SimpleQueue
from pathlib import Path

import click

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


Record = SpaceDefinition | TaskRecord | StudyRecord | TrialRecord


def records(process: int, numbers: range) -> list[Record]:
    """Return the trials of these numbers of one process, with what they belong to."""
    study_id = f"study-{process}"
    study = StudyRecord(study_id, TASK.task_id, SPACE.space_id, name=study_id)
    trials = [
        TrialRecord(study_id, number, {"x": number / 1e6}, "complete", number / 1e6)
        for number in numbers
    ]
    return [SPACE, TASK, study, *trials]


def contribute(
    path: str, process: int, trials: int, bulk: bool, failures: "SimpleQueue[str]"
) -> None:
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


@click.command()
@click.option("--processes", default=8)
@click.option("--trials", default=1000, help="Trials of each process.")
def main(processes: int, trials: int) -> None:
    """Contribute from many processes at once, both ways; exit code 1 if anything was lost."""
    failed, total = False, processes * trials
    for bulk in (False, True):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "kb.duckdb"
            seconds, problems = stress(path, processes, trials, bulk)
        way = "one bulk each" if bulk else "one by one"
        click.echo(
            f"{processes} processes, {trials} trials each, {way}: "
            f"{seconds:.1f} s, {total / seconds:,.0f} trials/s, "
            f"{'; '.join(problems) or f'all {total} trials there'}"
        )
        failed = failed or bool(problems)
    raise SystemExit(failed)


if __name__ == "__main__":
    main()
