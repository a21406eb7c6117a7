"""What does the guard against lies cost where others are honest?

    python -m scripts.benchmarks.honest

Half of the past ships, and five others contribute the other half, as it is. As for lies, nothing is
trained. What is finished stays in .build/poison/.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product
from pathlib import Path

import click
import pandas as pd

from advisor.meta import Experience
from advisor.meta.past_task import PastTask
from knowledge_base.types import JsonObject
from scripts import BUILD
from scripts.benchmarks import report
from scripts.benchmarks.experiment import Unit
from scripts.benchmarks.poison.looked_up import (
    FAMILY,
    HEAD,
    MEANS,
    cells,
    left_out,
    measured_units,
    places_of,
    reached,
)
from scripts.benchmarks.similarity import LeftOut

DATA_SETS, SEEDS, NAMES = 33, 2, 5
HALF, SHARED, ALL = "half ships", "half ships, half is others'", "all ships"


@dataclass(frozen=True)
class HonestHalf(Unit):
    """One data set left out, with one seed."""

    place: int
    seed: int

    @property
    def path(self) -> Path:
        """Where what came of it is kept."""
        return BUILD / "poison" / f"honest-{self.place}-{self.seed}.json"

    def compute(self) -> JsonObject:
        """Return what the advice and a search reach with each past."""
        return {"rows": list(_measured(self.place, self.seed))}


def honest(past: Sequence[PastTask], names: int = NAMES) -> list[PastTask]:
    """Return every second past task as if others had contributed it, and the rest as it is."""
    return [
        replace(task, trusted=False, contributors=(f"honest {place // 2 % names}",))
        if place % 2
        else task
        for place, task in enumerate(past)
    ]


@lru_cache(maxsize=1)
def _learned(place: int) -> tuple[LeftOut, dict[str, Experience]]:
    """Return a data set, and what each past teaches."""
    task, past = left_out(place)
    shared = honest(past)
    half = Experience.learn([one for one in shared if one.trusted], task.space)
    others = [one for one in shared if not one.trusted]
    return task, {
        HALF: half,
        SHARED: Experience.learn(others, task.space, half),
        ALL: Experience.learn(past, task.space),
    }


def _measured(place: int, seed: int) -> Iterator[JsonObject]:
    task, pasts = _learned(place)
    for how, known in pasts.items():
        yield {"data": task.held.name, "seed": seed, "how": how, **reached(task, known, seed)}


INTRODUCTION = """
{n} shipped data sets, family `{family}`, each left out with its near-copies, {seeds} seeds of the
search. Half of the past ships; the other half {names} others contributed, as it is. Then they
ought to lose nothing against the half that ships, and little against all of it, shipped: that
would be no guard at all.
"First" is the share of random configurations that the first recommendation beats, "regret" that of
a search after ten trials, (best - reached) / (best - median), "high" how often the first
recommendation was called that, "weight" the part of all weight that others' tasks have. Means over
data sets and seeds, and the difference to the half with its standard error over data sets."""


def page(frame: pd.DataFrame) -> str:
    """Return the page of rows as `_measured` yields them."""
    said = INTRODUCTION.format(n=frame["data"].nunique(), seeds=frame["seed"].nunique(),
                               family=FAMILY, names=NAMES)  # fmt: skip
    of_data = frame.groupby(["how", "data"])[MEANS].mean()
    rows = [
        (how, *cells(group, None if how == HALF else of_data.loc[how] - of_data.loc[HALF]))
        for how, group in frame.groupby("how", sort=False)
    ]
    parts = [said, report.table(("past", *HEAD), rows)]
    return report.page("What the guard costs the honest", "honest", parts)


@click.command(help=(__doc__ or "").partition("\n")[0])
@click.option("--data-sets", default=DATA_SETS, help="Data sets to leave out.")
@click.option("--seeds", default=SEEDS, help="Seeds per data set.")
@click.option("--workers", default=0, help="Processes of one thread each; 0 for this one.")
@report.report_only_option
@report.write_option
def main(data_sets: int, seeds: int, workers: int, report_only: bool, write: bool) -> None:
    """Run what is missing, and write the page."""
    places = places_of(data_sets, first=1)  # Hardly one of those that lies are told about.
    units = [HonestHalf(place, seed) for place, seed in product(places, range(seeds))]
    report.publish("honest", page(measured_units(units, workers, report_only)), write)


if __name__ == "__main__":
    main()
