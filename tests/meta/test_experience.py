import os

import numpy as np
import pandas as pd
import pytest

from advisor.encoding import sample
from advisor.meta import PortfolioLearner, Query, cache, learner_for, recall
from knowledge_base import KnowledgeBase
from knowledge_base.records import DatasetRecord, StudyRecord, TaskRecord
from knowledge_base.space import SpaceDefinition

SPACE = SpaceDefinition.from_dict(
    {
        "name": "toy",
        "hyperparameters": {
            "rate": {"type": "float", "low": 1e-4, "high": 1.0, "log": True, "default": 0.5},
            "depth": {"type": "int", "low": 1, "high": 8},
            "kind": {"type": "categorical", "choices": ["a", "b"]},
        },
    }
)


def accuracy(config, optimum):
    distance = abs(np.log10(config["rate"]) - optimum) + 0.3 * (config["kind"] == "b")
    return 0.95 - 0.1 * distance - 0.01 * abs(config["depth"] - 4)


def add_task(kb, number, n=40, strategy="random", sign=1.0, seed=None, space=SPACE):
    optimum = -2.0 + 0.05 * number
    configs = sample(space, n, seed=number if seed is None else seed)
    frame = pd.DataFrame(configs)
    frame["value"] = [sign * accuracy(config, optimum) for config in configs]
    frame["duration"] = 2.0
    dataset = DatasetRecord(f"data-{number}", f"data {number}", n_rows=100, n_features=3)
    task = TaskRecord(f"task {number}", "accuracy", "maximize", "toy", dataset.dataset_id, "y")
    study = StudyRecord(
        f"study-{number}-{strategy}-{seed}", task.task_id, space.space_id, "s", strategy, seed=0
    )
    kb.add_trials(frame, task=task, space=space, study=study, dataset=dataset)
    return task


@pytest.fixture
def kb(tmp_path):
    kb = KnowledgeBase(tmp_path / "kb.duckdb", seed=False)
    for number in range(8):
        add_task(kb, number)
    return kb


@pytest.fixture(autouse=True)
def _forget():
    cache._recent.clear()


def cached_files(kb):
    return list(cache.cache_path(kb, SPACE, "toy").parent.glob("*"))


def test_recommendations_are_good_diverse_and_say_why(kb):
    found = learner_for(kb, SPACE, "toy").recommend(Query(), 5)
    assert [item.rank for item in found] == [1, 2, 3, 4, 5]
    assert len({str(item.config) for item in found}) == 5
    first = found[0]
    assert abs(np.log10(first.config["rate"]) + 1.8) < 0.5
    assert first.config["kind"] == "a"
    assert first.expected > 0.9
    assert first.interval[0] <= first.expected <= first.interval[1]
    assert first.beats_default > 0.7
    assert first.seconds == pytest.approx(2.0)
    assert sum(e.weight for e in first.evidence) <= 1
    assert any(e.observed and e.value is not None for e in first.evidence)


def test_intervals_contain_what_comes_true(kb):
    hits = []
    for number in range(20, 32):
        optimum = -2.0 + 0.05 * (number % 8)
        random = np.sort([accuracy(c, optimum) for c in sample(SPACE, 400, seed=number)])
        for item in learner_for(kb, SPACE, "toy").recommend(Query(), 3):
            share = np.searchsorted(random, accuracy(item.config, optimum)) / 400
            hits.append(item.interval[0] - 0.01 <= share <= item.interval[1] + 0.01)
    assert np.mean(hits) > 0.6


def test_experience_is_read_back_as_it_was_learned(kb):
    first = learner_for(kb, SPACE, "toy").recommend(Query(), 5)
    assert len(cached_files(kb)) == 1
    cache._recent.clear()
    assert learner_for(kb, SPACE, "toy").recommend(Query(), 5) == first


def test_in_one_process_it_is_learned_once(kb, monkeypatch):
    recall(kb, SPACE, "toy")
    monkeypatch.setattr(cache, "_recall", lambda *_: pytest.fail("learned again"))
    assert recall(kb, SPACE, "toy") is not None


def test_a_contribution_is_learned_and_the_rest_taken_over(kb, monkeypatch):
    before = recall(kb, SPACE, "toy")
    new = add_task(kb, 40)
    read = []
    load = cache.read_past
    monkeypatch.setattr(cache, "read_past", lambda *a: read.append(list(a[3])) or load(*a))
    after = recall(kb, SPACE, "toy")
    assert len(after) == len(before) + 1
    assert read == [[new.task_id]]


