"""Intervals: as wide as errors on validation rows say, stored as data, and true on new points."""

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import advisor
from advisor import Advisor, KnowledgeBase, UserError
from advisor.cli import main
from advisor.predictor.intervals import LEVELS, Intervals
from advisor.predictor.tensors import read_named, write_named
from knowledge_base.checksums import sealed, unsealed

HORIZON = 3


def autoregressive(points, seed=0):
    """Return points of which each is partly the one before, with noise."""
    noise = np.random.default_rng(seed).normal(size=points)
    values = np.zeros(points)
    for place in range(1, points):
        values[place] = 0.8 * values[place - 1] + noise[place]
    return values


def seasonal(points, seed=0):
    """Return points that repeat after twelve, with noise."""
    wave = 3 * np.sin(np.arange(points) * np.pi / 6)
    return wave + np.random.default_rng(seed).normal(size=points)


def frame(**series):
    """Return series by name, of one length, as a table of their months."""
    points = len(next(iter(series.values())))
    times = pd.date_range("1900-01-01", periods=points, freq="MS").strftime("%Y-%m-%d")
    parts = [pd.DataFrame({"month": times, "shop": n, "y": v}) for n, v in series.items()]
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="module")
def forecaster(tmp_path_factory):
    """A search of two series, of quite different scales, with 400 points each of which it knew."""
    folder = tmp_path_factory.mktemp("intervals")
    whole = {"a": autoregressive(600), "b": 1000 + 100 * seasonal(600)}
    known = frame(**{name: values[:400] for name, values in whole.items()})
    search = Advisor(KnowledgeBase(folder / "kb.duckdb")).tune(
        known, "y", time="month", series="shop", horizon=HORIZON, trials=1, n_warm=0,
        folds=3, max_epochs=10, root=folder / "studies", name="s", contribute=False,
        only=["learning_rate"], fix={"units": 16, "n_layers": 1, "batch_size": 128},
    )  # fmt: skip
    return search, whole, folder


def covered(model, whole, level):
    """Return the share of points after those that were known within the intervals, by series."""
    found = {name: [] for name in whole}
    for origin in range(400, 600 - HORIZON, 4):
        past = frame(**{name: values[:origin] for name, values in whole.items()})
        table = model.predict_interval(past, level)
        for name, values in whole.items():
            rows = table[table["series"] == name]
            truth = values[origin : origin + HORIZON]
            found[name].append((rows["lower"] <= truth) & (truth <= rows["upper"]))
    return {name: np.mean(hits) for name, hits in found.items()}


def test_four_of_five_new_points_lie_within(forecaster):
    search, whole, _ = forecaster
    shares = covered(search.model, whole, 0.8)
    assert 0.7 <= np.mean(list(shares.values())) <= 0.9
    assert min(shares.values()) >= 0.65  # of each series, not only of all
    assert max(shares.values()) <= 0.95


def test_saved_they_are_the_same_and_around_the_forecast(forecaster):
    search, whole, _ = forecaster
    past = frame(**{name: values[:400] for name, values in whole.items()})
    model = advisor.load(search.path)
    table = model.predict_interval(past)
    assert list(table.columns) == ["series", "month", "y", "lower", "upper"]
    pd.testing.assert_frame_equal(table, search.model.predict_interval(past))
    assert table["y"].to_numpy() == pytest.approx(model.predict(past).ravel())
    assert ((table["lower"] + table["upper"]) / 2).to_numpy() == pytest.approx(table["y"])
    narrow, wide = (model.predict_interval(past, level) for level in (0.5, 0.95))
    assert (narrow["lower"] > wide["lower"]).all()
    sizes = (table["upper"] - table["lower"]).groupby(table["series"]).mean()
    assert sizes["b"] > 30 * sizes["a"]  # each in its own unit


