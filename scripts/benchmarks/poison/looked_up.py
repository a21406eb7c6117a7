"""A data set left out of the shipped past, and what advice and a search then reach on it."""

import json
from collections.abc import Sequence
from functools import lru_cache

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
from scripts.benchmarks import report
from scripts.benchmarks.experiment import Unit, run_and_resume
from scripts.benchmarks.similarity import LeftOut
from scripts.pages.generated import shipped
from scripts.searches import Search
from scripts.seed.near_copies import group_of

FAMILY = "mlp"
TRIALS = 10
"""Trials of a search."""

MEANS = ["first", "regret10"]
HEAD = ("first", "difference", "regret after 10", "difference", "high", "weight")
"""What is said of each past, of what `reached` returns."""


def places_of(data_sets: int, first: int = 0) -> list[int]:
    """Return the places of some of the shipped tasks, evenly, from the `first` on."""
    count = len(tasks_of()[1])
    return list(range(first, count, max(count // data_sets, 1))[:data_sets])


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


def left_out(place: int) -> tuple[LeftOut, list[PastTask]]:
    """Return a data set, and the past without it and its near-copies."""
    space, tasks, signs, keys = tasks_of()
    held = tasks[place]
    past = [task for task in tasks if group_of(task.name) != group_of(held.name)]
    return LeftOut(held, space, keys, signs[held.task_id]), past


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


def measured_units(units: Sequence[Unit], workers: int, report_only: bool) -> pd.DataFrame:
    """Run the units that are missing, unless only reported; return the rows of all finished ones.

    Raises:
        ClickException: none is finished.
    """
    if not report_only:
        run_and_resume(units, workers)
    rows = [row for unit in units if unit.finished for row in unit.result()["rows"]]
    if not rows:
        raise report.nothing_finished()
    return pd.DataFrame(rows)


def cells(group: pd.DataFrame, moved: pd.DataFrame | None) -> tuple[str, ...]:
    """Return the cells of one past, under `HEAD`.

    Args:
        group: rows as `reached` returns them.
        moved: `MEANS` less those of the past it is compared with, by data set; None for that one.
    """
    first, regret = ("" if moved is None else report.mean_and_error(moved[n]) for n in MEANS)
    return (f"{group['first'].mean():.3f}", first, f"{group['regret10'].mean():.3f}", regret,
            f"{(group['confidence'] == 'high').mean():.0%}",
            f"{group['weight'].mean():.0%}")  # fmt: skip


def _config(key: str) -> ConfigDict:
    found: ConfigDict = json.loads(key)
    return found


def _value(task: LeftOut, config: ConfigDict) -> float | None:
    value = task.evaluate(config).value
    return float(value) if value is not None and np.isfinite(value) else None
