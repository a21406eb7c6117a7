"""The methods that are compared: ours, with parts left out, and with pasts that mislead."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

import numpy as np
from scipy.special import ndtri
from scipy.stats import rankdata

from advisor.meta.portfolio import greedy_portfolio
from advisor.strategies.bayesian import BayesianSearch
from advisor.surrogates import PastTrials, Prior
from advisor.surrogates.transfer import SCALES, Scales
from knowledge_base.types import Config
from scripts.benchmarks.experiment import Contender, Evaluation
from scripts.benchmarks.transfer.tables import Problem, Table
from scripts.searches import Search


class Method(Contender[int]):
    """Chooses rows of a problem's pool, one after another, none twice."""

    random_start: ClassVar[bool] = True
    """Whether the first rows are the problem's random start instead of its own choice."""

    def __init__(self, problem: Problem) -> None:
        """Prepare a search."""
        self.problem = problem
        self.tried: list[int] = []

    def ask(self) -> int:
        start = self.problem.start if self.random_start else []
        row = start[len(self.tried)] if len(self.tried) < len(start) else int(self.choose())
        assert row not in self.tried, f"{type(self).__name__} asked twice for row {row}"
        return row

    @abstractmethod
    def choose(self) -> int:
        """Return the row to try next by the method's own choice."""

    def tell(self, point: int, evaluation: Evaluation) -> None:
        self.tried.append(point)

    @property
    def untried(self) -> np.ndarray:
        """Rows that were not tried."""
        return np.setdiff1d(np.arange(len(self.problem.pool.scores)), self.tried)

    def nearest(self, point: np.ndarray) -> int:
        """Return the untried row nearest to an encoded point, shape (d,)."""
        rows = self.untried
        return int(rows[((self.problem.pool.inputs[rows] - point) ** 2).sum(1).argmin()])


class Random(Method):
    """Random search."""

    def choose(self) -> int:
        rng = np.random.default_rng([self.problem.seed, len(self.tried), 7])
        return int(rng.choice(self.untried))


class Advisor(Method):
    """Our Bayesian search with past tasks."""

    random_start = False
    strategy: ClassVar[type[BayesianSearch]] = BayesianSearch

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        configs = problem.pool.configs
        self._rows = {_key(config): row for row, config in enumerate(configs)}
        self._search = Search(
            problem.space, "maximize", problem.seed, self.past(), configs, self.strategy
        )

    def past(self) -> Prior | None:
        """Return the past tasks that the search learns from."""
        return Prior.learn([_sample(source) for source in self.problem.sources])

    def choose(self) -> int:
        return self._rows[_key(self._search.ask())]

    def tell(self, point: int, evaluation: Evaluation) -> None:
        super().tell(point, evaluation)
        self._search.tell(self.problem.pool.configs[point], evaluation.value)


class NoPast(Advisor):
    """The same search without past tasks."""

    random_start = True

    def past(self) -> None:
        return None


def _with(scales: Scales) -> type[BayesianSearch]:
    """Return our search with other scales of its surrogate."""
    return type("Ablated", (BayesianSearch,), {"scales": scales})


class NoResidual(Advisor):
    """Past tasks explain all: the residual process is (all but) left out."""

    strategy = _with(replace(SCALES, residual=(1e-3,)))


class NoBasis(Advisor):
    """Past tasks only by their mean, not one by one."""

    strategy = _with(replace(SCALES, basis=(1e-3,)))


class NoDoubt(Advisor):
    """The mean of the past is believed as it is (c = 0)."""

    strategy = _with(replace(SCALES, past=1e-6))


class PortfolioFirst(Advisor):
    """Ten configurations of a greedy portfolio first, then our search."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        past = self.past()
        assert past is not None
        expected = past.predict(problem.pool.inputs)
        self._first = greedy_portfolio(expected, past.weights, 10)

    def choose(self) -> int:
        done = len(self.tried)
        return self._first[done] if done < len(self._first) else super().choose()


class Hostile(Advisor):
    """Ours with every past score negated."""

    def past(self) -> Prior | None:
        return _past_of(self.problem, lambda scores, rng: -scores)


class Useless(Advisor):
    """Ours with every past task's scores shuffled."""

    def past(self) -> Prior | None:
        return _past_of(self.problem, lambda scores, rng: rng.permutation(scores))


class Lacking(Advisor):
    """Ours with two hyperparameters missing from every past task."""

    def past(self) -> Prior | None:
        rng = np.random.default_rng([self.problem.seed, 11])
        width = self.problem.pool.inputs.shape[1]
        samples = []
        for source in self.problem.sources:
            known = np.ones(width, dtype=bool)
            known[rng.choice(width, 2, replace=False)] = False
            sample = _sample(source)
            samples.append(PastTrials(sample.inputs * known, sample.scores, known))
        return Prior.learn(samples)


Change = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def _past_of(problem: Problem, change: Change) -> Prior | None:
    rng = np.random.default_rng([problem.seed, 13])
    samples = [_sample(source) for source in problem.sources]
    return Prior.learn([PastTrials(s.inputs, change(s.scores, rng), s.known) for s in samples])


def _sample(source: Table) -> PastTrials:
    scores = ndtri((rankdata(source.scores) - 0.5) / len(source.scores))
    return PastTrials(source.inputs, scores, np.ones(source.inputs.shape[1], dtype=bool))


def _key(config: Config) -> tuple[tuple[str, object], ...]:
    return tuple(
        (name, round(value, 9) if isinstance(value, float) else value)
        for name, value in sorted(config.items())
    )
