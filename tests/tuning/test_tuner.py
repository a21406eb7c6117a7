"""The ask and tell of the tuner: batches, order, durable state, past tasks."""

import json
import shutil
from statistics import fmean

import numpy as np
import pytest
from test_search import SPACE, parabola, search_with

from advisor.settings import Settings
from advisor.training import Outcome, TrialState
from advisor.tuning import resume
from advisor.tuning.tuner import Tuner
from knowledge_base import KnowledgeBase, UserError


def keys(configs):
    return {json.dumps(config, sort_keys=True) for config in configs}


@pytest.fixture(scope="module")
def past(tmp_path_factory):
    """The folder of a knowledge base with random trials of four related tasks, to be copied."""
    folder = tmp_path_factory.mktemp("past")
    kb = KnowledgeBase(folder / "kb.duckdb", seed=False)
    for number in range(4):
        past = Tuner.create(SPACE, kb=kb, name=f"past {number}", strategy="random", n_warm=0,
                            seed=number)  # fmt: skip
        search_with(past, 25)
    return folder


@pytest.fixture
def kb(past, tmp_path):
    shutil.copytree(past, tmp_path, dirs_exist_ok=True)
    return KnowledgeBase(tmp_path / "kb.duckdb", seed=False)


def make(kb, **options):
    return Tuner.create(SPACE, kb=kb, name="new", **options)


def test_several_workers_ask_at_once(kb):
    tuner = make(kb)
    asked = tuner.ask(5)
    assert len(keys(asked)) == 5
    more = tuner.ask(2)
    assert len(keys(asked + more)) == 7
    for config in reversed(asked):
        tuner.tell(config, parabola(config))
    assert tuner.ask() not in asked + more


def test_past_tasks_help_from_the_first_trial(kb):
    informed = [search_with(make(kb, seed=s, contribute=False), 4) for s in range(3)]
    alone = [search_with(make(None, seed=s), 4) for s in range(3)]
    assert np.median(informed) < 0.02
    assert np.median(informed) < np.median(alone)


def test_a_cold_search_asks_the_past_for_nothing(kb):
    cold, alone = make(kb, n_warm=0, seed=5, contribute=False), make(None, seed=5)
    for _ in range(7):
        config = cold.ask()
        assert config == alone.ask()
        for tuner in (cold, alone):
            tuner.tell(config, parabola(config))


def test_a_study_that_was_cut_off_asks_what_it_would_have_asked(kb, tmp_path):
    whole = make(kb, seed=3, directory=tmp_path / "whole", contribute=False)
    search_with(whole, 6)
    shutil.copytree(tmp_path / "whole", tmp_path / "cut off")
    again = Tuner.resume(tmp_path / "cut off")
    assert len(again.trials) == 6
    for _ in range(3):
        config = whole.ask()
        assert config == again.ask()
        whole.tell(config, parabola(config))
        again.tell(config, parabola(config))


def folded(config):
    """Return an outcome of four folds."""
    luck = np.random.default_rng(int(1e6 * abs(config["x"]))).normal(size=4)
    folds = [parabola(config) + 0.1 * place + 0.05 * each for place, each in enumerate(luck)]
    metrics = {f"fold_{place}": value for place, value in enumerate(folds, start=1)}
    return Outcome(TrialState.COMPLETE, value=fmean(folds), metrics=metrics)


def test_a_study_of_folds_that_was_cut_off_asks_what_it_would_have_asked(kb, tmp_path):
    whole = make(kb, seed=3, directory=tmp_path / "whole", contribute=False)
    alone = make(kb, seed=3, contribute=False)
    for _ in range(6):
        config = whole.ask()
        whole.tell(config, folded(config))
        alone.tell(config, folded(config).value)
    shutil.copytree(tmp_path / "whole", tmp_path / "cut off")
    again = Tuner.resume(tmp_path / "cut off")
    assert [len(o.folds) for o in again.strategy.observations] == [4] * 6
    questions = whole.ask(3)
    assert again.ask(3) == questions
    assert alone.ask(3) != questions  # the noise that is known makes a difference


def test_resuming_does_not_depend_on_what_the_store_learned_meanwhile(kb, tmp_path):
    first = make(kb, seed=3, directory=tmp_path / "study")
    search_with(first, 3)
    expected = first.ask()
    first.close()
    search_with(Tuner.create(SPACE, kb=kb, name="other", seed=9), 8)
    again = Tuner.resume(tmp_path / "study", kb)
    assert again.ask() == expected
    assert len(kb.trials(study=first.study.record.study_id)) == 3


def test_a_directory_is_not_used_twice(kb, tmp_path):
    make(kb, directory=tmp_path / "study")
    with pytest.raises(UserError, match=r"Tuner\.resume"):
        make(kb, directory=tmp_path / "study")


def test_the_command_line_sends_such_a_study_back_to_python(kb, tmp_path):
    make(kb, directory=tmp_path / "study")
    with pytest.raises(UserError, match=r"Tuner\.resume"):
        resume(Settings(data="x.csv"), kb, name="study", root=tmp_path)


def test_a_damaged_prior_costs_the_prior_only(kb, tmp_path):
    search_with(make(kb, directory=tmp_path / "study"), 2)
    (tmp_path / "study" / "past.npz").write_bytes(b"PK nonsense")
    again = Tuner.resume(tmp_path / "study")
    assert len(again.trials) == 2
    assert SPACE.complete(again.ask())
