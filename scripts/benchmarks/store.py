"""Writing trials from a frame and reading them back: the knowledge base against Optuna.

    python -m pip install optuna
    python -m scripts.benchmarks.store

Every store gets the same trials of the `mlp` space and gives them back as a frame, from a
newly opened store. The repetitions of the knowledge base lie before, between and after the
peers, so that a change of the machine's load shows.
"""

import logging
import os
import statistics
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np
import pandas as pd

from advisor.encoding import sample
from advisor.integrations.others.to_optuna import distribution
from advisor.models import get_family
from knowledge_base import KnowledgeBase, StudyRecord, TaskRecord
from scripts.benchmarks import report
from scripts.benchmarks.timing import seconds

if TYPE_CHECKING:
    import optuna

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
    added = kb.add_trials(frame, task=TASK, space=SPACE, study=study)
    assert added.added == len(frame), added


def our_read(folder: Path) -> int:
    """Read a frame with a typed column per hyperparameter."""
    return len(KnowledgeBase(folder / "kb.duckdb", seed=False).trials(configs=True))


def optuna_storage(kind: str, folder: Path) -> "optuna.storages.BaseStorage":
    """Open Optuna's SQLite or journal storage in `folder`."""
    import optuna

    if kind == "sqlite":
        return optuna.storages.RDBStorage(f"sqlite:///{folder / 'optuna.db'}")
    backend = optuna.storages.journal.JournalFileBackend(str(folder / "optuna.log"))
    return optuna.storages.JournalStorage(backend)


def optuna_write(kind: str, frame: pd.DataFrame, folder: Path) -> None:
    """Write with `Study.add_trials`, Optuna's bulk call."""
    import optuna

    distributions = {name: distribution(h) for name, h in SPACE.hyperparameters.items()}
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


INTRODUCTION = """
{n:,} trials of the `mlp` space from one frame, and back as one frame from a newly
opened store; Optuna {optuna}, one run of each of its storages, median of
{repetitions} runs of the knowledge base around them."""

VERDICT = """
Against the journal, the faster of the two: writing {write:.0f} times as fast \
(wanted: {write_target}),
reading {read:.0f} times as fast (wanted: {read_target})."""


def page(
    found: dict[str, tuple[float, float]], n: int, sqlite: int, repetitions: int, machine: str
) -> str:
    """Return the report.

    Args:
        found: seconds for writing and for reading, by store.
        n: trials of the others.
        sqlite: trials that SQLite got.
        repetitions: of the knowledge base.
        machine: line about the machine and its load.
    """
    import optuna

    write, read = found[OURS]
    rows = []
    for name, (its_write, its_read) in found.items():
        count = sqlite if name == SQLITE else n
        least = "at least " if count < n else ""
        ratios = (f"{least}{its_write / write:.0f}", f"{least}{its_read / read:.0f}")
        rows.append((name, f"{count:,}", f"{its_write:.2f}", f"{its_read:.2f}", *ratios))
    columns = ("store", "trials", "write, s", "read, s", "write, times ours", "read, times ours")
    fewer = (
        f"SQLite got {sqlite:,} trials only; its ratio is that of its time for those\n"
        f"to ours for {n:,}."
    )
    faster = found[JOURNAL]
    verdict = VERDICT.format(write=faster[0] / write, read=faster[1] / read,
                             write_target=WRITE_TARGET, read_target=READ_TARGET)  # fmt: skip
    introduction = INTRODUCTION.format(n=n, optuna=optuna.__version__, repetitions=repetitions)
    parts = [introduction, report.table(columns, rows), fewer if sqlite < n else "", verdict]
    parts.append(machine)
    return report.page("Writing and reading trials", "store", [part for part in parts if part])


@click.command()
@click.option("--trials", default=100_000, help="How many.")
@click.option("--sqlite-trials", default=10_000, help="How many SQLite gets; it is that slow.")
@click.option(
    "--repetitions", default=3, help="Runs of the knowledge base at each of three places."
)
@report.write_option
def main(trials: int, sqlite_trials: int, repetitions: int, write: bool) -> None:
    """Measure, print and write the table."""
    load = os.getloadavg()[0]
    warnings.simplefilter("ignore")
    logging.getLogger("optuna").setLevel(logging.WARNING)
    frame = make_frame(trials)
    ours(frame.head(100))  # imports
    runs: dict[str, list[tuple[float, float]]] = {OURS: [], SQLITE: [], JOURNAL: []}
    for name, kind, count in ((JOURNAL, "journal", trials), (SQLITE, "sqlite", sqlite_trials)):
        runs[OURS] += [ours(frame) for _ in range(repetitions)]
        runs[name].append(peer(kind, frame.head(count)))
        click.echo(f"{name}: {runs[name]}", err=True)
    runs[OURS] += [ours(frame) for _ in range(repetitions)]
    found = {
        name: (statistics.median(w for w, _ in times), statistics.median(r for _, r in times))
        for name, times in runs.items()
    }
    machine = report.measured_under(load, "numpy", "pandas", "duckdb")
    text = page(found, trials, min(sqlite_trials, trials), 3 * repetitions, machine)
    report.publish("store", text, write)


if __name__ == "__main__":
    main()
