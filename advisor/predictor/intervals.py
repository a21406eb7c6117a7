"""Intervals around predictions, from errors on rows that the networks were not trained on.

Split conformal prediction (Papadopoulos et al. 2002; Lei et al. 2018), for each step of a forecast
by itself, as Stankeviciute et al. 2021, "Conformal time-series forecasting", have it: an interval
of a level is as wide as the errors of that share of the validation rows. Errors of a forecast are
counted in units of the seasons before it, so that those of all series and times say something of
each (docs/benchmarks/intervals.md). The levels come true for rows that are like those of
validation, and for each step alone, not for a whole path.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self, cast

import numpy as np

from knowledge_base.errors import UserError

if TYPE_CHECKING:
    from advisor.data import Preparation, PreparedData
    from advisor.data.preparation.base import Features
    from advisor.data.preparation.series import SeriesData, SeriesPreparation
    from advisor.predictor.average import Average

LEVELS = np.arange(1, 100) / 100
"""Levels whose widths are kept; those between them are interpolated."""

USUAL = 0.8
"""The level of an interval if nobody says another."""

WIDTHS, FACTORS = "intervals", "interval_factors"
"""Names of the arrays beside the weights of a model."""

DOUBT = 10
"""Forecasts that a series needs until its own errors count as much as those of all."""


@dataclass(frozen=True)
class Intervals:
    """Half the width of intervals, symmetric around what is predicted.

    Attributes:
        widths: float64 (levels, steps), in units of what comes before a forecast, or in that of
            the target.
        factors: float64 (series,), how much greater the errors of a series are than those of
            all, in such units, in the order of the preparation; of tables (1,).
    """

    widths: np.ndarray
    factors: np.ndarray

    @classmethod
    def of(cls, errors: np.ndarray, series: np.ndarray | None = None, count: int = 1) -> Self:
        """Return the intervals that errors of validation rows make.

        The width of a level is the error of rank ceil((n + 1) level), which a new error of the
        same kind does not exceed with that probability; the largest one where there are too few.

        Args:
            errors: absolute, (n, steps), of at least one row.
            series: place of the series of each row, (n,); default that of the first.
            count: of series.
        """
        places = np.zeros(len(errors), dtype=int) if series is None else series
        means = errors.mean(1)
        rows = np.bincount(places, minlength=count)
        sums = np.bincount(places, weights=means, minlength=count)
        usual = float(means.mean())
        factors = np.ones(count)
        if usual > 0 and count > 1:
            factors = (sums + DOUBT * usual) / (rows + DOUBT) / usual
        ranked = np.sort(errors / factors[places][:, None], axis=0)
        # Rounding keeps (n + 1) level a whole number where it is one.
        ranks = np.ceil(np.round((len(ranked) + 1) * LEVELS, 9)).astype(int)
        return cls(ranked[np.minimum(ranks, len(ranked)) - 1], factors)

    @classmethod
    def stored(
        cls, arrays: Mapping[str, np.ndarray], average: "Average", kind: str, where: str
    ) -> Self | None:
        """Return the intervals among the arrays of a model, None where there are none.

        Args:
            arrays: by name.
            average: what predicts.
            kind: "regression" or "forecasting"; classes have no intervals.
            where: the model, for errors.

        Raises:
            UserError: what is there cannot be intervals of such predictions.
        """
        widths, factors = arrays.get(WIDTHS), arrays.get(FACTORS)
        if widths is None or factors is None:
            return None
        if (kind == "forecasting") != (average.preparations[0].modality == "series"):
            raise UserError(f"{where} is no model: it reads other data than it prepares.")
        steps, series = _sizes(average, kind)
        fits = widths.shape == (len(LEVELS), steps) and factors.shape == (series,)
        for array in (widths, factors):
            fits = fits and array.dtype == np.float64 and bool(np.isfinite(array).all())
        if not fits or (widths < 0).any() or (factors <= 0).any():
            raise UserError(f"{where} is no model: its intervals are not what they must be.")
        if (np.diff(widths, axis=0) < 0).any():
            raise UserError(f"{where} is no model: its intervals get narrower for higher levels.")
        return cls(widths, factors)

    def arrays(self) -> dict[str, np.ndarray]:
        """Return what `stored` takes."""
        return {WIDTHS: self.widths, FACTORS: self.factors}

    def units_of(self, preparation: "Preparation", features: "Features", rows: int) -> np.ndarray:
        """Return the units in which errors of new rows are counted, (n,).

        Args:
            preparation: of the first fold, which has the most points of each series.
            features: the new rows.
            rows: how many there are.
        """
        if preparation.modality != "series":
            return np.ones(rows)
        known = cast("SeriesPreparation", preparation)
        names = [scale.name for scale in known.scales]
        factors = dict(zip(names, self.factors.tolist(), strict=True))
        histories = cast("Mapping[str, np.ndarray]", features)
        return np.array([known.spread(n, v) * factors.get(n, 1.0) for n, v in histories.items()])

    def around(
        self, prediction: np.ndarray, units: np.ndarray, level: float = USUAL
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the lower and the upper ends of the intervals around predictions.

        Args:
            prediction: (n,), or (n, steps) for forecasts.
            units: of each row, (n,), as `units_of` gives them.
            level: share of new values that lie within, from 0.01 to 0.99.

        Raises:
            UserError: there is no such level.
        """
        if isinstance(level, bool) or not LEVELS[0] <= level <= LEVELS[-1]:
            raise UserError(
                f"`level` is a share from {LEVELS[0]:g} to {LEVELS[-1]:g}, such as {USUAL:g}, not "
                f"{level!r}."
            )
        widths = np.array([np.interp(level, LEVELS, column) for column in self.widths.T])
        half = (units[:, None] * widths).reshape(prediction.shape)
        return prediction - half, prediction + half


