"""What do lies in the knowledge base cost? Shipped data sets, each left out in turn.

    python -m scripts.benchmarks.poison

Nothing is trained: what a configuration reaches on the left-out data set is looked up in its own
trials, which are all that is recommended and searched. Others contribute lying tasks with the
metafeatures of the very data set: a bad configuration is best and the rest is true ("bad"), all
scores are negated ("negated"), or they are so and about the very data set ("own data").
"""

import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product

import click
import numpy as np
import pandas as pd

from advisor.encoding import Encoder
from advisor.meta import Experience, PortfolioLearner, Query
from advisor.meta.past_task import PastTask, mark
from advisor.meta.reading import BEST_KEPT, read_past
from advisor.meta.scores import normal_scores
from advisor.meta.translation import added_since, translate, upgraded
from advisor.models import get_family
from knowledge_base.identity import canonical_json
from knowledge_base.space import SpaceDefinition
from knowledge_base.types import ConfigDict, JsonObject
from scripts.benchmarks import report
from scripts.benchmarks.similarity import LeftOut
from scripts.pages.generated import shipped
from scripts.searches import Search
from scripts.seed.near_copies import group_of

FAMILY = "mlp"
LIES = ("bad", "negated", "own data")
NAMES = (1, 10)
NUMBERS = (5, 200)
TRIALS = 10
LIE_TRIALS = 60
"""Trials of a lying task."""

DATA_SETS, SEEDS = 6, 3
COLUMNS = ("clean", "poisoned", "poisoned without trust")


@dataclass(frozen=True)
class Lie:
    """What is contributed.

    Attributes:
        kind: one of `LIES`.
        names: how many contributors say it.
        number: of lying tasks.
        seed: of the true tasks that the lies are made of.
    """

    kind: str
    names: int
    number: int
    seed: int

    def told(self, task: LeftOut, past: Sequence[PastTask], trusted: bool) -> list[PastTask]:
        """Return the lying tasks about a left-out data set."""
        rng = np.random.default_rng(self.seed)
        worst = worst_of(task)
        return [
            self._one(task.held, past[int(rng.integers(len(past)))], worst, place, rng, trusted)
            for place in range(self.number)
        ]

    def _one(
        self,
        held: PastTask,
        base: PastTask,
        worst: tuple[np.ndarray, int, str],
        place: int,
        rng: np.random.Generator,
        trusted: bool,
    ) -> PastTask:
        rows = np.sort(rng.permutation(len(base.shares))[:LIE_TRIALS])
        shares, best = base.shares[rows], list(base.best)
        if self.kind != "bad":
            shares, best = 1.0 - shares, []
        if self.kind != "negated":
            best.insert(0, worst[2])
        shares = np.append(shares, 0.999 if self.kind != "negated" else 0.5)
        own = self.kind == "own data"
        return replace(
            base,
            task_id=hashlib.sha256(f"{self.kind}{place}{self.seed}".encode()).hexdigest()[:32],
            name=f"lie {place}",
            dataset_id=held.dataset_id if own else f"lie-{place}",
            target=held.target,
            metafeatures=held.metafeatures,
            best=tuple(best[:BEST_KEPT]),
            inputs=np.vstack([base.inputs[rows], worst[0]]),
            scores=normal_scores(shares),
            marks=np.append(base.marks[rows], np.uint64(worst[1])),
            shares=shares,
            values=np.append(base.values[rows], np.nan),
            durations=np.append(base.durations[rows], np.nan),
            failures=np.zeros(len(rows) + 1, dtype=np.uint8),
            n_trials=len(rows) + 1,
            referenced=True,
            contributors=(f"mallory {place % self.names}",),
            trusted=trusted,
        )


