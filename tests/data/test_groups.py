"""Rows of one group are never on both sides of a split."""

import numpy as np
import pandas as pd
import pytest

from advisor.data import group_notes, load_dataset, prepare, split_indices
from advisor.data.splits import grouped_parts
from knowledge_base.errors import UserError

WITH_TEST = pytest.mark.parametrize("test", [True, False])


def patients(rows=300, groups=30, kind="classification", seed=0):
    """Return rows of patients of whom each has one label, as a frame."""
    drawn = np.random.default_rng(seed)
    patient = drawn.integers(0, groups, rows)
    y = patient % 3 if kind == "classification" else patient + drawn.normal(size=rows)
    labels = [f"c{label}" for label in y] if kind == "classification" else y
    return pd.DataFrame({"x": drawn.normal(size=rows), "patient": patient, "y": labels})


@WITH_TEST
@pytest.mark.parametrize("kind", ["classification", "regression"])
@pytest.mark.parametrize(("rows", "groups"), [(40, 6), (300, 30), (997, 400)])
def test_no_group_is_on_both_sides_of_any_fold(rows, groups, kind, test):
    frame = patients(rows, groups, kind)
    data = load_dataset(frame, "y", group="patient")
    found = [split_indices(data, 3, fold, test) for fold in range(9)]
    for splits in found:
        parts = [set(frame["patient"].iloc[part]) for part in (splits.train, splits.valid)]
        parts.append(set(frame["patient"].iloc[splits.test]))
        assert len(set.union(*parts)) == sum(map(len, parts))
        assert min(len(splits.train), len(splits.valid)) > 0
        assert bool(len(splits.test)) == test
        assert np.array_equal(splits.test, found[0].test)
    for place in range(4):  # Four folds take turns.
        others = [found[other].valid for other in range(4) if other != place]
        assert np.array_equal(found[place].train, np.sort(np.concatenate(others)))


@WITH_TEST
def test_classes_are_in_every_part_where_their_groups_allow_it(test):
    frame = patients(600, 60)
    data = load_dataset(frame, "y", group="patient")
    for fold in range(4):
        splits = split_indices(data, 0, fold, test)
        for part in (splits.train, splits.valid):
            shares = frame["y"].iloc[part].value_counts(normalize=True)
            assert len(shares) == 3
            assert shares.min() > 0.2


def test_folds_have_one_size_where_that_leaves_out_little():
    data = load_dataset(patients(600, 60), "y", group="patient")
    found = [split_indices(data, 0, fold) for fold in range(4)]
    assert len({len(splits.valid) for splits in found}) == 1
    parts = grouped_parts(data)
    used = sum(map(len, (*parts.parts, parts.test)))
    assert used + parts.left_out == 600
    assert 0 <= parts.left_out <= 60
    assert len(group_notes(data, 0, 4)) == (parts.left_out > 0)


def test_one_large_group_keeps_all_its_rows_and_folds_their_own_sizes():
    frame = patients(300, 10)
    frame.loc[:199, "patient"] = 77
    data = load_dataset(frame, "y", group="patient")
    found = [split_indices(data, 1, fold, test=False) for fold in range(4)]
    assert sum(len(splits.valid) for splits in found) == 300
    assert max(len(splits.valid) for splits in found) >= 200
    (note,) = group_notes(data, 1, 4, test=False)
    assert "one after another" in note
    assert group_notes(data, 1, 1, test=False) == []


def test_the_seed_says_which_groups_are_tested_and_repetitions_differ():
    data = load_dataset(patients(), "y", group="patient")
    again = [split_indices(data, 5, fold) for fold in (0, 0, 4)]
    assert np.array_equal(again[0].valid, again[1].valid)
    assert not np.array_equal(again[0].valid, again[2].valid)
    tests = {tuple(split_indices(data, seed).test) for seed in range(4)}
    assert len(tests) > 1


