"""Of a large store some tasks are chosen before their trials are read, by an index."""

import os
import stat

import numpy as np
import pandas as pd
import pytest

from advisor.encoding import Encoder
from advisor.meta import Query, cache, choosing, learner_for, nearby, reading, recall
from knowledge_base import Bundle, KnowledgeBase, columnar
from knowledge_base.identity import digest
from knowledge_base.records import DatasetRecord, StudyRecord, TaskRecord
from knowledge_base.schema import TABLES
from knowledge_base.space import SpaceDefinition

SPACE = SpaceDefinition.from_dict({"name": "toy", "hyperparameters": {
    "rate": {"type": "float", "low": 1e-4, "high": 1.0, "log": True},
    "kind": {"type": "categorical", "choices": ["a", "b"]},
}})  # fmt: skip
FOREIGN = SpaceDefinition.from_dict({"name": "other", "hyperparameters": {
    "trees": {"type": "int", "low": 1, "high": 8}}})  # fmt: skip
TASKS, CORE, NEAR = 40, 16, 6


def made(number: int, n: int = 24, space: SpaceDefinition = SPACE) -> Bundle:
    """A task whose best rate, and first metafeature, is `number` between the ends."""
    rng = np.random.default_rng(number)
    rates, best = 10 ** rng.uniform(-4, 0, n), -4 + 4 * number / TASKS
    frame = pd.DataFrame({"rate": rates, "kind": rng.choice(["a", "b"], n)})
    if space is FOREIGN:
        frame = pd.DataFrame({"trees": rng.integers(1, 9, n)})
    frame["value"] = 0.9 - 0.1 * abs(np.log10(rates) - best)
    dataset = DatasetRecord(digest("data", number, space.name), f"data {number}")
    task = TaskRecord(f"task {number}", "accuracy", "maximize", "toy", dataset.dataset_id, "y")
    study = StudyRecord(digest("study", number, n, space.name), task.task_id, space.space_id,
                        "s", "random", seed=0)  # fmt: skip
    about = {"place": number / TASKS, **{f"noise{i}": float(rng.normal()) for i in range(3)}}
    context = Bundle.from_records([dataset, task, space, study],
                                  {(dataset.dataset_id, "y", 1): about})  # fmt: skip
    trials = columnar.trials_table(frame, space, study.study_id)
    return Bundle({**{name: context[name] for name in TABLES}, "trials": trials})


def task_id(number: int) -> str:
    data = digest("data", number, SPACE.name)
    return TaskRecord(f"task {number}", "accuracy", "maximize", "toy", data, "y").task_id


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    path = tmp_path_factory.mktemp("choosing") / "kb.duckdb"
    kb = KnowledgeBase(path, seed=False)
    kb.append(made(0).merge(*(made(number) for number in range(1, TASKS)), made(0, space=FOREIGN)))
    assert kb.fold()
    return path


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    monkeypatch.setattr(choosing, "MAX_TASKS", 20)
    monkeypatch.setattr(choosing, "CORE", CORE)
    monkeypatch.setattr(choosing, "NEAR", NEAR)
    cache._recent.clear()
    cache._indexes.clear()


@pytest.fixture
def kb(stored, tmp_path):
    """A store of its own, with what was learned of the stored one so far."""
    path = tmp_path / "kb.duckdb"
    path.write_bytes(stored.read_bytes())
    return KnowledgeBase(path, seed=False)


def query(number: float) -> Query:
    rng = np.random.default_rng(99)
    about = {"place": number / TASKS, **{f"noise{i}": float(rng.normal()) for i in range(3)}}
    return Query(metafeatures=about)


def read_tasks(monkeypatch) -> list[list[str]]:
    """Record which tasks are read, whoever reads them."""
    read: list[list[str]] = []
    for module in (cache, nearby):
        load = module.read_past

        def recorded(kb, space, family, digests, before, load=load):
            read.append(sorted(digests))
            return load(kb, space, family, digests, before)

        monkeypatch.setattr(module, "read_past", recorded)
    return read


def test_a_small_store_is_looked_at_as_a_whole(kb, monkeypatch):
    monkeypatch.setattr(choosing, "MAX_TASKS", TASKS + 1)
    assert choosing.TaskIndex.of(kb, SPACE, "toy") is None
    assert len(recall(kb, SPACE, "toy", query(10))) == TASKS


def test_the_core_and_those_alike_are_read_and_no_others(kb, monkeypatch):
    read = read_tasks(monkeypatch)
    found = recall(kb, SPACE, "toy", query(10))
    core, near = read
    assert len(core) == CORE
    assert len(near) == NEAR
    assert {task.task_id for task in found.tasks} == {*core, *near}
    assert len(found) == CORE + NEAR
    left = [number for number in range(TASKS) if task_id(number) not in core]
    nearest = sorted(left, key=lambda number: abs(number - 10))[:NEAR]
    # The metafeature that matters was learned from the core; noise moves some of them.
    assert sum(task_id(number) in near for number in nearest) >= NEAR - 2


def test_what_is_expected_of_candidates_is_as_of_an_experience_that_was_learned(kb):
    found = recall(kb, SPACE, "toy", query(10))
    assert found.scores.shape == (CORE + NEAR, len(found.keys))
    assert len(set(found.keys)) == len(found.keys)
    inputs = cache.PortfolioLearner(found, SPACE)._encoded(found)
    assert np.allclose(found.models.predict(inputs), found.scores, atol=1e-4)
    assert found.default.shape == (CORE + NEAR,)


