"""Evolution strategies by the library cmaes (Nomura and Shibata 2024).

CatCMA (Hamano et al. 2024, 2025) searches numbers and choices together; of numbers alone it is
CMA-ES (Hansen 2016). With past tasks it starts from the distribution of what they think best
(WS-CMA-ES, Nomura et al. 2021).
"""

import json
from collections.abc import Mapping
from typing import Protocol, TypedDict

import numpy as np

from advisor.encoding import Encoder, sample, sobol
from advisor.encoding.cube import to_frame, to_points
from advisor.strategies.base import SearchStrategy
from knowledge_base.space import Hyperparameter
from knowledge_base.types import Config, ConfigDict

SPREAD = 0.25
"""Initial standard deviation in the unit cube."""
WARM_SPREAD = 0.15
"""The same around a recommended configuration."""
WARM_SHARE = 0.6
"""Probability of the recommended choice at the start of a warm search."""
MAX_WHOLE = 8
"""Whole numbers, and grids of steps, with more values than this are searched as numbers, and
rounded."""
PAST_POINTS = 512
"""Configurations among which past tasks say which are best."""
STALE = 20
"""Generations in a row without a new configuration after which a random one is tried."""
FAILED = 1e30
"""Loss of a failed trial; the strategy looks at ranks only."""


class EvolutionSearch(SearchStrategy):
    """CatCMA: CMA-ES for numbers, and a distribution of each choice.

    Generations depend only on what their members were told to lose, so that trials may be told
    in any order and a resumed search goes on as it would have.
    """

    name = "evolution"
    _population: "_Population | None" = None

    def propose(self) -> ConfigDict:
        """Return the next member of the current generation."""
        told, active = self._told(), {_key(config) for config in self.active}
        population = self._current(self.best_warm(told))
        for _ in range(STALE):
            open_members = [c for c in population.members if c is not None and _key(c) not in told]
            free = [config for config in open_members if _key(config) not in active]
            if free:
                return free[0]
            if open_members:
                break  # the generation ends when the others are told
            population.end_generation(
                [FAILED if c is None else told[_key(c)] for c in population.members]
            )
        return sample(self.space, 1, seed=self.step_seed())[0]

    def _told(self) -> dict[str, float]:
        """Return the loss that was first told of each configuration.

        Later ones do not count, so that generations which ended stay as they were.
        """
        found: dict[str, float] = {}
        for observation, good in zip(self.observations, self.goodness(), strict=True):
            found.setdefault(_key(observation.config), -good if np.isfinite(good) else FAILED)
        return found

    def best_warm(self, told: Mapping[str, float]) -> ConfigDict | None:
        """Return the best of the warm start that was told, its first before any was."""
        if not self.warm:
            return None
        known = [config for config in self.warm if _key(config) in told]
        return min(known, key=lambda config: told[_key(config)], default=self.warm[0])

    def _current(self, warm: ConfigDict | None) -> "_Population":
        """Return the population; it begins again where another warm start turns out better."""
        if self._population is None or self._population.warm != warm:
            self._population = _Population(self, warm)
        return self._population

    def prior_distribution(self, columns: list[int]) -> tuple[np.ndarray, float, np.ndarray] | None:
        """Return mean, step size and covariance of what past tasks think best.

        Args:
            columns: places of the c coordinates of the unit cube that are wanted.

        Returns:
            None without past tasks; shapes (c,) and (c, c).
        """
        if self.prior is None:
            return None
        from cmaes import get_warm_start_mgd

        configs = sobol(self.space, PAST_POINTS, seed=self.seed)
        scores = self.prior.weights @ self.prior.predict(Encoder(self.space).encode(configs))
        points = to_points(self.space, configs, np.random.default_rng(self.seed))[:, columns]
        mean, step, covariance = get_warm_start_mgd(list(zip(points, -scores, strict=True)))
        return mean, step, covariance


class _Drawn(Protocol):
    """What the library's optimiser draws: numbers, shape (r,), and one-hot choices (rows)."""

    x: np.ndarray
    c: np.ndarray


