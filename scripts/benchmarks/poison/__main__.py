"""What do lies in the knowledge base cost? Shipped data sets, each left out in turn.

    python -m scripts.benchmarks.poison

Nothing is trained: what a configuration reaches on the left-out data set is looked up in its own
trials, which are all that is recommended and searched. What ships is learned once for each data
set, and lies are learned on top of it, as the product does. What is finished stays in
.build/poison/, so that a run that was cut off goes on; without that folder it is made anew.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product
from pathlib import Path

import click
import numpy as np
import pandas as pd

from advisor.encoding import Encoder
from advisor.meta import Experience, PortfolioLearner, Query
from advisor.meta.past_task import PastTask
from advisor.meta.reading import read_past
from advisor.meta.translation import added_since, translate, upgraded
from advisor.models import get_family
from knowledge_base.identity import canonical_json
from knowledge_base.space import SpaceDefinition
from knowledge_base.types import ConfigDict, JsonObject
from scripts import BUILD
from scripts.benchmarks import report
from scripts.benchmarks.experiment import Unit, run_and_resume
from scripts.benchmarks.poison.lies import COPIES, JITTER, KINDS, Lie, honest
from scripts.benchmarks.similarity import LeftOut
from scripts.pages.generated import shipped
from scripts.searches import Search
from scripts.seed.near_copies import group_of

WORK = BUILD / "poison"
FAMILY = "mlp"
NAMES = (1, 10)
NUMBERS = (5, 200)
TRIALS = 10
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


@lru_cache(maxsize=1)
def tasks_of() -> tuple[SpaceDefinition, list[PastTask], dict[str, float], list[str]]:
    """Return the space, all shipped tasks of the family, signs and texts of configurations."""
    kb, space = shipped(), get_family(FAMILY).space()
    tasks = read_past(kb, space, FAMILY)
    about = kb.tasks().set_index("task_id")["direction"]
    signs = {name: 1.0 if way == "maximize" else -1.0 for name, way in about.items()}
    outcomes = upgraded(kb.outcomes(FAMILY), added_since(kb.spaces(), space))
    (translated,) = translate([outcomes["config"].unique().tolist()], space)
    assert translated is not None
    keys = [canonical_json(config) for config in translated.legal]
    return space, tasks, signs, keys


@lru_cache(maxsize=DATA_SETS)
def left_out(place: int) -> tuple[LeftOut, list[PastTask], Experience, Experience, Experience]:
    """Return a data set, the past without it, and what that, half of it, and it as honest others'
    half teaches."""
    space, tasks, signs, keys = tasks_of()
    held = tasks[place]
    past = [task for task in tasks if group_of(task.name) != group_of(held.name)]
    task = LeftOut(held, space, keys, signs[held.task_id])
    shared = honest(past)
    half = Experience.learn([one for one in shared if one.trusted], space)
    together = Experience.learn([one for one in shared if not one.trusted], space, half)
    return task, past, Experience.learn(past, space), half, together


def measured(place: int, lies: Sequence[Lie], seed: int) -> Iterator[JsonObject]:
    """Yield what the advice and a search reach on a left-out data set, clean and with lies."""
    task, past, clean, half, together = left_out(place)
    about = {"data": task.held.name, "seed": seed, "lie": "", "names": 0, "number": 0}
    for how, known in (("clean", clean), ("half", half), ("half and honest others", together)):
        yield {**about, "how": how, **reached(task, known, seed)}
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


def reached(task: LeftOut, experience: Experience, seed: int) -> JsonObject:
    """Return what comes of the first recommendation, and of a search of ten trials.

    Only what was tried on the data set can be looked up, so only that is recommended.
    """
    pool: list[ConfigDict] = [_config(key) for key in task.good]
    among = experience.asked_for(pool, Encoder(task.space))
    learner = PortfolioLearner(among, task.space)
    query = Query(metafeatures=task.held.metafeatures, dataset_id=task.held.dataset_id,
                  target=task.held.target)  # fmt: skip
    told = learner.recommend(query, 2)
    first = canonical_json(told[0].config)
    search = Search(task.space, "maximize", seed, learner.prior(query), pool)
    tried = [dict(item.config) for item in told]
    for config in tried:
        search.tell(config, _value(task, config))
    while len(tried) < TRIALS:
        config = search.ask()
        search.tell(config, _value(task, config))
        tried.append(config)
    regret = task.regret(tried)
    weights, _ = learner._weights(among, query)
    return {
        "first": task.shares[first], "confidence": told[0].confidence,
        "weight": float(weights[~among.standing.trusted].sum()),
        "regret1": float(regret[0]), "regret10": float(regret[-1]),
    }  # fmt: skip


def _config(key: str) -> ConfigDict:
    found: ConfigDict = json.loads(key)
    return found


def _value(task: LeftOut, config: ConfigDict) -> float | None:
    value = task.evaluate(config).value
    return float(value) if value is not None and np.isfinite(value) else None


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

HONEST = """
Half of the past ships, the other half others found, five names, honestly. The difference is to the
half alone. If all of it shipped, it would be the clean past above: that is what the guard costs."""


def page(frame: pd.DataFrame) -> str:
    """Return the page of rows as `measured` yields them."""
    data = sorted(set(frame["data"]))
    said = INTRODUCTION.format(n=len(data), names=", ".join(data), seeds=frame["seed"].nunique(),
                               family=FAMILY, jitter=JITTER, copies=COPIES)  # fmt: skip
    head = ("past", "lies", "names", "tasks", "first", "difference", "regret after 10",
            "difference", "high", "weight")  # fmt: skip
    of_honest = frame["how"].str.startswith("half")
    lying = report.table(head, _rows(frame[~of_honest], "clean"))
    fair = report.table(head, _rows(frame[of_honest], "half"))
    return report.page("What lies cost", "poison", [said, lying, "## Honest others", HONEST, fair])


def _rows(frame: pd.DataFrame, base: str) -> list[tuple[object, ...]]:
    keys, means = ["lie", "names", "number", "how"], ["first", "regret10"]
    per_data = frame.groupby([*keys, "data"], sort=False)[means].mean()
    plain = frame[frame["how"] == base].groupby("data")[means].mean()
    rows = []
    for (lie, names, number, how), group in frame.groupby(keys, sort=False):
        moved = per_data.loc[(lie, names, number, how)] - plain
        first, regret = (
            "" if how == base else report.mean_and_error(moved[name]) for name in means
        )
        high = (group["confidence"] == "high").mean()
        rows.append((how, lie, names or "", number or "", f"{group['first'].mean():.3f}", first,
                     f"{group['regret10'].mean():.3f}", regret, f"{high:.0%}",
                     f"{group['weight'].mean():.0%}"))  # fmt: skip
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
    count = len(tasks_of()[1])
    places = range(0, count, max(count // data_sets, 1))[:data_sets]
    # Seeds in turn, so that a run that is cut off has seen all data sets.
    units = [LeaveOut(place, seed, numbers) for seed, place in product(range(seeds), places)]
    if not report_only:
        run_and_resume(units, workers)
    rows = [row for unit in units if unit.finished for row in unit.result()["rows"]]
    if not rows:
        raise report.nothing_finished()
    report.publish("poison", page(pd.DataFrame(rows)), write)


if __name__ == "__main__":
    main()
