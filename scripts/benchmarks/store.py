"""Writing trials from a frame and reading them back: the knowledge base against Optuna.

    python -m pip install optuna
    python scripts/benchmark_store.py

Every store gets the same trials of the `mlp` space and gives them back as a frame, from a
newly opened store. The repetitions of the knowledge base lie before, between and after the
peers, so that a change of the machine's load shows.
"""

import logging
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import click
import numpy as np
import pandas as pd

from advisor.encoding import sample
from advisor.models import get_family
from knowledge_base import KnowledgeBase, StudyRecord, TaskRecord

REPORT = Path(__file__).resolve().parent.parent / "docs" / "benchmarks" / "store.md"
SPACE = get_family("mlp").space()
TASK = TaskRecord("benchmark", "accuracy", "maximize", "mlp")
WRITE_TARGET, READ_TARGET = 50, 20
OURS, SQLITE, JOURNAL = "knowledge base", "Optuna SQLite", "Optuna journal"


def make_frame(n: int) -> pd.DataFrame:
    """Return `n` configurations with a value each; drawn 1,000 times over."""
    configs = pd.DataFrame(sample(SPACE, min(n, 1000), seed=0))
    frame = configs.iloc[np.arange(n) % len(configs)].reset_index(drop=True)
    rng = np.random.default_rng(0)
    frame["learning_rate"] *= rng.uniform(0.999, 1.0, n)  # no two are the same
    lowest = SPACE.hyperparameters["learning_rate"].low
    return frame.assign(
        learning_rate=frame["learning_rate"].clip(lower=lowest), value=rng.random(n)
    )


def our_write(frame: pd.DataFrame, folder: Path) -> None:
    """Write with `KnowledgeBase.add_trials`; in the database itself on return."""
    kb = KnowledgeBase(folder / "kb.duckdb", seed=False)
    study = StudyRecord("benchmark", TASK.task_id, SPACE.space_id, name="benchmark")
    report = kb.add_trials(frame, task=TASK, space=SPACE, study=study)
    assert report.added == len(frame), report


def our_read(folder: Path) -> int:
    """Read a frame with a typed column per hyperparameter."""
    return len(KnowledgeBase(folder / "kb.duckdb", seed=False).trials(configs=True))


def optuna_storage(kind: str, folder: Path):
    """Open Optuna's SQLite or journal storage in `folder`."""
    import optuna

    if kind == "sqlite":
        return optuna.storages.RDBStorage(f"sqlite:///{folder / 'optuna.db'}")
    backend = optuna.storages.journal.JournalFileBackend(str(folder / "optuna.log"))
    return optuna.storages.JournalStorage(backend)


def optuna_write(kind: str, frame: pd.DataFrame, folder: Path) -> None:
    """Write with `Study.add_trials`, Optuna's bulk call."""
    import optuna

    distributions = _distributions()
    study = optuna.create_study(
        storage=optuna_storage(kind, folder), study_name="benchmark", direction="maximize"
    )
    trials = []
    for row in frame.to_dict("records"):
        value = row.pop("value")
        params = {name: cell for name, cell in row.items() if cell == cell}
        known = {name: distributions[name] for name in params}
        trials.append(optuna.create_trial(params=params, distributions=known, value=value))
    study.add_trials(trials)


def optuna_read(kind: str, folder: Path) -> int:
    """Read with `Study.trials_dataframe`."""
    import optuna

    storage = optuna_storage(kind, folder)
    return len(optuna.load_study(study_name="benchmark", storage=storage).trials_dataframe())


def _distributions() -> dict:
    from optuna.distributions import (
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )

    found = {}
    for name, h in SPACE.hyperparameters.items():
        if h.choices:
            found[name] = CategoricalDistribution(list(h.choices))
        else:
            kind = IntDistribution if h.kind == "int" else FloatDistribution
            cast = int if h.kind == "int" else float
            found[name] = kind(cast(h.low), cast(h.high), log=h.log)
    return found


def seconds(action: Callable[[], object]) -> float:
    """Return the wall time of a call."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def ours(frame: pd.DataFrame) -> tuple[float, float]:
    """Return the seconds for writing and for reading, in a new file."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write = seconds(lambda: our_write(frame, folder))
        read = seconds(lambda: our_read(folder))
        assert our_read(folder) == len(frame)
    return write, read


def peer(kind: str, frame: pd.DataFrame) -> tuple[float, float]:
    """Return the same for one of Optuna's storages."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write = seconds(lambda: optuna_write(kind, frame, folder))
        read = seconds(lambda: optuna_read(kind, folder))
        assert optuna_read(kind, folder) == len(frame)
    return write, read


def page(rows: dict[str, tuple[float, float]], n: int, sqlite: int, repetitions: int) -> str:
    """Return the report."""
    import optuna

    write, read = rows[OURS]
    lines = [
        "# Writing and reading trials",
        "",
        "Made by `python scripts/benchmark_store.py`; do not edit by hand.",
        "",
        f"{n:,} trials of the `mlp` space from one frame, and back as one frame from a newly",
        f"opened store; Optuna {optuna.__version__}, one run of each of its storages, median of",
        f"{repetitions} runs of the knowledge base around them.",
        "",
        "| store | trials | write, s | read, s | write, times ours | read, times ours |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name, (its_write, its_read) in rows.items():
        count = sqlite if name == SQLITE else n
        least = "at least " if count < n else ""
        ratios = f"{least}{its_write / write:.0f} | {least}{its_read / read:.0f}"
        lines.append(f"| {name} | {count:,} | {its_write:.2f} | {its_read:.2f} | {ratios} |")
    if sqlite < n:
        lines += ["", f"SQLite got {sqlite:,} trials only; its ratio is that of its time for those",
                  f"to ours for {n:,}."]  # fmt: skip
    faster = rows[JOURNAL]
    lines += [
        "",
        f"Against the journal, the faster of the two: writing {faster[0] / write:.0f} times as "
        f"fast (wanted: {WRITE_TARGET}),",
        f"reading {faster[1] / read:.0f} times as fast (wanted: {READ_TARGET}).",
        "",
    ]
    return "\n".join(lines)


@click.command()
@click.option("--trials", default=100_000, help="How many.")
@click.option("--sqlite-trials", default=10_000, help="How many SQLite gets; it is that slow.")
@click.option("--repetitions", default=3, help="Of the knowledge base, at each of three places.")
@click.option("--write/--no-write", default=True, help="Replace the page in docs/benchmarks/.")
def main(trials, sqlite_trials, repetitions, write):
    """Measure, print and write the table."""
    warnings.simplefilter("ignore")
    logging.getLogger("optuna").setLevel(logging.WARNING)
    frame = make_frame(trials)
    ours(frame.head(100))  # imports
    found = {OURS: [], SQLITE: [], JOURNAL: []}
    for name, kind, count in ((JOURNAL, "journal", trials), (SQLITE, "sqlite", sqlite_trials)):
        found[OURS] += [ours(frame) for _ in range(repetitions)]
        found[name].append(peer(kind, frame.head(count)))
        click.echo(f"{name}: {found[name]}")
    found[OURS] += [ours(frame) for _ in range(repetitions)]
    rows = {
        name: (statistics.median(w for w, _ in runs), statistics.median(r for _, r in runs))
        for name, runs in found.items()
    }
    text = page(rows, trials, min(sqlite_trials, trials), 3 * repetitions)
    if write:
        REPORT.write_text(text, encoding="utf-8")
    click.echo(text)


if __name__ == "__main__":
    main()
