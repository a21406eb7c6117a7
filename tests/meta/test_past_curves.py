"""Learning curves of past tasks, as a search that pauses trials gets them."""

import numpy as np
import pytest

from advisor.curves import LAST, PastCurves, rung_epochs
from advisor.meta import Query
from advisor.meta.curves import read_curves
from advisor.meta.warm_start import warm_start
from knowledge_base import KnowledgeBase
from knowledge_base.bundle import Bundle
from knowledge_base.records import EpochRecord, StudyRecord, TaskRecord, TrialRecord
from knowledge_base.space import SpaceDefinition

RATE = {"type": "float", "low": 0.0, "high": 1.0}
SPACE = SpaceDefinition.from_dict(
    {
        "name": "curved",
        "hyperparameters": {"rate": RATE, "epochs": {"type": "int", "low": 5, "high": 30}},
    }
)
OWN = SpaceDefinition.from_dict({"name": "own", "hyperparameters": {"rate": RATE}})


def epochs_of(values):
    return tuple(EpochRecord(n, val_metric=v) for n, v in enumerate(values, start=1))


def stored(tmp_path, trials, space=SPACE, direction="maximize"):
    """Return a store with a task and its trials, given as configuration, state and values."""
    kb = KnowledgeBase(tmp_path / "kb.duckdb", seed=False)
    task = TaskRecord("t", "score", direction, space.name)
    study = StudyRecord("s", task.task_id, space.space_id, "s", "random")
    better = max if direction == "maximize" else min
    kept = [
        TrialRecord("s", n, config, state, better(values), epochs=len(values),
                    metrics={"best_epoch": float(values.index(better(values)) + 1)},
                    curve=epochs_of(values))
        for n, (config, state, values) in enumerate(trials)
    ]  # fmt: skip
    kb.add(Bundle.from_records([task, study, space, *kept]))
    return kb, task.task_id


def rising(n, epochs=20):
    return [0.1 * n + 0.01 * e for e in range(1, epochs + 1)]


def configured(n, epochs=20):
    return {"rate": n / 20, "epochs": epochs}


def test_values_are_the_best_so_far_at_rungs_of_the_configured_epochs(tmp_path):
    trials = [(configured(n), "complete", rising(n)) for n in range(12)]
    kb, task = stored(tmp_path, trials)
    found, epochs = read_curves(kb, SPACE, "curved", [task])
    assert epochs == 0
    values, places = found[task].values, rung_epochs(20)
    order = np.argsort(values[:, LAST])
    right = np.array([np.array(rising(n)) for n in range(12)])
    for rung in range(LAST + 1):
        if places[rung]:
            np.testing.assert_allclose(values[order, rung], right[:, places[rung] - 1])
        else:
            assert np.isnan(values[:, rung]).all()


def test_losses_are_turned_around(tmp_path):
    trials = [(configured(n), "complete", [1.0 + n, 0.5 + n, 0.7 + n]) for n in range(12)]
    kb, task = stored(tmp_path, [(c, s, v * 7) for c, s, v in trials], direction="minimize")
    found, _ = read_curves(kb, SPACE, "curved", [task])
    assert sorted(found[task].values[:, LAST]) == [-0.5 - n for n in reversed(range(12))]


def test_stopped_and_shortened_trainings_say_nothing_of_the_end(tmp_path):
    trials = [(configured(n), "complete", rising(n)) for n in range(12)]
    trials += [(configured(13), "stopped", rising(3, 4)), (configured(14, 30), "failed", [0.1])]
    kb, task = stored(tmp_path, trials)
    found, _ = read_curves(kb, SPACE, "curved", [task])
    assert len(found[task].values) == 12


@pytest.mark.filterwarnings("error")
def test_an_epoch_without_a_value_counts_as_nothing(tmp_path):
    gaps = [[None, *rising(n)[1:]] for n in range(12)]
    kb, task = stored(tmp_path, [(configured(n), "complete", rising(n)) for n in range(12)])
    for n, values in enumerate(gaps):
        study = StudyRecord("s2", task, SPACE.space_id, "s2", "random")
        curve = epochs_of(values)
        whole = TrialRecord("s2", n, configured(n + 0.5), "complete", 1.0, epochs=20, curve=curve)
        kb.add(Bundle.from_records([study, whole]))
    found, _ = read_curves(kb, SPACE, "curved", [task])
    assert np.isnan(found[task].values[:, 1]).sum() == 12  # The rung of the first epoch.
    assert np.isfinite(found[task].values[:, 2:]).all()


def test_too_few_curves_are_left_out(tmp_path):
    kb, task = stored(tmp_path, [(configured(n), "complete", rising(n)) for n in range(9)])
    assert read_curves(kb, SPACE, "curved", [task]) == ({}, 0)


def test_the_length_of_ones_own_trainings_is_what_it_was(tmp_path):
    trials = [({"rate": n / 20}, "complete", rising(n, 25)) for n in range(12)]
    kb, task = stored(tmp_path, trials, OWN)
    found, epochs = read_curves(kb, OWN, "own", [task])
    assert epochs == 25
    assert np.isfinite(found[task].values[:, 1:]).all()


@pytest.mark.parametrize("curves", [True, False])
def test_a_search_takes_them_along_if_it_wants_them(tmp_path, curves):
    kb, _ = stored(tmp_path, [(configured(n), "complete", rising(n)) for n in range(12)])
    start = warm_start(kb, SPACE, "curved", Query(), 2, curves=curves)
    assert start.prior is not None
    assert (start.prior.curves is not None) == curves
    if curves:
        assert len(PastCurves.from_arrays(start.prior.curves)) == 1
        assert "curves_inputs" in start.arrays()


def test_no_task_is_its_own_past(tmp_path):
    kb, task = stored(tmp_path, [(configured(n), "complete", rising(n)) for n in range(12)])
    assert warm_start(kb, SPACE, "curved", Query(task_id=task), 2, curves=True).prior is None
