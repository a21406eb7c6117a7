"""Seconds of an ask with a large past, side by side with Optuna's GPSampler.

Made data in the shape of the promise (what is measured does not depend on the values): 34 past
tasks of 200 trials and 7 hyperparameters.
"""

import statistics
import warnings
from abc import abstractmethod

import numpy as np

from advisor.integrations.others.to_optuna import distribution
from advisor.meta.scores import normal_scores, share_beaten
from advisor.surrogates import PastTrials, Prior
from knowledge_base.space import SpaceDefinition
from knowledge_base.types import Config, ConfigDict
from scripts.benchmarks.experiment import Contender, Evaluation
from scripts.benchmarks.timing import in_turn, seconds
from scripts.searches import Search

TOLD = 100
ASKS = 15


def score(points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a smooth response with noise, shape (n,); what it is does not matter."""
    centre = rng.normal(0.4, 0.1, points.shape[1])
    return -((points - centre) ** 2).sum(1) + 0.02 * rng.normal(size=len(points))


class Timed(Contender[Config]):
    """A contender that is only timed: what it asks for is taken back, and others are told."""

    @abstractmethod
    def withdraw(self) -> None:
        """Take back what was asked for."""


class Ours(Timed):
    """Our Bayesian search, with or without a past."""

    def __init__(self, space: SpaceDefinition, past: Prior | None = None) -> None:
        self._search = Search(space, "maximize", past=past)

    def ask(self) -> ConfigDict:
        self._asked = self._search.ask()
        return self._asked

    def withdraw(self) -> None:
        self._search.withdraw(self._asked)

    def tell(self, point: Config, evaluation: Evaluation) -> None:
        self._search.tell(point, evaluation.val)


class GPSampler(Timed):
    """Optuna's GPSampler."""

    needs = ("optuna",)

    def __init__(self, space: SpaceDefinition) -> None:
        import optuna

        warnings.simplefilter("ignore")
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._box = {name: distribution(h) for name, h in space.hyperparameters.items()}
        sampler = optuna.samplers.GPSampler(seed=0)
        self._study = optuna.create_study(direction="maximize", sampler=sampler)

    def ask(self) -> ConfigDict:
        self._asked = self._study.ask(self._box)
        return self._asked.params

    def withdraw(self) -> None:
        from optuna.trial import TrialState

        self._study.tell(self._asked, state=TrialState.FAIL)

    def tell(self, point: Config, evaluation: Evaluation) -> None:
        import optuna

        known = {"params": dict(point), "distributions": self._box, "value": evaluation.val}
        self._study.add_trial(optuna.create_trial(**known))


def asks(tasks: int = 34, trials: int = 200, dimensions: int = 7) -> tuple[float, dict[str, float]]:
    """Return seconds of learning, and of an ask after TOLD trials: ours and GPSampler's."""
    rng = np.random.default_rng(0)
    samples = []
    for _ in range(tasks):
        points = rng.random((trials, dimensions))
        values = score(points, rng)
        scores = normal_scores(share_beaten(values, values))
        samples.append(PastTrials(points, scores, np.ones(dimensions, dtype=bool)))
    learned: list[Prior | None] = []
    learning = seconds(lambda: learned.append(Prior.learn(samples)))
    names = [f"x{i}" for i in range(dimensions)]
    space = SpaceDefinition.from_dict({"name": "cube", "hyperparameters": {
        name: {"type": "float", "low": 0.0, "high": 1.0} for name in names}})  # fmt: skip
    contenders: dict[str, Timed] = {
        "advisor": Ours(space, learned[0]),
        "advisor, no past": Ours(space),
        "Optuna GPSampler": GPSampler(space),
    }
    found: dict[str, list[float]] = {name: [] for name in contenders}
    points = rng.random((TOLD + ASKS, dimensions))
    for number, (point, value) in enumerate(zip(points, score(points, rng), strict=True)):
        if number >= TOLD:
            for name, times in in_turn({n: c.ask for n, c in contenders.items()}, 1).items():
                found[name] += times
                contenders[name].withdraw()
        config = dict(zip(names, map(float, point), strict=True))
        for contender in contenders.values():
            contender.tell(config, Evaluation(float(value)))
    return learning, {name: statistics.median(times) for name, times in found.items()}
