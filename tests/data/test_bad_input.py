"""Every bad input gives one line that says what is wrong, where, and what to do."""

import re

import numpy as np
import pandas as pd
import pytest

from advisor.data import load_dataset
from advisor.data.inference import to_dataset
from knowledge_base.errors import UserError

N = 20


def refused(source, *args, match):
    """Load `source`, which must fail with one line that matches."""
    with pytest.raises(UserError, match=match) as caught:
        load_dataset(source, *args)
    message = str(caught.value)
    assert "\n" not in message
    assert re.search(r"[.?]$", message), message
    return message


def table(**columns):
    return pd.DataFrame({"x": np.arange(N, dtype=float), "y": [0, 1] * (N // 2), **columns})


def test_missing_file(tmp_path):
    refused(tmp_path / "no.csv", "y", match=r"no\.csv does not exist")


def test_folder(tmp_path):
    refused(tmp_path, "y", match="is a folder without folders of images; give a CSV")


def test_unknown_suffix(csv_file):
    refused(
        csv_file("x\n1\n", "table.xls"),
        "y",
        match="neither CSV, JSON, Parquet, Feather, Excel, npz nor idx",
    )


def test_empty_csv(csv_file):
    refused(csv_file(""), "y", match="is empty")


def test_header_only(csv_file):
    refused(csv_file("x,y\n"), "y", match="no rows below its header")


def test_one_row(csv_file):
    refused(csv_file("x,y\n1,2\n"), "y", match="only one row; at least 10")


def test_too_few_rows(csv_file):
    refused(csv_file("x,y\n1,2\n2,3\n"), "y", match="only 2 rows; at least 10")


def test_rows_longer_than_the_header(csv_file):
    rows = "".join(f"{i},1,2,3\n" for i in range(N))
    refused(csv_file("x,y\n" + rows), "y", match="cannot be read as CSV")


def test_one_row_longer_than_the_header(csv_file):
    rows = "".join(f"{i},1\n" for i in range(N))
    refused(csv_file("x,y\n" + rows + "1,2,3\n"), "y", match=r"cannot be read as CSV.*line 22")


def test_undecodable_csv(csv_file):
    refused(csv_file(b"gr\xf6\x00\x01e,y\n1,2\n" * 9), "y", match="not a text file in UTF-8")


def test_binary_csv(csv_file):
    refused(csv_file(bytes(range(256)) * 20), "y", match=r"table\.csv")


def test_truncated_parquet(tmp_path):
    whole = tmp_path / "whole.parquet"
    table().to_parquet(whole)
    cut = tmp_path / "cut.parquet"
    cut.write_bytes(whole.read_bytes()[:-40])
    refused(cut, "y", match=r"cut\.parquet is not a whole Parquet file")


def test_unknown_target_suggests_the_nearest():
    refused(table(), "yy", match="no column 'yy'. Did you mean 'y'")


def test_unknown_target_without_a_near_one_lists_the_columns():
    refused(table(), "price", match="no column 'price'. It has: x, y")


def test_no_target_lists_the_columns(csv_file):
    path = csv_file(table().to_csv(index=False))
    refused(path, match=r"Say which column of table\.csv .* It has: x, y")


@pytest.mark.parametrize("values", [[1.5] * N, ["a"] * N, [True] * N])
def test_constant_target(values):
    refused(table(y=values), "y", match="constant .* nothing to learn")


def test_missing_target_values_where_none_may_be():
    values = [0.0, 1.0] * (N // 2)
    values[3] = values[9] = np.nan
    with pytest.raises(UserError, match="2 missing values, the first in data row 4"):
        to_dataset(table(y=values), "y", None, "the frame", "frame")
    refused(table(y=[None] * N), "y", match="'y' of the frame is missing in all rows")


def test_too_few_rows_with_a_target():
    refused(table(y=["a", "b", None, None] * (N // 4 - 2) + [None] * 8), "y", match="only 6 rows")


@pytest.mark.parametrize("column", ["x", "y"])
def test_infinities(column):
    frame = table(y=np.arange(N) + 0.5)
    frame.loc[[2, 3], column] = [np.inf, -np.inf]
    refused(frame, "y", match=f"'{column}' of the frame has 2 infinite values")


def test_duplicate_columns_of_a_frame():
    frame = table()
    frame.columns = ["y", "y"]
    refused(frame, "y", match="two columns called 'y'")


def test_duplicate_columns_of_a_csv(csv_file):
    rows = "".join(f"{i},{i},{i % 2}\n" for i in range(N))
    refused(csv_file("x,x,y\n" + rows), "y", match="two columns called 'x'")


def test_unknown_builtin_suggests_the_nearest():
    refused("sklearn:digit", match="Try sklearn:digits")


def test_unknown_builtin_without_a_near_one_lists_all():
    refused("sklearn:mnist784", match="sklearn:breast_cancer or .*sklearn:wine")


def test_unknown_kind():
    refused(table(), "y", "clasification", match="classification or regression, not 'clas")


@pytest.mark.parametrize(
    "values",
    [
        pd.date_range("2024-01-01", periods=N),
        [f"2024-01-{i + 1:02d}" for i in range(N)],
        [f"word {i}, and another of {i}" for i in range(N)],
    ],
)
def test_what_only_users_tables_may_hold(values):
    frame = pd.concat([table(when=values), table(when=values[::-1])])
    if "word" in str(values[0]):
        frame["when"] = [f"{text} {row}" for row, text in enumerate(frame["when"])]
    with pytest.raises(UserError, match=r"holds dates or times|Tables have no text columns"):
        to_dataset(frame, "y", None, "the frame", "frame")


def test_lists_in_cells():
    refused(table(parts=[[1, 2]] * N), "y", match="'parts' .* neither numbers nor texts")


def test_lists_in_the_target():
    refused(table(y=[[1, 2]] * N), "y", match="'y' of the frame holds neither numbers nor classes")


def test_dates_as_target():
    refused(table(y=pd.date_range("2024-01-01", periods=N)), "y", match="choose another")


def test_regression_on_texts():
    refused(table(y=["a", "b"] * (N // 2)), "y", "regression", match="is not numeric")


def test_rare_class():
    values = ["a"] * 10 + ["b"] * 9 + ["c"]
    refused(table(y=values), "y", match="class 'c' of 'y' .* only 1 row; every class needs 3")


def test_rare_numeric_class_could_be_regression():
    values = [1] * 10 + [2] * 8 + [3] * 2
    refused(table(y=values), "y", match="class '3' .* only 2 rows.*`kind=regression`")


def test_no_features():
    refused(table()[["y"]], "y", match="no usable column besides the target 'y'")


def test_features_without_any_value():
    refused(table(x=[np.nan] * N), "y", match="no usable column")
