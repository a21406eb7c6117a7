"""A reading that a stranger edited is refused with one clear line."""

import copy
import json
import random
import re

import numpy as np
import pandas as pd
import pytest

from advisor.data import load_dataset
from advisor.data.reading import READINGS, reading_from_dict
from knowledge_base.errors import UserError

N = 60
X = np.random.default_rng(0).normal(size=N)
DAYS = pd.date_range("2023-01-25", periods=N)


def made():
    """Return a reading of each modality as JSON."""
    table = pd.DataFrame(
        {
            "x": X,
            "colour": np.resize(["a", "b"], N),
            "flag": X > 0,
            "bin": pd.cut(pd.Series(X), 3),
            "day": DAYS.strftime("%d/%m/%Y"),
            "price": [f"${value:,.2f}" for value in X**2 * 5000],
            "words": [f"some words {n} {n * 7}" for n in range(N)],
            "label": np.resize([1, 2, 3], N),
        }
    )
    images = (np.arange(N * 64).reshape(N, 8, 8) % 256).astype(np.uint8)
    texts = pd.DataFrame({"text": np.resize(["good", "bad"], N), "label": np.resize([1, 0], N)})
    series = pd.DataFrame({"t": DAYS, "y": X, "shop": "one"})
    data = [
        load_dataset(table, "label"),
        load_dataset((images, np.resize(["u", "v"], N))),
        load_dataset(texts, "label", text="text"),
        load_dataset(series, "y", time="t", series="shop"),
    ]
    return {each.modality: each.reading.to_dict() for each in data}


MADE = made()


def changed(modality, path, value):
    """Return a reading with another value at a path of keys; `...` takes the key away."""
    found = copy.deepcopy(MADE[modality])
    *way, last = path
    inner = found
    for key in way:
        inner = inner[key]
    if value is ...:
        del inner[last]
    else:
        inner[last] = value
    return found


@pytest.mark.parametrize("modality", READINGS)
def test_a_reading_is_plain_json_and_comes_back(modality):
    text = json.dumps(MADE[modality], allow_nan=False)
    back = reading_from_dict(json.loads(text))
    assert type(back) is READINGS[modality]
    assert back.modality == modality
    assert json.dumps(back.to_dict()) == text


def column(name):
    names = [each["name"] for each in MADE["table"]["columns"]]
    return "columns", names.index(name)


