"""A preparation that was stored as JSON makes of new rows what training saw of them."""

import json

import numpy as np
import pandas as pd
import pytest

from advisor.data import load_dataset, preparation_from, prepare, split_indices
from advisor.data.images import to_images
from advisor.data.preparation import PARTS
from advisor.data.preparation.encoders import CategoryColumn, NumberColumn
from knowledge_base.errors import UserError


def stored(preparation):
    """Return a preparation as another process would read it; strict JSON takes no NaN."""
    text = json.dumps(preparation.to_dict(), allow_nan=False)
    loaded = preparation_from(json.loads(text))
    assert loaded == preparation
    assert json.dumps(loaded.to_dict()) == text
    return loaded


def same(found, expected):
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
    assert found.tobytes("A") == expected.tobytes("A")


# Tables


def scattered(column, share, rng):
    return pd.Series(column, dtype=object).where(rng.random(len(column)) > share, None)


def hard_table(n=400, seed=0):
    """Return columns of everything that is hard to encode."""
    rng = np.random.default_rng(seed)
    exponential = rng.exponential(15, n).astype(int)
    return pd.DataFrame(
        {
            "number": rng.normal(size=n) * 1e-7 + 3,
            "gappy": scattered(rng.normal(size=n), 0.3, rng).astype(float),
            "huge": rng.normal(size=n) * 1e300,
            "far": np.where(np.arange(n) == n - 1, 1e308, rng.normal(size=n)),
            "constant": 7.0,
            "mostly empty": np.where(np.arange(n) == 3, 1.0, np.nan),
            "whole": rng.integers(-5, 100, n),
            "many": [f"k{number}" for number in exponential],
            "many with gaps": scattered([f"k{number}" for number in exponential], 0.1, rng),
            "few with gaps": scattered(rng.choice(["ä", "b, c", '"'], n), 0.01, rng),
            "flag": rng.random(n) < 0.5,
            "flag with gaps": scattered(rng.random(n) < 0.5, 0.2, rng),
            "mixed": pd.Series([1, "one", None, 2.5] * (n // 4), dtype=object),
            "coded": pd.Categorical(rng.choice([3, 1, 10], n)),
            "coded with gaps": pd.Categorical(scattered(rng.choice([0.5, 2.0], n), 0.3, rng)),
            "days": pd.Categorical(pd.Timestamp("2024") + pd.to_timedelta(exponential % 4, "D")),
        }
    )


def hard(kind="classification", seed=0):
    frame = hard_table(seed=seed)
    rng = np.random.default_rng(seed + 1)
    labels = {"classification": rng.choice(["no", "yes", "?"], len(frame)),
              "regression": rng.normal(size=len(frame)) * 1e6}  # fmt: skip
    return load_dataset(frame.assign(y=labels[kind]), "y", kind=kind)


def by_scikit_learn(train, rows):
    """Return inputs as scikit-learn's own transformers make them."""
    from sklearn.compose import make_column_selector, make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numbers = make_pipeline(
        SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler()
    )
    categories = OneHotEncoder(
        handle_unknown="infrequent_if_exist", max_categories=30, sparse_output=False
    )
    encoder = make_column_transformer(
        (numbers, make_column_selector(dtype_include="number")),
        (categories, make_column_selector(dtype_include="category")),
    ).fit(train)
    with np.errstate(over="ignore"):
        return np.clip(encoder.transform(rows).astype(np.float32), -10, 10)


@pytest.mark.parametrize("kind", ["classification", "regression"])
@pytest.mark.parametrize("fold", [0, 2])
def test_rows_of_a_table_come_out_as_training_saw_them(kind, fold):
    dataset = hard(kind)
    data, splits = prepare(dataset, 0, fold), split_indices(dataset, 0, fold)
    loaded = stored(data.preparation)
    for part in PARTS:
        rows = getattr(splits, part)
        same(loaded.inputs(dataset.features.iloc[rows]), data.x(part))
        same(loaded.target.encoded(dataset.target.iloc[rows]), data.y(part))
    reordered = dataset.features.iloc[splits.test, ::-1]
    same(loaded.inputs(reordered), data.x_test)
    one = loaded.inputs(dataset.features.iloc[splits.test[:1]])
    assert (one == data.x_test[:1]).all()
    assert np.isfinite(data.x_test).all()


@pytest.mark.parametrize("seed", range(3))
def test_tables_are_encoded_as_scikit_learn_does(seed):
    dataset = hard(seed=seed)
    data, splits = prepare(dataset, seed), split_indices(dataset, seed)
    features = dataset.features.copy()
    largest = features.iloc[splits.train].max(numeric_only=True)
    features[largest.index[largest > 1e140]] /= 2.0**600
    for part in PARTS:
        rows = features.iloc[getattr(splits, part)]
        same(data.x(part), by_scikit_learn(features.iloc[splits.train], rows))


def test_numbers_alone_lie_in_memory_as_scikit_learn_puts_them():
    """The order in memory decides in which order a network adds up, and so its last bits."""
    dataset = load_dataset("sklearn:wine")
    data, splits = prepare(dataset), split_indices(dataset)
    expected = by_scikit_learn(
        dataset.features.iloc[splits.train], dataset.features.iloc[splits.test]
    )
    same(data.x_test, expected)
    assert data.x_test.strides == expected.strides


def category(values, rare=()):
    return CategoryColumn("c", tuple(values), tuple(rare))


def test_unknown_categories_are_rare_ones_or_nothing():
    column = pd.Series(["a", "z", None, "b", "r"], dtype=object)
    assert category(["a", "b"]).places(column).tolist() == [0, -1, -1, 1, -1]
    assert category(["a", "b"], ["r"]).places(column).tolist() == [0, 2, 2, 1, 2]
    assert category(["a", None], ["r"]).places(column).tolist() == [0, 2, 1, 2, 2]
    assert category(["a", "b"], [None, "r"]).places(column).tolist() == [0, 2, 2, 1, 2]


def test_categories_are_found_whatever_type_the_column_has():
    whole = category([1, 2])
    for column in (pd.Series([2, 1]), pd.Series([2.0, 1.0]), pd.Series([2, 1], dtype="category")):
        assert whole.places(column).tolist() == [1, 0]
    flags = category([False, True])
    assert flags.places(pd.Series([True, False])).tolist() == [1, 0]
    assert flags.places(pd.Series([True, None], dtype=object)).tolist() == [1, -1]
    assert flags.places(pd.Series(["True", "False"])).tolist() == [-1, -1]


def test_new_numbers_are_clipped_and_gaps_filled():
    number = NumberColumn("x", False, 5.0, 1.0, 2.0)
    assert number.encoded(pd.Series([1.0, np.nan, 3.0])).tolist() == [0, 2, 1]
    assert number.encoded(pd.Series([3, None], dtype="Int64")).tolist() == [1, 2]
    dataset = hard()
    rows = dataset.features.iloc[:2].assign(number=[1e300, -1e300])
    assert prepare(dataset).preparation.inputs(rows)[:, 0].tolist() == [10, -10]


def test_new_rows_of_another_form_are_refused():
    preparation, features = prepare(hard()).preparation, hard().features
    with pytest.raises(UserError, match="lack 'number', 'mixed', which the model was trained on"):
        preparation.inputs(features.drop(columns=["mixed", "number"]))
    with pytest.raises(UserError, match="'number' of the new rows holds something else than num"):
        preparation.inputs(features.assign(number="much"))
    with pytest.raises(UserError, match="'number' of the new rows has infinite values"):
        preparation.inputs(features.assign(number=np.inf))
    with pytest.raises(UserError, match="The class 'maybe' of the new rows was not there"):
        preparation.target.encoded(["no", "maybe"])
    with pytest.raises(UserError, match="must be a finite number"):
        prepare(hard("regression")).preparation.target.encoded([1.0, None])
    more = features.assign(more=1)
    assert (preparation.inputs(more) == preparation.inputs(features)).all()


def test_values_come_back_in_the_unit_of_the_target():
    dataset = hard("regression")
    data = prepare(dataset)
    loaded = stored(data.preparation)
    assert (loaded.in_unit(data.y_valid, dataset.features) == data.truth("valid")).all()


@pytest.mark.parametrize("labels", [[0, 1], [True, False], ["1", "x"], [0.5, 1.5], [2.0, 1.0]])
def test_classes_keep_their_order_and_type(labels):
    frame = pd.DataFrame({"x": np.arange(30.0), "y": labels * 15})
    dataset = load_dataset(frame, "y", kind="classification")
    loaded = stored(prepare(dataset).preparation)
    assert list(loaded.target.classes) == list(dataset.target.cat.categories)
    assert loaded.target.encoded(labels).tolist() == [sorted(labels).index(v) for v in labels]


# Texts and images


def text_dataset(n=60):
    words = ["Grün,", "blau", "日本", "rot!", "e\u0301te\u0301", "tail"]
    rng = np.random.default_rng(0)
    rows = [" ".join(rng.choice(words[: 2 + k % 5], 1 + k % 9)) for k in range(n)]
    return load_dataset(pd.DataFrame({"t": rows, "y": rng.integers(0, 2, n)}), "y", text="t")


def test_texts_come_out_as_training_saw_them():
    dataset = text_dataset()
    for fold in (0, 1):
        data, splits = prepare(dataset, 0, fold), split_indices(dataset, 0, fold)
        for seen in (data, data.limited(4, 3), data.limited(1000, 1000)):
            loaded = stored(seen.preparation)
            for part in PARTS:
                same(loaded.inputs(dataset.texts.iloc[getattr(splits, part)]), seen.x(part))


def test_unknown_words_and_long_and_empty_texts():
    preparation = prepare(text_dataset()).preparation
    long = " ".join(["blau"] * 1000)
    rows = preparation.inputs(["nowhere blau", "", long])
    assert rows[0, :2].tolist() == [1, 2 + preparation.words.index("blau")]
    assert (rows[1] == 0).all()
    assert rows.shape == (3, preparation.length)
    limited = stored(preparation.limit(1, 4)).inputs(["tail blau", "", long])
    assert limited.dtype == np.int64
    assert (limited[0, :2] == 0).all()
    for wrong in ([None, "a"], "blau", pd.Series(["a", np.nan])):
        with pytest.raises(UserError, match="must have a text in each"):
            preparation.inputs(wrong)


def image_dataset():
    pixels = np.random.default_rng(0).integers(0, 256, (40, 9, 8, 3), dtype=np.uint8)
    return to_images(pixels, pd.Series(["a", "b"] * 20), "noise", "test")


def test_images_come_out_as_training_saw_them():
    dataset = image_dataset()
    data, splits = prepare(dataset, 0, 1), split_indices(dataset, 0, 1)
    loaded = stored(data.preparation)
    same(loaded.inputs(dataset.images[splits.test]), data.x_test)
    assert (loaded.pixel_mean, loaded.pixel_scale) == (data.pixel_mean, data.pixel_scale)
    with pytest.raises(UserError, match=r"are of 3 x 8 x 8 .* trained on images of 3 x 9 x 8"):
        loaded.inputs(dataset.images[:, :, :8])


# Series


def series_dataset(freq="D"):
    rng = np.random.default_rng(0)
    frame = pd.concat(
        pd.DataFrame({
            "day": pd.date_range("2020", periods=n, freq=freq), "shop": f"s{n}",
            "v": 1e6 + 100 * rng.normal(size=n).cumsum(),
        })
        for n in (90, 120)
    )  # fmt: skip
    frame.loc[frame["shop"] == "s90", "v"] = 3.0
    return load_dataset(frame, "v", time="day", series="shop", horizon=5)


HOW = [(d, s) for d in ("none", "first", "seasonal") for s in ("series", "window")]


@pytest.mark.parametrize(("differencing", "scaling"), HOW)
def test_windows_of_new_forecasts_are_those_that_training_saw(differencing, scaling):
    """What was known before each origin of the test part gives the window of that origin."""
    dataset = series_dataset()
    for fold in (0, 1):
        data = prepare(dataset, 0, fold).windows(10, differencing, scaling)
        loaded = stored(data.preparation)
        rows = 0
        for name, values in zip(dataset.series_names, dataset.values, strict=True):
            first = len(values) - int(0.2 * len(values))
            for origin in range(first, len(values) - 5 + 1):
                history = {name: values[origin - loaded.needed : origin]}
                same(loaded.inputs(history), data.x_test[rows : rows + 1])
                whole = {name: values[:origin]}
                same(loaded.inputs(whole), data.x_test[rows : rows + 1])
                factors, summands = data.scales[2][rows], data.offsets[2][rows]
                outputs = np.linspace(-1, 1, 5, dtype=np.float32)[None]
                expected = outputs.astype(float) * factors + summands
                assert (loaded.in_unit(outputs, history) == expected).all()
                rows += 1
        assert rows == len(data.x_test)


def test_series_are_forecast_side_by_side_beyond_their_end():
    dataset = series_dataset()
    preparation = prepare(dataset).windows(10, "seasonal", "window").preparation
    histories = dict(zip(dataset.series_names, dataset.values, strict=True))
    inputs = preparation.inputs(histories)
    assert inputs.shape == (2, 10, 1)
    assert (preparation.inputs({"s120": histories["s120"]}) == inputs[1:]).all()
    last_season = np.stack([values[-7:-2] for values in dataset.values])
    assert preparation.in_unit(np.zeros((2, 5)), histories) == pytest.approx(last_season)


def test_a_series_that_was_not_trained_on_is_scaled_by_its_own_points():
    preparation = prepare(series_dataset()).windows(10, "none", "series").preparation
    values = np.random.default_rng(1).normal(size=50)
    found = preparation.in_unit(np.ones((1, 5)), {"new": values})
    assert found == pytest.approx(values.mean() + values.std())


def test_histories_that_cannot_be_used_are_refused():
    series = prepare(series_dataset())
    preparation = series.windows(10, "seasonal", "window").preparation
    assert preparation.needed == 17
    with pytest.raises(UserError, match="'s90' has 16 points; the model needs the last 17"):
        preparation.inputs({"s90": np.ones(16)})
    with pytest.raises(UserError, match="'s90' has missing or infinite values"):
        preparation.inputs({"s90": np.r_[np.ones(20), np.nan]})
    with pytest.raises(ValueError, match="no configuration has chosen"):
        series.preparation.inputs({"s90": np.ones(20)})


# Networks without the data that they were trained on


@pytest.mark.parametrize(
    ("dataset", "adapt"),
    [
        (hard, lambda data: data),
        (lambda: hard("regression"), lambda data: data),
        (image_dataset, lambda data: data),
        (text_dataset, lambda data: data.limited(5, 4)),
        (series_dataset, lambda data: data.windows(10, "seasonal", "window")),
        (lambda: series_dataset("W"), lambda data: data.windows(128, "first", "series")),
    ],
)
def test_a_stand_in_has_the_form_of_the_data(dataset, adapt):
    data = prepare(dataset())
    made = adapt(data)
    for stand_in in (adapt(stored(data.preparation).stand_in()), made.preparation.stand_in()):
        assert type(stand_in) is type(made)
        for name in ("kind", "n_inputs", "n_outputs", "categories", "preparation"):
            assert getattr(stand_in, name) == getattr(made, name)
        for part in PARTS:
            for array, expected in (
                (stand_in.x(part), made.x(part)),
                (stand_in.y(part), made.y(part)),
            ):
                assert (array.dtype, array.shape[1:]) == (expected.dtype, expected.shape[1:])
                assert len(array) == 2
        assert stand_in.truth("valid").shape == made.truth("valid", 2).shape
