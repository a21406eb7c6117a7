"""What the surrogate thinks of a study's space: slices and contours through the best trial."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from advisor.report.content.axes import place_of
from advisor.report.content.base import LeftOut
from advisor.report.content.source import StudySource
from advisor.strategies.targets import TargetScale, robust_targets
from advisor.strategies.thinning import looked_at
from advisor.surrogates import Prior, TransferGP, mean_of, possible_lengthscales
from knowledge_base.space import Hyperparameter
from knowledge_base.types import Config, ConfigDict

LEAST = 5
"""Trials with a value that a surrogate needs."""

MOST_FITTED = 160
"""Trials that it looks at: the best, and an even sample of the others."""

MOST_TASKS = 16
"""Past tasks that it looks at: those that weigh most."""

STEPS, CELLS = 25, 15
"""Values along a slice, and along each side of a contour."""

MOST_SLICES, MOST_PAIRED = 12, 4
"""Hyperparameters that are sliced, and those that are paired."""

HALF = 1.2816
"""Standard deviations to each side that hold 80% of a normal distribution."""


@dataclass(frozen=True)
class Slice:
    """The surrogate along one hyperparameter, everything else as in the best trial.

    Attributes:
        name: of the hyperparameter.
        places: along its axis, from 0 to 1, shape (k,).
        labels: the values there, as texts.
        numeric: whether it is a number.
        mean, low, high: expected value and its 80% interval, in the metric's unit, shape (k,).
        at: places of the trials, NaN where it is inactive, shape (n,).
    """

    name: str
    places: np.ndarray
    labels: Sequence[str]
    numeric: bool
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    at: np.ndarray


@dataclass(frozen=True)
class Contour:
    """The surrogate over two hyperparameters, everything else as in the best trial.

    Attributes:
        across, down: their names.
        x, y: texts of the values along each, lengths k and l.
        numeric: whether x and y are numbers.
        mean: expected value, shape (l, k).
        width: of its 80% interval, shape (l, k).
        at: places of the trials on both axes, counted in cells, shape (n, 2).
    """

    across: str
    down: str
    x: Sequence[str]
    y: Sequence[str]
    numeric: tuple[bool, bool]
    mean: np.ndarray
    width: np.ndarray
    at: np.ndarray


@dataclass(frozen=True)
class Surface:
    """Slices and contours of one surrogate.

    Attributes:
        metric, direction: what is optimised.
        values: of the trials, NaN without one, shape (n,).
        numbers: of the trials.
        best: number of the trial that they go through.
        informed: whether the past is part of the surrogate.
        slices, contours: through that trial.
    """

    metric: str
    direction: str
    values: np.ndarray
    numbers: Sequence[int]
    best: int
    informed: bool
    slices: Sequence[Slice]
    contours: Sequence[Contour]


class Surrogate:
    """The surrogate of a search, fitted on its trials as they stand now."""

    def __init__(self, source: StudySource) -> None:
        """Fit it; at least one trial has a value."""
        good = source.sign * source.values
        rows = looked_at(robust_targets(good), MOST_FITTED)
        self._sign = source.sign
        self._scale = TargetScale.of(good)
        self._prior = _heaviest(source.prior)
        inputs, targets = source.inputs[rows], robust_targets(good)[rows]
        if self._prior is None:
            self._model = TransferGP(inputs, targets)
        else:
            self._model = TransferGP(
                inputs,
                targets,
                self._prior.predict(inputs),
                self._prior.weights,
                informed=possible_lengthscales(inputs, targets, self._prior.lengthscales),
                trust=self._prior.trust,
            )

    @property
    def informed(self) -> bool:
        """Whether the past is part of it."""
        return self._prior is not None

    def predict(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the expected values and the ends of their 80% intervals, each of shape (m,).

        Args:
            points: encoded configurations, shape (m, d).
        """
        past = np.zeros((0, len(points))) if self._prior is None else self._prior.predict(points)
        posteriors = self._model.posteriors(points, past)
        mean = mean_of(posteriors)
        square = np.sum([p.weight * (p.variance + p.mean**2) for p in posteriors], axis=0)
        deviation = np.sqrt(np.maximum(square - mean**2, 0.0))
        middle = self._value(mean)
        ends = [self._value(mean + side * HALF * deviation) for side in (-1, 1)]
        return middle, np.minimum(*ends), np.maximum(*ends)

    def _value(self, targets: np.ndarray) -> np.ndarray:
        """Return what `TargetScale.targets` made of values, backwards, in the metric's unit."""
        standard = np.where(targets < 0, -np.expm1(-np.minimum(targets, 0.0)), targets)
        value: np.ndarray = self._sign * (self._scale.middle + self._scale.unit * standard)
        return value


