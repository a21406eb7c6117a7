"""Expected improvement per second against expected improvement, at equal seconds, on LCBench.

    python -m scripts.benchmarks.per_second

Each task is left out in turn; the search knows 100 random trials of every other one with what
they took, and chooses among 1,000 configurations of the task until they took 20 times the mean
of all of them. Regret is (best - best so far) / (best - median); before anything ended it is 1.
"""

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import click
import numpy as np
import pandas as pd

from advisor.strategies.base import Observation
from advisor.strategies.bayesian import BayesianSearch
from advisor.surrogates import PastTrials, Prior
from advisor.surrogates.past_costs import PastCosts
from knowledge_base.types import JsonObject
from scripts import BUILD
from scripts.benchmarks import report
from scripts.benchmarks.experiment import Unit, run_and_resume
from scripts.benchmarks.transfer.methods import _key, _sample
from scripts.benchmarks.transfer.tables import LCBENCH, SPACES, Table, family_tables, missing

NAME = "per_second"
SOURCE_TRIALS, POOL = 100, 1000
BUDGETS = (1, 2, 3, 5, 10, 20)
"""Seconds, in means of a training."""
MOST_TRIALS = 150


@dataclass(frozen=True)
class Run(Unit):
    """A search on one task with one seed."""

    held: int
    seed: int
    per_second: bool

    @property
    def path(self) -> Path:
        return BUILD / NAME / f"{self.held}-{self.seed}-{self.per_second}.json"

    def compute(self) -> JsonObject:
        tables, rng = family_tables("lcbench"), np.random.default_rng([self.seed, self.held])
        samples, durations = [], []
        for place, table in enumerate(tables):
            if place != self.held:
                rows = rng.choice(len(table.scores), SOURCE_TRIALS, replace=False)
                samples.append(_sample(table.rows(rows)))
                durations.append(seconds_of(table.name)[rows])
        pool = np.random.default_rng(self.held).choice(
            len(tables[self.held].scores), POOL, replace=False
        )
        target = tables[self.held].rows(pool)
        return self._searched(target, seconds_of(target.name)[pool], samples, durations)

    def _searched(
        self,
        target: Table,
        seconds: np.ndarray,
        samples: list[PastTrials],
        durations: list[np.ndarray],
    ) -> JsonObject:
        """Return the regret at each budget, and how many trials there were."""
        prior = Prior.learn(samples)
        if self.per_second:
            prior.costs = PastCosts.learn(samples, durations, prior.weights, prior.lengthscales)
        search = BayesianSearch(
            SPACES["lcbench"], "maximize", self.seed, candidates=target.configs,
            per_second=self.per_second,
        )  # fmt: skip
        search.start_from([], prior)
        rows = {_key(config): row for row, config in enumerate(target.configs)}
        best, spent, unit = np.median(target.scores), 0.0, seconds.mean()
        top, span = target.scores.max(), target.scores.max() - best
        regrets, trials = dict.fromkeys(BUDGETS, 1.0), 0
        while trials < MOST_TRIALS:
            config = search.suggest(1)[0]
            row = rows[_key(config)]
            spent, trials = spent + seconds[row] / unit, trials + 1
            if spent > BUDGETS[-1]:
                break
            value, took = float(target.scores[row]), float(seconds[row])
            best = max(best, value)
            regrets.update({b: float((top - best) / span) for b in BUDGETS if b >= spent})
            search.update([Observation(config, value, seconds=took)], [])
        return {"regrets": list(regrets.values()), "trials": trials}


@cache
def _seconds() -> dict[str, np.ndarray]:
    frame = pd.read_parquet(LCBENCH)
    frame = frame[frame["epoch"] == max(frame["epoch"])]
    frame = frame.sort_values(["openml_task_id", "config_id"])
    groups = frame.groupby("openml_task_id")["train_seconds"]
    return {str(task): taken.to_numpy(dtype=float) for task, taken in groups}


def seconds_of(task: str) -> np.ndarray:
    """Return what the configurations of a task took, in the order of its table."""
    return _seconds()[task]


def write_up(runs: dict[bool, list[JsonObject]], tasks: int, seeds: int, load: float) -> str:
    """Return the page."""
    names = {False: "expected improvement", True: "expected improvement per second"}
    rows = []
    for kind, found in runs.items():
        regrets = np.array([run["regrets"] for run in found])
        trials = np.mean([run["trials"] for run in found])
        rows.append([names[kind], *(f"{mean:.3f}" for mean in regrets.mean(0)), f"{trials:.0f}"])
    # Searches of both kinds on the same task with the same seed are compared.
    lead = np.array([run["regrets"] for run in runs[False]]) - np.array(
        [run["regrets"] for run in runs[True]]
    )
    error = lead.std(0, ddof=1) / np.sqrt(len(lead))
    gained = [f"{a:+.3f} ± {b:.3f}" for a, b in zip(lead.mean(0), error, strict=True)]
    return report.page(
        "Expected improvement per second",
        NAME,
        [
            f"{tasks} LCBench tasks, each left out in turn, {seeds} seeds; mean regret by seconds "
            "spent, in means of a training of the task.",
            (__doc__ or "").split("\n\n")[2],
            report.table(
                ["search maximises", *(f"@{budget}" for budget in BUDGETS), "trials"],
                [*rows, ["regret less by (mean, standard error)", *gained, ""]],
            ),
            report.measured_under(load, "torch", "numpy"),
        ],
    )  # fmt: skip


@click.command(help=(__doc__ or "").partition("\n")[0])
@click.option("--seeds", default=1, show_default=True)
@report.workers_option
@report.report_only_option
@report.write_option
def main(seeds: int, workers: int, report_only: bool, write: bool) -> None:
    """Run what is missing, and write the page."""
    lacking = missing("lcbench")
    if lacking:
        raise click.ClickException(lacking)
    load, tasks = os.getloadavg()[0], len(family_tables("lcbench"))
    pairs = [(held, seed) for seed in range(1, seeds + 1) for held in range(tasks)]
    units = {pair: [Run(*pair, kind) for kind in (False, True)] for pair in pairs}
    if not report_only:
        run_and_resume([run for both in units.values() for run in both], workers)
    finished = [both for both in units.values() if all(run.finished for run in both)]
    if not finished:
        raise report.nothing_finished()
    runs = {kind: [both[kind].result() for both in finished] for kind in (False, True)}
    count = len({both[0].held for both in finished})
    report.publish(NAME, write_up(runs, count, seeds, load), write)


if __name__ == "__main__":
    main()
