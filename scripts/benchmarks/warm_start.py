"""Regret of the first configurations on data sets that the seed lacks: warm against cold.

    scripts/fetch_data.sh
    python -m scripts.benchmarks.warm_start

Every search is trained for real, as `advisor tune` does it, with the shipped trials alone as
its past. The data sets are those that `scripts/seed/tables.py` holds out, and no near-copy
of them ships. Finished trials stay in .build/evaluation/, so a run that was cut off goes on.
"""

from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
import pandas as pd

from knowledge_base import KnowledgeBase
from knowledge_base.durable import replacing
from knowledge_base.studies import StudyDirectory
from knowledge_base.types import Config, JsonObject
from scripts import BUILD
from scripts.benchmarks import report
from scripts.benchmarks.experiment import Unit, run_and_resume
from scripts.searches import run_study
from scripts.seed.tables import HELD_OUT
from scripts.seed.work import Entry

WORK = BUILD / "evaluation"
AFTER = (1, 3, 5, 10)
TRIALS = 10
RANDOM_TRIALS = 40
ARMS: dict[str, Config] = {
    "warm": {"strategy": "bayesian", "trials": TRIALS, "n_warm": None},
    "recommended": {"strategy": "bayesian", "trials": TRIALS, "n_warm": TRIALS},
    "cold": {"strategy": "bayesian", "trials": TRIALS, "n_warm": 0},
    "random": {"strategy": "random", "trials": RANDOM_TRIALS, "n_warm": 0},
}
"""`warm` and `cold` are `advisor tune --trials 10`, with and without `--warm 0`;
`recommended` tries ten recommendations; `random` also gives the scale of the regret."""


@dataclass(frozen=True)
class StudyOf(Unit):
    """One search, kept as the product keeps it: a data set, a seed and an arm."""

    entry: Entry
    seed: int
    arm: str

    @property
    def path(self) -> Path:
        return WORK / f"{self.entry.source}-{self.entry.name}-{self.arm}-{self.seed}"

    @property
    def finished(self) -> bool:
        """Whether all its trials are there."""
        return self.path.exists() and len(self.values()) >= self._settings["trials"]

    def run(self) -> None:
        """Run the search in its study directory, or go on with it."""
        WORK.mkdir(parents=True, exist_ok=True)
        settings = {"data": _data_file(self.entry), "seed": self.seed, **self._settings}
        if self.entry.source != "sklearn":
            settings["target"] = "target"
        run_study(settings, KnowledgeBase(WORK / "none.duckdb"), WORK, self.path.name)

    def compute(self) -> JsonObject:
        """Return the metric after each trial."""
        self.run()
        return {"val": self.values().tolist()}

    def result(self) -> JsonObject:
        """Return the metric after each trial; the search is run if it is not there."""
        return {"val": self.values().tolist()} if self.finished else self.compute()

    def values(self) -> np.ndarray:
        """Return the validation metric after each trial, larger is better; -inf if it failed."""
        directory = StudyDirectory.open(self.path)
        sign = 1.0 if directory.task.direction == "maximize" else -1.0
        done = sorted(directory.trials(), key=lambda trial: trial.number)
        return np.array([-np.inf if t.value is None else sign * t.value for t in done])

    @property
    def _settings(self) -> Config:
        return ARMS[self.arm]


def _data_file(entry: Entry) -> str:
    if entry.source == "sklearn":
        return entry.label
    path = WORK / "data" / f"{entry.name}.parquet"
    if not path.exists():
        dataset = entry.load()
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as file:
            dataset.features.assign(target=dataset.target).to_parquet(file)
    return str(path)


