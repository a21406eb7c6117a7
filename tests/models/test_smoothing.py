"""Exponential smoothing as fixed weights of a window."""

import numpy as np
import pandas as pd
import pytest
from modality_data import monthly

from advisor.data import load_dataset, prepare
from advisor.models import get_family
from advisor.models.smoothing import ExponentialSmoother, of_differences, of_seasons

FAMILY = get_family("forecaster")
SMOOTHER = ExponentialSmoother()


@pytest.mark.parametrize("level", [0.1, 0.4, 1.0])
def test_without_a_trend_it_is_simple_exponential_smoothing(level):
    values = np.random.default_rng(0).normal(size=400).cumsum()
    smoothed = pd.Series(values).ewm(alpha=level, adjust=False).mean().iloc[-1]
    weights = of_differences(399, 3, level, 0.0)
    assert values[-1] + weights @ np.diff(values) == pytest.approx([smoothed] * 3, abs=1e-6)


def test_half_a_trend_is_the_theta_method():
    values = np.random.default_rng(1).normal(size=60).cumsum() + np.arange(60)
    level, drift = 0.4, (values[-1] - values[0]) / 59
    smoothed = values[0]
    for value in values[1:]:
        smoothed = level * value + (1 - level) * smoothed
    steps = np.arange(4) + (1 - (1 - level) ** 60) / level
    forecast = values[-1] + of_differences(59, 4, level, 0.5) @ np.diff(values)
    assert forecast == pytest.approx(smoothed + 0.5 * drift * steps)


def test_a_line_goes_on_with_its_whole_trend():
    forecast = 9 + of_differences(9, 3, 0.3, 1.0) @ np.ones(9)
    assert forecast == pytest.approx([10, 11, 12])


def test_seasonal_differences_are_averaged():
    assert of_seasons(3, 2, 0.5, 1.0) @ np.array([1.0, 2.0, 4.0]) == pytest.approx([3.0, 3.0])
    assert np.all(of_seasons(3, 2, 0.5, 0.0) == 0)


def forecasts(values):
    """Return what every smoother says of the test part, with its truth, by what it is."""
    found = {}
    for one in SMOOTHER.solutions(monthly(values)):
        x = one.data.x("test")[:, :, 0]
        said = one.data.in_unit(x @ one.weights["linear.weight"].T, "test")
        key = tuple(one.config[name] for name in ("differencing", "level", "trend"))
        found[key] = said, one.data.truth("test")
    return found


def test_a_line_and_a_season_go_on():
    months = np.arange(96.0)
    said, truth = forecasts(3 * months)["first", 0.4, 1.0]
    assert said == pytest.approx(truth, rel=1e-4)
    said, truth = forecasts(months % 12)["seasonal", 0.1, 0.0]
    assert said == pytest.approx(truth, abs=1e-5)
    said, truth = forecasts(months % 12 + np.floor(months / 12))["seasonal", 0.4, 1.0]
    assert said == pytest.approx(truth, abs=1e-5)


def test_without_a_season_there_are_no_seasonal_ones():
    frame = pd.DataFrame({"year": range(60), "y": np.random.default_rng(0).normal(size=60)})
    yearly = prepare(load_dataset(frame, "y", time="year", horizon=2))
    assert yearly.preparation.period == 1
    assert {one.config["differencing"] for one in SMOOTHER.solutions(yearly)} == {"first"}


def test_what_is_stored_is_checked_by_its_own_space():
    for one in SMOOTHER.solutions(monthly(np.arange(96.0) % 12)):
        assert FAMILY.checked(one.config) == one.config
        assert FAMILY.formula_of(one.config).title == SMOOTHER.title
