"""Seconds until a search has what Optuna's TPE has after 60 trials, in real trainings.

    scripts/fetch_data.sh
    python -m pip install optuna
    python -m scripts.benchmarks.clock

The data sets are those that `scripts.benchmarks.advice` searches: each is left out of the store
with its near-copies. All contenders train the same family on the same split with the same seed, one
after another, and have as many seconds as TPE took for its trials. A value counts once the epoch
that reached it has ended, for everybody. Seconds are of the processor, in one thread, from the data
in memory and everything imported, with all that a search does besides training. What is done once
for a machine or a store is done: the meta-learner's experience is in its cache, as after any
recommendation. What is finished stays in .build/clock/, and with the page in
docs/benchmarks/results/clock/, from where another machine goes on.
"""

import os
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

import click
import numpy as np
import pandas as pd

from knowledge_base.durable import write_text
from knowledge_base.records import EpochRecord
from knowledge_base.states import Direction
from knowledge_base.types import ConfigDict, JsonObject
from scripts import BUILD
from scripts.benchmarks import report
from scripts.benchmarks.advice.__main__ import entries
from scripts.benchmarks.advice.held import held_out, name_of
from scripts.benchmarks.experiment import Unit, run_and_resume
from scripts.optuna_space import suggested
from scripts.seed.past_without import shipped_mark
from scripts.seed.work import Entry

WORK = BUILD / "clock"
RESULTS = report.FOLDER / "results" / "clock"
"""What earlier machines found; a search that is there is not made again."""

REFERENCE, PRUNED = "tpe", "tpe-hyperband"
OURS: dict[str, bool] = {"ours": False, "ours-stopping": True}
CONTENDERS = (REFERENCE, PRUNED, *OURS)
TITLES = {
    REFERENCE: "Optuna TPE, 60 trials",
    PRUNED: "Optuna TPE with HyperbandPruner",
    "ours": "ours, every trial to its end",
    "ours-stopping": "ours, `--stopping`",
}
NAME = "clock"
AIM = 0.2
TRIALS = 60
ENOUGH = 1000
SEEDS = 3


class Reached(BaseException):
    """Raised out of a training when there is nothing left to find out."""


@dataclass
class Trace:
    """When a search reached what.

    Attributes:
        sign: 1 where larger is better, else -1.
        target: what ends it; None lets it go on.
        limit: seconds that end it.
        steps: seconds and value of every improvement.
    """

    sign: float
    target: float | None = None
    limit: float = float("inf")
    steps: list[tuple[float, float]] = field(default_factory=list)
    began: float = field(default_factory=time.process_time)

    @property
    def seconds(self) -> float:
        """Seconds so far."""
        return time.process_time() - self.began

    def note(self, value: float | None) -> None:
        """Take note of an epoch that ended.

        Raises:
            Reached: that was the target, or the time is over.
        """
        good = self.sign * value if value is not None and np.isfinite(value) else -np.inf
        if good > (self.sign * self.steps[-1][1] if self.steps else -np.inf):
            self.steps.append((self.seconds, float(self.sign * good)))
        if self.target is not None and good >= self.sign * self.target:
            raise Reached
        if self.seconds > self.limit:
            raise Reached


