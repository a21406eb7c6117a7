"""One truth with luck of one size: searched, and predicted, with and without known noise."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import fmean
from typing import ClassVar

import numpy as np

from advisor.encoding import Encoder
from advisor.strategies import Observation
from advisor.strategies.bayesian import BayesianSearch
from advisor.strategies.noise import known_noise
from advisor.strategies.targets import TargetScale, robust_targets, target_noise
from advisor.surrogates import Posterior, TransferGP, mean_of, possible_lengthscales
from advisor.training.race import FOLDS, Race
from knowledge_base.identity import canonical_json
from knowledge_base.types import ConfigDict, JsonObject
from scripts import BUILD
from scripts.benchmarks.experiment import Unit
from scripts.benchmarks.known_noise.truths import Truth, smooth, table

WORK = BUILD / "known_noise"
BUDGETS, TRIALS = (40, 80), (12, 30)
NUGGET = 0.05
"""Standard deviation that is added to every prediction: densities of the truth stay finite."""


class Learning(BayesianSearch):
    """The search that is not told of the noise, and learns from values alone how much there is."""

    knows_noise = False


ARMS: dict[str, type[BayesianSearch]] = {"known": BayesianSearch, "learned": Learning}


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
