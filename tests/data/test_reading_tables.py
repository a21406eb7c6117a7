"""New rows of a table are read as the training's were, whatever they look like themselves."""

import json
import re
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest

from advisor.data import load_dataset
from advisor.data.reading import reading_from_dict
from advisor.data.sources import stdin
from knowledge_base.errors import UserError

N = 60
RNG = np.random.default_rng(0)
X = RNG.normal(size=N)
LABEL = RNG.choice(["yes", "no"], N)
DAYS = pd.date_range("2023-01-25", periods=N, freq="2231min")
AMOUNTS = RNG.uniform(1, 9999, N)
GAPS = np.arange(N) % 7 == 3


def texts(values, gaps=False):
    found = np.array(list(values), dtype=object)
    return np.where(GAPS, None, found) if gaps else found


def written(form, order=None):
    days = DAYS if order is None else DAYS[order]
    return texts(days.strftime(form))


COLUMNS = {
    "numbers": X * 3,
    "whole numbers": RNG.integers(0, 90, N),
    "numbers with gaps": np.where(GAPS, np.nan, RNG.integers(0, 90, N)),
    "integers with gaps": pd.array(np.where(GAPS, None, RNG.integers(0, 90, N)), dtype="Int64"),
    "categories": RNG.choice(["a", "b", "c"], N),
    "categories with gaps": texts(RNG.choice(["a", "b", "c"], N), gaps=True),
    "digits among categories": texts(np.resize(["7", "007", "seven"], N)),
    "cells of several types": np.array([[1, "a", 2.5, True][n % 4] for n in range(N)], object),
    "truth values": RNG.random(N) < 0.5,
    "truth values with gaps": texts(RNG.random(N) < 0.5, gaps=True),
    "levels of numbers": pd.Categorical(RNG.integers(0, 4, N), categories=[3, 1, 0, 2, 9]),
    "ordered levels": pd.Categorical(RNG.choice(["lo", "hi"], N), ["lo", "mid", "hi"], True),
    "intervals": pd.cut(pd.Series(X), 4),
    "day first": written("%d/%m/%Y"),
    "month first": written("%m/%d/%Y"),
    "day first, shuffled": written("%d/%m/%Y", np.random.default_rng(4).permutation(N)),
    "dots": written("%d.%m.%Y"),
    "with time": written("%Y-%m-%d %H:%M"),
    "months by name": written("%b %d, %Y"),
    "year and month": texts([f"{1990 + n // 12}-{n % 12 + 1:02}" for n in range(N)]),
    "months with the day first": texts([f"1/{n % 12 + 1}/{2000 + n // 12}" for n in range(N)]),
    "dates of several forms": texts(
        f"{day.day}/{day.month}/{day.year}" if n % 3 else day.strftime("%Y-%m-%d")
        for n, day in enumerate(DAYS)
    ),
    "dates with gaps": np.where(GAPS, None, written("%d/%m/%Y")),
    "points in time": DAYS,
    "points in time with a zone": DAYS.tz_localize("Europe/Berlin"),
    "dates of Python": texts(day.date() for day in DAYS),
    "times of the day": written("%H:%M"),
    "times of the day of Python": texts(day.time() for day in DAYS),
    "durations": pd.to_timedelta(RNG.integers(0, 10**6, N), unit="s"),
    "money": texts(f"${value:,.2f}" for value in AMOUNTS),
    "money of Europe": texts(
        f"{value:,.2f} €".translate(str.maketrans(",.", ".,")) for value in AMOUNTS
    ),
    "one unit": texts(f"{value:.0f} kg" for value in AMOUNTS),
    "several units": texts(f"{value:.1f}{'kM'[n % 2]}" for n, value in enumerate(AMOUNTS)),
    "percentages with gaps": texts(
        "n/a" if GAPS[n] else f"{value / 100:.1f}%" for n, value in enumerate(AMOUNTS)
    ),
    "thousands": texts(f"{value:,}" for value in RNG.integers(1, 10**6, N)),
    "texts": texts(f"word{n} and {n * 7} more of it" for n in range(N)),
    "texts with gaps": texts((f"word{n} and {n * 7} more of it" for n in range(N)), gaps=True),
    "codes": texts(f"K{value}-x" for value in RNG.integers(1, 40, N)),
}