@dataclass(frozen=True)
class TimedSearch(Unit):
    """One contender on one held-out data set with one seed of split, training and search."""

    entry: Entry
    seed: int
    contender: str

    @property
    def path(self) -> Path:
        mark = shipped_mark() if self.contender in OURS else "alone"
        place = Path(mark) / f"{name_of(self.entry, self.seed)}-{self.contender}.json"
        return RESULTS / place if (RESULTS / place).exists() else WORK / place

    @property
    def sign(self) -> float:
        """1 where larger is better, else -1."""
        metric = held_out(self.entry, self.seed).metric
        return 1.0 if metric.direction == Direction.MAXIMIZE else -1.0

    def compute(self) -> JsonObject:
        """Search; return the `steps` of its trace, its `seconds`, and how many `trials` began."""
        from scripts.benchmarks.takeaway.ours import imported, limit_by_processor

        os.environ["XDG_CACHE_HOME"] = str(WORK / "cache" / name_of(self.entry, self.seed))
        imported()
        limit_by_processor()
        sign = self.sign
        if self.contender == REFERENCE:
            trace, trials = self._tpe(Trace(sign), TRIALS)
            return {"steps": trace.steps, "seconds": trace.seconds, "trials": trials}
        first = TimedSearch(self.entry, self.seed, REFERENCE).result()
        found = Trace(sign, first["steps"][-1][1], first["seconds"])
        if self.contender == PRUNED:
            trace, trials = self._tpe(found, ENOUGH)
        else:
            trace, trials = self._ours(found, OURS[self.contender])
        return {"steps": trace.steps, "seconds": trace.seconds, "trials": trials}

    def _tpe(self, trace: Trace, trials: int) -> tuple[Trace, int]:
        import optuna

        from advisor.data import prepare
        from advisor.models import get_family
        from advisor.training.objective import FamilyObjective
        from advisor.training.report import StopTrial, as_report

        held = held_out(self.entry, self.seed)
        family = get_family(self.entry.family)
        objective = FamilyObjective(
            family, prepare(held.dataset, self.seed), held.metric.name, self.seed
        )
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        pruner: optuna.pruners.BasePruner = optuna.pruners.NopPruner()
        if self.contender == PRUNED:
            longest = family.space().hyperparameters["epochs"].high
            assert longest is not None
            pruner = optuna.pruners.HyperbandPruner(min_resource=1, max_resource=int(longest))
        trace.began = time.process_time()
        study = optuna.create_study(
            direction="maximize", pruner=pruner,
            sampler=optuna.samplers.TPESampler(seed=self.seed),
        )  # fmt: skip

        def evaluate(trial: optuna.Trial) -> float:
            config: ConfigDict = suggested(trial, family.space())

            def told(epoch: EpochRecord) -> None:
                trace.note(epoch.val_metric)
                if epoch.val_metric is not None and np.isfinite(epoch.val_metric):
                    trial.report(trace.sign * epoch.val_metric, epoch.epoch)
                if trial.should_prune():
                    raise StopTrial("pruned")

            outcome = objective.evaluate(config, as_report(told))
            if outcome.state == "stopped":
                raise optuna.TrialPruned
            if outcome.state != "complete" or outcome.value is None:
                raise RuntimeError(outcome.error)
            return trace.sign * outcome.value

        with suppress(Reached):
            study.optimize(evaluate, n_trials=trials, catch=Exception)
        return trace, len(study.trials)

    def _ours(self, trace: Trace, stopping: bool) -> tuple[Trace, int]:
        from advisor import Advisor
        from advisor.models import get_family
        from advisor.tuning.batches import Watch

        held = held_out(self.entry, self.seed)
        advisor = Advisor(held.past, family=get_family(self.entry.family))
        advisor.recommend(held.dataset)
        plain = Watch.__call__

        def told(watch: Watch, epoch: EpochRecord) -> None:
            trace.note(epoch.val_metric)
            plain(watch, epoch)

        with tempfile.TemporaryDirectory() as root:
            trace.began = time.process_time()
            search = None
            with suppress(Reached), patch.object(Watch, "__call__", told):
                search = advisor.search(
                    held.dataset, seed=self.seed, root=Path(root), contribute=False, folds=1,
                    final="folds", trials=ENOUGH, timeout=trace.limit, stopping=stopping,
                )  # fmt: skip
                search.run(trace.limit - trace.seconds)
            trials = 0 if search is None else len(search.tuner.trials)
        return trace, trials


