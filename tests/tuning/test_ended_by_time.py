"""A search with a time limit and no number of trials: only its time, or its space, ends it."""

import json

import pytest

from advisor import Advisor
from knowledge_base.errors import UserError

SPACE = """\
name: one
hyperparameters:
  x: {type: float, low: 0, high: 1}
"""
GRID = """\
name: few
hyperparameters:
  x: {type: categorical, choices: [a, b, c]}
"""
BOTH = {"metric": "loss"}


def quick(config, report):
    return float(ord(config["x"])) if isinstance(config["x"], str) else config["x"]


@pytest.fixture
def home(tmp_path):
    (tmp_path / "space.yaml").write_text(SPACE)
    (tmp_path / "few.yaml").write_text(GRID)
    advisor = Advisor(tmp_path / "kb.duckdb")

    def search(space="space.yaml", **more):
        given = {"objective": quick, "space": tmp_path / space, "root": tmp_path / "studies"}
        return advisor.search(**given, contribute=False, **BOTH, **{"strategy": "random", **more})

    return search


def test_only_the_time_ends_it(home):
    search = home(timeout=60.0)

    def enough(trial, tuner):
        if tuner.ended == 40:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        search.run(60.0, enough)
    assert len(search.stored) == 40  # The usual length is 30.
    assert json.loads((search.path / "study.json").read_text())["settings"]["trials"] is None


def test_it_begins_like_any_other(home):
    assert home(timeout=60.0).begin == home().begin


def test_a_number_of_trials_is_kept_beside_the_time(home):
    search = home(timeout=60.0, trials=4)
    assert search.run(60.0).reason == "finished"
    assert len(search.stored) == 4


def test_a_grid_without_more_ends_it(home):
    search = home("few.yaml", timeout=60.0, strategy="grid")
    assert search.run(60.0).reason == "exhausted"
    assert sorted(trial.config["x"] for trial in search.stored) == ["a", "b", "c"]


def test_it_is_not_gone_on_with_without_an_end(home):
    began = home(timeout=60.0)
    began.run(0.0)
    before = len(began.stored)
    again = home(resume=True)
    with pytest.raises(UserError, match=r"Nothing would end this search.*`timeout` or `trials`"):
        again.run()
    assert len(again.stored) == before
    assert home(resume=True, trials=5).run().reason == "finished"
    assert len(again.stored) == 5


def test_a_comparison_is_of_equal_numbers_of_trials(tmp_path):
    (tmp_path / "space.yaml").write_text(SPACE)
    with pytest.raises(UserError, match=r"equal numbers of trials: give `trials`"):
        Advisor(tmp_path / "kb.duckdb").comparison(
            objective=quick, space=tmp_path / "space.yaml", trials=None, timeout=1.0, **BOTH
        )
