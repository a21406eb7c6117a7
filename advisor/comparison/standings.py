"""What a comparison of strategies found, in numbers: read from its study directories."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from advisor.settings import Settings
from knowledge_base.records import best_trial
from knowledge_base.studies import StudyDirectory
from knowledge_base.types import JsonObject

Curve = list[float | None]


@dataclass(frozen=True)
class StudyNumbers:
    """One strategy with one seed.

    Attributes:
        study: name of its directory.
        seed: of splits, training and search.
        trials: how many it finished.
        epochs: trained in all of them; None if no trial says.
        seconds: of training, all trials together.
        best: best validation value, of completed trials as in `Tuner.best`.
        test: the value of that trial on the test part, None if unknown.
        found_after: number of trials until the best was found.
        n_warm: configurations that came from the past.
        curve: best value after each trial; None before the first completed one.
    """

    study: str
    seed: int
    trials: int
    epochs: int | None
    seconds: float
    best: float | None
    test: float | None
    found_after: int | None
    n_warm: int
    curve: Curve


@dataclass(frozen=True)
class Average:
    """Mean over seeds and its standard error; no error for one seed, NaN without values."""

    mean: float
    error: float | None = None

    @classmethod
    def of(cls, values: Sequence[float | None]) -> "Average":
        """Average what is known."""
        known = [float(value) for value in values if value is not None]
        if len(known) < 2:
            return cls(known[0] if known else float("nan"))
        return cls(float(np.mean(known)), float(np.std(known, ddof=1) / np.sqrt(len(known))))

    def to_dict(self) -> dict[str, float | None]:
        """Return plain types."""
        return {"mean": self.mean, "standard_error": self.error}


@dataclass(frozen=True)
class Standing:
    """One strategy, averaged over seeds.

    Attributes:
        strategy: as the user named it.
        trials, epochs, seconds, best, test, found_after: averages of those of its studies.
        mean_rank: among the strategies by the best value so far, 1 is best, averaged over
            the trials; ties share the mean of their ranks.
        curve: mean best value after each trial.
        curve_errors: its standard errors; None for one seed.
        studies: one per seed.
    """

    strategy: str
    trials: Average
    epochs: Average
    seconds: Average
    best: Average
    test: Average
    found_after: Average
    mean_rank: Average
    curve: Curve
    curve_errors: Curve | None
    studies: list[StudyNumbers]

    def to_dict(self) -> JsonObject:
        """Return plain types, for JSON."""
        names = ("trials", "epochs", "seconds", "best", "test", "found_after", "mean_rank")
        return {
            "strategy": self.strategy,
            **{name: getattr(self, name).to_dict() for name in names},
            "curve": self.curve,
            "curve_errors": self.curve_errors,
            "studies": [vars(study) for study in self.studies],
        }


def numbers(kept: StudyDirectory) -> StudyNumbers:
    """Return the numbers of a study as far as it got."""
    trials = kept.trials()
    direction = kept.task.direction
    best = best_trial(trials, direction)
    epochs = [trial.epochs for trial in trials if trial.epochs is not None]
    so_far = [best_trial(trials[: n + 1], direction) for n in range(len(trials))]
    return StudyNumbers(
        study=kept.path.name,
        seed=Settings.from_dict(kept.settings).seed,
        trials=len(trials),
        epochs=sum(epochs) if epochs else None,
        seconds=sum(trial.duration or 0.0 for trial in trials),
        best=None if best is None else best.value,
        test=None if best is None else best.metrics.get(f"test_{kept.task.metric}"),
        found_after=None if best is None else best.number + 1,
        n_warm=len(kept.settings.get("warm", [])),
        curve=[None if trial is None else trial.value for trial in so_far],
    )


def standings(studies: dict[str, list[StudyNumbers]], direction: str) -> list[Standing]:
    """Return one standing per strategy, the best value first.

    Args:
        studies: of each strategy, one per seed, in the same order of seeds.
        direction: "minimize" or "maximize".
    """
    ranks = _mean_ranks(list(studies.values()), direction)
    found = [_standing(name, studies[name], own) for name, own in zip(studies, ranks, strict=True)]
    sign = 1.0 if direction == "minimize" else -1.0

    def order(standing: Standing) -> tuple[bool, float, float]:
        best = sign * standing.best.mean
        return best != best, best if best == best else 0.0, standing.mean_rank.mean

    return sorted(found, key=order)


def _standing(name: str, studies: list[StudyNumbers], ranks: Sequence[float]) -> Standing:
    def average(attribute: str) -> Average:
        return Average.of([getattr(study, attribute) for study in studies])

    curves, many = _same_length([study.curve for study in studies]), len(studies) > 1
    return Standing(
        strategy=name,
        trials=average("trials"),
        epochs=average("epochs"),
        seconds=average("seconds"),
        best=average("best"),
        test=average("test"),
        found_after=average("found_after"),
        mean_rank=Average.of([None if rank != rank else rank for rank in ranks]),
        curve=_known(curves.mean(0)),
        curve_errors=_known(curves.std(0, ddof=1) / np.sqrt(len(curves))) if many else None,
        studies=studies,
    )


def _mean_ranks(studies: list[list[StudyNumbers]], direction: str) -> np.ndarray:
    """Return the mean rank of each strategy with each seed, shape (strategies, seeds)."""
    sign = 1.0 if direction == "minimize" else -1.0
    seeds = [_same_length([study.curve for study in row]) for row in zip(*studies, strict=True)]
    per_seed = []
    for curves in seeds:
        values = np.where(np.isnan(curves), np.inf, sign * curves)
        empty = np.full(len(curves), np.nan)
        per_seed.append(rankdata(values, axis=0).mean(1) if values.size else empty)
    return np.array(per_seed).T


def _known(values: np.ndarray) -> Curve:
    """Return numbers, None where a seed has no value yet."""
    return [None if np.isnan(value) else float(value) for value in values]


def _same_length(curves: list[Curve]) -> np.ndarray:
    """Return curves as rows, shape (n, longest); a search that ended keeps what it found."""
    longest = max(len(curve) for curve in curves)
    last = [curve + [curve[-1] if curve else None] * (longest - len(curve)) for curve in curves]
    return np.array(last, dtype=float).reshape(len(curves), longest)
