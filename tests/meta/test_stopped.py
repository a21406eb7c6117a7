"""Stopped trials of past tasks count by what they would have reached."""

import numpy as np
import pytest

from advisor import Advisor
from advisor.meta import cache
from advisor.meta.cache import recall
from advisor.meta.reading import read_past
from advisor.meta.stopped import StoppedTrials
from advisor.models import get_family
from knowledge_base import KnowledgeBase
from knowledge_base.arrays import read_arrays
from knowledge_base.bundle import Bundle
from knowledge_base.records import TIME_OVER, EpochRecord, StudyRecord, TaskRecord, TrialRecord
from knowledge_base.space import SpaceDefinition

EPOCHS = 20
SPACE = SpaceDefinition.from_dict(
    {
        "name": "curved",
        "hyperparameters": {
            "rate": {"type": "float", "low": 0.0, "high": 1.0},
            "epochs": {"type": "int", "low": 5, "high": 30},
        },
    }
)
AHEAD = "stopped early after 4 epochs: others were ahead"


def level(n, place, sign):
    """Return a curve towards 1 - (rate - .6)^2, from far below, in every task a bit different."""
    end = 1 - (n / 24 - 0.6) ** 2 + 0.01 * place
    return [sign * (end - 0.5 * 0.7**epoch) for epoch in range(1, EPOCHS + 1)]


def task_of(place, states, sign=1.0, error=AHEAD, folds=False):
    """Return the records of a task with a trial per state: complete, or stopped after 4 epochs."""
    task = TaskRecord(f"t{place}", "score", "maximize" if sign > 0 else "minimize", SPACE.name)
    study = StudyRecord(f"s{place}", task.task_id, SPACE.space_id, "s", "random")
    trials = []
    for n, state in enumerate(states):
        curve = level(n, place, sign)[: EPOCHS if state == "complete" else 4]
        trials.append(TrialRecord(
            study.study_id, n, {"rate": n / 24, "epochs": EPOCHS}, state, curve[-1],
            metrics={"best_epoch": float(len(curve))} | ({"fold_1": curve[-1]} if folds else {}),
            epochs=len(curve), duration=float(len(curve)),
            error=None if state == "complete" else error,
            curve=tuple(EpochRecord(e, val_metric=v) for e, v in enumerate(curve, start=1)),
        ))  # fmt: skip
    return [task, study, *trials], task.task_id


def stored(tmp_path, *tasks):
    kb = KnowledgeBase(tmp_path / "kb.duckdb", seed=False)
    kb.add(Bundle.from_records([SPACE, *(record for records, _ in tasks for record in records)]))
    return kb


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_end_is_that_of_curves_like_it(tmp_path, sign):
    past = [task_of(place, ["complete"] * 25, sign) for place in range(3)]
    new, task = task_of(4, ["stopped", "complete", "stopped"] * 8, sign)
    kb = stored(tmp_path, *past, (new, task))
    direction = "maximize" if sign > 0 else "minimize"
    ends = StoppedTrials(kb, SPACE, "curved").ends([task], {}, {task: direction})
    true = [level(n, 4, sign)[-1] for n in range(24) if n % 3 != 1]
    reached = [level(n, 4, sign)[3] for n in range(24) if n % 3 != 1]
    assert len(ends) == 16
    off = np.abs(ends["value"].to_numpy() - true)
    assert off.mean() < 0.25 * np.abs(np.subtract(true, reached)).mean()
    assert (ends["state"] == "complete").all()
    assert ends["duration"].tolist() == [float(EPOCHS)] * 16


@pytest.mark.parametrize(("error", "counted"), [(AHEAD, 8), (TIME_OVER, 0)])
def test_without_curves_elsewhere_what_was_reached_counts_unless_time_ended_it(
    tmp_path, error, counted
):
    new, task = task_of(0, ["stopped", "complete", "stopped"] * 4, error=error)
    kb = stored(tmp_path, (new, task))
    ends = StoppedTrials(kb, SPACE, "curved").ends([task], {}, {task: "maximize"})
    assert len(ends) == counted
    reached = [level(n, 0, 1.0)[3] for n in range(12) if n % 3 != 1]
    assert ends["value"].tolist() == pytest.approx(reached[:counted])


def test_a_task_is_known_by_them_but_nobody_has_seen_their_values(tmp_path):
    past = [task_of(place, ["complete"] * 25) for place in range(3)]
    states = ["complete" if n in (14, 15) else "stopped" for n in range(25)]
    new, task = task_of(4, states)
    kb = stored(tmp_path, *past, (new, task))
    (found,) = [one for one in read_past(kb, SPACE, "curved") if one.task_id == task]
    assert found.n_trials == len(found.values) == 25
    assert np.isfinite(found.values).sum() == 2
    order = np.argsort(-found.scores)
    rates = np.round(found.inputs[order][:, found.known][:, 0] * 24).astype(int)
    assert set(rates[:6]) <= set(range(10, 20))  # .6 of 24 is 14.4
    assert rates[-1] == 0


def test_trials_on_folds_stay_what_they_are_beside_stopped_ones(tmp_path):
    past = [task_of(place, ["complete"] * 25) for place in range(3)]
    new, task = task_of(4, ["complete", "stopped"] * 6, folds=True)
    for trial in new[2::2]:
        object.__setattr__(trial, "metrics", {**trial.metrics, "fold_1": -7.0})
    kb = stored(tmp_path, *past, (new, task))
    (found,) = [one for one in read_past(kb, SPACE, "curved") if one.task_id == task]
    seen = found.values[np.isfinite(found.values)]
    assert sorted(seen) == pytest.approx(sorted(level(n, 4, 1.0)[-1] for n in range(0, 12, 2)))


@pytest.mark.parametrize("state", ["stopped", "complete"])
def test_what_an_older_version_learned_holds_where_nothing_was_stopped(
    tmp_path, monkeypatch, state
):
    past = [task_of(place, ["complete"] * 25) for place in range(3)]
    kb = stored(tmp_path, *past, task_of(4, [state] * 25))
    cache._recent.clear()
    recall(kb, SPACE, "curved")
    path = cache.cache_path(kb, SPACE, "curved")
    np.savez(path, **{**read_arrays(path), "version": np.array(5)})
    cache._recent.clear()
    learned, learn = [], cache._learn
    monkeypatch.setattr(cache, "_learn", lambda *given: learned.append(1) or learn(*given))
    assert recall(kb, SPACE, "curved") is not None
    assert len(learned) == (state == "stopped")


def test_a_search_that_stops_trials_teaches_with_all_of_them(tmp_path):
    kb = KnowledgeBase(tmp_path / "kb.duckdb")
    search = Advisor(kb).tune("sklearn:iris", trials=6, strategy="halving", n_warm=0, folds=1)
    states = [trial.state for trial in search.tuner.trials]
    assert "stopped" in states
    space = get_family("mlp").space()
    (found,) = [
        task
        for task in read_past(kb, space, "mlp")
        if task.task_id == search.tuner.study.task.task_id
    ]
    assert found.n_trials == len(states) - states.count("failed")
