"""Past tasks as a prior for a new one: what they expect anywhere, and how far to trust it."""

import json
from collections.abc import Mapping, Sequence

import numpy as np

from advisor.surrogates.past_costs import PastCosts
from advisor.surrogates.past_models import PastModels, PastTrials, shared_lengthscales

CHECKED_TASKS = 40
"""Tasks that are looked at to see how well they predict each other, and by how many others."""

CHECKED_POINTS = 60
"""Trials of each of them that are predicted."""

MIN_TRUST, MAX_TRUST = 0.05, 0.95
_COSTS = "costs_"
_CURVES = "curves_"


class Prior:
    """Models of past tasks with their weights for a new task.

    Attributes:
        models: one per task.
        weights: summing to 1, shape (t,).
        trust: prior probability that they say something about a new task.
        costs: what configurations took on them, if that was asked for.
        configs: the best that were tried on them, as JSON; where a search may look first.
        curves: their learning curves as plain arrays, if there are any; `advisor.curves` reads
            them.
        names: of the tasks, length t; empty where they are not known, as of earlier versions.
    """

    def __init__(
        self,
        models: PastModels,
        weights: np.ndarray,
        trust: float,
        costs: PastCosts | None = None,
        configs: Sequence[str] = (),
        curves: Mapping[str, np.ndarray] | None = None,
        names: Sequence[str] = (),
    ) -> None:
        """Take fitted parts; use `learn` to make them."""
        self.models: PastModels = models
        self.weights: np.ndarray = weights
        self.trust: float = trust
        self.costs: PastCosts | None = costs
        self.configs: tuple[str, ...] = tuple(configs)
        self.curves: Mapping[str, np.ndarray] | None = curves
        self.names: tuple[str, ...] = tuple(names)

    @classmethod
    def learn(cls, tasks: Sequence[PastTrials], weights: np.ndarray | None = None) -> "Prior":
        """Fit models of past tasks and see how well they predict each other.

        Args:
            tasks: at least one.
            weights: shape (t,), not negative; default even.
        """
        models = PastModels.fit(tasks, shared_lengthscales(tasks))
        given = np.ones(len(tasks)) if weights is None else np.asarray(weights, dtype=float)
        return cls(models, given / given.sum(), trust_in(tasks, models))

    @property
    def lengthscales(self) -> np.ndarray:
        """Lengthscales that the tasks share, shape (d,)."""
        return self.models.lengthscales

    def predict(self, points: np.ndarray) -> np.ndarray:
        """Return the normal score that each task expects, shape (t, n)."""
        return self.models.predict(points)

    def within(self, free: np.ndarray, fixed: np.ndarray) -> "Prior":
        """Return the same for points that only have some columns; see `PastModels.within`."""
        costs = self.costs
        if costs is not None:
            costs = PastCosts(costs.models.within(free, fixed), costs.weights)
        models, curves = self.models.within(free, fixed), self.curves
        if curves is not None:
            curves = {**curves, "free": np.asarray(free), "fixed": np.asarray(fixed)}
        return Prior(models, self.weights, self.trust, costs, self.configs, curves, self.names)

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Return everything as plain arrays, for a file."""
        trust = np.array(self.trust)
        costs = {} if self.costs is None else self.costs.to_arrays()
        return {
            **self.models.to_arrays(),
            "task_weights": self.weights,
            "trust": trust,
            "configs": _packed(self.configs),
            **({"names": _packed(self.names)} if self.names else {}),
            **{f"{_COSTS}{name}": array for name, array in costs.items()},
            **{f"{_CURVES}{name}": array for name, array in (self.curves or {}).items()},
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> "Prior":
        """Return what `to_arrays` wrote."""
        models = PastModels.from_arrays(arrays)
        of_costs = {n.removeprefix(_COSTS): arrays[n] for n in arrays if n.startswith(_COSTS)}
        curves = {n.removeprefix(_CURVES): arrays[n] for n in arrays if n.startswith(_CURVES)}
        costs = PastCosts.from_arrays(of_costs) if of_costs else None
        configs, names = _unpacked(arrays, "configs"), _unpacked(arrays, "names")
        weights, trust = np.asarray(arrays["task_weights"]), float(arrays["trust"])
        return cls(models, weights, trust, costs, configs, curves or None, names)


def trust_in(tasks: Sequence[PastTrials], models: PastModels) -> float:
    """Return the probability that past tasks say something about a new one.

    Each task's scores are correlated with what the others expect on average; tasks that
    say nothing about each other (shuffled labels, say) will say nothing about a new one.
    Twice the mean correlation, within [0.05, 0.95]; one task alone gets one half.

    Args:
        tasks: the tasks that the models were fitted on, length t.
        models: models of these tasks.
    """
    if len(tasks) < 2:
        return 0.5
    step = max(len(tasks) // CHECKED_TASKS, 1)
    found = [_agreement(task, t, models) for t, task in enumerate(tasks) if t % step == 0]
    return float(np.clip(2 * np.mean(found), MIN_TRUST, MAX_TRUST))


def _packed(texts: Sequence[str]) -> np.ndarray:
    return np.frombuffer(json.dumps(texts).encode(), dtype=np.uint8)


def _unpacked(arrays: Mapping[str, np.ndarray], name: str) -> Sequence[str]:
    """Return texts that were packed under a name; none where an earlier version kept none."""
    found: Sequence[str] = json.loads(arrays[name].tobytes()) if name in arrays else ()
    return found


def _agreement(task: PastTrials, place: int, models: PastModels) -> float:
    rows = np.linspace(0, len(task.scores) - 1, min(len(task.scores), CHECKED_POINTS)).astype(int)
    others = [t for t in range(len(models)) if t != place][:CHECKED_TASKS]
    expected = models.subset(others).predict(task.inputs[rows]).mean(0)
    actual = task.scores[rows]
    spread = expected.std() * actual.std()
    if spread < 1e-12:
        return 0.0
    return float(((expected - expected.mean()) * (actual - actual.mean())).mean() / spread)
