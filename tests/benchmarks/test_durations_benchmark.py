"""What the pages on seconds say is what was found."""

import numpy as np
import pandas as pd
import pytest

from scripts.benchmarks import durations, per_second


def test_factors_below_one_are_as_wrong_as_their_inverse():
    assert durations.about([0.5, 1.0, 4.0]) == ["3", "2.00", "33%", "4.0"]
    assert durations.about([]) == ["0", "", "", ""]


def test_the_mean_of_others_leaves_out_all_trials_of_the_same_data():
    frame = pd.DataFrame({
        "config": ["a", "a", "a", "b"], "dataset": ["x", "x", "y", "x"],
        "seconds": [1.0, 3.0, 7.0, 5.0],
    })  # fmt: skip
    found = durations._mean_of_others(frame)
    assert found[:3] == pytest.approx([7.0, 7.0, 2.0])
    assert np.isnan(found[3])


def test_each_training_has_a_file_of_its_own():
    wanted = durations.trainings()
    assert len({training.path for training in wanted}) == len(wanted)
    assert wanted[0].kind == "library default"
    assert wanted[-1].kind == f"#{durations.RECOMMENDED}"


def test_searches_on_the_same_task_are_compared():
    runs = {
        False: [{"regrets": [0.5] * 6, "trials": 9}, {"regrets": [0.3] * 6, "trials": 11}],
        True: [{"regrets": [0.4] * 6, "trials": 20}, {"regrets": [0.2] * 6, "trials": 20}],
    }
    page = per_second.write_up(runs, 2, 1, 0.0)
    assert "| expected improvement | 0.400 |" in page
    assert "+0.100 ± 0.000" in page
