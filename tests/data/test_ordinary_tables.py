"""Ordinary tables are read as people mean them, and what was read as what is said."""

import datetime
import re

import numpy as np
import pandas as pd
import pytest

from advisor.data import load_dataset, prepare
from advisor.data.amounts import numbers_in
from advisor.data.dates import times
from advisor.data.inference import to_dataset
from knowledge_base.errors import UserError

N = 60
RNG = np.random.default_rng(0)
X = RNG.normal(size=N)
LABEL = RNG.choice(["yes", "no"], N)


def table(**columns):
    return pd.DataFrame({"x": X, **columns, "label": LABEL})


def load(frame, target="label", **more):
    return load_dataset(frame, target, **more)


# Identifiers


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("id", np.arange(5, 5 + N)),
        ("Id", np.random.default_rng(1).permutation(10 * N)[:N]),
        ("user_id", np.arange(N) * 3),
        ("PassengerId", np.arange(N)),
        ("customerID", [f"C-{n}" for n in range(N)]),
        ("index", np.arange(N)),
        ("index", np.arange(N) * np.arange(N)),
        ("rownames", [f"car {n}" for n in range(N)]),
        ("Unnamed: 3", np.arange(N)[::-1]),
        ("#", np.arange(1, N + 1)),
        ("any", [f"{n:08x}-1234-5678-9abc-{n:012x}" for n in range(N)]),
        ("any", [f"K{n}" for n in range(N)]),
        ("any", [f"someone.{n}@example.org" for n in range(N)]),
    ],
)
def test_identifiers_are_left_out_and_said(name, values):
    data = load(table(**{name: values}))
    assert list(data.features) == ["x"]
    assert name in data.intake.left_out
    assert f"Left out: {name} (" in "\n".join(data.intake.lines())
    assert data.fingerprint == load(table()).fingerprint
    kept = load(table(**{name: values}), keep=[name])
    assert len(kept.features.columns) > 1


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("age", np.arange(N)),
        ("year", np.arange(1900, 1900 + N)),
        ("x2", np.arange(N)),
        ("no", RNG.normal(size=N)),
        ("id", RNG.integers(0, 9, N)),
        ("id", RNG.normal(size=N)),
        ("key", RNG.choice(list("CDEFGAB"), N)),
        ("number", np.arange(N) * np.arange(N)),
        ("paid", np.arange(N)),
        ("index", RNG.normal(size=N)),
    ],
)
def test_features_are_no_identifiers(name, values):
    data = load(table(**{name: values}))
    assert set(data.features) == {"x", name}
    assert not data.intake.left_out


