"""Learning curves of past tasks: what each expects at every rung, and how far curves stray."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from advisor.curves.rungs import LAST, SHARES
from advisor.curves.scale import Scale
from advisor.surrogates.kernels import matern52
from advisor.surrogates.past_models import NOISES, PastTrials, even_over_ranks, shared_lengthscales

MAX_POINTS = 100
"""Curves of a task that its model is fitted on."""

COMPARED = 24
"""Tasks whose curves are compared with what so many others expect of them."""

COMPARED_POINTS = 60
"""Curves of each of them that are compared."""

MIN_SPREAD = 0.3
"""Least standard deviation of the logarithm of a new task's unit, however alike past ones are."""


@dataclass(frozen=True)
class TaskCurves:
    """The curves of a past task.

    Attributes:
        inputs: encoded configurations, shape (n, d); columns it lacks are zero.
        values: best value so far at every rung, larger is better, NaN where there is none,
            shape (n, rungs); all have one at the last rung.
        known: which columns the task varies, boolean, shape (d,).
    """

    inputs: np.ndarray
    values: np.ndarray
    known: np.ndarray


@dataclass(frozen=True)
class Deviations:
    """How far the curves of a task stray from what other tasks expect.

    Attributes:
        level: covariances between rungs of what all configurations of a task have in common,
            shape (rungs, rungs).
        shared: those of what neighbouring configurations have in common beyond that,
            shape (rungs, rungs).
        own: those of what each training has of its own, shape (rungs, rungs).
        plain: those of scores around the mean curve, shape (rungs, rungs).
    """

    level: np.ndarray
    shared: np.ndarray
    own: np.ndarray
    plain: np.ndarray


