"""The evaluation of advice counts what it says it counts."""

import numpy as np
import pandas as pd
import pytest

from advisor.models import get_family
from scripts.benchmarks.advice.page import COUNTS, by_count, report
from scripts.benchmarks.experiment import outcome_of
from scripts.optuna_space import suggested
from scripts.seed.tables import TableEntry

RANDOM = np.linspace(0.5, 0.99, 50).tolist()


def entry(name):
    return TableEntry(name, "sklearn", "classification", "BSD")


def answer(first, default, best, interval=(0.5, 1.0)):
    """Return what `answers` would, with given metrics of the recommendations."""
    good = [first, best, 0.4, 0.4, 0.4]
    shares = [float((np.array(RANDOM) < value).mean()) for value in good]
    said = {"expected": 0.8, "interval": list(interval), "confidence": "medium",
            "beats_default": 0.5}  # fmt: skip
    part = {"recommended": good, "default": default, "earlier": 0.1,
            "random": RANDOM, "shares": shares}  # fmt: skip
    return {"said": [said] * 5, "val": part, "test": part}


def test_the_page_counts_data_sets():
    found = {
        entry("ahead"): answer(first=0.97, default=0.9, best=1.0),
        entry("level"): answer(first=0.9, default=0.9, best=0.9),
        entry("behind"): answer(first=0.6, default=0.9, best=0.9),
        entry("best"): answer(first=0.995, default=0.9, best=0.5),
    }
    page = report(found, {"sklearn:best"}, {"sklearn:level"}, {}, None)
    (row,) = [line for line in page.splitlines() if line.startswith("| all | 4 |")]
    cells = [cell.split(" (")[0].strip() for cell in row.split("|")[3:8]]
    assert cells == ["50%", "75%", "100%", "50%", "50%"]
    assert "| tables, never shipped | 1 | 100%" in page
    assert "that came later | 1 | 0% (0%) | 100% (0%)" in page
    assert "beats the default on 50% of the data sets" in page
    assert "## Searches" not in page


def test_intervals_are_checked_by_what_came_of_each_recommendation():
    page = report({entry("a"): answer(0.97, 0.9, 1.0, interval=(0.9, 1.0))}, (), (), {}, None)
    (row,) = [line for line in page.splitlines() if line.startswith("| all | 5 |")]
    assert row.split("|")[3].strip() == "40%"  # the others beat nothing


def test_regrets_are_means_over_data_sets_whatever_their_seeds():
    rows = [
        {"data": "a", "method": "advisor", "seed": 0, "regret": 0.4},
        {"data": "a", "method": "advisor", "seed": 1, "regret": 0.0},
        {"data": "b", "method": "advisor", "seed": 0, "regret": 0.6},
        {"data": "a", "method": "tpe", "seed": 0, "regret": np.inf},
        {"data": "a", "method": "gp", "seed": 0, "regret": np.nan},
    ]
    frame = pd.DataFrame([{**row, **{f"@{c}": row["regret"] for c in COUNTS}} for row in rows])
    last = {line.split("|")[1].strip(): line.split("|")[-2].strip()
            for line in by_count(frame).splitlines()[2:]}  # fmt: skip
    assert last == {"advisor": "0.400", "Optuna TPE": "failed", "Optuna GPSampler": ""}


def test_what_optuna_suggests_is_a_configuration_of_the_space():
    optuna = pytest.importorskip("optuna")
    space = get_family("mlp").space()
    for optimizer in ("sgd", "adamw"):
        params = {**space.default(), "momentum": 0.3, "optimizer": optimizer}
        config = suggested(optuna.trial.FixedTrial(params), space)
        assert space.complete(config) == config
        assert ("momentum" in config) == (optimizer == "sgd")


def test_a_kept_trial_is_told_as_it_was():
    row = {"state": "complete", "value": 0.5, "metrics": {"test_accuracy": 0.4}, "epochs": 1,
           "n_params": 3, "error": None, "duration": 0.1, "config": {},
           "curve": [{"epoch": 1, "val_metric": 0.5}]}  # fmt: skip
    outcome = outcome_of(row)
    assert (outcome.value, outcome.curve[0].val_metric) == (0.5, 0.5)
