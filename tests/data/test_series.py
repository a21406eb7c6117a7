"""Series: what is known of time, and that no window sees the future."""

import re

import numpy as np
import pandas as pd
import pytest

from advisor.data import load_dataset, prepare
from advisor.data.preparation import PARTS
from knowledge_base.errors import UserError

N = 120


def frame(n=N, freq="MS", start="2010-01-01", **columns):
    values = np.sin(np.arange(n) * np.pi / 6) + np.arange(n) / 50
    times = pd.date_range(start, periods=n, freq=freq)
    return pd.DataFrame({"time": times, "sales": values, **columns})


def load(source, **more):
    return load_dataset(source, **{"target": "sales", "time": "time", **more})


def refused(source, match, **more):
    with pytest.raises(UserError, match=match) as caught:
        load(source, **more)
    message = str(caught.value)
    assert "\n" not in message
    assert re.search(r"[.?]$", message), message


# Time


@pytest.mark.parametrize(
    ("freq", "period"),
    [
        ("15min", 96), ("30min", 48), ("h", 24), ("D", 7), ("W", 52), ("MS", 12), ("ME", 12),
        ("QS", 4), ("QE", 4), ("YS", 1), ("YE", 1), ("7min", 1),
    ],
)  # fmt: skip
def test_the_distance_of_points_tells_the_season(freq, period, csv_file):
    data = load(csv_file(frame(freq=freq).to_csv(index=False)))
    assert (data.period, data.n_rows, data.n_features) == (period, N, 1)


@pytest.mark.parametrize(
    ("times", "period"),
    [
        (np.arange(1900, 1900 + N), 1),
        (1949 + np.arange(N) / 12, 12),
        (1949 + np.arange(N) / 4, 4),
        (np.arange(N), 1),
        (pd.array(np.arange(N), dtype="Int64"), 1),
        (pd.period_range("2010-01", periods=N, freq="M"), 12),
        ([t.date() for t in pd.date_range("2010-01-01", periods=N)], 7),
        ([f"{t.year}Q{t.quarter}" for t in pd.date_range("1990-01-01", periods=N, freq="QS")], 4),
        ([t.strftime("%b %Y") for t in pd.date_range("1990-01-01", periods=N, freq="MS")], 12),
        ([t.strftime("%d.%m.%Y") for t in pd.date_range("1990-01-01", periods=N, freq="MS")], 12),
        ([t.strftime("%d.%m.%Y") for t in pd.date_range("1990-01-01", periods=N)], 7),
        ([t.strftime("%d/%m/%Y") for t in pd.date_range("1990-01-01", periods=N)], 7),
        ([t.strftime("%m/%d/%Y") for t in pd.date_range("1990-01-01", periods=N)], 7),
    ],
)
def test_times_in_many_forms(times, period, recwarn):
    assert load(frame(time=times)).period == period
    assert not [w for w in recwarn if "format" in str(w.message)]


def test_clocks_that_change_leave_no_gap():
    """Hours with their offset, and local midnights, over the change to summer time and back."""
    local = pd.date_range("2024-03-30", periods=N, freq="h", tz="Europe/Berlin")
    assert load(frame(time=local)).period == 24
    assert load(frame(time=[str(t) for t in local])).period == 24
    back = pd.date_range("2024-10-26", periods=N, freq="h", tz="Europe/Berlin")
    assert load(frame(time=[str(t) for t in back])).period == 24
    days = pd.date_range("2024-03-01", periods=N, freq="D", tz="Europe/Berlin")
    assert load(frame(time=days)).period == 7


def test_workdays_have_no_gap_at_weekends_and_others_do():
    days = pd.bdate_range("2024-01-01", periods=N)
    found = load(frame(time=days))
    assert (found.period, found.horizon) == (5, 5)
    assert load(frame(time=[day.strftime("%d.%m.%Y") for day in days])).period == 5
    holiday = frame(time=days).drop(index=[12])
    refused(holiday, "have a gap between 2024-01-16 .* and 2024-01-18")
    monday = frame(time=days).drop(index=[15])
    refused(monday, "have a gap between 2024-01-19 .* and 2024-01-23")
    without_midweek = pd.date_range("2024-01-03", periods=3 * N)
    odd = without_midweek[~without_midweek.dayofweek.isin([1, 2])][:N]
    refused(frame(time=odd), "have .* gaps, the first")


