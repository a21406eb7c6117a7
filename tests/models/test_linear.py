"""Linear forecasters: what the formula gives."""

import numpy as np
import pandas as pd
import pytest

from advisor.data import load_dataset, prepare
from advisor.models import get_family
from knowledge_base.errors import UserError

FAMILY = get_family("forecaster")
CONFIG = {
    "cell": "linear", "window": 12, "differencing": "none", "scaling": "series", "penalty": 1e-3,
}  # fmt: skip


def data(values):
    frame = pd.DataFrame({
        "month": pd.date_range("2000-01-01", periods=len(values), freq="MS"), "y": values,
    })  # fmt: skip
    return prepare(load_dataset(frame, "y", time="month", horizon=4))


def forecast(config, seen, part="test"):
    weights = FAMILY.closed_form.solve(config, seen)
    x = seen.x(part).reshape(len(seen.x(part)), -1)
    return seen.in_unit(x @ weights["linear.weight"].T + weights["linear.bias"], part)


def test_a_wave_goes_on():
    """Of two sines every point is a linear function of the four before it."""
    t = np.arange(160)
    seen = FAMILY.adapt(CONFIG, data(np.sin(t / 3) + 0.5 * np.sin(t / 7 + 1) + 4))
    assert forecast(CONFIG, seen) == pytest.approx(seen.truth("test"), abs=0.02)


def test_a_large_penalty_leads_to_the_naive_forecast_with_the_mean_step():
    drawn = np.random.default_rng(0)
    walk = np.cumsum(drawn.normal(size=200))
    config = {**CONFIG, "differencing": "first", "penalty": 1e12}
    seen = FAMILY.adapt(config, data(walk))
    steps = seen.y_train.mean(0)
    assert forecast(config, seen) == pytest.approx(
        seen.in_unit(np.tile(steps, (len(seen.x_test), 1)), "test"), abs=1e-5
    )


def test_configurations_cut_different_windows():
    few = data(np.arange(40.0) % 12)
    configs = list(FAMILY.closed_form.configs(few))
    windows = [FAMILY.adapt(c, few).preparation.chosen_window for c in configs]
    assert len({(w, c["penalty"]) for w, c in zip(windows, configs, strict=True)}) == len(configs)
    assert FAMILY.closed_form.space().complete(configs[0]) == configs[0]


def test_too_few_windows_have_no_answer():
    seen = FAMILY.adapt(CONFIG, data(np.arange(200.0)))
    short = type(seen)(**{**vars(seen), "x_train": seen.x_train[:2], "y_train": seen.y_train[:2]})
    assert FAMILY.closed_form.solve(CONFIG, short) is None


def test_what_is_stored_is_checked_by_its_own_space():
    assert FAMILY.checked(dict(CONFIG)) == CONFIG
    assert FAMILY.checked(FAMILY.default()) == FAMILY.default()
    for wrong in ({**CONFIG, "penalty": -1.0}, {**CONFIG, "units": 8}, {**CONFIG, "cell": "dense"}):
        with pytest.raises(UserError):
            FAMILY.checked(wrong)