class PastCurves:
    """Models of t past tasks at every rung, with one set of lengthscales.

    Attributes:
        inputs: per task, shape (n_t, d).
        coefficients: per task, those of the posterior mean, shape (n_t, rungs).
        offsets: mean score of each task at every rung, shape (t, rungs).
        known: columns that each task knows, shape (t, d).
        lengthscales: shape (d,).
        weights: how much each task counts, summing to 1, shape (t,).
        trust: probability that they say something about a new task.
        deviations: how far curves stray.
        log_units: logarithm of each task's unit, shape (t,).
        epochs: of a training whose configuration does not say how many; 0 if nothing is known.
        widening: what standard deviations of forecasts are multiplied with, by how many rungs of
            a training were seen, shape (rungs,); see `advisor.curves.widening`.
    """

    def __init__(
        self,
        inputs: Sequence[np.ndarray],
        coefficients: Sequence[np.ndarray],
        offsets: np.ndarray,
        known: np.ndarray,
        lengthscales: np.ndarray,
        weights: np.ndarray,
        trust: float,
        deviations: Deviations,
        log_units: np.ndarray,
        epochs: int,
    ) -> None:
        """Take fitted parts; use `learn` to make them."""
        self.inputs, self.coefficients = list(inputs), list(coefficients)
        self.offsets, self.known, self.lengthscales = offsets, known, lengthscales
        self.weights, self.trust, self.deviations = weights, trust, deviations
        self.log_units, self.epochs = log_units, epochs
        self.widening = np.ones(len(SHARES))
        self._free: np.ndarray | None = None
        self._fixed: np.ndarray | None = None

    @classmethod
    def learn(
        cls,
        tasks: Sequence[TaskCurves],
        weights: np.ndarray | None = None,
        trust: float = 0.9,
        epochs: int = 0,
    ) -> "PastCurves":
        """Fit past tasks, and compare each with what the others expect of it.

        Args:
            tasks: at least one.
            weights: shape (t,), not negative; default even.
            trust: probability that they say something about a new task.
            epochs: of a training whose configuration does not say how many.
        """
        tasks = [_thinned(task) for task in tasks]
        scales = [Scale.of(task.values[:, LAST]) for task in tasks]
        scores = [_filled(scale.scores(t.values)) for t, scale in zip(tasks, scales, strict=True)]
        lengthscales = shared_lengthscales(
            [PastTrials(t.inputs, s[:, LAST], t.known) for t, s in zip(tasks, scores, strict=True)]
        )
        fits = [_fit(t.inputs, s, lengthscales) for t, s in zip(tasks, scores, strict=True)]
        given = np.ones(len(tasks)) if weights is None else np.asarray(weights, dtype=float)
        unknown = np.zeros((len(SHARES), len(SHARES)))
        found = cls(
            [task.inputs for task in tasks],
            [fit.coefficients for fit in fits],
            np.array([fit.offset for fit in fits]),
            np.array([task.known for task in tasks]),
            lengthscales,
            given / given.sum(),
            trust,
            Deviations(unknown, unknown, unknown, unknown),
            np.log([scale.unit for scale in scales]),
            epochs,
        )
        found.deviations = _deviations(found, scores, fits)
        return found

    def __len__(self) -> int:
        return len(self.inputs)

    @property
    def unit_prior(self) -> tuple[float, float]:
        """Mean and standard deviation of the logarithm of a new task's unit."""
        spread = float(self.log_units.std()) if len(self) > 2 else 2.0
        return float(self.log_units.mean()), max(spread, MIN_SPREAD)

    def kernel(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Return the correlations of two sets of points, shape (n, m)."""
        return matern52(self._whole(a), self._whole(b), self.lengthscales)

    def expect(
        self,
        points: np.ndarray,
        tasks: Sequence[int] | None = None,
        rungs: Sequence[int] = range(len(SHARES)),
    ) -> np.ndarray:
        """Return the score that each task expects at rungs, shape (t, n, r).

        Args:
            points: encoded configurations, shape (n, d).
            tasks: which of them; default all.
            rungs: which of them, length r; default all.
        """
        chosen, at = range(len(self)) if tasks is None else tasks, list(rungs)
        points, found = self._whole(points), []
        for t in chosen:
            seen = (points * self.known[t]).astype(np.float32)
            kernel = matern52(seen, self.inputs[t].astype(np.float32),
                              self.lengthscales.astype(np.float32))  # fmt: skip
            found.append(self.offsets[t, at] + kernel @ self.coefficients[t][:, at])
        return np.array(found)

    def _whole(self, points: np.ndarray) -> np.ndarray:
        if self._free is None or self._fixed is None:
            return points
        whole = np.tile(self._fixed, (len(points), 1))
        whole[:, self._free] = points
        return whole

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Return everything as plain arrays, for a file."""
        return {
            "inputs": np.vstack(self.inputs).astype(np.float32),
            "coefficients": np.vstack(self.coefficients),
            "sizes": np.array([len(points) for points in self.inputs]),
            "offsets": self.offsets,
            "known": self.known,
            "lengthscales": self.lengthscales,
            "weights": self.weights,
            "trust": np.array(self.trust),
            "level": self.deviations.level,
            "shared": self.deviations.shared,
            "own": self.deviations.own,
            "plain": self.deviations.plain,
            "log_units": self.log_units,
            "epochs": np.array(self.epochs),
            "widening": self.widening,
            "shares": np.array(SHARES),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> "PastCurves":
        """Return what `to_arrays` wrote; `free` and `fixed` make it one of a part of the space.

        Args:
            arrays: by name. With `free`, shape (e,), and `fixed`, shape (d,), points only have
                the columns `free`, and `fixed` says where the others stand.

        Raises:
            KeyError, ValueError: it is something else, or of other rungs.
        """
        if not np.array_equal(arrays["shares"], np.array(SHARES)):
            raise ValueError("these curves were kept at other rungs")
        cuts = np.cumsum(arrays["sizes"])[:-1]
        found = cls(
            np.split(np.asarray(arrays["inputs"], dtype=float), cuts),
            np.split(np.asarray(arrays["coefficients"]), cuts),
            np.asarray(arrays["offsets"]),
            np.asarray(arrays["known"]),
            np.asarray(arrays["lengthscales"]),
            np.asarray(arrays["weights"]),
            float(arrays["trust"]),
            Deviations(*(np.asarray(arrays[n]) for n in ("level", "shared", "own", "plain"))),
            np.asarray(arrays["log_units"]),
            int(arrays["epochs"]),
        )
        if "widening" in arrays:  # What older versions kept has none.
            found.widening = np.asarray(arrays["widening"], dtype=float)
        if "free" in arrays:
            found._free = np.asarray(arrays["free"], dtype=int)
            found._fixed = np.asarray(arrays["fixed"], dtype=float)
        return found


@dataclass(frozen=True)
class _Fit:
    """A task's model, and what each of its curves is off the model without it, (n, rungs)."""

    offset: np.ndarray
    coefficients: np.ndarray
    left_out: np.ndarray


def _fit(inputs: np.ndarray, scores: np.ndarray, lengthscales: np.ndarray) -> _Fit:
    """Fit every rung, its noise by marginal likelihood; one eigendecomposition serves all.

    What is left of a trial by the others has a closed form (Rasmussen and Williams 2006, 5.12).
    """
    values, vectors = np.linalg.eigh(matern52(inputs, inputs, lengthscales))
    values, n = np.maximum(values, 0.0), len(scores)
    offset = scores.mean(0)
    projected = vectors.T @ (scores - offset)
    spectra = values[:, None] + np.array(NOISES)
    signal = np.maximum((projected[:, None] ** 2 / spectra[:, :, None]).sum(0) / n, 1e-12)
    likelihood = -0.5 * (n * np.log(signal) + np.log(spectra).sum(0)[:, None])
    spectrum = spectra[:, likelihood.argmax(0)]
    coefficients = vectors @ (projected / spectrum)
    return _Fit(offset, coefficients, coefficients / ((vectors**2) @ (1 / spectrum)))


def _deviations(past: PastCurves, scores: Sequence[np.ndarray], fits: Sequence[_Fit]) -> Deviations:
    """Compare tasks with what others expect, each trial left out of its own task's model."""
    level, shared, own, plain = [], [], [], []
    step = max(len(past) // COMPARED, 1)
    for t in range(0, len(past), step):
        fit, score = fits[t], scores[t]
        rows = np.linspace(0, len(score) - 1, min(len(score), COMPARED_POINTS)).astype(int)
        others = [s for s in range(len(past)) if s != t][:: max(len(past) // COMPARED, 1)]
        own.append(_covariance(fit.left_out[rows]))
        plain.append(_covariance(score[rows] - score[rows].mean(0)))
        if others:
            expected = past.expect(past.inputs[t][rows], others).mean(0)
            off = score[rows] - fit.left_out[rows] - expected
            level.append(_covariance(off.mean(0, keepdims=True) - off.mean()))
            shared.append(_covariance(off - off.mean(0)))
    parts = (level or plain, shared or plain, own, plain)
    return Deviations(*(np.mean(part, 0) for part in parts))


def _covariance(off: np.ndarray) -> np.ndarray:
    covariance: np.ndarray = off.T @ off / len(off)
    return covariance


def _filled(scores: np.ndarray) -> np.ndarray:
    """Return scores at rungs; where a training has no such rung, those of the next it has."""
    found = scores.copy()
    for rung in range(LAST - 1, -1, -1):
        missing = np.isnan(found[:, rung])
        found[missing, rung] = found[missing, rung + 1]
    return found


def _thinned(task: TaskCurves) -> TaskCurves:
    """Return the task with at most MAX_POINTS curves, its inputs as a file will have them."""
    rows = np.arange(len(task.values))
    if len(rows) > MAX_POINTS:
        rows = np.sort(even_over_ranks(task.values[:, LAST], MAX_POINTS))
    inputs = task.inputs[rows].astype(np.float32).astype(float)
    return TaskCurves(inputs * task.known, task.values[rows], task.known)
