"""The methods that are compared: each says which training goes on to its next rung."""

import importlib.util
import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from advisor.curves import LAST
from advisor.meta.portfolio import greedy_portfolio
from advisor.strategies import Observation
from advisor.strategies.bayesian import BayesianSearch
from advisor.surrogates import Prior
from knowledge_base.types import ConfigDict
from scripts.benchmarks.curves.tables import EPOCHS, Problem


class Method(ABC):
    """Spends epochs on the trainings of a problem's table.

    Attributes:
        needs: modules that have to be installed for it.
    """

    needs: ClassVar[tuple[str, ...]] = ()

    def __init__(self, problem: Problem) -> None:
        """Prepare a search."""
        self.problem = problem
        self.done: dict[int, int] = {}

    @abstractmethod
    def ask(self) -> int:
        """Return the row whose training goes on to its next rung."""

    def tell(self, row: int, rung: int, value: float) -> None:
        """Learn that a training came to a rung with its best value so far."""
        self.done[row] = rung + 1

    @classmethod
    def lacking(cls) -> str | None:
        """Return what is not installed of what it needs, None if nothing is missing."""
        missing = [name for name in cls.needs if importlib.util.find_spec(name) is None]
        return f"{', '.join(missing)} not installed" if missing else None


class Advisor(Method):
    """Our search: trials are paused and taken up by their curves."""

    stopping: ClassVar[bool] = True

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        configs = problem.table.configs
        self._rows = {_key(config): row for row, config in enumerate(configs)}
        self._search = BayesianSearch(
            problem.space, "maximize", problem.seed, candidates=configs, stopping=self.stopping
        )
        self._search.start_from([], self.prior())
        self._running: int | None = None
        self._paused: list[int] = []

    def prior(self) -> Prior:
        """Return what the search takes along."""
        return self.problem.prior()

    def ask(self) -> int:
        if self._running is None:
            (config,) = self._search.suggest()
            self._running = self._rows[_key(config)]
            if self._running in self._paused:
                self._paused.remove(self._running)
        return self._running

    def tell(self, row: int, rung: int, value: float) -> None:
        super().tell(row, rung, value)
        trial = self._observation(row)
        if rung == LAST:
            self._running = None
            self._search.update([trial], [], self._standing())
        elif self._search.should_pause(trial.config, trial.curve, trial.seconds or 0.0):
            self._running = None
            self._paused.append(row)
            self._search.update([], [], self._standing())

    def _standing(self) -> list[Observation]:
        return [self._observation(row) for row in self._paused]

    def _observation(self, row: int) -> Observation:
        """Return a trial as a search sees it; an epoch takes a second here."""
        rung = self.done[row] - 1
        values, curve = self.problem.table.values[row], [None] * EPOCHS[rung]
        seen: list[float | None] = [*curve]
        for place in range(rung + 1):
            seen[EPOCHS[place] - 1] = float(values[place])
        return Observation(
            self.problem.table.configs[row], float(values[rung]), float(EPOCHS[rung]),
            tuple(seen), finished=rung == LAST,
        )  # fmt: skip


class NoStopping(Advisor):
    """The same search with every trial trained to its end."""

    stopping = False


class Halving(Method):
    """Asynchronous successive halving (Li et al. 2020) of a stream of configurations.

    Of those that came to a rung the best quarter is promoted; where none can be, another begins.
    """

    rungs: ClassVar[tuple[int, ...]] = (0, 2, 4)
    """Where is decided: after 1, 4 and 16 epochs."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self._stream = iter(self.order())
        self._seen: dict[int, dict[int, float]] = {rung: {} for rung in self.rungs}
        self._running: int | None = None

    def order(self) -> Sequence[int]:
        """Return the rows in the order in which they begin."""
        rng = np.random.default_rng([self.problem.seed, 7])
        found: list[int] = rng.permutation(len(self.problem.table.values)).tolist()
        return found

    def ask(self) -> int:
        if self._running is None:
            promoted = self._promotion()
            self._running = self._beginning() if promoted is None else promoted
        return self._running

    def _beginning(self) -> int:
        """Return the next of the stream; where it is at its end, the best that is not finished."""
        begun = next(self._stream, None)
        if begun is not None:
            return begun
        waiting = [row for row, rungs in self.done.items() if rungs <= LAST]
        values = self.problem.table.values
        return max(waiting, key=lambda row: float(values[row, self.done[row] - 1]))

    def _promotion(self) -> int | None:
        for rung in reversed(self.rungs):
            seen = self._seen[rung]
            best = sorted(seen, key=lambda row: -seen[row])[: len(seen) // 4]
            waiting = [row for row in best if self.done[row] == rung + 1]
            if waiting:
                return waiting[0]
        return None

    def tell(self, row: int, rung: int, value: float) -> None:
        super().tell(row, rung, value)
        if rung in self._seen:
            self._seen[rung][row] = value
        if rung in self._seen or rung == LAST:
            self._running = None


class PortfolioHalving(Halving):
    """The same of a greedy portfolio of what past tasks expect at the end."""

    size: ClassVar[int] = 60

    def order(self) -> Sequence[int]:
        past = self.problem.past_curves()
        expected = past.expect(self.problem.table.inputs, rungs=[LAST])[:, :, 0]
        first = list(greedy_portfolio(expected, past.weights, self.size))
        chosen = set(first)
        return [*first, *(row for row in super().order() if row not in chosen)]


def _key(config: ConfigDict) -> str:
    return json.dumps(config, sort_keys=True)