def worst_of(task: LeftOut) -> tuple[np.ndarray, int, str]:
    """Return a bad configuration of a data set: its point, its mark and its text."""
    bad = sorted(task.shares, key=lambda key: task.shares[key])
    key = bad[len(bad) // 20]
    row = int(np.flatnonzero(task.held.marks == mark(key))[0])
    return task.held.inputs[row], int(task.held.marks[row]), key


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


def measured(
    held: PastTask, lies: Sequence[Lie], seed: int, kinds: Sequence[str] = COLUMNS
) -> list[JsonObject]:
    """Return what the advice and a search reach on a left-out data set, clean and with lies."""
    space, tasks, signs, keys = tasks_of()
    own = group_of(held.name)
    past = [task for task in tasks if group_of(task.name) != own]
    task = LeftOut(held, space, keys, signs[held.task_id])
    clean = Experience.learn(past, space)
    found = [{"lie": "", "names": 0, "number": 0, "how": "clean", **reached(task, clean, seed)}]
    for lie in lies:
        for how in kinds[1:]:
            if how == "poisoned without trust" and lie.names > 1:
                continue  # Names make no difference then.
            told = lie.told(task, past, how == "poisoned without trust")
            known = Experience.learn(told, space, clean)
            found.append({"lie": lie.kind, "names": lie.names, "number": lie.number, "how": how,
                          **reached(task, known, seed)})  # fmt: skip
    return [{"data": held.name, "seed": seed, **row} for row in found]


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
    return {
        "first": task.shares[first], "confidence": told[0].confidence,
        "regret1": float(regret[0]), "regret10": float(regret[-1]),
    }  # fmt: skip


def _config(key: str) -> ConfigDict:
    found: ConfigDict = json.loads(key)
    return found


def _value(task: LeftOut, config: ConfigDict) -> float | None:
    value = task.evaluate(config).value
    return float(value) if np.isfinite(value) else None


INTRODUCTION = """
{n} shipped data sets ({names}), family `{family}`, each left out with its near-copies, {seeds}
seeds. Lies are contributed with the metafeatures of the very data set, by one name or by ten.
"First" is the share of random configurations that the first recommendation beats, "regret" that of
a search after ten trials, (best - reached) / (best - median), "high" how often the first
recommendation was called that. Means over data sets and seeds."""


def page(frame: pd.DataFrame) -> str:
    """Return the page of rows as `measured` returns them."""
    rows = []
    for (lie, names, number, how), group in frame.groupby(
        ["lie", "names", "number", "how"], sort=False
    ):
        high = (group["confidence"] == "high").mean()
        rows.append((how, lie, names or "", number or "", f"{group['first'].mean():.3f}",
                     f"{group['regret10'].mean():.3f}", f"{high:.0%}"))  # fmt: skip
    head = ("past", "lies", "names", "tasks", "first", "regret after 10", "high")
    data = sorted(set(frame["data"]))
    said = INTRODUCTION.format(
        n=len(data), names=", ".join(data), seeds=frame["seed"].nunique(), family=FAMILY
    )
    return report.page("What lies cost", "poison", [said, report.table(head, rows)])


@click.command()
@click.option("--data-sets", default=DATA_SETS, help="Data sets to leave out.")
@click.option("--seeds", default=SEEDS, help="Seeds per data set.")
@click.option("--number", "numbers", multiple=True, type=int, default=NUMBERS,
              help="Lying tasks; may be repeated.")  # fmt: skip
@report.write_option
def main(data_sets: int, seeds: int, numbers: Sequence[int], write: bool) -> None:
    """Measure, then write the page."""
    _, tasks, _, _ = tasks_of()
    found: list[JsonObject] = []
    units = list(product(tasks[:: max(len(tasks) // data_sets, 1)][:data_sets], range(seeds)))
    with click.progressbar(units, label="Left out", file=sys.stderr) as bar:
        for held, seed in bar:
            lies = [Lie(*each, seed) for each in product(LIES, NAMES, numbers)]
            found += measured(held, lies, seed)
    report.publish("poison", page(pd.DataFrame(found)), write)


if __name__ == "__main__":
    main()
