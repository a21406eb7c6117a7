"""How a search says that it divides its data."""

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from advisor import UserError
from advisor.cli import main
from advisor.data import load_dataset, prepare
from advisor.problem import data_problem
from advisor.settings import Settings
from advisor.tuning.division import division


def rows(n=100):
    return load_dataset(pd.DataFrame({"x": np.arange(n) * 1.5, "y": ["a", "b"] * (n // 2)}), "y")


def points(n=120):
    frame = pd.DataFrame({"t": range(n), "y": np.sin(np.arange(n)) + np.arange(n) % 7})
    return load_dataset(frame, "y", time="t", horizon=3)


def test_one_fold_and_several_and_none_to_test():
    data = rows()
    assert division([prepare(data)]) == "Split: 60 rows to train, 20 to validate; 20 to test."
    four = [prepare(data, fold=fold) for fold in range(4)]
    assert division(four) == "Split: 4 folds, trained on 60 rows and validated on 20; 20 to test."
    without = [prepare(data, test=False)]
    assert division(without) == "Split: 75 rows to train, 25 to validate; none to test."
    own = data.reading.read(pd.DataFrame({"x": [1.0, 2.0], "y": ["a", "b"]}))
    assert division(without, own).endswith("; 2 rows of the frame to test.")


def test_series_are_counted_in_points_and_further_folds_have_fewer():
    data = points()
    assert division([prepare(data)]) == "Split: 72 points to train, 24 to validate; 24 to test."
    assert division([prepare(data, fold=fold) for fold in range(2)]) == (
        "Split: 2 rolling folds, trained on 48 to 72 points and validated on 24; 24 to test."
    )


def test_more_folds_than_there_are_is_told_with_how_many_there_are():
    for data, most in ((rows(), 100), (points(), 2)):
        given = Settings(data=data, folds=most + 1)
        problem = data_problem(data, given)
        with pytest.raises(UserError, match=rf"`folds` is at most {most} for .*, not {most + 1}\."):
            problem.objective(given)


def test_the_command_says_it_before_it_trains(tmp_path):
    pd.DataFrame({"x": np.arange(40) * 1.5, "y": ["a", "b"] * 20}).to_csv(tmp_path / "d.csv")
    words = ["tune", str(tmp_path / "d.csv"), "--target", "y", "--trials", "1", "--warm", "0",
             "--max-epochs", "1", "--kb", str(tmp_path / "kb.duckdb")]  # fmt: skip
    told = CliRunner().invoke(main, words).stderr.splitlines()
    split = told.index("Split: 4 folds, trained on 24 rows and validated on 8; 8 to test.")
    assert split < next(i for i, line in enumerate(told) if line.startswith("Trials"))
