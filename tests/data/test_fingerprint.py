import numpy as np
import pandas as pd
import pytest

from advisor.data import load_dataset


def fingerprint(frame, target="label", **more):
    return load_dataset(frame, target, **more).fingerprint


def test_order_of_rows_and_columns_does_not_matter(frame):
    shuffled = frame.sample(frac=1, random_state=1)[list(frame.columns[::-1])]
    assert fingerprint(shuffled) == fingerprint(frame)


def test_choice_of_the_target_does_not_matter(frame):
    frame["count"] = np.arange(60) % 4
    names = ["label", "colour", "flag", "count", "number"]
    assert len({fingerprint(frame, name) for name in names}) == 1
    assert fingerprint(frame, "count", kind="regression") == fingerprint(frame)


def test_types_of_equal_numbers_do_not_matter(frame):
    frame["count"] = np.arange(60) % 4
    known = fingerprint(frame)
    for dtype in ("float64", "int8", "Int64", "category"):
        assert fingerprint(frame.assign(count=frame["count"].astype(dtype))) == known


def test_negative_zero_is_zero(frame):
    zero, negative = frame.assign(number=0.0), frame.assign(number=-0.0)
    assert fingerprint(zero) == fingerprint(negative)


@pytest.mark.parametrize("column", ["number", "colour", "flag", "gappy", "label"])
def test_one_changed_cell_matters(frame, column):
    changed = frame.copy()
    first = changed[column].iloc[1]
    other = changed[column][changed[column] != first].iloc[0]
    changed.loc[1, column] = other
    assert fingerprint(changed) != fingerprint(frame)


def test_swapped_cells_of_a_column_matter(frame):
    """The multiset of every column stays the same; only the rows differ."""
    changed = frame.copy()
    changed["number"] = frame["number"].to_numpy()[::-1]
    assert fingerprint(changed) != fingerprint(frame)


def test_missing_is_not_zero(frame):
    assert fingerprint(frame.fillna({"gappy": 0.0})) != fingerprint(frame)


def test_names_of_columns_matter(frame):
    assert fingerprint(frame.rename(columns={"number": "n"})) != fingerprint(frame)


def test_repeated_rows_matter(frame):
    assert fingerprint(pd.concat([frame, frame])) != fingerprint(frame)


def test_it_never_changes():
    """It is the identity of data sets in knowledge bases that people have."""
    table = pd.DataFrame(
        {
            "number": [*np.arange(9) / 3, np.nan],
            "colour": ["red", "blue"] * 4 + ["größe", None],
            "flag": [True, False] * 5,
            "label": [0, 1] * 5,
        }
    )
    assert fingerprint(table) == "3f1eb9fb7f927bb5605bda6f8729ce9d"


def test_bit_patterns_of_missing_numbers_do_not_matter(frame):
    odd = frame["gappy"].to_numpy(copy=True)
    odd[np.isnan(odd)] = np.array([0xFFF8000000000123], dtype=np.uint64).view(np.float64)[0]
    assert fingerprint(frame.assign(gappy=odd)) == fingerprint(frame)
