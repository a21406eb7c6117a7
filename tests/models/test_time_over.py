"""A search whose first trial the time cuts off ends with a value and a model, in every family."""

import numpy as np
import pytest
from modality_data import TINY, series

import advisor
from advisor import Advisor, KnowledgeBase
from advisor.models import FAMILIES

DATA = {"forecaster": lambda: series(120, 3)}  # Folds of a series need some.


@pytest.fixture
def tune(tmp_path, monkeypatch):
    """Return what searches on tiny data; nothing is left after a batch where `short` says so."""
    kb = KnowledgeBase(tmp_path / "kb.duckdb")

    def search(name, short, **more):
        with monkeypatch.context() as patched:
            if short:
                left = "advisor.tuning.batches.Watch.seconds_left"
                patched.setattr(left, lambda self: 0.0)
            return Advisor(kb, family=name).tune(
                DATA.get(name, TINY[name])(), root=tmp_path / "studies", name="s", n_warm=0,
                max_epochs=2, timeout=3600, contribute=False, **more,
            )  # fmt: skip

    return search


@pytest.mark.parametrize("folds", [1, 2])
@pytest.mark.parametrize("name", sorted(FAMILIES))
def test_it_has_a_best_a_model_and_goes_on(tune, name, folds):
    cut = tune(name, True, trials=3, folds=folds, fix={"batch_size": 16})
    (first,) = cut.tuner.trials
    assert (first.state, cut.tuner.best) == ("stopped", first)
    assert first.epochs <= 1  # There may be one batch only.
    assert np.isfinite(first.value)
    assert cut.tuner.study.networks.numbers() == [0]
    assert cut.model.average.members[0].trial == "0"
    with_model = cut.problem.dataset.reading is not None
    assert (cut.saved_model is not None) == with_model

    again = tune(name, False, trials=3, resume=True)
    assert [trial.number for trial in again.tuner.trials] == [0, 1, 2]
    assert again.tuner.trials[0].value == first.value
    choose = min if again.tuner.study.task.direction == "minimize" else max
    assert again.tuner.best.value == choose(t.value for t in again.tuner.trials if t.counts)
    assert 0 in again.tuner.study.networks.numbers()
    if with_model:
        assert advisor.load(again.path).standings == again.model.standings


def test_what_was_begun_together_is_kept_together(tune):
    found = tune("mlp", True, trials=9, folds=1, strategy="random",
                 fix={"batch_size": 16, "n_layers": 1, "units": 16, "block": "plain",
                      "normalisation": "none", "activation": "relu"})  # fmt: skip
    assert len(found.tuner.trials) > 1
    assert {trial.state for trial in found.tuner.trials} == {"stopped"}
    assert all(np.isfinite(trial.value) for trial in found.tuner.trials)
    assert len(found.tuner.study.networks.numbers()) == len(found.tuner.trials)
    assert found.tuner.best is not None