def test_a_series_that_is_new_has_intervals_in_its_own_unit(forecaster):
    search, whole, _ = forecaster
    new = search.model.predict_interval(frame(c=1e6 * whole["a"][:400]))
    known = search.model.predict_interval(frame(a=whole["a"][:400]))
    ratio = (new["upper"] - new["lower"]) / (known["upper"] - known["lower"])
    assert ratio.between(5e5, 2e6).all()


def test_the_command_writes_them(forecaster, tmp_path):
    search, whole, _ = forecaster
    history, out = tmp_path / "h.csv", tmp_path / "out.csv"
    frame(**{name: values[:400] for name, values in whole.items()}).to_csv(history, index=False)
    words = ["predict", str(search.path), str(history), "-o", str(out)]
    assert CliRunner().invoke(main, words).exit_code == 0
    usual = pd.read_csv(out)
    assert list(usual.columns) == ["series", "month", "y", "lower", "upper"]
    assert CliRunner().invoke(main, [*words, "--interval", "0.95"]).exit_code == 0
    assert (pd.read_csv(out)["upper"] > usual["upper"]).all()
    found = CliRunner().invoke(main, [*words, "--interval", "80"])
    assert found.exit_code == 2
    assert "--interval is a share from 0.01 to 0.99, such as 0.8, not 80" in found.output


def test_models_of_earlier_versions_have_none_and_say_so(forecaster, tmp_path):
    search, whole, _ = forecaster
    folder = _altered(search, tmp_path, lambda arrays: arrays.pop("intervals"))
    history = tmp_path / "h.csv"
    frame(**{name: values[:400] for name, values in whole.items()}).to_csv(history, index=False)
    model = advisor.load(folder)
    assert model.intervals is None
    assert np.array_equal(model.predict(history), search.model.predict(history))
    with pytest.raises(UserError, match="no intervals"):
        model.predict_interval(history)
    found = CliRunner().invoke(main, ["predict", str(folder), str(history)])
    assert found.exit_code == 0
    assert "The model has no intervals" in found.output
    found = CliRunner().invoke(main, ["predict", str(folder), str(history), "--interval", "0.5"])
    assert found.exit_code == 2


@pytest.mark.parametrize("change", [
    lambda widths: widths[:, :-1],
    lambda widths: widths.astype(np.float32),
    lambda widths: widths[::-1],
    lambda widths: widths * np.nan,
    lambda widths: -widths,
    lambda widths: widths.T,
])  # fmt: skip
def test_what_cannot_be_intervals_is_refused(forecaster, tmp_path, change):
    def alter(arrays):
        arrays["intervals"] = np.ascontiguousarray(change(arrays["intervals"]))

    with pytest.raises(UserError, match="its intervals"):
        advisor.load(_altered(forecaster[0], tmp_path, alter))


def _altered(search, folder, change):
    """Return a copy of a model with other arrays, made by somebody who knows how."""
    content = unsealed((search.path / "model" / "model.json").read_bytes(), "it")
    arrays = read_named(search.path / "model", content["weights"])
    change(arrays)
    content["weights"] = write_named(folder, arrays)
    (folder / "model.json").write_text(sealed(json.dumps(content)))
    return folder


def test_other_data_than_are_prepared_are_refused(forecaster):
    search = forecaster[0]
    arrays = search.model.intervals.arrays()
    with pytest.raises(UserError, match="reads other data than it prepares"):
        Intervals.stored(arrays, search.model.average, "regression", "it")


def test_a_width_is_the_error_of_its_rank():
    errors = np.arange(1.0, 10.0)[:, None]  # nine of them
    widths = Intervals.of(np.random.default_rng(0).permutation(errors)).widths
    at = {round(level, 2): width for level, width in zip(LEVELS, widths[:, 0], strict=True)}
    assert at[0.8] == 8  # ceil(10 * 0.8)
    assert at[0.81] == 9
    assert at[0.1] == 1
    assert at[0.95] == 9  # the largest there is
    lower, upper = Intervals(widths, np.ones(1)).around(
        np.array([5.0, 0.0]), np.array([1.0, 2.0]), 0.8
    )
    assert lower.tolist() == [-3.0, -16.0]
    assert upper.tolist() == [13.0, 16.0]