def regrets(entry: Entry, seed: int) -> list[JsonObject]:
    """Return one row per arm and number of trials.

    Regret is (best - best so far) / (best - median random), where "best" is the best of all
    trials of this data set and seed. A random search's is averaged over its 40 trials' order.
    """
    found = {arm: StudyOf(entry, seed, arm).values() for arm in ARMS}
    best = max(scores.max() for scores in found.values())
    median = np.median(found["random"])
    rng = np.random.default_rng(seed)
    rows = []
    for arm, scores in found.items():
        orders = [scores]
        if arm == "random":
            orders = [rng.permutation(scores) for _ in range(1000)]
        for k in AFTER:
            reached = np.array([order[:k].max() for order in orders])
            # A first trial without a score has nothing to show: the median stands for it.
            reached = np.where(np.isfinite(reached), reached, min(median, scores.min()))
            reached = np.where(np.isfinite(reached), reached, median)
            regret = float(np.mean((best - reached) / max(best - median, 1e-12)))
            rows.append({"data": entry.label, "seed": seed, "arm": arm, "k": k, "regret": regret})
    return rows


INTRODUCTION = """
{n} real data sets, {seeds} seed(s) each (split, training and search), family
`mlp`, real training. Regret after k trials on the validation metric:
(best known - best so far) / (best known - median random configuration); 0 is the best
configuration that any search of that data set and seed found, 1 a typical random draw.

- `warm`: `advisor tune --trials {trials}`: two recommendations, the default, then the
  search, with the shipped trials as its prior.
- `recommended`: {trials} recommendations of the shipped trials, nothing adapted.
- `cold`: the same with `--warm 0`, the same Bayesian search without a past.
- `random`: mean over orders of {random} random configurations."""


def page(frame: pd.DataFrame, seeds: int) -> str:
    """Return the page."""
    wide = frame.pivot_table(index="data", columns=["arm", "k"], values="regret", sort=False)
    rows = [(arm, *(report.mean_and_error(wide[arm, k]) for k in AFTER)) for arm in ARMS]
    pairs = [(arm, k) for arm in ("warm", "cold") for k in AFTER]
    by_data = [(name, *(f"{row[pair]:.2f}" for pair in pairs)) for name, row in wide.iterrows()]
    introduction = INTRODUCTION.format(
        n=len(wide), seeds=seeds, trials=TRIALS, random=RANDOM_TRIALS
    )
    parts = [
        introduction,
        report.table(("", *(f"@{k}" for k in AFTER)), rows),
        "Mean over data sets (each the mean of its seeds) and its standard error.",
        _wins(frame),
        "## Per data set",
        report.table(("data set", *(f"{arm} @{k}" for arm, k in pairs)), by_data),
    ]
    title = "Warm against cold, on data sets that the seed lacks"
    return report.page(title, "warm_start", parts, f" --seeds {seeds}")


def _wins(frame: pd.DataFrame) -> str:
    """Say how often warm is at least as good as cold, by data set and seed."""
    wide = frame.pivot_table(index=["data", "seed", "k"], columns="arm", values="regret")
    level = (wide["warm"] <= wide["cold"] + 1e-12).groupby("k").mean()
    cells = ", ".join(f"{level[k]:.0%} @{k}" for k in AFTER)
    return f"Warm is at least as good as cold in {cells} of the pairs of data set and seed."


@click.command()
@click.option("--seeds", default=3, help="Searches per data set and arm.")
@click.option("--only", multiple=True, help="Names of data sets; default all held out.")
@report.report_only_option
@report.workers_option
@report.write_option
def main(seeds: int, only: tuple[str, ...], report_only: bool, workers: int, write: bool) -> None:
    """Run what is missing, then write the table."""
    entries = [entry for entry in HELD_OUT if not only or entry.name in only]
    units = [StudyOf(e, seed, arm) for seed in range(seeds) for e in entries for arm in ARMS]
    if not report_only:
        run_and_resume(units, workers)
    whole = {(e, s): all(StudyOf(e, s, arm).finished for arm in ARMS)
             for e in entries for s in range(seeds)}  # fmt: skip
    rows = [row for (e, s), done in whole.items() if done for row in regrets(e, s)]
    if not rows:
        raise report.nothing_finished()
    report.publish("warm_start", page(pd.DataFrame(rows), seeds), write and not only)


if __name__ == "__main__":
    main()
