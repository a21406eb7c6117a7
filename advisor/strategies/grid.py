"""Grid search: over the whole space, or around a recommended configuration."""

from collections.abc import Iterator
from itertools import combinations, islice, product
from math import isclose, nan

import numpy as np

from advisor.encoding import sample
from advisor.encoding.cube import allowed, to_points
from advisor.strategies.base import Exhausted, SearchStrategy
from knowledge_base.types import ConfigDict

LEVELS = 3
"""Values per number: the middles of thirds of its range, or the recommended one and one to
each side. Choices take all their values."""

STEP = 0.15
"""Distance of neighbours from a recommended value, as a share of the range."""

WHOLE = 100_000
"""Grids up to this size are gone through one by one; of larger ones random points are taken."""

CHUNK = 256
"""Points that are checked in one table: checking one takes nearly as long as checking many."""


class GridSearch(SearchStrategy):
    """A grid in random order; with a warm start, around its first configuration.

    Around a configuration the grid is gone through by the number of values that differ from
    it: first one at a time, then pairs, and so on. When a grid is used up, a finer one follows,
    then what no grid holds; a space that was tried as a whole ends the search.
    """

    name = "grid"
    adaptive = False

    def propose(self) -> ConfigDict:
        """Return the next point of the grid that was not tried.

        Raises:
            Exhausted: the whole space was tried.
        """
        taken = self.taken()
        for levels in (LEVELS, 2 * LEVELS, 4 * LEVELS):
            for config in self._configs(levels):
                if config not in taken:
                    return config
        return self._beside_the_grids(taken)

    def _beside_the_grids(self, taken: list[ConfigDict]) -> ConfigDict:
        """Return a configuration that no grid holds.

        Raises:
            Exhausted: there is none left.
        """
        everything = self.space.every()
        if everything is None:
            for config in sample(self.space, CHUNK, seed=self.step_seed()):
                if config not in taken:
                    return config
        else:
            places = np.random.default_rng(self.seed).permutation(len(everything))
            for config in self.space.records(everything.iloc[places]):
                if config not in taken:
                    return config
        count = self.space.size or len(taken)
        whole = "the only configuration was" if count == 1 else f"all {count} configurations were"
        raise Exhausted(f"{whole} tried.")

    def _configs(self, levels: int) -> Iterator[ConfigDict]:
        points = self._points(levels)
        while chunk := list(islice(points, CHUNK)):
            for config in self.space.records(allowed(self.space, np.array(chunk))):
                yield self._exact(config)

    def _exact(self, config: ConfigDict) -> ConfigDict:
        """Return recommended values as they are, not as they come back from the cube."""
        centre = self.warm[0] if self.warm else {}
        return {
            name: centre[name]
            if isinstance(value, float) and isclose(value, centre.get(name, nan), rel_tol=1e-9)
            else value
            for name, value in config.items()
        }

    def _points(self, levels: int) -> Iterator[np.ndarray]:
        rng = np.random.default_rng([self.seed, levels])
        if self.warm:
            centre = to_points(self.space, [self.warm[0]], np.random.default_rng(0))[0]
            yield from self._around(centre, levels, rng)
        values = self._values(levels)
        size = np.prod([float(len(known)) for known in values])
        if size <= WHOLE:
            points = list(product(*values))
            yield from (np.array(points[place]) for place in rng.permutation(len(points)))
            return
        for _ in range(WHOLE):
            yield np.array([rng.choice(known) for known in values])

    def _values(self, levels: int) -> list[np.ndarray]:
        """Return the coordinates of the grid in each dimension."""
        return [
            (np.arange(n) + 0.5) / n
            for h in self.space.hyperparameters.values()
            for n in [len(h.choices) or levels]
        ]

    def _around(
        self, centre: np.ndarray, levels: int, rng: np.random.Generator
    ) -> Iterator[np.ndarray]:
        steps = STEP * np.arange(1, levels // 2 + 1) * LEVELS / levels
        moves = []
        for column, h in enumerate(self.space.hyperparameters.values()):
            if h.choices:
                places = (np.arange(len(h.choices)) + 0.5) / len(h.choices)
                moves.append([v for v in places if abs(v - centre[column]) > 1e-9])
            else:
                near = np.concatenate([centre[column] - steps, centre[column] + steps])
                moves.append([v for v in near if 0 <= v <= 1])
        for count in (1, 2):
            changes = [
                (columns, values)
                for columns in combinations(range(len(moves)), count)
                for values in product(*(moves[column] for column in columns))
            ]
            for place in rng.permutation(len(changes)):
                point = centre.copy()
                point[list(changes[place][0])] = changes[place][1]
                yield point
