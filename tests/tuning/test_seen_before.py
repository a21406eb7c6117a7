"""Test rows that were there to be learned are told."""

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from advisor.cli import main
from advisor.data import load_dataset
from advisor.problem import data_problem
from advisor.settings import Settings
from advisor.tuning.seen_before import seen_before


def table(n=60):
    rng = np.random.default_rng(0)
    return pd.DataFrame({
        "x": rng.normal(size=n), "k": rng.choice(["u", "v", None], n), "y": ["a", "b"] * (n // 2),
    })  # fmt: skip


def told(data, test, **request):
    dataset = load_dataset(data, "y", **request)
    return seen_before(data_problem(dataset, Settings(data=dataset)), dataset.reading.read(test))


def test_rows_are_counted_that_are_the_same_in_all_columns_and_the_target():
    frame = table()
    new = frame.iloc[:10].assign(x=lambda f: f.x + 1)
    other_class = frame.iloc[10:15].assign(y=lambda f: f.y.map({"a": "b", "b": "a"}))
    assert told(frame, new) == []
    assert told(frame, other_class) == []
    again = frame.iloc[[3, 5, 7]].sample(frac=1, random_state=0)
    assert told(frame, again) == [
        "All 3 rows to test stand in the data, too: what is tested on them was there to be learned."
    ]
    assert told(frame, pd.concat([new, again, other_class]))[0].startswith("3 of 18 rows to test ")


def test_columns_in_another_order_and_numbers_of_another_type_are_the_same_rows():
    frame = table().assign(x=range(60), y=np.arange(60) * 1.5)
    again = frame[["y", "k", "x"]].iloc[:4].astype({"x": float})
    assert told(frame, again)[0].startswith("All 4 rows to test ")


def test_texts():
    frame = pd.DataFrame({"t": [f"text number {n}" for n in range(40)], "y": ["a", "b"] * 20})
    new = pd.DataFrame({"t": ["text number 3", "quite another"], "y": ["b", "a"]})
    assert told(frame, new, text="t")[0].startswith("1 of 2 texts to test ")


def test_without_rows_of_ones_own_there_is_nothing_to_say():
    dataset = load_dataset(table(), "y")
    assert seen_before(data_problem(dataset, Settings(data=dataset)), None) == []


@pytest.mark.parametrize(("name", "said"), [("train.csv", True), ("new.csv", False)])
def test_the_command_says_it_before_it_trains(tmp_path, name, said):
    table().to_csv(tmp_path / "train.csv", index=False)
    table(80).iloc[60:].to_csv(tmp_path / "new.csv", index=False)
    words = ["tune", str(tmp_path / "train.csv"), "--target", "y", "--trials", "1", "--warm", "0",
             "--max-epochs", "1", "--test", str(tmp_path / name),
             "--kb", str(tmp_path / "kb.duckdb")]  # fmt: skip
    found = CliRunner().invoke(main, words)
    assert found.exit_code == 0, found.output
    line = "All 60 rows to test stand in the data, too"
    assert (line in found.stderr.split("Trials")[0]) is said