def test_local_hours_without_offset_repeat_when_the_clock_goes_back():
    back = pd.date_range("2024-10-26", periods=N, freq="h", tz="Europe/Berlin").tz_localize(None)
    refused(frame(time=back), "2024-10-27 02:00:00 appears twice|not in order")


# Several series


def several(seed=0):
    """Return two series of unequal length with their rows shuffled into each other."""
    one, two = frame(120, shop="a"), frame(90, shop="b").assign(sales=lambda f: f["sales"] * 5)
    order = np.random.default_rng(seed).permutation(np.r_[np.zeros(120, int), np.ones(90, int)])
    parts = [iter(part.itertuples(index=False)) for part in (one, two)]
    return pd.DataFrame([next(parts[place]) for place in order])


def test_interleaved_series_of_unequal_length():
    data = load(several(), series="shop")
    assert sorted(data.series_names) == ["a", "b"]
    found = dict(zip(data.series_names, data.values, strict=True))
    assert found["a"] == pytest.approx(frame(120)["sales"].to_numpy())
    assert found["b"] == pytest.approx(5 * frame(90)["sales"].to_numpy())
    assert (data.n_rows, data.n_features) == (210, 2)


def test_the_order_of_series_does_not_matter_but_that_of_time_does():
    known = load(several(0), series="shop").fingerprint
    assert load(several(1), series="shop").fingerprint == known
    turned = frame(sales=frame()["sales"].to_numpy()[::-1])
    assert load(turned).fingerprint != load(frame()).fingerprint
    zeros = [load(frame(sales=np.arange(N) % 2 * s)).fingerprint for s in (1.0, 1)]
    assert (
        zeros[0] == zeros[1] == load(frame(sales=np.where(np.arange(N) % 2, 1, -0.0))).fingerprint
    )


def test_another_horizon_is_another_task_on_the_same_data():
    three, six = load(frame(), horizon=3), load(frame(), horizon=6)
    assert three.fingerprint == six.fingerprint
    assert three.target_name != six.target_name


def test_the_default_horizon_is_a_season_if_it_fits():
    assert load(frame()).horizon == 12
    assert load(frame(40)).horizon == 8
    assert load(frame(freq="YS")).horizon == 6


# Bad input


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda f: f.drop(index=[50]), r"have a gap between 2014-02-01 .* and 2014-04-01"),
        (lambda f: f.drop(index=[50, 70]), "have 2 gaps, the first between 2014-02-01"),
        (lambda f: pd.concat([f[:60], f[59:]]), r"2014-12-01 00:00:00 appears twice .* `series`"),
        (lambda f: f[::-1], r"not in order: 2019-11-01 .* follows 2019-12-01 .* Sort"),
        (lambda f: f[:20], "has 20 points; at least 30"),
        (lambda f: f[:5], "only 5 rows"),
        (lambda f: f.assign(sales=3.0), "is constant; nothing"),
        (lambda f: f.assign(sales=np.where(f.index < 100, 0.1, 2)), "constant in its first 60%"),
        (lambda f: f.assign(sales=f["sales"].where(f.index != 7)), "1 missing value.* data row 8"),
        (lambda f: f.assign(sales=f["sales"].where(f.index != 7, np.inf)), "1 infinite value"),
        (lambda f: f.assign(sales="high"), "is not numeric"),
        (lambda f: f.assign(time=f["time"].where(f.index != 9)), "empty in data row 10"),
        (lambda f: f.assign(time=pd.array([None, *range(N - 1)], "Int64")), "empty in data row 1"),
        (lambda f: f.assign(time=["soon"] * N), r"not hold times alone \('soon' in data row 1\)"),
        (lambda f: f.assign(time=[*f["time"].astype(str)[:-1], "x"]), r"\('x' in data row 120\)"),
        (lambda f: f.assign(time=[[1]] * N), "does not hold times"),
    ],
)  # fmt: skip
def test_bad_series(change, match):
    refused(change(frame()), match)


