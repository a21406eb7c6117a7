"""What do lies in the knowledge base cost? Shipped data sets, each left out in turn.

    python -m scripts.benchmarks.poison

Nothing is trained: what a configuration reaches on the left-out data set is looked up in its own
trials, which are all that is recommended and searched. What ships is learned once for each data
set, and lies are learned on top of it, as the product does. What is finished stays in
.build/poison/, so that a run that was cut off goes on; without that folder it is made anew.
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
from scripts.benchmarks.poison.lies import COPIES, JITTER, KINDS, Lie
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

WORK = BUILD / "poison"
NAMES = (1, 10)
NUMBERS = (5, 200)
DATA_SETS, SEEDS = 6, 3


@dataclass(frozen=True)
class LeaveOut(Unit):
    """One data set left out, with one seed."""

    place: int
    seed: int
    numbers: tuple[int, ...] = NUMBERS

    @property
    def path(self) -> Path:
        """Where what came of it is kept."""
        numbers = "-".join(map(str, self.numbers))
        return WORK / f"{self.place}-{self.seed}-{numbers}.json"

    def compute(self) -> JsonObject:
        """Return what the advice and a search reach, clean and with lies."""
        lies = [Lie(*each, self.seed) for each in product(KINDS, NAMES, self.numbers)]
        return {"rows": list(measured(self.place, lies, self.seed))}


@lru_cache(maxsize=DATA_SETS)
def learned(place: int) -> tuple[LeftOut, list[PastTask], Experience]:
    """Return a data set, the past without it, and what that teaches."""
    task, past = left_out(place)
    return task, past, Experience.learn(past, task.space)


def measured(place: int, lies: Sequence[Lie], seed: int) -> Iterator[JsonObject]:
    """Yield what the advice and a search reach on a left-out data set, clean and with lies."""
    task, past, clean = learned(place)
    about = {"data": task.held.name, "seed": seed, "lie": "", "names": 0, "number": 0}
    yield {**about, "how": "clean", **reached(task, clean, seed)}
    for lie in lies:
        said = {**about, "lie": lie.kind, "names": lie.names, "number": lie.number}
        known = Experience.learn(lie.told(task, past), task.space, clean)
        yield {**said, "how": "poisoned", **reached(task, known, seed)}
        if lie.names == 1 and lie.number == max(NUMBERS):  # Names make no difference unguarded.
            yield {**said, "how": "unguarded", **reached(task, _unguarded(known), seed)}


def _unguarded(known: Experience) -> Experience:
    """Return the same, all of it trusted; what is shared by all tasks was learned without lies."""
    tasks = [replace(task, trusted=True) for task in known.tasks]
    return Experience(tasks, known.models, known.trust, known.keys, known.scores, known.default,
                      known.agreement, known.calibration)  # fmt: skip


INTRODUCTION = """
{n} shipped data sets ({names}), family `{family}`, each left out with its near-copies, {seeds}
seeds (of the lies and the search). Lies are contributed with the metafeatures of the very data set,
by one name or by ten. "One bad is best": a bad configuration of the data set reached .999, and the
rest is true; "many bad": twenty did; "negated": all scores are; "own data": said of the very data
set; "jittered": each metafeature moved by noise of {jitter} of its spread; "copies first": {copies}
copies of shipped trials, under other data sets, come before the lies.
"First" is the share of random configurations that the first recommendation beats, "regret" that of
a search after ten trials, (best - reached) / (best - median), "high" how often the first
recommendation was called that, "weight" the part of all weight that others' tasks have. Means over
data sets and seeds, and the difference to the clean past with its standard error over data sets.
Unguarded: the same lies, weighed as if they shipped."""

HONEST = "What the same guard costs where others are honest: [honest.md](honest.md)."


def page(frame: pd.DataFrame) -> str:
    """Return the page of rows as `measured` yields them."""
    data = sorted(set(frame["data"]))
    said = INTRODUCTION.format(n=len(data), names=", ".join(data), seeds=frame["seed"].nunique(),
                               family=FAMILY, jitter=JITTER, copies=COPIES)  # fmt: skip
    head = ("past", "lies", "names", "tasks", *HEAD)
    return report.page("What lies cost", "poison", [said, report.table(head, _rows(frame)), HONEST])


def _rows(frame: pd.DataFrame) -> list[tuple[object, ...]]:
    keys = ["lie", "names", "number", "how"]
    per_data = frame.groupby([*keys, "data"], sort=False)[MEANS].mean()
    plain = frame[frame["how"] == "clean"].groupby("data")[MEANS].mean()
    rows = []
    for (lie, names, number, how), group in frame.groupby(keys, sort=False):
        moved = None if how == "clean" else per_data.loc[(lie, names, number, how)] - plain
        rows.append((how, lie, names or "", number or "", *cells(group, moved)))
    return rows


@click.command(help=(__doc__ or "").partition("\n")[0])
@click.option("--data-sets", default=DATA_SETS, help="Data sets to leave out.")
@click.option("--seeds", default=SEEDS, help="Seeds per data set.")
@click.option("--number", "numbers", multiple=True, type=int, default=NUMBERS,
              help="Lying tasks; may be repeated.")  # fmt: skip
@click.option("--workers", default=0, help="Processes of one thread each; 0 for this one.")
@report.report_only_option
@report.write_option
def main(
    data_sets: int, seeds: int, numbers: tuple[int, ...], workers: int, report_only: bool,
    write: bool,
) -> None:  # fmt: skip
    """Run what is missing, and write the page."""
    # Seeds in turn, so that a run that is cut off has seen all data sets.
    units = [
        LeaveOut(place, seed, numbers)
        for seed, place in product(range(seeds), places_of(data_sets))
    ]
    report.publish("poison", page(measured_units(units, workers, report_only)), write)


if __name__ == "__main__":
    main()