SAID = {
    ("whole numbers", "category"), ("whole numbers", "text"), ("numbers with gaps", "category"),
    ("numbers with gaps", "text"), ("truth values", "category"), ("month first", "text"),
    ("money", "category"), ("money", "text"), ("categories", "text"),
    ("levels of numbers", "number"),
    ("digits among categories", "text"), ("truth values", "number"), ("numbers", "category"),
}  # fmt: skip


def table(**columns):
    return pd.DataFrame({"x": X, **columns, "label": LABEL})


def stored(reading):
    """Return a reading after it was written as JSON, with its keys in another order."""
    text = json.dumps(reading.to_dict(), sort_keys=True, allow_nan=False)
    return reading_from_dict(json.loads(text))


def refused(reading, source, *words):
    with pytest.raises(UserError) as caught:
        reading.read(source)
    message = str(caught.value)
    assert all(word in message for word in words), message
    assert "\n" not in message
    assert re.search(r"[.?]$", message), message


def check_same(data, source, parts):
    """Check that the training's source, and any part of it, is read as it was in training."""
    for reading in (data.reading, stored(data.reading)):
        found = reading.read(source)
        pd.testing.assert_frame_equal(found.features, data.features)
        pd.testing.assert_series_equal(found.target, data.target)
        assert not found.intake.notes
        for rows, part in parts:
            found = reading.read(part)
            expected = data.features.iloc[rows].reset_index(drop=True)
            pd.testing.assert_frame_equal(found.features, expected)
            assert list(found.target) == list(data.target.iloc[rows])


# The same again


@pytest.mark.parametrize("name", COLUMNS)
def test_a_frame_and_single_rows_of_it_are_read_as_in_training(name):
    frame = table(it=COLUMNS[name])
    parts = [([row], frame.iloc[[row]]) for row in (0, 3, 24, 59)]
    check_same(load_dataset(frame, "label"), frame, [*parts, ([7, 5], frame.iloc[[7, 5]])])


@pytest.mark.parametrize("name", COLUMNS)
def test_a_file_and_single_rows_of_it_are_read_as_in_training(name, tmp_path):
    frame = table(it=COLUMNS[name])
    frame.to_csv(tmp_path / "all.csv", index=False)
    lines = (tmp_path / "all.csv").read_text().splitlines(keepends=True)
    parts = []
    for row in (0, 3, 24, 59):
        part = tmp_path / f"{row}.csv"
        part.write_text(lines[0] + lines[row + 1])
        parts.append(([row], part))
    check_same(load_dataset(tmp_path / "all.csv", "label"), tmp_path / "all.csv", parts)


@pytest.mark.parametrize(("name", "kind"), sorted(SAID))
def test_what_the_user_said_of_a_column_holds_for_new_rows(name, kind, tmp_path):
    frame = table(it=COLUMNS[name])
    data = load_dataset(frame, "label", as_types={"it": kind})
    check_same(data, frame, [([row], frame.iloc[[row]]) for row in (0, 3, 24)])
    frame.to_csv(tmp_path / "all.csv", index=False)
    lines = (tmp_path / "all.csv").read_text().splitlines(keepends=True)
    (tmp_path / "one.csv").write_text(lines[0] + lines[25])
    data = load_dataset(tmp_path / "all.csv", "label", as_types={"it": kind})
    check_same(data, tmp_path / "all.csv", [([24], tmp_path / "one.csv")])


def test_dates_as_numbers_are_dates_if_the_user_said_so(tmp_path):
    frame = table(day=[int(day.strftime("%Y%m%d")) for day in DAYS])
    data = load_dataset(frame, "label", as_types={"day": "date"})
    check_same(data, frame, [([9], frame.iloc[[9]])])