def test_series_that_are_hard_have_wider_intervals_as_far_as_that_is_known():
    errors, places = (
        np.repeat([1.0, 3.0, 3.0], [40, 40, 1])[:, None],
        np.repeat([0, 1, 2], [40, 40, 1]),
    )
    found = Intervals.of(errors, places, 4)
    mean = errors.mean()
    assert found.factors == pytest.approx(
        [(40 + 10 * mean) / 50 / mean, (120 + 10 * mean) / 50 / mean,
         (3 + 10 * mean) / 11 / mean, 1.0]
    )  # fmt: skip
    assert Intervals.of(0 * errors, places, 4).factors.tolist() == [1.0] * 4


@pytest.mark.parametrize("factors", [[1.0], [1.0, 0.0], [1.0, np.nan], [[1.0, 1.0]]])
def test_factors_that_cannot_be_are_refused(forecaster, tmp_path, factors):
    def alter(arrays):
        arrays["interval_factors"] = np.array(factors)

    with pytest.raises(UserError, match="its intervals"):
        advisor.load(_altered(forecaster[0], tmp_path, alter))


@pytest.mark.parametrize("level", [0, 1, 0.999, -0.5, 80, True])
def test_levels_are_shares(level):
    with pytest.raises(UserError, match="`level` is a share"):
        Intervals(np.ones((99, 1)), np.ones(1)).around(np.zeros(2), np.ones(2), level)


def test_a_model_of_one_network_has_those_of_its_folds(tmp_path):
    search = Advisor(KnowledgeBase(tmp_path / "kb.duckdb")).tune(
        frame(a=seasonal(90)), "y", time="month", horizon=2, trials=1, n_warm=0, max_epochs=2,
        root=tmp_path / "studies", contribute=False, final="single",
    )  # fmt: skip
    table = advisor.load(search.path).predict_interval(frame(a=seasonal(90)))
    assert (table["lower"] < table["upper"]).all()


def test_numbers_of_a_table_have_intervals_and_classes_have_none(tmp_path):
    drawn = np.random.default_rng(0)
    x = drawn.normal(size=500)
    rows = pd.DataFrame({"x": x, "y": x + 0.3 * drawn.normal(size=500)})
    tune = Advisor(KnowledgeBase(tmp_path / "kb.duckdb"), family="mlp").tune
    options = {"trials": 1, "n_warm": 0, "root": tmp_path / "studies", "contribute": False}
    model = advisor.load(tune(rows[:300], "y", max_epochs=15, **options).path)
    table = model.predict_interval(rows[300:], 0.8)
    assert list(table.columns) == ["y", "lower", "upper"]
    within = (table["lower"] <= rows["y"][300:].to_numpy()) & (
        rows["y"][300:].to_numpy() <= table["upper"]
    )
    assert 0.7 <= within.mean() <= 0.9
    classes = rows.assign(y=np.where(rows["y"] > 0, "a", "b"))
    model = tune(classes, "y", max_epochs=1, **options).model
    with pytest.raises(UserError, match="predicts classes"):
        model.predict_interval(classes)


def test_a_target_called_lower_keeps_its_column(tmp_path):
    rows = frame(a=seasonal(60)).rename(columns={"y": "lower"})
    search = Advisor(KnowledgeBase(tmp_path / "kb.duckdb")).tune(
        rows, "lower", time="month", horizon=2, trials=1, n_warm=0, max_epochs=1,
        root=tmp_path / "studies", contribute=False,
    )  # fmt: skip
    table = search.model.predict_interval(rows)
    assert list(table.columns) == ["month", "lower", "lower_", "upper"]
    assert (table["lower_"] < table["lower"]).all()