@pytest.mark.parametrize(
    "index",
    [
        np.arange(N),
        np.arange(0, 2 * N, 2),
        np.random.default_rng(3).permutation(5 * N)[:N],
        np.r_[np.arange(N // 2), np.arange(N - N // 2)],
    ],
    ids=["all rows", "every second", "a sample", "two files"],
)
def test_a_saved_index_does_not_tell_the_order_of_the_file(csv_file, index):
    """Rows sorted by class: with their numbers a network would be perfect."""
    frame = table().sort_values("label").set_index(pd.Index(index))
    plain, saved = (
        load(csv_file(frame.to_csv(index=kept), f"{kept}.csv")) for kept in (False, True)
    )
    assert list(saved.features) == ["x"]
    assert saved.fingerprint == plain.fingerprint
    assert "saved index" in saved.intake.left_out["Unnamed: 0"]


def test_a_saved_index_has_gaps_where_rows_have_no_target():
    label = pd.Series(LABEL, dtype=object).where(np.arange(N) % 3 > 0, None)
    frame = pd.DataFrame({"no": np.arange(N), "x": X, "label": label})
    assert load(frame).intake.left_out == {"no": "it counts the rows"}


# Dates


@pytest.mark.parametrize(
    "values",
    [
        pd.date_range("2023-12-01", periods=N),
        pd.date_range("2023-12-01", periods=N, tz="UTC"),
        pd.date_range("2023-12-01", periods=N).strftime("%Y-%m-%d"),
        pd.date_range("2023-12-01", periods=N).strftime("%d.%m.%Y"),
        pd.date_range("2023-12-01", periods=N).strftime("%d/%m/%Y"),
        pd.date_range("2023-12-01", periods=N).strftime("%m/%d/%Y"),
        pd.date_range("2023-12-01", periods=N).strftime("%B %d, %Y"),
        pd.date_range("2023-12-01", periods=N).strftime("%d %b %Y"),
        pd.date_range("2023-12-01", periods=N).date,
    ],
)
def test_dates_are_their_parts_and_elapsed_days(values):
    data = load(table(when=values))
    expected = pd.date_range("2023-12-01", periods=N)
    for part, numbers in {
        "year": expected.year,
        "month": expected.month,
        "day": expected.day,
        "weekday": expected.day_of_week,
        "days": (expected - pd.Timestamp("2000-01-01")).days,
    }.items():
        assert data.features[f"when {part}"].tolist() == list(numbers)
    assert data.intake.columns == {"numbers": ["x"], "dates": ["when"]}
    assert np.isfinite(prepare(data).x_train).all()


def test_old_dates_missing_ones_durations_and_times_of_the_day():
    old = load(table(when=[None, *(datetime.date(1500 + n, 2, 3) for n in range(N - 1))]))
    assert old.features["when year"].tolist()[1:] == list(range(1500, 1500 + N - 1))
    assert old.features["when year"].isna().tolist() == [True] + [False] * (N - 1)
    spans = load(table(when=pd.to_timedelta(np.arange(N), unit="h")))
    assert spans.features["when days"].tolist() == [hours / 24 for hours in range(N)]
    clock = load(table(when=[f"{n % 24}:{n:02}" for n in range(N)]))
    assert clock.features["when hour"].tolist() == pytest.approx(
        [n % 24 + n / 60 for n in range(N)]
    )


def test_months_with_the_day_first():
    dates = pd.Series([f"01/{1 + n % 12:02}/{2000 + n // 12}" for n in range(36)])
    assert times(dates).dt.strftime("%Y-%m").tolist() == [
        f"{2000 + n // 12}-{1 + n % 12:02}" for n in range(36)
    ]


def test_the_order_of_day_and_month_is_one_for_a_column():
    mixed = times(pd.Series(["1/2/2024", "2024-02-03", "13/2/2024 10:00"]))
    assert mixed.dt.strftime("%m-%d").tolist() == ["02-01", "02-03", "02-13"]
    assert times(pd.Series(["2/13/2024", "13/2/2024"])).isna().any()


# Numbers


@pytest.mark.parametrize(
    ("texts", "numbers"),
    [
        (["$1,234.50", "$5", "-$3.20", "($7.00)"], [1234.5, 5, -3.2, -7]),
        (["€ 3.000,10", "€ 12,5"], [3000.1, 12.5]),
        (["1.234.567", "2.000"], [1234567, 2000]),
        (["1,234", "12"], [1234, 12]),
        (["12,34,567", "1,000"], [1234567, 1000]),
        (["1 234,50", "1\u00a0000", "7"], [1234.5, 1000, 7]),
        (["1'234.5", "9"], [1234.5, 9]),
        (["12%", "13.5 %", "n/a", "-"], [12, 13.5, np.nan, np.nan]),
        (["12 kg", "13.5kg"], [12, 13.5]),
        (["1.5k", "2M", "300"], [1500, 2e6, 300]),
        (["USD 12", "USD 1,300"], [12, 1300]),
        (["2.5e3", "\u22121"], [2500, -1]),
        (["K12", "K13"], None),
        (["12 kg", "3 lb"], None),
        (["$5", "€5"], None),
        (["1.2.3", "4.5.6"], None),
        (["1,23,4", "5"], None),
        (["-", "n/a"], None),
    ],
)
def test_money_separators_and_units(texts, numbers):
    found = numbers_in(pd.Series(texts))
    assert (None if found is None else found.tolist()) == pytest.approx(numbers, nan_ok=True)


def test_money_is_a_number_in_a_table_and_in_the_target():
    prices = RNG.uniform(1, 9999, N).round(2)
    data = load(table(price=[f"${price:,.2f}" for price in prices]))
    assert data.features["price"].tolist() == prices.tolist()
    sold = load(table(price=[f"${price:,.2f}" for price in prices]), "price")
    assert (sold.kind, sold.target.tolist()) == ("regression", prices.tolist())


def test_few_different_amounts_stay_categories_as_before_with_a_word():
    frame = table(price=RNG.choice(["$1,200", "$3", "$4.50"], N))
    data = load(frame)
    assert str(data.features["price"].dtype) == "category"
    assert "`as_types=price=number`" in data.intake.notes[0]
    assert load(frame, as_types={"price": "number"}).features["price"].max() == 1200
    plain = table(grade=pd.Categorical(RNG.choice(["1", "2", "3"], N)))
    assert not load(plain).intake.notes


# Texts


def test_texts_become_columns_of_words():
    good = RNG.random(N) < 0.5
    texts = [f"a {'lovely' if g else 'dreadful'} film, number {n}" for n, g in enumerate(good)]
    frame = pd.DataFrame({"x": X, "review": texts, "label": good})
    data = load(frame)
    words = [name for name in data.features if name.startswith("review words")]
    assert len(words) == 32
    assert np.allclose((data.features[words] ** 2).sum(axis=1), 1)
    # Some column has the sign of one of the words wherever it is.
    signs = data.features[words].corrwith(pd.Series(good, dtype=float))
    assert signs.abs().max() > 0.5
    assert data.intake.columns["texts"] == ["review"]
    alone = load(frame.assign(review=[*texts[:-1], "something else entirely here"]))
    assert np.array_equal(alone.features[words].iloc[:-1], data.features[words].iloc[:-1])


def test_nearly_unique_codes_are_taken_apart_and_missing_texts_are_empty():
    codes = [f"AB{n // 2:03}{'x' * (n % 40)}" for n in range(N)]
    data = load(table(code=[None, *codes[1:-1], codes[1]]))
    assert data.features["code length"].iloc[0] == 0
    assert data.intake.columns["texts"] == ["code"]


# Rows, options and the account


def test_rows_without_a_target_are_left_out_with_a_word():
    label = pd.Series(LABEL, dtype=object)
    label[[3, 9]] = None
    data = load(table().assign(label=label))
    whole = table().drop(index=[3, 9])
    assert data.fingerprint == load(whole).fingerprint
    assert data.intake.notes == (
        "2 rows without a target are left out, the first being data row 4.",
    )


@pytest.mark.parametrize(
    ("word", "kept"), [("None", True), ("NA", True), ("null", True), ("nan", False), ("", False)]
)
def test_classes_called_none_or_na(csv_file, word, kept):
    label = np.where(LABEL == "no", word, LABEL)
    both = np.where(np.arange(N) % 3 == 0, "other", label)
    data = load(csv_file(table().assign(label=both).to_csv(index=False)))
    assert data.n_classes == (3 if kept else 2)
    assert (word in set(data.target)) == kept
    assert data.n_rows == (N if kept else int((both != word).sum()))
    assert re.search("taken as a class|left out", " ".join(data.intake.notes))


def test_a_class_that_two_rows_have_is_missing_and_how_to_keep_others_is_said(csv_file):
    label = LABEL.astype(object)
    label[:2], label[2:9] = "None", "#N/A"
    path = csv_file(table().assign(label=label).to_csv(index=False))
    data = load(path)
    assert data.n_rows == N - 9
    assert "`as_types=label=category` keeps it" in " ".join(data.intake.notes)
    assert set(load(path, as_types={"label": "category"}).target) == {"yes", "no", "#N/A"}


def test_columns_as_the_user_says():
    frame = table(zip=RNG.integers(0, 5, N), day=[20240101 + n % 28 for n in range(N)],
                  note=RNG.choice(["good", "bad"], N), spare=X)  # fmt: skip
    said = {"zip": "category", "day": "date", "note": "text", "spare": "drop"}
    data = load(frame, as_types=said)
    assert str(data.features["zip"].dtype) == "category"
    assert data.features["day day"].tolist() == [1 + n % 28 for n in range(N)]
    assert "note words 1" in data.features
    assert data.intake.left_out == {"spare": "as you said"}
    assert data.intake.columns == {
        "numbers": ["x"], "categories": ["zip"], "dates": ["day"], "texts": ["note"],
    }  # fmt: skip
    assert set(load(frame, drop=["zip", "day"]).features) == {"x", "note", "spare"}
    assert set(load(frame, drop="zip").features) == {"x", "day", "note", "spare"}


@pytest.mark.parametrize(
    ("more", "match"),
    [
        ({"drop": ["lable"]}, "no column 'lable'. Did you mean 'label'"),
        ({"drop": ["label"]}, "is the target .* cannot be dropped"),
        ({"drop": ["x"]}, "no usable column besides the target"),
        ({"keep": ["no"]}, "no column 'no'"),
        ({"as_types": {"x": "nummer"}}, "`as_types=x=nummer` has it. Try number"),
        ({"as_types": {"x": "date"}}, "'x' of the frame cannot be read as date"),
        ({"as_types": ["x"]}, "`as_types` takes types by name"),
        ({"as_types": {"label": "date"}}, "target 'label' can be read as category or number"),
        ({"size": 8}, "`size` is for images"),
        ({"text": "x", "drop": ["x"]}, "`drop` is for tables"),
        ({"drop": 3}, "`drop` takes names of columns"),
    ],
)
def test_what_cannot_be_done(more, match):
    with pytest.raises(UserError, match=match) as caught:
        load(table(), **more)
    assert "\n" not in str(caught.value)


def test_the_account_is_a_few_lines_however_many_columns_there_are():
    many = {f"n{place}": RNG.normal(size=N) for place in range(50)}
    ids = {f"id {place}": np.arange(N) for place in range(9)}
    lines = load(table(**many, **ids)).intake.lines()
    assert len(lines) == 3
    assert lines[0] == f"Read the frame: {N} rows; target 'label', 2 classes."
    assert lines[1] == "Columns: 51 numbers (x, n0, n1, n2, ...)."
    assert lines[2].endswith(" and 5 more.")
    assert max(map(len, lines)) < 250


# Suspicious features


def test_a_feature_that_tells_the_target_is_warned_of():
    label = np.sort(LABEL)
    data = load(pd.DataFrame({"x": X, "order": np.arange(N), "label": label}))
    assert data.intake.warnings[0].startswith("'order' alone tells 'label'")
    told = load(pd.DataFrame({"x": X, "code": np.where(LABEL == "yes", "p", "q"), "y": LABEL}), "y")
    assert told.intake.warnings[0].startswith("'code' alone")
    prices = RNG.uniform(1, 99, N)
    euro = load(pd.DataFrame({"x": X, "euro": prices * 0.92, "price": prices}), "price")
    assert euro.intake.warnings[0].startswith("'euro' alone")


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer", "diabetes", "digits"])
def test_known_data_have_no_suspicious_feature_and_nothing_is_left_out(name):
    intake = load_dataset(f"sklearn:{name}").intake
    assert not intake.warnings
    assert not intake.left_out


# What could be read before is prepared as before


def test_what_to_dataset_takes_is_read_as_it_reads_it():
    frame = table(
        gap=np.where(RNG.random(N) < 0.2, np.nan, X),
        whole=np.arange(N),
        colour=RNG.choice(["red", "blue"], N),
        flag=RNG.random(N) < 0.5,
        level=pd.Categorical(RNG.choice(["low", "high"], N), ["low", "high"], ordered=True),
        mixed=[1 if n % 2 else "a" for n in range(N)],
        codes=RNG.choice([f"c{n}" for n in range(25)], N),
    )
    plain = to_dataset(frame, "label", None, "the frame", "frame")
    found = load(frame)
    pd.testing.assert_frame_equal(found.features, plain.features)
    assert found.fingerprint == plain.fingerprint
    assert found.target.equals(plain.target)


# Extreme numbers


def test_numbers_near_the_end_of_float64_are_scaled():
    huge = X.copy()
    huge[::7] = 1e308
    data = prepare(load(table(huge=huge)))
    assert np.isfinite(data.x_train).all()
    assert data.x_train[:, 1].std() > 0.5
    with pytest.raises(UserError, match=r"'huge' of the frame has values up to 1e\+308"):
        load(table(huge=huge), "huge")


# Rare classes


@pytest.mark.parametrize("rows", [3, 4, 5, 7])
def test_every_part_has_every_class(rows):
    label = np.where(np.arange(400) < rows, "rare", RNG.choice(["a", "b"], 400))
    frame = pd.DataFrame({"x": RNG.normal(size=400), "label": label})
    for seed in range(6):
        data = prepare(load(frame), seed)
        parts = (data.y_train, data.y_valid, data.y_test)
        assert [len(part) for part in parts] == [240, 80, 80]
        assert all(len(set(part)) == 3 for part in parts)
        assert sum((part == 2).sum() for part in parts) == rows
        numbers = np.concatenate([data.x_train, data.x_valid, data.x_test])
        assert len(np.unique(numbers)) == 400


# Names of columns


def test_names_of_any_type():
    frame = table()
    joined = frame.set_axis(
        pd.MultiIndex.from_tuples([("a", "x"), ("label", "")]), axis=1
    )  # fmt: skip
    assert list(load(joined).features) == ["a_x"]
    assert load(joined, ("label", "")).target_name == "label"
    numbered = load(frame.set_axis([0, 1], axis=1), 1)
    assert (numbered.target_name, list(numbered.features)) == ("1", ["0"])
    assert load(frame.rename(columns={"label": "self"}), "self").n_classes == 2
