"""Every strategy searches a built-in family, and its trials are there for the next one."""

import pytest

from advisor.settings import Settings
from advisor.strategies import STRATEGIES
from advisor.tuning import resume, start
from knowledge_base import KnowledgeBase
from knowledge_base.errors import UserError

CONTINUOUS = ["learning_rate", "weight_decay", "dropout"]


@pytest.fixture
def kb(tmp_path):
    """Return a new one, of which is known what the shipped trials teach: what is added to one is
    learned anew by whoever asks next."""
    return KnowledgeBase(tmp_path / "kb.duckdb")


@pytest.mark.parametrize("strategy", sorted(STRATEGIES))
def test_a_search_is_run_stored_and_resumed(strategy, kb):
    only = CONTINUOUS if strategy == "gradient" else None
    settings = Settings(
        data="sklearn:iris", strategy=strategy, only=only, trials=4, n_warm=1, max_epochs=2, seed=1
    )
    search = start(settings, kb, name=strategy)
    assert search.run().reason == "finished"
    again = resume(Settings(), kb, name=strategy, trials=6)
    again.run()
    assert len(again.tuner.trials) == 6
    assert all(trial.state in ("complete", "stopped") for trial in again.tuner.trials)
    assert search.tuner.trials[0].config == again.tuner.trials[0].config
    study = search.tuner.study.record.study_id
    assert (kb.trials()["study_id"] == study).sum() == 6


def test_the_gradient_of_a_trial_is_stored_with_it(kb):
    settings = Settings(
        data="sklearn:iris", strategy="gradient", only=CONTINUOUS, trials=3, n_warm=0, max_epochs=3
    )
    search = start(settings, kb)
    search.run()
    first, second, _ = (trial for trial in search.tuner.trials)
    found = {name for name in first.metrics if name.startswith("gradient_")}
    assert found == {f"gradient_{name}" for name in CONTINUOUS}
    # The next trial goes down the slope of the first.
    steepest = "learning_rate"
    moved = second.config[steepest] - first.config[steepest]
    assert moved * first.metrics[f"gradient_{steepest}"] < 0


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({}, "cannot differentiate 'activation'"),
        ({"only": ["learning_rate", "units"]}, "cannot differentiate 'units'"),
        ({"only": ["learning_rat"]}, "did you mean 'learning_rate'"),
        ({"fix": {"units": "many"}}, "units = many is outside"),
    ],
)
def test_what_cannot_be_searched_is_refused_before_a_study_is_made(changes, says, tmp_path):
    kb = KnowledgeBase(tmp_path / "kb.duckdb")
    settings = Settings(data="sklearn:iris", strategy="gradient", **changes)
    with pytest.raises(UserError, match=says):
        start(settings, kb)
    assert not (tmp_path / "studies").exists()


def test_a_restricted_search_fixes_the_rest_and_resumes(kb):
    settings = Settings(
        data="sklearn:iris", only=CONTINUOUS, fix={"units": 32}, trials=2, max_epochs=2
    )
    start(settings, kb, name="part").run()
    search = resume(settings, kb, trials=3)
    search.run()
    assert {trial.config["units"] for trial in search.tuner.trials} == {32}
    assert {trial.config["activation"] for trial in search.tuner.trials} == {"relu"}
    assert len({trial.config["dropout"] for trial in search.tuner.trials}) == 3


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"trails": 3}, "no setting 'trails'. Did you mean 'trials'"),
        ({"only": "learning_rate,dropout"}, "takes a list of names"),
        ({"fix": ["units=64"]}, "takes values by name"),
    ],
)
def test_settings_of_another_form_say_what_there_is(asked, says):
    with pytest.raises(UserError, match=says):
        Settings(data="sklearn:iris", **asked)
