"""The methods that are compared: ours, with parts left out, and peers by their own libraries."""

import importlib.util
from abc import ABC, abstractmethod

import numpy as np

from scripts.benchmarks.transfer.tables import Problem


class Method(ABC):
    """Chooses rows of a problem's pool, one after another."""

    needs: tuple = ()
    """Modules that have to be installed."""

    random_start = True
    """Whether the first rows are the problem's random start instead of its own choice."""

    def __init__(self, problem: Problem):
        """Prepare a search."""
        self.problem = problem
        self.tried: list = []

    @abstractmethod
    def ask(self) -> int:
        """Return the row to try next; none is tried twice."""

    def tell(self, row: int) -> None:
        """Learn that `row` was tried."""
        self.tried.append(row)

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

    def ask(self):
        rng = np.random.default_rng([self.problem.seed, len(self.tried), 7])
        return int(rng.choice(self.untried))


class Advisor(Method):
    """Our Bayesian search with past tasks."""

    random_start = False

    def __init__(self, problem):
        from advisor.strategies.bayesian import BayesianSearch

        super().__init__(problem)
        pool = problem.pool
        self._rows = {_key(config): row for row, config in enumerate(pool.configs)}
        self._search = BayesianSearch(
            problem.space, "maximize", problem.seed, past=self.past(), candidates=pool.configs
        )

    def past(self):
        """Return the past tasks that the search learns from."""
        from advisor.surrogates import Prior

        return Prior.learn([_sample(source) for source in self.problem.sources])

    def ask(self):
        return self._rows[_key(self._search.ask())]

    def tell(self, row):
        super().tell(row)
        pool = self.problem.pool
        self._search.tell(pool.configs[row], float(pool.scores[row]))


class NoPast(Advisor):
    """The same search without past tasks."""

    random_start = True

    def past(self):
        return None


class _Changed(Advisor):
    """Our search with constants of the surrogate changed: an ablation."""

    changes: dict = {}

    def ask(self):
        import advisor.surrogates.transfer as module

        before = {name: getattr(module, name) for name in self.changes}
        vars(module).update(self.changes)
        try:
            return super().ask()
        finally:
            vars(module).update(before)


class NoResidual(_Changed):
    """Past tasks explain all: the residual process is (all but) left out."""

    changes = {"RESIDUAL_SCALES": (1e-3,)}


class NoBasis(_Changed):
    """Past tasks only by their mean, not one by one."""

    changes = {"BASIS_SCALES": (1e-3,)}


class NoDoubt(_Changed):
    """The mean of the past is believed as it is (c = 0)."""

    changes = {"SCALE_OF_PAST": 1e-6}


class PortfolioFirst(Advisor):
    """Ten configurations of a greedy portfolio first, then our search."""

    def ask(self):
        if not hasattr(self, "_first"):
            self._first = portfolio(self.problem, self.past(), 10)
        return self._first[len(self.tried)] if len(self.tried) < 10 else super().ask()


class Hostile(Advisor):
    """Ours with every past score negated."""

    def past(self):
        return _past_of(self.problem, lambda scores, rng: -scores)


class Useless(Advisor):
    """Ours with every past task's scores shuffled."""

    def past(self):
        return _past_of(self.problem, lambda scores, rng: rng.permutation(scores))


class Lacking(Advisor):
    """Ours with two hyperparameters missing from every past task."""

    def past(self):
        from advisor.surrogates import PastTrials, Prior

        rng = np.random.default_rng([self.problem.seed, 11])
        width = self.problem.pool.inputs.shape[1]
        samples = []
        for source in self.problem.sources:
            known = np.ones(width, dtype=bool)
            known[rng.choice(width, 2, replace=False)] = False
            sample = _sample(source)
            samples.append(PastTrials(sample.inputs * known, sample.scores, known))
        return Prior.learn(samples)


def portfolio(problem, past, size):
    """Return rows of a greedy portfolio over what past tasks expect."""
    from advisor.meta.portfolio import greedy_portfolio

    return greedy_portfolio(past.predict(problem.pool.inputs), past.weights, size)


def _past_of(problem, change):
    from advisor.surrogates import PastTrials, Prior

    rng = np.random.default_rng([problem.seed, 13])
    samples = [_sample(source) for source in problem.sources]
    return Prior.learn([PastTrials(s.inputs, change(s.scores, rng), s.known) for s in samples])


def _sample(source):
    from scipy.special import ndtri
    from scipy.stats import rankdata

    from advisor.surrogates import PastTrials

    scores = ndtri((rankdata(source.scores) - 0.5) / len(source.scores))
    return PastTrials(source.inputs, scores, np.ones(source.inputs.shape[1], dtype=bool))


def _key(config):
    return tuple(
        (name, round(value, 9) if isinstance(value, float) else value)
        for name, value in sorted(config.items())
    )


def available(method):
    """Return what a method lacks, or None."""
    lacking = [name for name in method.needs if importlib.util.find_spec(name) is None]
    return f"{', '.join(lacking)} not installed" if lacking else None