def test_standard_input_and_other_formats_are_read_as_the_training_file(tmp_path, monkeypatch):
    frame = table(it=COLUMNS["digits among categories"], day=COLUMNS["day first"])
    frame.to_csv(tmp_path / "all.csv", index=False)
    data = load_dataset(tmp_path / "all.csv", "label")
    some = frame[["day", "it", "x"]].iloc[[1, 4, 0]]
    some.to_parquet(tmp_path / "some.parquet")
    some.to_json(tmp_path / "some.jsonl", orient="records", lines=True, double_precision=15)
    some.to_csv(tmp_path / "some.csv.gz", index=False)
    monkeypatch.setattr(stdin, "_content", lambda: some.to_csv(index=False).encode())
    sources = [
        tmp_path / "some.parquet", tmp_path / "some.jsonl", tmp_path / "some.csv.gz", "-",
        some.to_dict(orient="list"), some.to_dict(orient="records"),
    ]  # fmt: skip
    for source in sources:
        found = data.reading.read(source)
        expected = data.features.iloc[[1, 4, 0]].reset_index(drop=True)
        pd.testing.assert_frame_equal(found.features, expected)
        assert found.target is None


def test_arrays_and_pairs_are_read_by_the_numbers_of_their_columns():
    inputs = np.column_stack([X, X**2])
    data = load_dataset((inputs, LABEL))
    found = data.reading.read(inputs[:3])
    pd.testing.assert_frame_equal(found.features, data.features.iloc[:3])
    assert found.target is None
    assert list(data.reading.read((inputs[:3], LABEL[:3])).target) == list(LABEL[:3])
    pd.testing.assert_frame_equal(data.reading.read(inputs[:2].tolist()).features,
                                  data.features.iloc[:2])  # fmt: skip


def test_a_decimal_comma_is_read_although_the_first_new_row_has_none(csv_file):
    rows = "".join(f"{n},5;{'ab'[n % 2]}\n" for n in range(N))
    data = load_dataset(csv_file("v;label\n" + rows), "label")
    found = data.reading.read(csv_file("v;label\n3;a\n4,5;b\n1,234;b\n", "new.csv"))
    assert list(found.features["v"]) == [3.0, 4.5, 1.234]


# Another type


@pytest.mark.parametrize(
    ("trained", "new", "read"),
    [
        ("numbers", ["12.5", "-3"], [12.5, -3.0]),
        ("numbers", [12, 3], [12.0, 3.0]),
        ("numbers", ["?", "1e3"], [np.nan, 1000.0]),
        ("numbers", [True, False], [1.0, 0.0]),
        ("numbers", [None, None], [np.nan, np.nan]),
        ("money", [12.5, 3], [12.5, 3.0]),
        ("money", ["$1,234", "3"], [1234.0, 3.0]),
        ("money of Europe", ["1.234 €", "3,5"], [1234.0, 3.5]),
        ("one unit", ["1,234.5 kg", "-"], [1234.5, np.nan]),
        ("several units", ["2k", "3B"], [2000.0, 3e9]),
        ("truth values", ["True", "false"], [True, False]),
        ("truth values", [1, 0], [True, False]),
        ("levels of numbers", ["3", "1.0"], [3, 1]),
        ("digits among categories", [7, 7.0], ["7", "7"]),
    ],
)
def test_another_type_is_read_as_training_read_it(trained, new, read):
    data = load_dataset(table(it=COLUMNS[trained]), "label")
    found = stored(data.reading).read(pd.DataFrame({"x": [0.0, 1.0], "it": new}))
    assert found.features["it"].dtype == data.features["it"].dtype
    assert found.features["it"].astype(object).tolist() == pytest.approx(read, nan_ok=True)
    assert not found.intake.notes


def test_texts_of_truth_values_take_truth_values():
    frame = table(it=texts(np.resize(["true", "false", "maybe"], N)))
    data = load_dataset(frame, "label")
    found = data.reading.read(pd.DataFrame({"x": [0.0, 1.0], "it": [True, False]}))
    assert found.features["it"].tolist() == ["true", "false"]