def _table(found: pd.DataFrame) -> str:
    rows = []
    for contender in CONTENDERS:
        mine = found[found["contender"] == contender]
        if mine.empty:
            continue
        by_data = np.log(mine["share"]).groupby(mine["data"]).mean()
        rows.append([
            TITLES[contender], str(mine["data"].nunique()), str(len(mine)),
            f"{mine['share'].median():.2f}", f"{np.exp(by_data.mean()):.2f}",
            f"{mine['reached'].mean():.0%}", f"{(mine['share'] <= AIM).mean():.0%}",
        ])  # fmt: skip
    names = ["", "data sets", "searches", "median", "geometric mean", "reached", f"at most {AIM}"]
    return report.table(names, rows)


def page(found: pd.DataFrame, seeds: int) -> str:
    """Return the page.

    Args:
        found: one row per search: data, seed, contender, share, reached.
        seeds: how many.
    """
    each = found.pivot_table(
        index="data", columns="contender", values="share", aggfunc="median", sort=False
    )
    each = each[[name for name in CONTENDERS if name in each]]
    rows = [
        [str(label), *("" if np.isnan(v) else f"{v:.2f}" for v in values)]
        for label, values in zip(each.index, each.to_numpy(), strict=True)
    ]
    about = f"""{found["data"].nunique()} real data sets, {seeds} seed(s) of split, training and
search, real training. Seconds until a validation metric at least as good as the best of TPE's
{TRIALS} trials was reached, divided by the seconds of all these trials; who did not reach it in
that time counts as 1. TPE's own row says when it had its best. One split, one thread, seconds of
the processor; all that a search does besides training is counted, what is done once for a machine
or a store is not."""
    parts = [
        about, report.measured_on("torch", "optuna"), _table(found),
        "## Each data set", "Medians over seeds.", report.table(["", *each.columns], rows),
    ]  # fmt: skip
    return report.page("Seconds to what TPE reaches with 60 trials", NAME, parts)


def _rows(units: list[TimedSearch]) -> list[JsonObject]:
    rows = []
    for unit in units:
        first = TimedSearch(unit.entry, unit.seed, REFERENCE)
        if not unit.finished or not first.finished:
            continue
        known, mine = first.result(), unit.result()
        sign, target = unit.sign, known["steps"][-1][1]
        reached = next((s for s, v in mine["steps"] if sign * v >= sign * target), None)
        rows.append({
            "data": unit.entry.label, "seed": unit.seed, "contender": unit.contender,
            "reached": reached is not None,
            "share": 1.0 if reached is None else reached / known["seconds"],
        })  # fmt: skip
    return rows


def _keep(units: list[TimedSearch]) -> None:
    """Copy what the page is of to where the page is."""
    for unit in units:
        if unit.path.is_relative_to(WORK):
            kept = RESULTS / unit.path.relative_to(WORK)
            kept.parent.mkdir(parents=True, exist_ok=True)
            write_text(kept, unit.path.read_text(encoding="utf-8"))


@click.command()
@click.option("--seeds", default=SEEDS, help="Seeds of split, training and search.")
@click.option("--only", multiple=True, help="Names of data sets; default all.")
@click.option("--contender", "only_contenders", multiple=True, type=click.Choice(CONTENDERS))
@report.report_only_option
@report.workers_option
@report.write_option
def main(
    seeds: int,
    only: tuple[str, ...],
    only_contenders: tuple[str, ...],
    report_only: bool,
    workers: int,
    write: bool,
) -> None:
    """Run what is missing, then write the page."""
    chosen = [e for e in entries() if not only or e.name in only]
    names = [c for c in CONTENDERS if not only_contenders or c in only_contenders]
    units = [TimedSearch(e, s, c) for s in range(seeds) for e in chosen for c in names]
    if not report_only:
        firsts = [TimedSearch(e, s, REFERENCE) for s in range(seeds) for e in chosen]
        run_and_resume(firsts, workers)
        run_and_resume(units, workers)
    rows = _rows(units)
    if not rows:
        raise report.nothing_finished()
    whole = write and not only and not only_contenders
    if whole:
        _keep([unit for unit in units if unit.finished])
    report.publish(NAME, page(pd.DataFrame(rows), seeds), whole)


if __name__ == "__main__":
    main()
