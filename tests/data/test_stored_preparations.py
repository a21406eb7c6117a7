"""A stored preparation may have been altered by anyone: what is none is refused in one line."""

import copy
import json
import math
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from advisor.data import load_dataset, preparation_from, prepare
from advisor.data.images import to_images
from knowledge_base.errors import UserError

N = 60


def table(kind="classification"):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({
        "x": rng.normal(size=N), "c": rng.choice(["a", "b", "c"], N),
        "d": [f"k{n % 40}" for n in range(N)],
    })  # fmt: skip
    y = {"classification": rng.integers(0, 2, N), "regression": rng.normal(size=N)}
    return prepare(
        load_dataset(frame.assign(y=y[kind]), "y", kind=kind, as_types={"d": "category"})
    )


def images():
    pixels = np.random.default_rng(0).integers(0, 256, (N, 8, 8), dtype=np.uint8)
    return prepare(to_images(pixels, pd.Series([0, 1] * (N // 2)), "noise", "test"))


def texts():
    rows = [f"word{n % 7} and {n % 3}" for n in range(N)]
    return prepare(load_dataset(pd.DataFrame({"t": rows, "y": [0, 1] * (N // 2)}), "y", text="t"))


def series():
    frame = pd.DataFrame({"day": pd.date_range("2024", periods=N), "v": np.sin(np.arange(N) ** 2)})
    return prepare(load_dataset(frame, "v", time="day", horizon=3)).windows(6, "first", "window")


MADE = {"table": table, "image": images, "text": texts, "series": series}
STORED = {modality: make().preparation.to_dict() for modality, make in MADE.items()}


def altered(modality, path, value):
    found = copy.deepcopy(STORED[modality])
    *where, last = path
    place = found
    for step in where:
        place = place[step]
    place[last] = value
    return found


def paths(found, before=()):
    """Return where every value of a JSON text lies."""
    steps = found.items() if isinstance(found, dict) else enumerate(found)
    for step, value in steps:
        yield (*before, step)
        if isinstance(value, dict | list) and value:
            yield from paths(value, (*before, step))


def refused(found, what=""):
    with pytest.raises(UserError, match=what) as error:
        preparation_from(found)
    assert str(error.value).startswith("The stored preparation of the data cannot be used: ")
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 250


@pytest.mark.parametrize("modality", MADE)
def test_what_was_stored_is_read(modality):
    assert preparation_from(STORED[modality]) == preparation_from(
        json.loads(json.dumps(STORED[modality], allow_nan=False))
    )


@pytest.mark.parametrize(
    "found", [None, [], "table", 3, {}, {"modality": "video"}, {"modality": []}]
)
def test_what_is_no_preparation_is_refused(found):
    refused(found, "names no modality")


STRANGE = [
    None,
    -1,
    -0.5,
    math.nan,
    math.inf,
    "",
    "x",
    [],
    {},
    {"a": 1},
    [[]],
    [None, None],
    10**400,
]


@pytest.mark.parametrize("modality", MADE)
def test_a_wrong_value_anywhere_is_refused_or_harmless(modality):
    """Whatever stands in a place, either it is refused or what comes out can be stored again."""
    tried = 0
    for path in paths(STORED[modality]):
        for value in STRANGE:
            found = altered(modality, path, value)
            try:
                made = preparation_from(found)
            except UserError:
                tried += 1
                continue
            assert json.loads(json.dumps(made.to_dict(), allow_nan=False)) == found
    assert tried > 50


@pytest.mark.parametrize("modality", MADE)
def test_a_field_that_is_missing_or_unknown_is_refused(modality):
    objects = [(), *(path for path in paths(STORED[modality]))]
    seen = 0
    for path in objects:
        found = copy.deepcopy(STORED[modality])
        place = found
        for step in path:
            place = place[step]
        if not isinstance(place, dict):
            continue
        refused(altered(modality, (*path, "more"), 1), "has 'more', which is unknown")
        for name in list(place):
            value = place.pop(name)
            refused(found, f"lacks '{name}'|names no modality")
            place[name] = value
            seen += 1
    assert seen >= 5


@pytest.mark.parametrize(
    ("modality", "path", "value", "what"),
    [
        ("table", ["numbers"], {}, "'numbers' of the table is not a list"),
        ("table", ["numbers", 0, "scale"], 0, "'scale' of entry 1 of 'numbers' .* positive number"),
        ("table", ["numbers", 0, "mean"], True, "'mean' .* not a finite number"),
        ("table", ["numbers", 0, "mean"], math.nan, "'mean' .* not a finite number"),
        ("table", ["numbers", 0, "divided"], 1, "'divided' .* not true or false"),
        ("table", ["numbers", 0, "name"], "c", "columns with names of their own"),
        ("table", ["categories", 0, "levels"], ["a", "a"], "different entries"),
        ("table", ["categories", 0, "rare"], ["a"], "no categories, or one twice"),
        ("table", ["categories", 0, "levels"], [*range(31)], "more than 30 indicators"),
        ("table", ["categories", 0, "levels"], [], "no categories"),
        ("table", ["target", "classes"], [0], "a classification has no 1 classes"),
        ("table", ["target", "classes"], [0, None], "a list of texts and numbers"),
        ("table", ["target", "kind"], "regression", "a regression has no 2 classes"),
        ("table", ["target", "kind"], "ranking", "classification or regression"),
        ("table", ["target"], [], "'target' of the table is no JSON object"),
        ("image", ["shape"], [1, 8], "a list of 3 entries"),
        ("image", ["shape"], [1, 10**6, 10**6], "more than 16,777,216 values"),
        ("image", ["shape"], [1, 8.0, 8], "a list of whole numbers from 1"),
        ("image", ["pixel_mean"], [0.5, 0.5], "'pixel_mean' of the images is not a list of 1"),
        ("image", ["pixel_scale"], [0.0], "a list of positive numbers"),
        ("text", ["length"], 10**9, "'length' of the texts is not a whole number from 1 to 512"),
        ("text", ["words"], ["a", "a"], "a list of different texts"),
        ("text", ["words"], [str(n) for n in range(30_001)], "at most 30,000"),
        ("text", ["words"], [0] * 1_000_001, "a list of at most 1,000,000 entries"),
        ("series", ["series"], [], "it has no series"),
        ("series", ["horizon"], 10**12, "a whole number from 1 to 1,000,000"),
        ("series", ["room"], 10**12, "a whole number from 2 to 1,000,000"),
        ("series", ["window", "length"], 0, "a whole number from 1"),
        ("series", ["window", "lag"], -1, "a whole number from 0"),
        ("series", ["series", 0, "naive"], 0.0, "a positive number"),
    ],
)
def test_what_is_wrong_is_said(modality, path, value, what):
    refused(altered(modality, path, value), what)


def test_two_series_of_one_name_are_refused():
    one = STORED["series"]["series"][0]
    refused(altered("series", ["series"], [one, one]), "two of one name")


def test_numbers_too_large_for_the_inputs_stay_numbers():
    """An altered scale can make no infinity or NaN."""
    found = altered("table", ["numbers", 0, "scale"], 5e-324)
    found["numbers"][0]["mean"] = -1e308
    rows = pd.DataFrame({"x": [1e308, 0.0, np.nan], "c": "a", "d": "k1"})
    assert np.isfinite(preparation_from(found).inputs(rows)).all()


def test_predicting_needs_no_scikit_learn():
    code = """
import json, sys
import pandas as pd
from advisor.data import preparation_from
made = preparation_from(json.load(sys.stdin))
assert made.inputs(pd.DataFrame({"x": [1.0], "c": ["a"], "d": ["k1"]})).shape == (1, made.n_inputs)
assert not {"sklearn", "torch", "scipy"} & set(sys.modules)
"""
    subprocess.run(
        [sys.executable, "-c", code], input=json.dumps(STORED["table"]), text=True, check=True
    )
