"""Linear forecasters: what the formula gives."""

import numpy as np
import pytest
from modality_data import monthly
from sklearn.linear_model import Ridge

from advisor.models import get_family
from advisor.models.linear import LinearForecaster
from knowledge_base.errors import UserError

FAMILY = get_family("forecaster")
LINEAR = LinearForecaster()
CONFIG = {
    "cell": "linear", "window": 12, "differencing": "none", "scaling": "series", "penalty": 1e-3,
}  # fmt: skip


def forecasts(seen, part="test"):
    """Return what every solution says, by its configuration's window, differencing and penalty."""
    found = {}
    for one in LINEAR.solutions(seen):
        x = one.data.x(part).reshape(len(one.data.x(part)), -1)
        said = x @ one.weights["linear.weight"].T + one.weights["linear.bias"]
        key = tuple(one.config[n] for n in ("window", "differencing", "scaling", "penalty"))
        found[key] = one.data.in_unit(said, part)
    return found


def test_a_wave_goes_on():
    """Of two sines every point is a linear function of the four before it."""
    t = np.arange(160)
    known = monthly(np.sin(t / 3) + 0.5 * np.sin(t / 7 + 1) + 4)
    found = forecasts(known)[12, "none", "series", 0.1]
    truth = FAMILY.adapt({**CONFIG, "window": 12}, known).truth("test")
    assert found == pytest.approx(truth, abs=0.1)


def test_a_large_penalty_leads_to_the_naive_forecast_with_the_mean_step(monkeypatch):
    monkeypatch.setattr("advisor.models.linear.PENALTIES", (1e12,))
    known = monthly(np.cumsum(np.random.default_rng(0).normal(size=200)))
    found = forecasts(known)[12, "first", "series", 1e12]
    seen = FAMILY.adapt({**CONFIG, "differencing": "first"}, known)
    naive = seen.in_unit(np.tile(seen.y_train.mean(0), (len(seen.x_test), 1)), "test")
    assert found == pytest.approx(naive, abs=1e-5)


def test_the_weights_are_those_of_ridge_regression():
    known = monthly(np.cumsum(np.random.default_rng(1).normal(size=120)))
    for one in LINEAR.solutions(known):
        x, y = one.data.x_train[:, :, 0], one.data.y_train
        usual = Ridge(alpha=one.config["penalty"]).fit(x.astype(float), y)
        assert one.weights["linear.weight"] == pytest.approx(usual.coef_, abs=1e-4)
        assert one.weights["linear.bias"] == pytest.approx(usual.intercept_, abs=1e-4)


def test_configurations_cut_different_windows():
    few = monthly(np.arange(40.0) % 12)
    configs = [one.config for one in LINEAR.solutions(few)]
    windows = [FAMILY.adapt(c, few).preparation.chosen_window for c in configs]
    assert len({(w, c["penalty"]) for w, c in zip(windows, configs, strict=True)}) == len(configs)
    assert LINEAR.space().complete(configs[0]) == configs[0]


def test_too_few_windows_have_no_answer(monkeypatch):
    known = monthly(np.arange(60.0))
    assert list(LINEAR.solutions(known))
    monkeypatch.setattr("advisor.models.linear.LEAST_WINDOWS", 1000)
    assert not list(LINEAR.solutions(known))


def test_what_is_stored_is_checked_by_its_own_space():
    assert FAMILY.checked(dict(CONFIG)) == CONFIG
    assert FAMILY.checked(FAMILY.default()) == FAMILY.default()
    for wrong in ({**CONFIG, "penalty": -1.0}, {**CONFIG, "units": 8}, {**CONFIG, "cell": "dense"}):
        with pytest.raises(UserError):
            FAMILY.checked(wrong)