def errors_of(
    seen: "PreparedData", data: "PreparedData", prediction: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the absolute errors on the validation rows of a fold in their units, and the series.

    Args:
        seen: the fold as a configuration saw it.
        data: the fold as `prepare` gave it.
        prediction: for its validation rows, by networks that were not trained on them.

    Returns:
        Errors (n, steps) and places of the series (n,), all 0 without series.
    """
    errors: np.ndarray = np.abs(seen.truth("valid") - prediction).reshape(len(prediction), -1)
    if data.modality != "series":
        return errors, np.zeros(len(errors), dtype=int)
    series, preparation = (
        cast("SeriesData", data).series,
        cast("SeriesPreparation", data.preparation),
    )
    ends = np.cumsum([0, *map(len, series)])
    places = np.searchsorted(ends, seen.valid_rows, "right") - 1
    units = [
        preparation.spread(preparation.scales[place].name, series[place][: row - ends[place]])
        for place, row in zip(places, seen.valid_rows, strict=True)
    ]
    return errors / np.array(units)[:, None], places


def joined(folds: Sequence[tuple[np.ndarray, np.ndarray]], average: "Average") -> Intervals | None:
    """Return the intervals that the errors of all folds make, None if they are not finite.

    Args:
        folds: of each what `errors_of` gives.
        average: what predicts.
    """
    errors = np.concatenate([found for found, _ in folds])
    if not len(errors) or not np.isfinite(errors).all():
        return None
    kind = "forecasting" if average.preparations[0].modality == "series" else "regression"
    _, count = _sizes(average, kind)
    return Intervals.of(errors, np.concatenate([places for _, places in folds]), count)


def _sizes(average: "Average", kind: str) -> tuple[int | None, int]:
    """Return how many numbers a model predicts for each row, and how many series it knows.

    There are no numbers where it predicts classes.
    """
    if kind == "forecasting":
        preparation = cast("SeriesPreparation", average.preparations[0])
        return preparation.horizon, len(preparation.scales)
    return (1 if kind == "regression" else None), 1
