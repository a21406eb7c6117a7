"""Does a search that knows the noise of folds find better configurations?

    python -m scripts.benchmarks.known_noise

Trials are looked up: in shipped tables, each left out of the past, and in smooth functions. What is
true of a configuration is known; its folds are that, plus a difficulty that all share, plus luck.
What was finished stays in .build/known_noise/, so that a run that was cut off goes on.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from statistics import fmean
from typing import ClassVar

import click
import numpy as np
import pandas as pd

from advisor.encoding import Encoder, sample
from advisor.meta.experience import Experience
from advisor.meta.reading import read_past
from advisor.models import get_family
from advisor.strategies import Observation
from advisor.strategies.bayesian import BayesianSearch
from advisor.strategies.noise import known_noise
from advisor.strategies.targets import TargetScale, robust_targets, target_noise
from advisor.surrogates import Posterior, Prior, TransferGP, mean_of, possible_lengthscales
from advisor.training.race import FOLDS, Race
from knowledge_base.identity import canonical_json
from knowledge_base.space import SpaceDefinition
from knowledge_base.types import ConfigDict, JsonObject
from scripts import BUILD
from scripts.benchmarks import report
from scripts.benchmarks.experiment import Unit, run_and_resume
from scripts.pages.generated import shipped

WORK = BUILD / "known_noise"
PLACES, LEVELS, BUDGETS, TRIALS = 40, (0.2, 0.4, 0.8), (40, 80), (12, 30)
KINDS = ("smooth", "tables")
NUGGET = 0.05
"""Standard deviation that is added to every prediction: densities of the truth stay finite."""

SMOOTH = SpaceDefinition.from_dict(
    {
        "name": "smooth",
        "hyperparameters": {
            f"x{place}": {"type": "float", "low": 0.0, "high": 1.0} for place in range(4)
        },
    }
)


class Learning(BayesianSearch):
    """The search that is not told of the noise, and learns from values alone how much there is."""

    knows_noise = False


ARMS: dict[str, type[BayesianSearch]] = {"known": BayesianSearch, "learned": Learning}

INTRODUCTION = """
The truth is a lookup: {places} shipped tables (`mlp`, the metric on the test part; the past is all
other data sets, evenly weighted) and {places} random smooth functions of four numbers (400 places,
no past). A configuration has four folds: its truth, plus the fold's difficulty (standard deviation
1), plus luck, of the standard deviation in the first column. The unit is the distance from the
median of the truth to its 90% quantile; in the shipped tables validation and test differ by 0.4 of
it (median; 0.1 to 0.7 are the outer tenths). Folds are raced as in a search on data.

"learned" is the search that is told the values alone, "known" the one that is told their folds.
Means with standard errors of "known" less "learned" over tables or functions, the same luck for
both."""
SEARCHED = """
## What a search chooses

Regret on the truth of the trial with the best value, and of the one that the surrogate believes to
be best, after so many trainings of a fold; smaller is better."""
PREDICTED = """
## What is predicted