class _Start(TypedDict, total=False):
    """The dimensions of the library's optimiser, and where it begins."""

    x_space: list[list[float]]
    c_space: list[int]
    mean: np.ndarray
    sigma: float
    cov: np.ndarray
    cat_param: np.ndarray


class _Population:
    """Draws configurations from an optimiser of the library and tells it their losses."""

    def __init__(self, search: EvolutionSearch, warm: ConfigDict | None) -> None:
        from cmaes import CatCMAwM

        self._space, self.warm = search.space, warm
        found = list(enumerate(self._space.hyperparameters.values()))
        self._choices = {i: n for i, h in found if (n := _count(h)) > 1}
        self._real = [i for i, h in found if not _count(h)]
        self._width = len(found)
        rng = np.random.default_rng(search.seed)
        centre = np.full(self._width, 0.5)
        if warm is not None:
            centre = to_points(self._space, [warm], rng)[0]
        self._optimiser = CatCMAwM(
            seed=search.seed, **self._start(search, centre, warm is not None)
        )
        self._draw()

    def _start(self, search: EvolutionSearch, centre: np.ndarray, warm: bool) -> _Start:
        given: _Start = {}
        if self._real:
            given["x_space"] = [[0.0, 1.0]] * len(self._real)
            given["mean"] = centre[self._real]
            given["sigma"] = WARM_SPREAD if warm else SPREAD
            past = search.prior_distribution(self._real)
            if past is not None:
                mean, given["sigma"], given["cov"] = past
                given["mean"] = given["mean"] if warm else mean
        if self._choices:
            given["c_space"] = list(self._choices.values())
            if warm:
                given["cat_param"] = self._likely(centre)
        return given

    def _likely(self, centre: np.ndarray) -> np.ndarray:
        """Return probabilities of choices, the recommended ones likely."""
        table = np.zeros((len(self._choices), max(self._choices.values())))
        for row, (column, n) in enumerate(self._choices.items()):
            table[row, :n] = (1 - WARM_SHARE) / (n - 1)
            table[row, min(int(centre[column] * n), n - 1)] = WARM_SHARE
        return table

    def _draw(self) -> None:
        """Draw the members of a generation; None stands for a forbidden configuration."""
        self._drawn: list[_Drawn] = [
            self._optimiser.ask() for _ in range(self._optimiser.population_size)
        ]
        points = np.stack([self._point(drawn) for drawn in self._drawn])
        clean, reasons = self._space.check(to_frame(self._space, points))
        legal = np.flatnonzero((reasons == "").to_numpy())
        self.members: list[ConfigDict | None] = [None] * len(points)
        for row, config in zip(legal, self._space.records(clean.iloc[legal]), strict=True):
            self.members[row] = config

    def _point(self, drawn: _Drawn) -> np.ndarray:
        """Return a member as a point of the unit cube, shape (k,)."""
        point = np.full(self._width, 0.5)
        if self._real:
            point[self._real] = drawn.x
        for row, (column, n) in enumerate(self._choices.items()):
            point[column] = (int(np.argmax(drawn.c[row])) + 0.5) / n
        clipped: np.ndarray = np.clip(point, 0.0, 1.0)
        return clipped

    def end_generation(self, losses: list[float]) -> None:
        """Learn from the members' losses and draw the next generation."""
        if len(set(losses)) > 1:  # else there is nothing to learn, and the library divides by 0
            self._optimiser.tell(list(zip(self._drawn, losses, strict=True)))
        self._draw()


def _count(h: Hyperparameter) -> int:
    """Return how many choices a hyperparameter has, 0 if it is searched as a number.

    Numbers of few values are choices: a number that is rounded gets stuck on one.
    """
    count = h.count
    return 0 if count is None or (not h.choices and count > MAX_WHOLE) else count


def _key(config: Config) -> str:
    return json.dumps(config, sort_keys=True, default=str)