def test_one_date_alone_has_the_parts_and_the_order_of_the_training():
    data = load_dataset(table(day=COLUMNS["day first"]), "label")
    for new in ("03/02/2023", "2023-02-03", "3.2.2023", pd.Timestamp("2023-02-03")):
        found = data.reading.read(pd.DataFrame({"x": [0.0], "day": [new]})).features
        assert list(found) == list(data.features)
        assert (found["day month"].item(), found["day day"].item()) == (2, 3)


# What is refused, and what is said


@pytest.mark.parametrize(
    ("trained", "new", "words"),
    [
        ("numbers", ["1", "many"], ["numbers in training", "'many' in data row 2"]),
        ("numbers", [1.0, np.inf], ["an infinite number", "'inf' in data row 2"]),
        ("numbers", pd.date_range("2024-01-01", periods=2), ["numbers in training", "dates"]),
        ("day first", [45000, 45001], ["dates in training", "holds numbers", "'45000'"]),
        ("day first", ["03/02/2023", "2/13/2023"], ["dates in training", "'2/13/2023'"]),
        ("times of the day", ["12:30", "25:10"], ["dates in training", "'25:10' in data row 2"]),
        ("durations", ["1 days", "soon"], ["dates in training", "'soon' in data row 2"]),
        ("one unit", ["3 kg", "4 lb"], ["numbers in training", "'4 lb' in data row 2"]),
        ("whole numbers", ["3", "4k"], ["numbers in training", "'4k' in data row 2"]),
        ("money", ["$3", "€4"], ["numbers in training", "'€4' in data row 2"]),
        ("money", ["$3.50", "$4,5"], ["numbers in training", "'$4,5' in data row 2"]),
        ("categories", [["a"], ["b"]], ["categories in training"]),
        ("categories", pd.date_range("2024-01-01", periods=2), ["categories in training", "dates"]),
        ("texts", pd.date_range("2024-01-01", periods=2), ["texts in training", "dates"]),
    ],
)
def test_a_column_that_is_not_what_it_was_is_refused(trained, new, words):
    data = load_dataset(table(it=COLUMNS[trained]), "label")
    source = pd.DataFrame({"x": [0.0, 1.0], "it": new})
    refused(stored(data.reading), source, "The column 'it' of the frame", *words)


def test_missing_columns_are_named_with_what_they_were(csv_file):
    data = load_dataset(table(age=COLUMNS["numbers"], day=COLUMNS["dots"]), "label")
    new = csv_file("Age,x\n1,2\n", "new.csv")
    refused(data.reading, new, "new.csv lacks columns", "'age' (numbers), 'day' (dates)", "'Age'?")
    refused(data.reading, csv_file("x,age\n1,2\n"), "a column", "'day' (dates)", "Add it")


def test_files_without_rows_with_two_equal_columns_or_with_images_are_refused(csv_file):
    reading = load_dataset(table(), "label").reading
    refused(reading, csv_file("x,label\n"), "no rows")
    refused(reading, csv_file("x,x\n1,2\n"), "two columns called 'x'")
    refused(reading, "nowhere.csv", "does not exist")
    refused(reading, (np.zeros((3, 8, 8)), [1, 2, 3]), "images")


def test_more_columns_are_left_out_with_a_word():
    frame = table(id=np.arange(N), colour=COLUMNS["categories"])
    reading = load_dataset(frame, "label", drop=["colour"]).reading
    found = reading.read(frame.assign(extra=1))
    assert list(found.features) == ["x"]
    assert found.intake.left_out == {
        "id": "as in training", "colour": "as in training", "extra": "not there in training",
    }  # fmt: skip
    assert "extra (not there in training)" in "\n".join(found.intake.lines())


