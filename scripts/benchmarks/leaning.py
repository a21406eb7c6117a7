"""Does a search that leans towards the remedies of its diagnoses find more?

    scripts/fetch_data.sh
    python -m scripts.benchmarks.leaning

The same cold searches, told of their diagnoses and not told of them, trained for real on the
tables that never ship and on some series, three seeds each. Finished trials stay in
.build/advice/ and searches in .build/leaning/, so that a run that was cut off goes on; without
the latter folder the searches are made anew.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
import pandas as pd

from advisor.models import get_family
from knowledge_base.types import Config, ConfigDict, JsonObject
from scripts import BUILD
from scripts.benchmarks import report
from scripts.benchmarks.advice.held import Held, name_of
from scripts.benchmarks.advice.searches import Tuned
from scripts.benchmarks.experiment import Contender, Evaluation, Unit, compete, run_and_resume
from scripts.searches import Search
from scripts.seed.catalogue import ENTRIES, HELD_OUT
from scripts.seed.work import Entry

WORK = BUILD / "leaning"
SERIES = ("AirPassengers", "a10", "lynx", "gas")
SEEDS, TRIALS = 3, 20
AFTER = (5, 10, 15, 20)


class Plain(Contender[Config]):
    """The search that ships, told what trials reached and nothing of their diagnoses."""

    def __init__(self, held: Held) -> None:
        space = get_family(held.entry.family).space()
        self._search = Search(space, "maximize", held.seed)

    def ask(self) -> ConfigDict:
        return self._search.ask()

    def tell(self, point: Config, evaluation: Evaluation) -> None:
        self._search.tell(point, evaluation.value)


ARMS: dict[str, Callable[[Held], Contender[Config]]] = {"leaning": Tuned, "plain": Plain}

INTRODUCTION = """
Cold Bayesian searches of {trials} trials on {n} data sets ({names}),
{seeds} seeds of split, training and search. "leaning" is what ships: candidates that follow the
remedies of the best trials' diagnoses get a bonus on the expected improvement. "plain" is the
same without the bonus.
Regret is (best - reached) / (best - first trial), with the best that either found on that data
set and seed; the first trial, the default, is the same for both. Standard errors over data sets."""


@dataclass(frozen=True)
class ColdSearch(Unit):
    """One arm on one data set with one seed of split, training and search."""

    arm: str
    entry: Entry
    seed: int

    @property
    def path(self) -> Path:
        return WORK / f"{name_of(self.entry, self.seed)}-{self.arm}.json"

    def compute(self) -> JsonObject:
        """Return the best value so far after some trials."""
        held = Held(self.entry, self.seed, {self.entry.label})
        course = compete(lambda: ARMS[self.arm](held), held, TRIALS)
        good = np.maximum.accumulate(course.val).tolist()
        reached = {f"@{count}": good[count - 1] for count in AFTER}
        return {"arm": self.arm, "data": self.entry.label, "seed": self.seed, "first": good[0],
                **reached}  # fmt: skip


def page(runs: pd.DataFrame) -> str:
    """Return the page of these searches, one row each as `ColdSearch` keeps it."""
    columns = [f"@{count}" for count in AFTER]
    last = columns[-1]
    best = runs.groupby(["data", "seed"])[last].transform("max")
    scale = (best - runs["first"]).clip(lower=0)
    useful = runs[scale > 0].copy()
    for column in columns:
        useful[column] = (best - useful[column]) / scale
    by_data = useful.groupby(["arm", "data"])[columns].mean()
    lines = {arm: by_data.loc[arm] for arm in ARMS}
    lines["difference"] = by_data.loc["leaning"] - by_data.loc["plain"]
    rows = [(n, *(report.mean_and_error(v[c]) for c in columns)) for n, v in lines.items()]
    names = sorted(set(useful["data"]))
    said = INTRODUCTION.format(
        trials=TRIALS, n=len(names), names=", ".join(names), seeds=runs["seed"].nunique()
    )
    table = report.table(("", *columns), rows)
    return report.page("Leaning towards remedies", "leaning", [said, table])


@click.command()
@click.option("--seeds", default=SEEDS, help="Seeds per data set.")
@report.report_only_option
@report.workers_option
@report.write_option
def main(seeds: int, report_only: bool, workers: int, write: bool) -> None:
    """Run both arms and write the page."""
    entries = [*HELD_OUT, *(e for e in ENTRIES["series"] if e.name in SERIES)]
    units = [ColdSearch(arm, e, seed) for e in entries for seed in range(seeds) for arm in ARMS]
    if not report_only:
        run_and_resume(units, workers)
    found = [unit.result() for unit in units if unit.finished]
    if not found:
        raise report.nothing_finished()
    report.publish("leaning", page(pd.DataFrame(found)), write)


if __name__ == "__main__":
    main()