def surface_of(source: StudySource, important: Sequence[str] = ()) -> Surface | LeftOut:
    """Return slices and contours of a study.

    Args:
        source: the study.
        important: names of hyperparameters, the most important first; these are shown first.
    """
    count = int(np.isfinite(source.values).sum())
    if count < LEAST or source.best is None:
        return LeftOut(
            f"A surrogate needs {LEAST} trials with a value; the study has {count} of them."
        )
    order = {name: place for place, name in enumerate(important)}
    shown = sorted(source.varying, key=lambda h: order.get(h.name, len(order)))
    if not shown:
        return LeftOut("Every hyperparameter of the space is fixed, so there is no surface.")
    surrogate, best = Surrogate(source), dict(source.best.config)
    active = [h for h in shown if h.name in best]
    sliced, paired = active[:MOST_SLICES], list(combinations(active[:MOST_PAIRED], 2))
    groups = [_along(best, h) for h in sliced] + [_over(best, *pair) for pair in paired]
    said = _said(source, surrogate, groups)
    task = source.directory.task
    return Surface(
        task.metric,
        str(task.direction),
        source.values,
        [trial.number for trial in source.trials],
        source.best.number,
        surrogate.informed,
        [_slice(source, h, one) for h, one in zip(sliced, said, strict=False)],
        [_contour(source, *pair, one)
         for pair, one in zip(paired, said[len(sliced):], strict=True)],
    )  # fmt: skip


def _along(best: ConfigDict, h: Hyperparameter) -> list[Config]:
    """Return the configurations of a slice."""
    return [{**best, h.name: value} for value in values_along(h, STEPS)[1]]


def _over(best: ConfigDict, across: Hyperparameter, down: Hyperparameter) -> list[Config]:
    """Return the configurations of a contour, line by line."""
    (_, xs), (_, ys) = values_along(across, CELLS), values_along(down, CELLS)
    return [{**best, across.name: x, down.name: y} for y in ys for x in xs]


def _said(
    source: StudySource, surrogate: Surrogate, groups: Sequence[Sequence[Config]]
) -> list[tuple[np.ndarray, ...]]:
    """Return mean, low and high of each group of configurations.

    All are asked for at once: most of a question's work does not depend on how many it asks for.
    """
    points = source.encoder.encode([config for group in groups for config in group])
    ends = np.cumsum([len(group) for group in groups])[:-1]
    parts = [np.split(values, ends) for values in surrogate.predict(points)]
    return list(zip(*parts, strict=True))


def values_along(h: Hyperparameter, steps: int) -> tuple[np.ndarray, list[object]]:
    """Return places along an axis, from 0 to 1, and the values of the hyperparameter there."""
    if h.choices:
        return (np.arange(len(h.choices)) + 0.5) / len(h.choices), list(h.choices)
    places = np.linspace(0, 1, steps)
    low, high = float(h.low or 0.0), float(h.high or 0.0)
    if h.log:
        numbers = np.exp(np.log(low) + places * np.log(high / low))
    else:
        numbers = low + places * (high - low)
    # Whole numbers are not rounded: a surrogate has a value between them, and lines stay smooth.
    return places, [float(min(max(number, low), high)) for number in numbers]


def _slice(source: StudySource, h: Hyperparameter, said: Sequence[np.ndarray]) -> Slice:
    places, values = values_along(h, STEPS)
    mean, low, high = said
    at = np.array([place_of(h, trial.config) for trial in source.trials])
    return Slice(h.name, places, _texts(h, values), not h.choices, mean, low, high, at)


def _contour(
    source: StudySource,
    across: Hyperparameter,
    down: Hyperparameter,
    said: Sequence[np.ndarray],
) -> Contour:
    (_, xs), (_, ys) = values_along(across, CELLS), values_along(down, CELLS)
    mean, low, high = said
    shape = (len(ys), len(xs))
    at = np.array(
        [
            [
                _cells(h, place_of(h, trial.config), n)
                for h, n in ((across, len(xs)), (down, len(ys)))
            ]
            for trial in source.trials
        ]
    ).reshape(-1, 2)
    return Contour(
        across.name,
        down.name,
        _texts(across, xs),
        _texts(down, ys),
        (not across.choices, not down.choices),
        mean.reshape(shape),
        (high - low).reshape(shape),
        at,
    )


def _cells(h: Hyperparameter, place: float, count: int) -> float:
    """Return a place from 0 to 1 in cells of a contour, whose middles are whole numbers."""
    return place * count - 0.5 if h.choices else place * (count - 1)


def _texts(h: Hyperparameter, values: Sequence[object]) -> list[str]:
    if h.choices:
        return [str(value) for value in values]
    return [f"{value:.3g}" for value in values]


def _heaviest(prior: Prior | None) -> Prior | None:
    """Return a prior of the tasks that weigh most: pictures need no more."""
    if prior is None or len(prior.weights) <= MOST_TASKS:
        return prior
    places = np.sort(np.argsort(-prior.weights, kind="stable")[:MOST_TASKS]).tolist()
    weights = prior.weights[places]
    return Prior(prior.models.subset(places), weights / weights.sum(), prior.trust)