@pytest.mark.parametrize(
    ("trained", "new", "levels"),
    [
        ("categories", ["d", "a", None], ["a", "b", "c", "d"]),
        ("digits among categories", ["07", "7", None], ["007", "7", "seven", "07"]),
        ("truth values", ["perhaps", "True", None], [False, True, "perhaps"]),
        ("levels of numbers", [17, 1, None], [3, 1, 0, 2, "17"]),
    ],
)
def test_a_new_category_is_unknown_and_not_missing(trained, new, levels):
    from sklearn.preprocessing import OneHotEncoder

    data = load_dataset(table(it=COLUMNS[trained]), "label")
    found = stored(data.reading).read(pd.DataFrame({"x": [0.0, 1.0, 2.0], "it": new}))
    column = found.features["it"]
    assert list(column.isna()) == [False, False, True]
    assert sorted(map(str, column.cat.categories)) == sorted(map(str, levels))
    assert f"1 row of 'it' has a category that training had not ('{new[0]}')." in found.intake.notes
    encoder = OneHotEncoder(handle_unknown="infrequent_if_exist", sparse_output=False)
    encoder.fit(data.features[["it"]])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of what is unknown
        encoded = encoder.transform(found.features[["it"]])
    assert encoded[0].sum() == 0
    assert encoded[1].sum() == 1


# The target


@pytest.mark.parametrize(
    ("labels", "kind"),
    [
        (np.resize([3, 1, 2], N), int),
        (np.resize([True, False], N), bool),
        (np.resize(["b", "a"], N), str),
        (np.resize(["None", "a"], N), str),
        (np.resize(["01", "1", "x"], N), str),
        (np.resize([0.5, 1.5], N), float),
    ],
)
@pytest.mark.parametrize("from_file", [True, False])
def test_classes_come_back_in_their_own_type(labels, kind, from_file, tmp_path):
    frame = pd.DataFrame({"x": X, "label": labels})
    source = tmp_path / "all.csv" if from_file else frame
    frame.to_csv(tmp_path / "all.csv", index=False)
    target = load_dataset(source, "label", kind="classification").reading
    target = stored(target).target
    assert target.classes == tuple(sorted(set(labels.tolist())))
    assert {type(label) for label in target.classes} == {kind}
    assert target.labels([1, 0, 1]).tolist() == [target.classes[place] for place in (1, 0, 1)]
    frame.iloc[[4]].to_csv(tmp_path / "one.csv", index=False)
    one = load_dataset(source, "label", kind="classification").reading.read(tmp_path / "one.csv")
    assert one.target.tolist() == [labels[4]]


def test_rows_without_a_target_stay_and_are_said(csv_file):
    data = load_dataset(table(), "label")
    found = data.reading.read(csv_file("x,label\n1,yes\n2,\n3,NA\n4,maybe\n5,no\n"))
    assert list(found.features["x"]) == [1, 2, 3, 4, 5]
    assert found.target.astype(object).fillna("").tolist() == ["yes", "", "", "", "no"]
    assert list(found.target.cat.categories) == ["no", "yes"]
    notes = " ".join(found.intake.notes)
    assert "2 rows without 'label'" in notes
    assert "1 row of 'label' is of no class that training had ('maybe')" in notes
    assert data.reading.read(csv_file("x,label\n1,\n2,\n")).target is None
    assert data.reading.read(csv_file("x\n1\n2\n")).target is None


@pytest.mark.parametrize(
    ("values", "new", "read"),
    [(X, ["1.5", ""], 1.5), (COLUMNS["money"], ["$1,234.50", ""], 1234.5)],
)
def test_numbers_to_predict_are_read_as_in_training(values, new, read, csv_file):
    frame = pd.DataFrame({"x": X, "y": values})
    data = load_dataset(frame, "y", kind="regression")
    found = stored(data.reading).read(pd.DataFrame({"x": [1.0, 2.0], "y": new}))
    assert found.target.tolist() == pytest.approx([read, np.nan], nan_ok=True)
    content = pd.DataFrame({"x": [1.0, 2.0], "y": new}).to_csv(index=False)
    found = data.reading.read(csv_file(content))
    assert found.target.tolist() == pytest.approx([read, np.nan], nan_ok=True)
    refused(data.reading, pd.DataFrame({"x": [1.0], "y": ["many"]}), "The target 'y'", "'many'")


def test_what_is_read_does_not_change_the_source():
    frame = table(it=COLUMNS["money"])
    before = frame.copy(deep=True)
    load_dataset(frame, "label").reading.read(frame)
    pd.testing.assert_frame_equal(frame, before)


def test_reading_imports_no_heavy_library():
    code = "import sys, advisor.data.reading.table; print({'sklearn', 'torch'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"
