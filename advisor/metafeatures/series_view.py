"""A bounded sample of time series: what their group computes on."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from advisor.metafeatures.sampling import shuffled_rows

if TYPE_CHECKING:
    from advisor.data import SeriesDataset

MAX_SERIES = 50

ROUNDING = 1e-13
"""Spread of a series, relative to its largest number, that rounding alone may make."""


@dataclass(frozen=True)
class SeriesView:
    """Sampled series, each standardised.

    Attributes:
        n_series: how many series the whole data set has.
        lengths: points of each series of the whole data set.
        sample: standardised series.
        period: points per season.
        horizon: steps ahead.
    """

    n_series: int
    lengths: np.ndarray
    sample: list[np.ndarray]
    period: int
    horizon: int

    @classmethod
    def of(cls, dataset: "SeriesDataset", seed: int) -> "SeriesView":
        """Sample time series, each standardised."""
        rows = shuffled_rows(len(dataset.values), MAX_SERIES, seed)
        sample = [_standardised(dataset.values[row]) for row in rows]
        lengths = np.array([len(v) for v in dataset.values])
        return cls(len(dataset.values), lengths, sample, dataset.period, dataset.horizon)


def _standardised(values: np.ndarray) -> np.ndarray:
    centred = values - values.mean()
    spread = centred.std()
    # Rounding makes the spread of 0.1, 0.1, 0.1 ... almost nothing, but not nothing.
    return centred / spread if spread > ROUNDING * np.abs(values).max() else np.zeros(len(values))
