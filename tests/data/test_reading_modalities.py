"""New images, texts and histories of series are read as the training's were."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from advisor.data import load_dataset
from advisor.data.intake import UNNAMED
from advisor.data.reading import reading_from_dict
from knowledge_base.errors import UserError

DIGITS = load_digits()
PIXELS = np.rint(DIGITS.images[:40] * 255 / 16).astype(np.uint8)
LABELS = DIGITS.target[:40] % 3
COLOURS = np.stack([PIXELS, PIXELS // 2, 255 - PIXELS], axis=-1)


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


# Images


def write(path, pixels, size=None, mode=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(pixels)
    image = image if size is None else image.resize(size)
    (image if mode is None else image.convert(mode)).save(path)
    return path


def folder(path, images=PIXELS, **more):
    for place, (pixels, label) in enumerate(zip(images, LABELS, strict=True)):
        write(path / str(label) / f"{place:03}.png", pixels, **more)
    return path


@pytest.mark.parametrize(
    ("images", "more"),
    [
        (PIXELS, {}),
        (COLOURS, {}),
        (np.concatenate([COLOURS, PIXELS[..., None]], axis=-1), {}),
        (PIXELS, {"mode": "RGB"}),
        (PIXELS, {"size": (13, 9)}),
        ((PIXELS > 99).astype(np.uint8), {}),
    ],
    ids=["grey", "colour", "transparent", "grey as colour", "resized", "masks"],
)
def test_a_folder_and_single_files_of_it_are_read_as_in_training(images, more, tmp_path):
    wanted = 8 if "size" in more else None
    where = folder(tmp_path / "all", images, **more)
    data = load_dataset(where, size=wanted)
    for reading in (data.reading, stored(data.reading)):
        found = reading.read(where)
        np.testing.assert_array_equal(found.features, data.images)
        pd.testing.assert_series_equal(found.target, data.target)
        assert found.features.dtype == np.uint8
        for row in (0, 7, 39):
            one = reading.read(where / found.names[row])
            np.testing.assert_array_equal(one.features, data.images[[row]])
            assert one.target is None


def test_a_flat_folder_and_one_of_other_folders_have_no_classes(tmp_path):
    data = load_dataset(folder(tmp_path / "all"))
    for place in ("new/b.png", "new/a.png", "new/batch/c.png"):
        write(tmp_path / place, PIXELS[ord(place[-5]) - ord("a")])
    found = data.reading.read(tmp_path / "new")
    assert found.names == ("a.png", "b.png", "batch/c.png")
    np.testing.assert_array_equal(found.features[:, 0], PIXELS[:3])
    assert found.target is None
    assert "3 images of 8 x 8, 1 channel" in found.intake.lines()[0]


def test_classes_of_folders_are_those_of_the_training_in_its_own_type(tmp_path):
    np.savez(tmp_path / "all.npz", images=PIXELS, labels=LABELS)
    reading = stored(load_dataset(tmp_path / "all.npz").reading)
    write(tmp_path / "new" / "2" / "a.png", PIXELS[0])
    write(tmp_path / "new" / "9" / "b.png", PIXELS[1])
    found = reading.read(tmp_path / "new")
    assert reading.target.classes == (0, 1, 2)
    assert found.target.iloc[0] == 2
    assert found.target.isna().tolist() == [False, True]
    assert "of no class that training had ('9')" in " ".join(found.intake.notes)


def test_other_sizes_and_channels_become_those_of_the_training_with_a_word(tmp_path):
    grey, colour = load_dataset((PIXELS, LABELS)), load_dataset((COLOURS, LABELS))
    write(tmp_path / "new" / "a.png", COLOURS[0], size=(16, 24))
    found = grey.reading.read(tmp_path / "new")
    assert found.features.shape == (1, 1, 8, 8)
    notes = " ".join(found.intake.notes)
    assert "resized to 8 x 8" in notes
    assert "lost their colours" in notes
    found = colour.reading.read(PIXELS[:2])
    np.testing.assert_array_equal(found.features, np.stack([PIXELS[:2]] * 3, axis=1))
    assert "have 1 channel and were made ones of 3" in " ".join(found.intake.notes)
    assert grey.reading.read(np.zeros((2, 20, 30), np.uint8)).features.shape == (2, 1, 8, 8)


@pytest.mark.parametrize(
    ("trained", "new", "expected"),
    [
        (PIXELS, np.ones((1, 8, 8), np.uint8), 1),
        (PIXELS, np.ones((1, 8, 8)), 1),
        (PIXELS, np.full((1, 8, 8), 0.2), 51),
        (PIXELS / 255, np.ones((1, 8, 8)), 255),
        (PIXELS / 255, np.full((1, 8, 8), 77, np.uint8), 77),
        (PIXELS.astype(np.uint16) * 257, np.full((1, 8, 8), 514, np.uint16), 2),
    ],
)
def test_the_range_of_numbers_is_that_of_the_training_where_it_can_be(trained, new, expected):
    reading = stored(load_dataset((trained, LABELS)).reading)
    assert (reading.read(new).features == expected).all()


def test_arrays_with_and_without_labels_are_read(tmp_path):
    np.savez(tmp_path / "all.npz", images=PIXELS, labels=LABELS)
    np.savez(tmp_path / "new.npz", images=PIXELS[:3])
    data = load_dataset(tmp_path / "all.npz")
    found = data.reading.read(tmp_path / "new.npz")
    np.testing.assert_array_equal(found.features, data.images[:3])
    assert found.target is None
    pd.testing.assert_series_equal(data.reading.read(tmp_path / "all.npz").target, data.target)
    pd.testing.assert_series_equal(data.reading.read((PIXELS, LABELS)).target, data.target)


def test_what_holds_no_images_is_refused(tmp_path, csv_file):
    reading = load_dataset((PIXELS, LABELS)).reading
    (tmp_path / "empty").mkdir()
    refused(reading, tmp_path / "empty", "holds no PNG or JPEG")
    refused(reading, tmp_path / "no.png", "does not exist")
    (tmp_path / "broken.png").write_bytes(b"no image")
    refused(reading, tmp_path / "broken.png", "cannot be read")
    refused(reading, csv_file("x\n1\n"), "is a table")
    refused(reading, np.zeros((0, 8, 8)), "no images")
    write(tmp_path / "deep" / "a" / "b" / "c.png", PIXELS[0])
    refused(reading, tmp_path / "deep", "inside it")
    refused(reading, np.full((1, 8, 8), 300.0), "0 to 255")


# Texts


def reviews(n=40):
    return pd.DataFrame(
        {
            "review": [["NA", "good film", "bad film", "12"][place % 4] for place in range(n)],
            "stars": [5, 4, 1, 2] * (n // 4),
        }
    )


def test_texts_are_read_literally_and_classes_in_their_own_type(tmp_path):
    reviews().to_csv(tmp_path / "all.csv", index=False)
    data = load_dataset(tmp_path / "all.csv", "stars", text="review")
    (tmp_path / "new.csv").write_text("id,review\n1,12\n2,NA\n3,\n4,007\n")
    for reading in (data.reading, stored(data.reading)):
        found = reading.read(tmp_path / "all.csv")
        pd.testing.assert_series_equal(found.features, data.texts)
        pd.testing.assert_series_equal(found.target, data.target)
        assert reading.target.classes == (1, 2, 4, 5)
        new = reading.read(tmp_path / "new.csv")
        assert list(new.features) == ["12", "NA", "", "007"]
        assert new.target is None
        assert new.intake.left_out == {"id": UNNAMED}
        assert "1 text of 'review' without any word." in new.intake.notes
        assert list(reading.read(["so good", "so bad"]).features) == ["so good", "so bad"]
        assert list(reading.read(pd.Series(["so good"], name="other")).features) == ["so good"]
    refused(data.reading, pd.DataFrame({"reviews": ["a"]}), "'review' (texts)", "'reviews'?")
    refused(data.reading, pd.DataFrame({"review": [["a"]]}), "'review'", "no texts")
    refused(data.reading, np.zeros((2, 8, 8)), "array")


# Series


def months(n=60, freq="MS", start="2020-01-01", form=None):
    times = pd.date_range(start, periods=n, freq=freq)
    written = times if form is None else times.strftime(form)
    return pd.DataFrame({"time": written, "sales": np.sin(np.arange(n)) + 5})


def load(frame, **more):
    return load_dataset(frame, "sales", time="time", horizon=3, **more)


def ahead(reading, source):
    return [list(history.ahead) for history in reading.read(source).features]


@pytest.mark.parametrize(
    ("freq", "start", "expected"),
    [
        ("MS", "2020-01-01", ["2025-01-01", "2025-02-01", "2025-03-01"]),
        ("ME", "2020-01-31", ["2025-01-31", "2025-02-28", "2025-03-31"]),
        ("QS", "2020-01-01", ["2035-01-01", "2035-04-01", "2035-07-01"]),
        ("YS", "2000-01-01", ["2060-01-01", "2061-01-01", "2062-01-01"]),
        ("D", "2020-01-01", ["2020-03-01", "2020-03-02", "2020-03-03"]),
        ("W-SUN", "2020-01-05", ["2021-02-28", "2021-03-07", "2021-03-14"]),
        ("B", "2020-01-06", ["2020-03-30", "2020-03-31", "2020-04-01"]),
        ("h", "2020-01-01", ["2020-01-03 12:00:00", "2020-01-03 13:00:00", "2020-01-03 14:00:00"]),
        ("15min", "2020-01-01",
         ["2020-01-01 15:00:00", "2020-01-01 15:15:00", "2020-01-01 15:30:00"]),
    ],
)  # fmt: skip
def test_the_times_ahead_follow_the_calendar_of_the_training(freq, start, expected):
    frame = months(freq=freq, start=start)
    data = load(frame)
    for reading in (data.reading, stored(data.reading)):
        assert ahead(reading, frame) == [expected]
        (history,) = reading.read(frame).features
        np.testing.assert_array_equal(history.values, data.values[0])
        assert ahead(reading, frame.tail(1)) == [expected]


@pytest.mark.parametrize("form", ["%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%Y-%m-%d", "%b %d, %Y"])
def test_times_ahead_are_written_as_the_file_writes_its_own(form, tmp_path):
    frame = months(form=form)
    frame.to_csv(tmp_path / "all.csv", index=False)
    reading = stored(load(tmp_path / "all.csv").reading)
    expected = list(pd.date_range("2025-01-01", periods=3, freq="MS").strftime(form))
    frame.iloc[59:].to_csv(tmp_path / "last.csv", index=False)
    assert ahead(reading, tmp_path / "last.csv") == [expected]


def test_times_that_are_numbers_stay_numbers():
    frame = months().assign(time=np.arange(1950, 2010))
    assert ahead(stored(load(frame).reading), frame) == [[2010, 2011, 2012]]
    frame["time"] = frame["time"] / 4
    assert ahead(stored(load(frame).reading), frame) == [[502.5, 502.75, 503.0]]


def test_series_are_told_apart_as_in_training_and_new_ones_are_said(tmp_path):
    frame = pd.concat([months().assign(shop=shop) for shop in ("7", "007", "x")])
    frame.to_csv(tmp_path / "all.csv", index=False)
    data = load(tmp_path / "all.csv", series="shop")
    reading = stored(data.reading)
    found = reading.read(tmp_path / "all.csv")
    assert [history.name for history in found.features] == list(data.series_names)
    for history, values in zip(found.features, data.values, strict=True):
        np.testing.assert_array_equal(history.values, values)
    some = pd.concat([months(5).assign(shop=shop) for shop in ("007", "new")])
    some.to_csv(tmp_path / "some.csv", index=False)
    found = reading.read(tmp_path / "some.csv")
    assert [history.name for history in found.features] == ["007", "new"]
    assert found.target is None
    assert "1 series not there in training: new." in found.intake.notes


def test_series_that_are_numbers_keep_their_names():
    frame = pd.concat([months().assign(shop=shop) for shop in (1, 2)])
    reading = stored(load(frame, series="shop").reading)
    found = reading.read(frame.assign(shop=frame["shop"].astype(float)))
    assert [history.name for history in found.features] == ["1", "2"]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"sales": [1, None, 3, 4, 5]}, ["'sales'", "1 missing value", "data row 2"]),
        ({"sales": ["1", "many", "3", "4", "5"]}, ["'sales'", "numbers in training", "'many'"]),
        ({"time": range(5)}, ["'time'", "held dates in training"]),
        ({"time": ["2024-01-01"] * 5}, ["appears twice"]),
        ({"time": pd.date_range("2024-01-01", periods=5)}, ["1 days", "31 days", "the same"]),
        ({"time": pd.date_range("2024-01-01", periods=5, freq="MS")[::-1]}, ["not in order"]),
        ({"time": ["2024-01-01", "soon", "2024-03-01", "2024-04-01", "2024-05-01"]}, ["'soon'"]),
    ],
)
def test_a_history_that_is_not_as_the_training_was_is_refused(changed, words):
    refused(stored(load(months()).reading), months(5).assign(**changed), *words)


def test_a_history_lacks_no_column_and_has_more_with_a_word():
    reading = load(months()).reading
    refused(reading, months().rename(columns={"sales": "sale"}), "'sales' (numbers)", "'sale'?")
    refused(reading, months().drop(columns="time"), "'time' (dates)")
    refused(reading, months(0), "no rows")
    found = reading.read(months().assign(extra=1))
    assert found.intake.left_out == {"extra": UNNAMED}
    refused(load(months().assign(time=range(60))).reading, months(), "held numbers in training")


def test_columns_that_nobody_named_are_told_in_training_and_of_new_rows():
    texts = reviews().assign(id=range(len(reviews())), date="2020-01-01")
    data = load_dataset(texts, "stars", text="review")
    assert data.intake.left_out == {"id": UNNAMED, "date": UNNAMED}
    assert data.reading.read(texts).intake.left_out == data.intake.left_out
    series = load(months().assign(weather=1.0))
    assert f"Left out: weather ({UNNAMED})." in series.intake.lines()
    assert series.reading.read(months().assign(weather=1.0)).intake.left_out == {"weather": UNNAMED}


def test_images_for_a_model_of_something_else_are_told_in_its_words(tmp_path):
    (tmp_path / "a").mkdir()
    Image.fromarray(PIXELS[0]).save(tmp_path / "a" / "one.png")
    table = load_dataset(pd.DataFrame({"x": range(20), "y": ["a", "b"] * 10}), "y").reading
    texts = load_dataset(reviews(), "stars", text="review").reading
    for reading, taken in (
        (table, "a table"),
        (texts, "texts"),
        (load(months()).reading, "series"),
    ):
        refused(reading, tmp_path, f"holds images; the model takes {taken}.")
