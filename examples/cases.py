"""What the three cases share: default, cold search and warm search over seeds, and the page.

A case is run by its `run.py`. Everything goes through the public API as a user would call it;
finished trials stay in .build/examples/, so a run that was cut off goes on where it was, and
nothing is contributed to the user's own knowledge base.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import click

from advisor import KnowledgeBase
from knowledge_base.records import TrialRecord
from knowledge_base.types import Config, ConfigDict
from scripts import BUILD
from scripts.searches import run_study
from scripts.seed.past_without import past_without, shipped_mark

PACKAGES = BUILD / "packages"
WORK = BUILD / "examples"
COLD_TRIALS, WARM_TRIALS, SEEDS = 20, 5, 3
QUICK = {"cold": 2, "warm": 1, "seeds": 1, "max_epochs": 2}
"""Sizes of a smoke run; it shows that everything fits together, and nothing else."""


@dataclass(frozen=True)
class Case:
    """One data set to tune a family on.

    Attributes:
        name: of the folder in examples/.
        title: of the page.
        about: what the data are, where they come from, under which licence; Markdown.
        family: that is tuned.
        write: writes the data file into a folder and returns its path.
        write_quick: the same for the smoke run, whose data come with scikit-learn.
        columns: further fields of `Settings`, such as the target.
        kin: beginning of the names of past data sets that are cut from the same source, as
            other rows of it; None where there are none.
        baseline: test metric of something to compare with, by name; None for nothing.
    """

    name: str
    title: str
    about: str
    family: str
    write: Callable[[Path], Path]
    write_quick: Callable[[Path], Path]
    columns: Config = field(default_factory=dict)
    kin: str | None = None
    baseline: Callable[[Path], tuple[str, float, float]] | None = None

    def related(self, past: Sequence[str]) -> list[str]:
        """Return which of the past data sets are cut from the same source."""
        return [name for name in past if self.kin is not None and name.startswith(self.kin)]


@dataclass(frozen=True)
class Arm:
    """The trials of one search on so many rows: the best by validation is what counts."""

    trials: Sequence[TrialRecord]
    metric: str
    direction: str
    rows: int = 0

    def best(self, first: int | None = None) -> TrialRecord:
        """Return the best of the first trials by validation; of equals the earliest."""
        done = [t for t in self.trials[:first] if t.value is not None]
        sign = 1 if self.direction == "maximize" else -1
        return max(done, key=lambda trial: sign * (trial.value or 0.0))

    def validation(self, first: int | None = None) -> float:
        """Return the validation metric of the best of the first trials."""
        value = self.best(first).value
        assert value is not None
        return value

    def test(self, first: int | None = None) -> float:
        """Return the test metric of the best of the first trials."""
        return float(self.best(first).metrics[f"test_{self.metric}"])


@dataclass(frozen=True)
class Result:
    """Everything that a page is written from.

    Attributes:
        case: what was run.
        cold, warm: searches by seed; the first trial of a cold one is the library default.
        past: names of the past data sets that the warm searches had.
        unrelated: warm searches by seed without those of the same source; none if there are none.
        data: file that was tuned on.
        quick: whether it is but a smoke run, on other data.
    """

    case: Case
    cold: Sequence[Arm]
    warm: Sequence[Arm]
    past: Sequence[str]
    data: Path
    quick: bool = False
    unrelated: Sequence[Arm] = ()


class MissingPackageError(click.ClickException):
    """The data of a case were not fetched."""


def package(path: str) -> Path:
    """Return a file or folder of a fetched package, such as "python/statsmodels".

    Raises:
        MissingPackageError: it was not fetched.
    """
    found = PACKAGES / path
    if not found.exists():
        raise MissingPackageError(f"{found} is not there; run scripts/fetch_data.sh first.")
    return found


def run_case(case: Case, quick: bool = False, root: Path = WORK, seeds: int = SEEDS) -> Result:
    """Run what is missing of a case and return all of it."""
    import torch

    torch.set_num_threads(1)
    folder = root / (f"{case.name}-quick" if quick else case.name)
    folder.mkdir(parents=True, exist_ok=True)
    data = (case.write_quick if quick else case.write)(folder)
    common: ConfigDict = {"data": str(data), "family": case.family, **case.columns}
    if quick:
        common["max_epochs"] = QUICK["max_epochs"]
    n_cold = QUICK["cold"] if quick else COLD_TRIALS
    n_warm = QUICK["warm"] if quick else WARM_TRIALS
    count = QUICK["seeds"] if quick else seeds
    kb = KnowledgeBase(folder / "store.duckdb")  # empty: the past is what ships
    tasks = kb.tasks()
    past = sorted(tasks.loc[tasks["family"] == case.family, "name"])

    def searches(
        name: str, trials: int, where: Path, kb: KnowledgeBase, **more: object
    ) -> list[Arm]:
        settings = {**common, "trials": trials, **more}
        return [search({**settings, "seed": s}, kb, where, f"{name}-{s}") for s in range(count)]

    cold = searches("cold", n_cold, folder, kb, n_warm=0)
    now = folder / f"of {shipped_mark()}"  # what came of other shipped trials is no answer
    warm = searches("warm", n_warm, now, kb)
    related, unrelated = case.related(past), []
    if related:
        other = past_without(related, now / "unrelated past")
        unrelated = searches("unrelated", n_warm, now, other)
    return Result(case, cold, warm, past, data, quick, unrelated)


def search(settings: Config, kb: KnowledgeBase, folder: Path, name: str) -> Arm:
    """Run or finish one search; a finished one is only read."""

    def said(trial: TrialRecord) -> None:
        value = "no value" if trial.value is None else f"{trial.value:.4g}"
        click.echo(f"{name}: trial {trial.number + 1} of {settings['trials']}: {value}")

    tuner = run_study(settings, kb, folder, name, said).tuner
    study = tuner.study
    rows = 0 if study.dataset is None else study.dataset.n_rows or 0
    return Arm(tuple(tuner.trials), study.task.metric, study.task.direction, rows)


def main(case: Case, page: Callable[[Result], str], where: Path) -> click.Command:
    """Return the command line of a case."""

    @click.command(help=f"{case.title}: default, cold search, warm search.")
    @click.option("--quick", is_flag=True, help="A smoke run on tiny data; writes no page.")
    @click.option("--seeds", default=SEEDS, help="How many seeds; fewer write no page.")
    def command(quick: bool, seeds: int) -> None:
        result = run_case(case, quick, seeds=seeds)
        text = page(result)
        click.echo(text)
        if not quick and seeds >= SEEDS:
            where.write_text(text, encoding="utf-8")

    return command
