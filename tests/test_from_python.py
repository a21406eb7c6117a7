"""What Python callers pass: frames, functions, spaces, lists and mappings."""

import re

import pandas as pd
import pytest
from sklearn.datasets import load_iris

from advisor import Advisor, KnowledgeBase, SpaceDefinition, UserError
from advisor.comparison import compare
from advisor.settings import Settings
from knowledge_base.studies import StudyDirectory

SPACE = SpaceDefinition.from_dict(
    {"name": "own", "hyperparameters": {"x": {"type": "float", "low": -1, "high": 1}}}
)


@pytest.fixture
def frame():
    return load_iris(as_frame=True).frame


@pytest.fixture
def advisor(tmp_path):
    return Advisor(KnowledgeBase(tmp_path / "kb.duckdb", seed=False))


def parabola(config, report):
    report(-abs(config["x"] - 0.3))
    return -abs(config["x"] - 0.3)


def test_a_frame_is_searched_and_the_study_goes_on_with_it(advisor, frame):
    begun = advisor.tune(
        frame, "target", trials=2, max_epochs=1, only=["learning_rate"], fix={"units": 32}
    )
    assert {trial.config["units"] for trial in begun.tuner.trials} == {32}
    name = begun.path.name
    with pytest.raises(UserError, match=rf"tune\(data=\.\.\., name='{name}', resume=True\)"):
        advisor.tune(name=name, resume=True)
    again = advisor.tune(frame, "target", name=name, resume=True, trials=3)
    assert again.path == begun.path
    assert len(again.tuner.trials) == 3


def test_another_frame_does_not_go_on(advisor, frame):
    begun = advisor.tune(frame, "target", trials=1, max_epochs=1)
    with pytest.raises(UserError, match="changed since it started"):
        advisor.tune(frame.iloc[:100], "target", name=begun.path.name, resume=True)


def test_a_function_is_searched_over_a_space(advisor):
    search = advisor.tune(objective=parabola, space=SPACE, direction="maximize", trials=3)
    assert re.fullmatch(r"parabola [0-9a-f]{8}", search.tuner.study.task.name)
    assert search.tuner.best.value == max(trial.value for trial in search.tuner.trials)
    assert len(advisor.kb.trials()) == 3
    kept = StudyDirectory.open(search.path).settings
    assert kept["python"] == ["objective", "space"]


def test_a_comparison_of_a_function_goes_on_with_it(advisor):
    settings = {"objective": parabola, "space": SPACE, "direction": "maximize"}
    done = advisor.compare(strategies=["random", "sobol"], trials=2, **settings)
    assert [s.trials.mean for s in done.standings()] == [2, 2]
    again = advisor.compare(
        strategies=["random", "sobol"], name=done.path.name, resume=True, trials=3, **settings
    )
    assert [s.trials.mean for s in again.standings()] == [3, 3]


def test_what_was_given_as_a_text_of_options_is_refused(frame):
    with pytest.raises(UserError, match="list of names"):
        Settings(data=frame, only="learning_rate,dropout")


def test_the_facade_recommends_contributes_and_diagnoses(advisor, frame):
    search = advisor.tune(frame, "target", trials=2, max_epochs=1, contribute=False)
    report = advisor.contribute(search.path)
    assert (report.accepted, report.duplicates) == (2, 0)
    assert advisor.diagnose(search.path).study == search.path.name
    advice = advisor.recommend(frame, "target", n=1)
    assert len(advice.recommendations) == 1


def test_a_comparison_from_settings(tmp_path):
    settings = Settings(objective=parabola, space=SPACE, direction="maximize", trials=2)
    kb = KnowledgeBase(tmp_path / "kb.duckdb", seed=False)
    assert compare(settings, ["random"], kb).n_finished == 1


def test_the_label_of_a_frame_is_no_column_of_it():
    frame = pd.DataFrame({"name": ["a", "b"], "y": [0, 1]})
    assert Settings(data=frame, target="y").label == "frame"


def test_an_own_function_holds_out_what_it_likes():
    with pytest.raises(UserError, match="`all_rows` is for data sets"):
        Settings(objective=print, all_rows=True)
    plain = Settings(data="x.csv", target="y")
    assert plain.holds_out
    assert not Settings(data="x.csv", target="y", test="t.csv").holds_out
    assert not Settings(data="x.csv", target="y", all_rows=True).holds_out
    assert plain.signature != Settings(data="x.csv", target="y", all_rows=True).signature