def test_learning_step_by_step_is_learning_at_once(kb, tmp_path):
    recall(kb, SPACE, "toy")
    add_task(kb, 40)
    add_task(kb, 41)
    add_task(kb, 3, n=20, strategy="bayesian", seed=77)  # more trials of a known task
    stepwise = recall(kb, SPACE, "toy")
    for path in cached_files(kb):
        path.unlink()
    cache._recent.clear()
    anew = recall(kb, SPACE, "toy")
    order = [[t.task_id for t in e.tasks] for e in (stepwise, anew)]
    assert sorted(order[0]) == sorted(order[1])
    place = [order[0].index(task) for task in order[1]]
    assert stepwise.keys == anew.keys
    assert stepwise.scores[place] == pytest.approx(anew.scores, abs=1e-3)
    assert stepwise.trust == pytest.approx(anew.trust, abs=1e-3)


def test_a_damaged_cache_is_made_again(kb):
    first = learner_for(kb, SPACE, "toy").recommend(Query(), 3)
    (path,) = cached_files(kb)
    path.write_bytes(path.read_bytes()[:1000])
    cache._recent.clear()
    assert learner_for(kb, SPACE, "toy").recommend(Query(), 3) == first


def test_a_cache_that_cannot_be_written_is_done_without(kb):
    folder = cache.cache_path(kb, SPACE, "toy").parent
    folder.write_text("in the way")
    assert learner_for(kb, SPACE, "toy").recommend(Query(), 3)
    assert folder.read_text() == "in the way"


def test_nothing_is_unpickled(kb):
    recall(kb, SPACE, "toy")
    (path,) = cached_files(kb)
    evil = np.empty(1, dtype=object)
    evil[0] = Unpickled()
    np.savez(path, version=np.array(cache.VERSION), text=evil)
    cache._recent.clear()
    assert recall(kb, SPACE, "toy") is not None
    assert "ADVISOR_UNPICKLED" not in os.environ


class Unpickled:
    def __reduce__(self):
        return os.putenv, ("ADVISOR_UNPICKLED", "1")


def test_without_history_nothing_is_said(tmp_path):
    kb = KnowledgeBase(tmp_path / "empty.duckdb", seed=False)
    assert recall(kb, SPACE, "toy") is None
    assert PortfolioLearner(None, SPACE).recommend(Query(), 3) == []
    assert PortfolioLearner(None, SPACE).prior(Query()) is None


def test_excluded_data_sets_have_no_say(kb):
    known = learner_for(kb, SPACE, "toy", exclude_datasets=["data-2"])
    assert known.n_tasks == 7
    tasks = {e.task for item in known.recommend(Query(), 5) for e in item.evidence}
    assert "task 2" not in tasks


def test_the_same_data_set_has_the_largest_say(kb):
    query = Query(dataset_id="data-3", target="y")
    found = learner_for(kb, SPACE, "toy").recommend(query, 3)
    assert found[0].evidence[0].same_dataset
    assert found[0].evidence[0].weight > 0.5


def test_the_task_itself_is_told_to_a_search_not_expected_by_it(kb):
    task = add_task(kb, 3, n=5, seed=9)
    known = learner_for(kb, SPACE, "toy")
    assert len(known.prior(Query()).models) == 8
    weights = known.prior(Query(task_id=task.task_id)).weights
    assert (weights > 0).sum() == 7


def test_outcomes_choose_between_past_tasks(tmp_path):
    kb = KnowledgeBase(tmp_path / "kb.duckdb", seed=False)
    for number in (0, 1, 2, 40, 41, 42):  # optima near -2 and near 0
        add_task(kb, number)
    known = learner_for(kb, SPACE, "toy")
    tried = [item.config for item in known.recommend(Query(), 8)]
    for optimum in (-2.0, 0.0):
        query = Query(outcomes=[(c, accuracy(c, optimum)) for c in tried])
        best = known.recommend(query, 1)[0].config
        assert abs(np.log10(best["rate"]) - optimum) < 0.6


def test_outcomes_that_all_failed_change_nothing(kb):
    known = learner_for(kb, SPACE, "toy")
    tried = [item.config for item in known.recommend(Query(), 4)]
    failed = Query(outcomes=[(config, None) for config in tried])
    assert [r.config for r in known.recommend(failed, 4)] == tried


def test_a_task_that_was_only_tuned_is_corrected(kb):
    task = add_task(kb, 50, n=30, strategy="bayesian")
    found = {t.task_id: t for t in recall(kb, SPACE, "toy").tasks}[task.task_id]
    assert not found.referenced
    assert ((found.shares >= 0) & (found.shares <= 1)).all()


def test_trials_of_another_space_count_by_what_they_share(kb):
    other = SpaceDefinition.from_dict(
        {
            "name": "other",
            "hyperparameters": {
                "rate": {"type": "float", "low": 1e-6, "high": 10.0, "log": True},
                "kind": {"type": "categorical", "choices": ["b", "c", "a"]},
                "extra": {"type": "float", "low": 0, "high": 1},
                "depth": {"type": "int", "low": 1, "high": 20},
            },
        }
    )
    add_task(kb, 60, space=other)
    experience = recall(kb, SPACE, "toy")
    assert len(experience) == 9
    for item in learner_for(kb, SPACE, "toy").recommend(Query(), 5):
        assert SPACE.complete(item.config) == item.config