From so many random trials, all others: root mean square error and log density of the truth (on the
scale of the surrogate's targets), and correlation with it."""


@dataclass(frozen=True)
class Truth:
    """Configurations and what is true of them.

    Attributes:
        space: of the configurations.
        configs: length n.
        values: larger is better, the best is 0, in the unit of the page, shape (n,).
        past: what other tasks expect, if any are asked.
    """

    space: SpaceDefinition
    configs: Sequence[ConfigDict]
    values: np.ndarray
    past: Prior | None = None

    @classmethod
    def of(
        cls, space: SpaceDefinition, configs: Sequence[ConfigDict], raw: np.ndarray,
        past: Prior | None = None,
    ) -> "Truth":  # fmt: skip
        """Bring values of any unit to that of the page."""
        spread = np.quantile(raw, 0.9) - np.median(raw)
        return cls(space, configs, (raw - raw.max()) / max(float(spread), 1e-12), past)


@cache
def _experience() -> Experience:
    space = get_family("mlp").space()
    return Experience.learn(read_past(shipped(), space, "mlp"), space)


def table(place: int) -> Truth:
    """Return the shipped table of that place in the order of identities."""
    kb, space = shipped(), get_family("mlp").space()
    tasks = kb.tasks()
    task = tasks[tasks["family"] == "mlp"].sort_values("task_id").iloc[place]
    frame = kb.trials(task=task["task_id"], state="complete")
    metrics = [json.loads(text) for text in frame["metrics"]]
    test = np.array([each.get(f"test_{task['metric']}", np.nan) for each in metrics], dtype=float)
    configs = [json.loads(text) for text in frame["config"]]
    # What the space has got since then stands at its default, which is what was done before.
    named = {name for config in configs for name in config}
    added = {name: value for name, value in space.default().items() if name not in named}
    kept = np.flatnonzero(np.isfinite(test))
    every = _experience()
    others = [p for p, t in enumerate(every.tasks) if t.dataset_id != task["dataset_id"]]
    past = every.subset(others).prior(np.full(len(others), 1 / len(others)))
    sign = 1.0 if task["direction"] == "maximize" else -1.0
    complete = [space.complete({**added, **configs[p]}) for p in kept]
    return Truth.of(space, complete, sign * test[kept], past)


def smooth(place: int) -> Truth:
    """Return a random smooth function: a sum of 60 waves, looked up."""
    rng = np.random.default_rng([place, 7])
    configs = [dict(config) for config in sample(SMOOTH, 400, seed=place)]
    points = np.array([[config[name] for name in SMOOTH.hyperparameters] for config in configs])
    waves, phases = rng.normal(size=(60, points.shape[1])) * 2.0, rng.uniform(0, 2 * np.pi, 60)
    return Truth.of(SMOOTH, configs, np.cos(points @ waves.T + phases).sum(1))


def judged(folds: np.ndarray, config: ConfigDict, race: Race) -> Observation:
    """Return a trial with the folds that its configuration was thought worth."""
    values = [float(value) for value in folds]
    if not race.worth(values[0]):
        return Observation(config, values[0] - race.offset, folds={1: values[0]})
    race.tell(values)
    return Observation(config, fmean(values), folds=dict(enumerate(values, start=1)))


@dataclass(frozen=True)
class Noisy(Unit):
    """One truth with luck of one size, searched or predicted with and without known noise."""

    kind: str
    place: int
    level: float
    what: ClassVar[str]

    @property
    def path(self) -> Path:
        return WORK / f"{self.what}-{self.kind}-{self.place}-{self.level}.json"

    @cached_property
    def truth(self) -> Truth:
        """What is true."""
        return smooth(self.place) if self.kind == "smooth" else table(self.place)

    @cached_property
    def folds(self) -> np.ndarray:
        """The values of all folds of all configurations, shape (n, FOLDS)."""
        rng = np.random.default_rng([self.place, 3])
        difficulty = rng.normal(size=FOLDS)
        luck = self.level * rng.normal(size=(len(self.truth.values), FOLDS))
        return self.truth.values[:, None] + difficulty + luck

    def compute(self) -> JsonObject:
        """Return figures by their names, which begin with the arm."""
        found: JsonObject = {"kind": self.kind, "place": self.place, "luck": self.level}
        for arm in ARMS:
            found |= {f"{arm} {name}": value for name, value in self.figures(arm).items()}
        return found

    def figures(self, arm: str) -> dict[str, float]:
        """Return the figures of an arm by their columns on the page."""
        raise NotImplementedError


class Searched(Noisy):
    """A search, and what it would choose."""

    what = "searched"

    def figures(self, arm: str) -> dict[str, float]:
        truth, race, found = self.truth, Race("maximize"), {}
        search = ARMS[arm](truth.space, "maximize", self.place, candidates=truth.configs)
        search.start_from([], truth.past)
        places = {canonical_json(config): place for place, config in enumerate(truth.configs)}
        tried: list[int] = []
        spent = 0
        for budget in BUDGETS:
            while spent < budget:
                (config,) = search.suggest()
                tried.append(places[canonical_json(config)])
                observation = judged(self.folds[tried[-1]], config, race)
                search.update([observation], [])
                spent += len(observation.folds)
            regret = -truth.values[tried]
            found[f"value @{budget}"] = float(regret[search.goodness().argmax()])
            found[f"belief @{budget}"] = float(regret[search.believed().argmax()])
        return found


class Predicted(Noisy):
    """Random trials, and what they say of all others."""

    what = "predicted"

    def figures(self, arm: str) -> dict[str, float]:
        found: dict[str, float] = {}
        for count in TRIALS:
            order = np.random.default_rng([self.place, 5]).permutation(len(self.folds))
            race = Race("maximize")
            tried = [judged(self.folds[p], self.truth.configs[p], race) for p in order[:count]]
            values = np.array([o.value for o in tried], dtype=float)
            noise = known_noise(values, [o.folds for o in tried]) if arm == "known" else None
            others = self.truth.values[order[count:]] + (
                self.folds.mean() - self.truth.values.mean()
            )
            posteriors = self._posteriors(
                order,
                count,
                robust_targets(values),
                None if noise is None else target_noise(values, noise),
            )
            found |= accuracy(posteriors, TargetScale.of(values).targets(others), count)
        return found

    def _posteriors(
        self, order: np.ndarray, count: int, targets: np.ndarray, noise: np.ndarray | None
    ) -> Sequence[Posterior]:
        past = self.truth.past
        points = Encoder(self.truth.space).encode([self.truth.configs[p] for p in order])
        tried, others = points[:count], points[count:]
        if past is None:
            return TransferGP(tried, targets, noise=noise).posteriors(
                others, np.zeros((0, len(others)))
            )
        informed = possible_lengthscales(tried, targets, past.lengthscales)
        model = TransferGP(
            tried, targets, past.predict(tried), past.weights, informed=informed,
            trust=past.trust, noise=noise,
        )  # fmt: skip
        return model.posteriors(others, past.predict(others))


def accuracy(posteriors: Sequence[Posterior], truth: np.ndarray, count: int) -> dict[str, float]:
    """Return how far predictions from `count` trials are right."""
    mean = mean_of(posteriors)
    densities = []
    for each in posteriors:
        variance = each.variance + NUGGET**2
        log = -0.5 * (np.log(2 * np.pi * variance) + (truth - each.mean) ** 2 / variance)
        densities.append(np.log(each.weight) + log)
    return {
        f"error @{count}": float(np.sqrt(((mean - truth) ** 2).mean())),
        f"density @{count}": float(np.logaddexp.reduce(densities, axis=0).mean()),
        f"correlation @{count}": float(np.corrcoef(mean, truth)[0, 1]),
    }


def compared(runs: pd.DataFrame) -> str:
    """Return the table of figures, "learned" and what "known" adds to it."""
    columns = [c.removeprefix("learned ") for c in runs.columns if c.startswith("learned ")]
    rows: list[tuple[object, ...]] = []
    for (kind, luck), part in runs.groupby(["kind", "luck"]):
        learned = [f"{part[f'learned {c}'].mean():.3f}" for c in columns]
        more = [part[f"known {c}"] - part[f"learned {c}"] for c in columns]
        rows.append((kind, luck, "learned", *learned))
        rows.append((kind, luck, "known less learned", *map(report.mean_and_error, more)))
    more = [runs[f"known {c}"] - runs[f"learned {c}"] for c in columns]
    rows.append(("all", "", "known less learned", *map(report.mean_and_error, more)))
    return report.table(("", "luck", "", *columns), rows)


def page(searched: pd.DataFrame, predicted: pd.DataFrame) -> str:
    """Return the page of searches and predictions, one row each as their units keep it."""
    parts = [INTRODUCTION.format(places=searched["place"].nunique())]
    parts += [SEARCHED, compared(searched), PREDICTED, compared(predicted)]
    return report.page("Known noise of folds", "known_noise", parts)


@click.command()
@click.option("--places", default=PLACES, help="Tables, and functions.")
@report.report_only_option
@report.workers_option
@report.write_option
def main(places: int, report_only: bool, workers: int, write: bool) -> None:
    """Search and predict, and write the page; it takes a quarter of an hour."""
    kinds = (Searched, Predicted)
    units = [
        made(kind, place, level)
        for made in kinds
        for kind in KINDS
        for place in range(places)
        for level in LEVELS
    ]
    if not report_only:
        run_and_resume(units, workers)
    frames = [
        pd.DataFrame([unit.result() for unit in units if type(unit) is made and unit.finished])
        for made in kinds
    ]
    if not all(map(len, frames)):
        raise report.nothing_finished()
    report.publish("known_noise", page(*frames), write)


if __name__ == "__main__":
    main()
