"""Time series: length, trend, season and memory."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from advisor.metafeatures.base import MetafeatureGroup
from advisor.metafeatures.series_view import SeriesView


class Series(MetafeatureGroup[SeriesView]):
    """Features of time series (Hyndman et al. 2015; Kang et al. 2017); means over the series."""

    name = "series"
    modality = "series"
    descriptions: ClassVar[Mapping[str, str]] = {
        "log_series": "log of the number of series",
        "log_length": "log of the median length",
        "log_horizon": "log of the steps ahead",
        "log_period": "log of the points per season",
        "trend": "share of the variance that a straight line explains",
        "seasonality": "share of the detrended variance that the means per season explain",
        "acf1": "autocorrelation at lag 1",
        "acf_period": "autocorrelation at the lag of a season",
        "diff_acf1": "autocorrelation of the first differences at lag 1",
        "diff_spread": "standard deviation of the first differences / that of the series",
        "spectral_entropy": "entropy of the spectrum, 1 for white noise",
        "skewness": "skewness",
        "kurtosis": "excess kurtosis",
        "level_shift": "largest difference of means of neighbouring tenths",
        "heteroscedasticity": "log ratio of the spread of the last third to that of the first",
        "naive_error": "mean absolute error of repeating the last value horizon steps ahead",
        "seasonal_naive_error": "the same of repeating the last season",
    }

    def values(self, view: SeriesView) -> Mapping[str, float]:
        """Return the metafeatures of time series."""
        rows = [_features(series, view.period, view.horizon) for series in view.sample]
        with np.errstate(all="ignore"):
            means = {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}
        return {
            "log_series": np.log(view.n_series),
            "log_length": np.log(np.median(view.lengths)),
            "log_horizon": np.log(view.horizon),
            "log_period": np.log(view.period),
            **means,
        }


def _features(series: np.ndarray, period: int, horizon: int) -> dict[str, float]:
    time = np.linspace(-1, 1, len(series))
    line = np.polyval(np.polyfit(time, series, 1), time)
    rest = series - line
    differences = np.diff(series)
    tenths = np.array([part.mean() for part in np.array_split(series, 10)])
    first, _, last = np.array_split(rest, 3)
    power = np.abs(np.fft.rfft(series - series.mean()))[1:] ** 2
    power = power / max(power.sum(), 1e-12)
    power = power[power > 0]
    season = period if 1 < period < len(series) else 1
    return {
        "trend": 1 - rest.var() / max(series.var(), 1e-12),
        "seasonality": _seasonality(rest, period),
        "acf1": _autocorrelation(series, 1),
        "acf_period": _autocorrelation(series, season),
        "diff_acf1": _autocorrelation(differences, 1),
        "diff_spread": differences.std(),
        "spectral_entropy": float(-(power * np.log(power)).sum() / np.log(max(len(power), 2))),
        "skewness": float((series**3).mean()),
        "kurtosis": float((series**4).mean() - 3),
        "level_shift": float(np.abs(np.diff(tenths)).max()),
        "heteroscedasticity": float(np.log((last.std() + 1e-6) / (first.std() + 1e-6))),
        "naive_error": float(np.abs(series[horizon:] - series[:-horizon]).mean()),
        "seasonal_naive_error": float(np.abs(series[season:] - series[:-season]).mean()),
    }


def _seasonality(rest: np.ndarray, period: int) -> float:
    if not 1 < period <= len(rest) // 2:
        return 0.0
    place = np.arange(len(rest)) % period
    means = np.array([rest[place == p].mean() for p in range(period)])
    return float(means[place].var() / max(rest.var(), 1e-12))


def _autocorrelation(series: np.ndarray, lag: int) -> float:
    centred = series - series.mean()
    return float((centred[lag:] * centred[:-lag]).sum() / max((centred**2).sum(), 1e-12))