def test_advice_of_a_choice_is_as_good_as_that_of_everything(kb, monkeypatch):
    chosen = [learner_for(kb, SPACE, "toy", query=query(n)).recommend(query(n), 1)[0].config["rate"]
              for n in (4, 34)]  # fmt: skip
    assert abs(np.log10(chosen[0]) - (-4 + 4 * 4 / TASKS)) < 0.7
    assert abs(np.log10(chosen[1]) - (-4 + 4 * 34 / TASKS)) < 0.7


def test_another_query_learns_only_what_is_new_and_the_same_one_nothing(kb, monkeypatch):
    recall(kb, SPACE, "toy", query(10))
    first = recall(kb, SPACE, "toy", query(10))
    cache._recent.clear()
    read = read_tasks(monkeypatch)
    again = recall(kb, SPACE, "toy", query(10))
    assert read == []
    assert np.array_equal(again.scores, first.scores)
    assert [task.task_id for task in again.tasks] == [task.task_id for task in first.tasks]
    recall(kb, SPACE, "toy", query(14))
    (new,) = read
    assert 0 < len(new) < NEAR


def test_a_contribution_renews_what_it_changed(kb, monkeypatch):
    before = recall(kb, SPACE, "toy", query(10))
    core = {task.task_id for task in before.tasks[:CORE]}
    near = [task.task_id for task in before.tasks[CORE:]]
    read = read_tasks(monkeypatch)
    far = next(n for n in reversed(range(TASKS)) if task_id(n) not in core | set(near))
    kb.append(made(far, 5))
    recall(kb, SPACE, "toy", query(10))
    assert read == []
    close = next(n for n in range(TASKS) if task_id(n) in near)
    kb.append(made(close, 5))
    after = recall(kb, SPACE, "toy", query(10))
    assert read == [[task_id(close)]]
    trials = {task.task_id: task.n_trials for task in after.tasks}
    assert trials[task_id(close)] == 24 + 5


def test_the_tasks_own_data_come_first_and_excluded_data_not_at_all(kb):
    core = {task.task_id for task in recall(kb, SPACE, "toy").tasks}
    far = next(n for n in reversed(range(TASKS)) if task_id(n) not in core)
    (dataset,) = made(far, 1)["datasets"]["dataset_id"].to_pylist()
    about = query(0)
    own = Query(metafeatures=about.metafeatures, dataset_id=dataset, target="y")
    assert task_id(far) in {task.task_id for task in recall(kb, SPACE, "toy", own).tasks}
    found = recall(kb, SPACE, "toy", own, [dataset])
    assert task_id(far) not in {task.task_id for task in found.tasks}
    assert len(found) == CORE + NEAR


def test_without_metafeatures_the_core_speaks(kb):
    assert len(recall(kb, SPACE, "toy", Query())) == CORE


def test_tasks_in_spaces_that_share_nothing_are_not_chosen(kb):
    foreign = made(0, space=FOREIGN)["tasks"]["task_id"][0].as_py()
    index = choosing.TaskIndex.of(kb, SPACE, "toy")
    assert foreign not in set(index.frame["task_id"])
    assert len(index.frame) == TASKS


@pytest.mark.parametrize("content", [b"", b"nonsense", None])
def test_a_damaged_file_of_near_tasks_is_learned_anew(kb, content):
    whole = recall(kb, SPACE, "toy", query(10))
    path = cache.cache_path(kb, SPACE, "toy").with_suffix(".near.npz")
    path.write_bytes(path.read_bytes()[:500] if content is None else content)
    cache._recent.clear()
    assert np.array_equal(recall(kb, SPACE, "toy", query(10)).scores, whole.scores)


@pytest.mark.skipif(os.name != "posix", reason="rights of files are of POSIX")
def test_what_was_learned_is_its_owners(kb):
    recall(kb, SPACE, "toy", query(10))
    folder = cache.cache_path(kb, SPACE, "toy").parent
    modes = {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in (folder, *folder.iterdir())}
    assert modes == {0}


def test_of_a_huge_task_a_sample_is_read_and_its_size_is_told(kb, monkeypatch):
    kb.append(made(3, 2000))
    whole = {task.task_id: task for task in reading.read_past(kb, SPACE, "toy")}
    monkeypatch.setattr(reading, "MAX_READ", 500)
    monkeypatch.setattr(reading, "TRIALS_AT_ONCE", 300)
    load, read = kb.outcomes, []
    monkeypatch.setattr(kb, "outcomes", lambda *a: read.append(load(*a)) or read[-1])
    found = {task.task_id: task for task in reading.read_past(kb, SPACE, "toy")}
    assert list(found) == list(whole)
    assert max(len(frame) for frame in read) < 700
    assert sum(len(frame) for frame in read) < 500 * 1.3 + 24 * TASKS
    huge = task_id(3)
    assert found[huge].n_trials == pytest.approx(2024, rel=0.15)
    assert len(found[huge].scores) == len(whole[huge].scores) == reading.MAX_TRIALS
    rate = Encoder(SPACE).columns.index("rate")
    best = [past[huge].inputs[past[huge].scores.argmax(), rate] for past in (found, whole)]
    assert abs(best[0] - best[1]) < 0.05
    for task, past in found.items():
        if task != huge:
            assert np.array_equal(past.shares, whole[task].shares)
            assert np.array_equal(past.inputs, whole[task].inputs)
