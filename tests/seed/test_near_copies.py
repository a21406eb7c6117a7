"""Copies in another dress are found, and different data sets are not taken for copies."""

import json

import numpy as np
import pandas as pd
import pytest

from advisor.data import load_dataset
from scripts.seed import near_copies
from scripts.seed.catalogue import ENTRIES, HELD_OUT
from scripts.seed.near_copies import columns_of, group_of, grouped, same_series, same_table


def table(name):
    dataset = load_dataset(name)
    return dataset.features.assign(target=dataset.target)


CANCER, DIABETES, WINE = (table(f"sklearn:{n}") for n in ("breast_cancer", "diabetes", "wine"))


def in_disguise(frame):
    """Return a table with scaled, renamed and reordered columns and shuffled rows."""
    rng = np.random.default_rng(0)
    numbers = frame.select_dtypes("number")
    scaled = numbers * rng.uniform(0.1, 10, numbers.shape[1]) + rng.normal(size=numbers.shape[1])
    scaled.columns = [f"c{i}" for i in range(scaled.shape[1])]
    order = rng.permutation(scaled.columns)
    return scaled[order].sample(frac=1, random_state=0).reset_index(drop=True)


@pytest.mark.parametrize("frame", [CANCER, DIABETES, WINE], ids=["cancer", "diabetes", "wine"])
def test_disguised_copies_and_cuts_are_found(frame):
    whole = columns_of(frame)
    assert "correlations" in same_table(whole, columns_of(in_disguise(frame)))
    half = frame.sample(frac=0.5, random_state=1)
    assert same_table(whole, columns_of(half)) == "100% of the rows"
    assert same_table(columns_of(half), columns_of(frame.sample(frac=0.5, random_state=2))) != ""


def test_a_cut_is_found_whatever_it_does_to_the_frequencies_of_choices():
    rng = np.random.default_rng(0)
    letters = rng.choice(list("abcdefghijkl"), (300, 4))
    whole = pd.DataFrame(letters).assign(x=rng.normal(size=300))
    whole = whole.assign(target=pd.Series(rng.integers(0, 20, 300)).astype("category"))
    half = whole.sample(frac=0.5, random_state=3)
    assert same_table(columns_of(whole), columns_of(half)) == "100% of the rows"


def test_different_tables_are_no_copies():
    rng = np.random.default_rng(0)
    noise = pd.DataFrame(rng.normal(size=(500, 30))).assign(target=rng.normal(size=500))
    tables = [columns_of(frame) for frame in (CANCER, DIABETES, WINE, noise)]
    assert [same_table(a, b) for i, a in enumerate(tables) for b in tables[:i]] == [""] * 6


def test_cuts_of_a_series_are_found_and_other_series_are_not():
    rng = np.random.default_rng(0)
    whole, other = rng.normal(size=(2, 200)).cumsum(1)
    assert same_series(whole, 3 * whole[60:130] + 5)
    assert same_series(whole[60:130], whole)
    assert same_series(whole, other) == ""


def test_groups_join_what_is_linked_and_what_is_declared():
    names = ["a", "b", "c", "d", "mnist:x", "mnist:y"]
    found = grouped(names, [("a", "b", "r"), ("b", "c", "r")])
    assert found["a"] == found["b"] == found["c"]
    assert (found["mnist:x"], found["mnist:y"], found.get("d")) == ("mnist", "mnist", None)


def test_the_groups_that_are_kept_name_data_sets_that_ship_or_are_held_out(tmp_path, monkeypatch):
    known = {entry.label for entries in (*ENTRIES.values(), HELD_OUT) for entry in entries}
    assert set(json.loads(near_copies.GROUPS.read_text())) <= known
    declared = [
        n for n in known for starts in near_copies.DECLARED.values() if n.startswith(starts)
    ]
    assert set(declared) <= set(json.loads(near_copies.GROUPS.read_text()))
    assert group_of("mnist:digits") == group_of("mnist:coarse digits") == "mnist"
    assert group_of("keel:letter") == "keel:letter"
    shipped = {group_of(e.label) for k, entries in ENTRIES.items() for e in entries if k == "table"}
    assert not shipped & {group_of(entry.label) for entry in HELD_OUT}