@pytest.mark.parametrize(
    ("modality", "path", "value", "words"),
    [
        ("table", ["modality"], ..., "`modality` of the reading is missing"),
        ("table", ["modality"], "video", "is not table or image or text or series"),
        ("table", ["more"], 1, "`more`"),
        ("table", ["target"], ..., "`target` of the reading is missing"),
        ("table", ["target", "kind"], "forecasting", "`form`"),
        ("table", ["target", "column", "levels", "values"], [1, 1, 2], "different values"),
        ("table", ["target", "column", "levels", "values"], [1], "two classes"),
        ("table", ["target", "column", "levels", "values"], ["x", "y"], "type int64"),
        ("table", ["target", "column", "levels", "values"], [1, [2]], "no texts, numbers"),
        ("table", ["target", "column", "levels", "type"], "datetime64[ns]", "no texts, numbers"),
        ("table", ["target", "name"], "x", "two of one name"),
        ("table", ["columns"], [], "none"),
        ("table", ["columns"], {}, "is no list"),
        ("table", ["columns", 0], "x", "is no object"),
        ("table", ["columns", 1, "name"], "x", "two of one name"),
        ("table", ["columns", 0, "features"], {}, "not what the column becomes"),
        ("table", ["columns", 0, "features"], {"": "x", "y": "z"}, "`y`"),
        ("table", ["columns", 0, "features", ""], "colour", "two of one name"),
        ("table", ["columns", 0, "kind"], "dates", "is missing"),
        ("table", ["columns", 0, "kind"], "sounds", "is not numbers or categories"),
        ("table", ["columns", 0, "reading", "cells"], "objects", "`cells`"),
        ("table", [*column("price"), "reading", "form", "decimal"], ";", "point nor a comma"),
        ("table", [*column("price"), "reading", "form", "units"], [1], "different texts"),
        ("table", [*column("price"), "reading", "form", "several"], 1, "neither true nor false"),
        ("table", [*column("day"), "reading", "form", "what"], "week", "`what`"),
        ("table", [*column("day"), "reading", "form", "parts"], ["days", "month"], "parts"),
        ("table", [*column("day"), "reading", "form", "points", "format"], "%", "form of a date"),
        ("table", [*column("day"), "reading", "form", "points", "format"], "%Q", "form of a date"),
        ("table", [*column("day"), "reading", "form", "points", "format"], "%Y" * 99, "of a date"),
        ("table", [*column("bin"), "reading", "levels", "left"], [1.0], "as many numbers"),
        ("table", [*column("bin"), "reading", "levels", "left"], [9, 9, 9], "intervals"),
        ("table", [*column("bin"), "reading", "levels", "closed"], "open", "`closed`"),
        ("table", ["left_out"], ["a", "a"], "different texts"),
        ("image", ["channels"], 2, "1, 3 or 4"),
        ("image", ["width"], 10**9, "from 4 to 512"),
        ("image", ["height"], True, "from 4 to 512"),
        ("image", ["range"], "wide", "`range`"),
        ("image", ["target", "kind"], "regression", "`form`"),
        ("text", ["text"], 3, "is no text"),
        ("text", ["text"], "label", "column with the texts"),
        ("text", ["text"], "x" * 2**21, "is no text"),
        ("series", ["horizon"], 10**12, "`horizon`"),
        ("series", ["period"], 0, "`period`"),
        ("series", ["spacing", "unit"], "moons", "`unit`"),
        ("series", ["spacing", "step"], 0, "above 0"),
        ("series", ["spacing", "step"], float("inf"), "finite"),
        ("series", ["spacing"], {"unit": "months", "step": 0.5, "usual": 1}, "number of months"),
        ("series", ["names"], None, "told apart"),
        ("series", ["time"], "y", "told apart"),
        ("series", ["target", "kind"], "regression", "not forecast"),
    ],
)
def test_what_is_no_reading_is_refused_in_one_line(modality, path, value, words):
    with pytest.raises(UserError) as caught:
        reading_from_dict(changed(modality, path, value))
    message = str(caught.value)
    assert message.startswith("This is not an account of how data are read: ")
    assert words in message
    assert "\n" not in message
    assert len(message) < 300
    assert re.search(r"[.?]$", message), message


@pytest.mark.parametrize("stored", [None, [], "table", 3, {}, {"modality": ["table"]}])
def test_what_is_no_object_is_refused(stored):
    with pytest.raises(UserError, match="not an account"):
        reading_from_dict(stored)


@pytest.mark.parametrize("modality", READINGS)
def test_whatever_is_put_into_a_reading_is_a_reading_or_refused(modality):
    """No other error than ours, and what is accepted writes what it was made of."""
    rng = random.Random(0)
    values = [None, True, -1, 0, 2**70, 1.5, "", "x", "%", [], ["a"], {}, {"a": 1}, [None], ...]
    for _ in range(400):
        found = copy.deepcopy(MADE[modality])
        inner = found
        while True:
            keys = list(inner) if isinstance(inner, dict) else list(range(len(inner)))
            key = rng.choice(keys)
            deeper = inner[key]
            if not (isinstance(deeper, dict | list) and deeper) or rng.random() < 0.2:
                break
            inner = deeper
        value = rng.choice(values)
        if value is ...:
            del inner[key]
        else:
            inner[key] = value
        try:
            back = reading_from_dict(found)
        except UserError:
            continue
        assert back.to_dict() == found