@pytest.mark.parametrize(
    ("more", "match"),
    [
        ({"horizon": 25}, r"horizon of 25 is too long .* 120 points, .* use `horizon=24` or less"),
        ({"horizon": 500}, "use `horizon=24` or less"),
        ({"horizon": 0}, "at least 1"),
        ({"kind": "regression"}, "does not apply"),
        ({"time": "tme"}, "Did you mean 'time'"),
        ({"time": "sales"}, "`time` and `target` are both 'sales'"),
        ({"series": "sales"}, "`series` and `target` are both 'sales'"),
        ({"series": "shop"}, "no column 'shop'"),
        ({"time": None, "modality": "series"}, "which column .* holds the times with `time`"),
        ({"time": None, "horizon": 3}, "`series` and `horizon` need `time`"),
    ],
)
def test_bad_requests(more, match):
    refused(frame(), match, **more)


def test_bad_series_are_named():
    two = several()
    gap = two.drop(index=two.index[two["shop"] == "b"][40])
    refused(gap, "times of the series 'b' of the frame have a gap", series="shop")
    refused(pd.concat([two, frame(1, shop="c")]), "series 'c' .* has 1 point;", series="shop")
    nameless = two.assign(shop=two["shop"].where(two.index != 5))
    refused(nameless, "series column 'shop' .* empty in data row 6", series="shop")


# Preparation


def windows(data, length=12, differencing="none", scaling="series", **more):
    return prepare(load(data, **more)).windows(length, differencing, scaling)


HOW = [(d, s) for d in ("none", "first", "seasonal") for s in ("series", "window")]


@pytest.mark.parametrize(("differencing", "scaling"), HOW)
def test_forecasts_come_back_in_the_unit_of_the_series(differencing, scaling):
    """Targets, undone, are the values that followed, at even origins in the order of time."""
    rng = np.random.default_rng(0)
    values = 1000 + 50 * rng.normal(size=N).cumsum()
    data = windows(frame(sales=values), 10, differencing, scaling, horizon=4)
    for part, (start, end) in zip(PARTS, ((0, 72), (72, 96), (96, 120)), strict=True):
        truth = data.truth(part)
        assert truth.shape == (len(data.x(part)), 4)
        lag = {"none": 0, "first": 1, "seasonal": 12}[differencing]
        first = max(start, 10 + lag)
        expected = np.stack([values[o : o + 4] for o in range(first, end - 3)])
        assert truth == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("differencing", "scaling"), HOW)
def test_nothing_of_the_future_is_in_a_window(differencing, scaling):
    """Changing all values from a point on changes no input and no offset of forecasts before."""
    rng = np.random.default_rng(1)
    values = rng.normal(size=N).cumsum()
    changed = values.copy()
    changed[100:] = rng.normal(size=20) * 1000
    one, two = (
        windows(frame(sales=v), 8, differencing, scaling, horizon=6) for v in (values, changed)
    )
    for place, part in enumerate(PARTS):
        # The first origin of the test part is 96; origin 100 knows values up to 99.
        rows = 5 if part == "test" else None
        assert (one.x(part)[:rows] == two.x(part)[:rows]).all()
        assert (one.scales[place][:rows] == two.scales[place][:rows]).all()
        assert (one.offsets[place][:rows] == two.offsets[place][:rows]).all()
        assert (one.naive[place] == two.naive[place]).all()
    assert (one.y_train == two.y_train).all()
    assert (one.y_valid == two.y_valid).all()
    assert (one.x_test[5:] != two.x_test[5:]).any()


def test_scaling_is_by_the_training_part():
    values = np.r_[np.arange(72) % 5, np.full(48, 1e6) + np.arange(48)]
    data = windows(frame(sales=values))
    known = values[:72]
    assert data.offsets[0][0, 0] == pytest.approx(known.mean())
    assert data.scales[0][0, 0] == pytest.approx(known.std())


def test_the_naive_error_is_that_of_last_season_in_the_training_part():
    values = np.random.default_rng(2).normal(size=N)
    data = windows(frame(sales=values))
    known = values[:72]
    assert data.naive_error("test") == pytest.approx(np.abs(known[12:] - known[:-12]).mean())