def test_the_column_is_no_feature_and_said_to_group():
    data = load_dataset(patients(), "y", group="patient")
    assert list(data.features) == ["x"]
    assert data.groups.name == "patient"
    assert data.predicted == "y, grouped by patient"
    assert "patient (it groups the rows, 30 groups)" in "\n".join(data.intake.lines())
    new = data.reading.read(patients().drop(columns=["patient", "y"]))
    assert len(new.features) == 300
    assert data.reading.read(patients()).intake.left_out == {"patient": "as in training"}


def test_groups_are_another_data_set_whatever_the_order_of_the_rows():
    frame = patients()
    plain = load_dataset(frame.drop(columns="patient"), "y").fingerprint
    grouped = load_dataset(frame, "y", group="patient").fingerprint
    moved = load_dataset(frame.sample(frac=1, random_state=0), "y", group="patient").fingerprint
    other = load_dataset(frame.assign(patient=frame["patient"] // 2), "y", group="patient")
    renamed = load_dataset(frame.rename(columns={"patient": "p"}), "y", group="p").fingerprint
    assert grouped == moved
    assert len({plain, grouped, other.fingerprint, renamed}) == 4


def test_rows_without_a_target_need_no_group():
    frame = patients()
    frame["y"] = frame["y"].astype(object)
    frame["patient"] = frame["patient"].astype(float)
    frame.loc[5, ["y", "patient"]] = None
    data = load_dataset(frame, "y", group="patient")
    assert data.n_rows == len(data.groups) == 299


def test_texts_have_groups_too():
    frame = pd.DataFrame(
        {"text": [f"word{i} and more" for i in range(80)],
         "author": [f"a{i % 8}" for i in range(80)], "y": [i // 8 % 2 for i in range(80)]}
    )  # fmt: skip
    data = load_dataset(frame, "y", group="author", text="text")
    splits = split_indices(data)
    sides = [set(frame["author"].iloc[rows]) for rows in (splits.train, splits.valid)]
    assert not sides[0] & sides[1]
    assert len(prepare(data).y_valid) == len(splits.valid)
    # The column of groups is no second column of texts.
    assert (
        load_dataset(frame, "y", group="author", modality="text").texts.iloc[0] == "word0 and more"
    )
    assert data.fingerprint != load_dataset(frame, "y", text="text").fingerprint


def _missing(frame):
    frame["patient"] = frame["patient"].astype(float).mask(frame.index == 4)
    return frame


@pytest.mark.parametrize(("change", "options", "message"), [
    (lambda f: f, {"group": "patent"}, "no column 'patent'.*patient"),
    (lambda f: f, {"group": "y"}, "`group` and `target` are both 'y'"),
    (lambda f: f.assign(patient="one"), {"group": "patient"}, "of one group"),
    (_missing, {"group": "patient"}, "missing in 1 of 300 rows, the first being data row 5"),
    (lambda f: f, {"group": "patient", "drop": "patient"}, "out of `drop`"),
    (lambda f: f, {"group": "patient", "keep": "patient"}, "out of `keep`"),
    (lambda f: f, {"group": "patient", "as_types": {"patient": "number"}}, "out of `as_types`"),
    (lambda f: f, {"group": "patient", "time": "x"}, "`group` is for tables and texts"),
    (lambda f: f, {"group": "patient", "text": "patient"}, "`group` and `text`"),
])  # fmt: skip
def test_what_cannot_group_is_refused(change, options, message):
    with pytest.raises(UserError, match=message):
        load_dataset(change(patients()), "y", **options)


def test_images_have_no_column_of_groups(tmp_path):
    np.savez(tmp_path / "i.npz", X=np.zeros((20, 8, 8), np.uint8), y=np.arange(20) % 2)
    with pytest.raises(UserError, match="`group` is for tables"):
        load_dataset(tmp_path / "i.npz", group="patient")


@pytest.mark.parametrize(("count", "test"), [(4, True), (3, False)])
def test_fewer_groups_than_parts_are_refused(count, test):
    frame = patients()
    data = load_dataset(frame.assign(patient=frame["patient"] % count), "y", group="patient")
    with pytest.raises(UserError, match=f"'patient' has {count} groups; at least {count + 1}"):
        split_indices(data, test=test)