def test_a_season_that_repeats_exactly_is_compared_with_the_last_point():
    values = np.tile(np.arange(12.0) ** 2, 10)
    data = windows(frame(sales=values))
    assert data.naive_error("valid") == pytest.approx(np.abs(np.diff(values[:72])).mean())


def test_a_constant_series_among_others_has_no_scale_for_errors():
    two = several()
    two.loc[two["shop"] == "b", "sales"] = 0.1
    data = windows(two, series="shop")
    naive = data.naive_error("test")
    assert set(np.isnan(naive)) == {True, False}
    assert np.isfinite(data.x_test).all()
    assert np.isfinite(data.truth("test")).all()


@pytest.mark.parametrize("freq", ["W", "h", "15min"])
@pytest.mark.parametrize(("differencing", "scaling"), HOW)
def test_series_shorter_than_a_season_still_give_windows(freq, differencing, scaling):
    data = windows(frame(30, freq), 128, differencing, scaling)
    for part in PARTS:
        assert len(data.x(part)) >= 1
    assert len(data.x_train) >= 8


def test_long_series_are_thinned_evenly_and_before_they_are_cut():
    rng = np.random.default_rng(0)
    long = frame(60_000, "min", sales=rng.normal(size=60_000).cumsum())
    series = prepare(load(long, horizon=5))
    data = series.windows(32, "first", "series")
    assert len(data.x_train) == 20_000
    assert (len(data.x_valid), len(data.x_test)) == (100, 100)
    values = long["sales"].to_numpy()
    assert data.truth("train")[-1] == pytest.approx(values[35_995:36_000])
    assert data.truth("train")[0] == pytest.approx(values[33:38])
    assert series.n_rows("train") == 20_000
    assert len(series.few(2).windows(32, "first", "series").x_train) == 2


def test_many_series_share_the_windows():
    many = pd.concat([frame(60, shop=f"s{n}").assign(sales=lambda f, n=n: f["sales"] + n)
                      for n in range(60)])  # fmt: skip
    series = prepare(load(many, series="shop", horizon=2))
    few = series.few(120).windows(4, "none", "series")
    assert len(few.x_train) == 120
    assert len(np.unique(few.offsets[0][:, 0].round(6))) == 60


# Extremes


def test_a_series_far_from_zero_is_not_constant():
    """A series that moves by 1.7 around two thousand millions, where float64 resolves 1e-7."""
    near = np.sin(np.arange(120) / 3) * 0.85
    times = pd.date_range("2024-01-01", periods=120)
    far, same = (
        load_dataset(pd.DataFrame({"t": times, "y": start + near}), "y", time="t")
        for start in (2e9, 0.0)
    )
    assert far.values[0].std() == pytest.approx(same.values[0].std())
    windows = [prepare(data).windows(12, "none", "series") for data in (far, same)]
    assert np.allclose(windows[0].x_train, windows[1].x_train, atol=1e-5)
    assert np.allclose(windows[0].naive[0], windows[1].naive[0], rtol=1e-5)
    flat = pd.DataFrame({"t": times, "y": [0.1 + 0.2, 0.3] * 60})
    with pytest.raises(UserError, match="is constant in its first 60%"):
        load_dataset(flat, "y", time="t")


def test_a_series_of_numbers_whose_squares_are_none():
    frame = pd.DataFrame({"t": range(120), "y": np.sin(np.arange(120.0)) * 1e300})
    with pytest.raises(UserError, match=r"'y' of the frame has values up to 1e\+300; divide"):
        load_dataset(frame, "y", time="t")


def test_dates_before_1677():
    frame = pd.DataFrame({"t": [f"{1500 + n}-01-01" for n in range(120)], "y": np.sin(range(120))})
    data = load_dataset(frame, "y", time="t")
    assert (data.n_rows, data.period) == (120, 1)


def test_months_with_the_day_first_have_no_gaps():
    months = [f"01/{1 + n % 12:02}/{2000 + n // 12}" for n in range(120)]
    data = load_dataset(pd.DataFrame({"t": months, "y": np.sin(range(120))}), "y", time="t")
    assert data.period == 12
    assert data.intake.lines() == [
        "Read the frame: 120 points of 1 series in the order of 't'; target 'y', 12 steps ahead.",
        "Note: Seasons of 12 points are assumed.",
    ]
