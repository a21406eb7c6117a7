"""Layers, journal, folding, duplicates and several processes at once."""

import multiprocessing
import os
import signal
import time
from pathlib import Path

import pandas as pd
import pytest
from kb_examples import TASK, content, make_bundle, numbers_of

from knowledge_base import KnowledgeBase, KnowledgeBaseError, UserError
from knowledge_base.importers.knowledge_base_file import read_bundle
from knowledge_base.journal import Journal


def test_nothing_is_made_before_the_first_trial(kb, path):
    assert kb.trials().empty
    assert kb.info()["exists"] is False
    assert not list(path.parent.iterdir())


def test_added_trials_are_seen_before_and_after_folding(kb, path):
    kb.add(make_bundle(range(3)))
    assert numbers_of(kb) == [0, 1, 2]
    waiting = kb.info()
    assert (waiting["pending"], waiting["trials"]) == (1, {"user": 3})
    # It exists, though the journal beside the database is all there is yet.
    assert waiting["exists"] is True
    assert not path.exists()
    assert kb.fold()
    assert (kb.info()["pending"], kb.info()["exists"]) == (0, True)
    assert numbers_of(KnowledgeBase(path, seed=False)) == [0, 1, 2]
    assert len(kb.curves()) == 6


def test_adding_twice_changes_nothing(kb):
    first = kb.add(make_bundle(range(3)))
    again = kb.add(make_bundle(range(4)))
    assert (first.added, first.duplicates) == (3, 0)
    assert (again.added, again.duplicates) == (1, 3)
    kb.fold()
    assert (kb.add(make_bundle(range(4))).added, numbers_of(kb)) == (0, [0, 1, 2, 3])
    assert kb.verify() == []


def test_appended_duplicates_are_never_seen(kb):
    for _ in range(2):
        kb.append(make_bundle(range(2)))
    assert numbers_of(kb) == [0, 1]
    kb.fold()
    assert numbers_of(kb) == [0, 1]


def test_the_shipped_layer_lies_under_the_users_own(path, seed_path):
    before = content(seed_path)
    kb = KnowledgeBase(path, seed_path=seed_path)
    kb.add(make_bundle(range(2)))
    kb.fold()
    assert kb.trials()["layer"].value_counts().to_dict() == {"seed": 5, "user": 2}
    assert kb.info()["tasks"] == {"user": 1}  # the same task counts once, the user's first
    assert numbers_of(KnowledgeBase(path, seed=False)) == [0, 1]
    assert kb.add(make_bundle(range(5), "study-seed")).duplicates == 5
    assert content(seed_path) == before


def test_bulk_is_folded_at_once(kb):
    kb.add(make_bundle(range(600)))
    info = kb.info()
    assert (info["pending"], info["trials"]) == (0, {"user": 600})


def test_many_single_trials_are_folded_now_and_then(kb):
    for number in range(60):
        kb.append(make_bundle(range(number, number + 1)))
    assert kb.info()["pending"] < 50
    assert numbers_of(kb) == list(range(60))


def test_trials_are_found_by_task_study_and_state(kb):
    kb.add(make_bundle(range(4)))
    kb.add(make_bundle(range(2), "study-2"))
    assert len(kb.trials(study="study-2")) == 2
    assert len(kb.trials(state="failed")) == 0
    task = kb.tasks()["task_id"][0]
    assert len(kb.trials(task=task[:8], configs=True)) == 6
    with pytest.raises(UserError, match="Several studies begin"):
        kb.trials(study="study-")
    with pytest.raises(UserError, match="at least 6"):
        kb.trials(task="ab")


def test_export_and_import_make_the_same(kb, tmp_path):
    kb.add(make_bundle(range(3)))
    kb.export(tmp_path / "out")
    other = KnowledgeBase(tmp_path / "other.duckdb", seed=False)
    assert other.add(read_bundle(tmp_path / "out")).added == 3
    assert kb.fold()
    assert other.add(read_bundle(kb.path)).added == 0
    pd.testing.assert_frame_equal(other.trials(configs=True), kb.trials(configs=True))


def test_a_knowledge_base_that_is_only_read_refuses_to_add(kb, path):
    kb.add(make_bundle(range(1)))
    reader = KnowledgeBase(path, seed=False, read_only=True)
    assert len(reader.trials()) == 1
    with pytest.raises(KnowledgeBaseError, match="read only"):
        reader.add(make_bundle(range(2)))


def test_a_half_written_segment_is_never_seen(kb):
    kb.append(make_bundle(range(1)))
    half = kb._journal.path / ".half"
    half.mkdir()
    make_bundle(range(1, 9)).write(half)
    assert numbers_of(kb) == [0]
    kb.fold()
    assert half.exists()  # its writer may be alive
    old = time.time() - 2 * 24 * 3600
    os.utime(half, (old, old))
    kb.append(make_bundle(range(1, 2)))
    kb.fold()
    assert not half.exists()
    assert numbers_of(kb) == [0, 1]


def test_a_segment_of_a_fold_that_was_killed_before_it_cleaned_up_counts_once(kb, path):
    kb.append(make_bundle(range(3)))
    segment = kb._journal.path / kb._journal.segments()[0]
    saved = content(segment)
    kb.fold()
    segment.mkdir()
    for name, body in saved.items():
        (segment / name).write_bytes(body)
    again = KnowledgeBase(path, seed=False)
    assert numbers_of(again) == [0, 1, 2]
    assert again.fold()
    assert numbers_of(again) == [0, 1, 2]


def _add_one_by_one(path: str, process: int, count: int) -> None:
    kb = KnowledgeBase(path, seed=False)
    for number in range(count):
        kb.add(make_bundle(range(number, number + 1), f"study-{process}"))


def _append_for_ever(path: str, said: str) -> None:
    kb = KnowledgeBase(path, seed=False)
    number = 0
    with open(said, "ab", buffering=0) as told:
        while True:
            kb.append(make_bundle(range(number, number + 1)))
            told.write(b"%d\n" % number)  # At once, so that a line is there or not.
            number += 1


@pytest.fixture
def context():
    return multiprocessing.get_context("fork")


@pytest.mark.slow
def test_processes_that_add_at_once_lose_nothing(kb, path, context):
    workers = [context.Process(target=_add_one_by_one, args=(str(path), p, 40)) for p in range(4)]
    for worker in workers:
        worker.start()
    while any(worker.is_alive() for worker in workers):
        kb.trials()  # readers in between
    assert [worker.exitcode for worker in workers] == [0] * 4
    assert kb.fold(patience=5.0)
    assert all(numbers_of(kb, f"study-{p}") == list(range(40)) for p in range(4))
    assert kb.verify() == []


def test_a_writer_killed_at_any_moment_loses_nothing_it_had_said(kb, path, context, tmp_path):
    said = 0
    for turn, (enough, wait) in enumerate(((3, 0.0), (4, 0.003), (5, 0.02))):
        told = tmp_path / f"told-{turn}"
        told.touch()
        worker = context.Process(target=_append_for_ever, args=(str(path), str(told)))
        worker.start()
        patience = time.monotonic() + 60
        while len(told.read_bytes().splitlines()) < enough and time.monotonic() < patience:
            time.sleep(0.01)
        time.sleep(wait)
        os.kill(worker.pid, signal.SIGKILL)
        worker.join()
        said = max([said, *(int(line) + 1 for line in told.read_bytes().splitlines())])
        found = numbers_of(kb)
        assert found == list(range(len(found)))
        assert len(found) >= said
    assert said >= 5
    assert kb.fold(patience=5.0)
    assert kb.verify() == []


def test_the_journal_keeps_its_order(tmp_path: Path):
    journal = Journal(tmp_path / "kb.duckdb")
    for number in range(3):
        journal.append(make_bundle(range(number, number + 1)))
    loaded = Journal(tmp_path / "kb.duckdb").load()
    assert [b["trials"]["number"].to_pylist() for b in loaded.values()] == [[0], [1], [2]]


def test_outcomes_are_what_was_tried_and_what_came_of_it(tmp_path):
    kb = KnowledgeBase(tmp_path / "kb.duckdb", seed=False)
    kb.append(make_bundle(range(5)))
    found = kb.outcomes("svm")
    columns = ["task_id", "config", "state", "value", "duration", "labels"]
    columns += ["layer", "contributor", "study_id", "strategy", "space_id", "first_fold"]
    assert sorted(found.columns) == sorted([*columns, "shortened"])
    assert len(found) == 5
    assert len(kb.outcomes("svm", [TASK.task_id])) == 5
    assert len(kb.outcomes("svm", ["another"])) == 0
    assert len(kb.outcomes("mlp")) == 0


def test_digests_change_with_the_trials_of_their_task_only(tmp_path):
    kb = KnowledgeBase(tmp_path / "kb.duckdb", seed=False)
    kb.append(make_bundle(range(5)))
    first = kb.task_digests("svm")
    kb.append(make_bundle(range(5)))  # the same again
    assert kb.task_digests("svm") == first
    kb.fold(5.0)
    assert kb.task_digests("svm") == first
    kb.append(make_bundle(range(5, 6)))
    assert kb.task_digests("svm").keys() == first.keys()
    assert kb.task_digests("svm") != first


def test_the_stamp_changes_with_every_contribution(tmp_path):
    kb = KnowledgeBase(tmp_path / "kb.duckdb", seed=False)
    stamps = [kb.stamp()]
    for number in range(3):
        kb.append(make_bundle(range(number, number + 1)))
        stamps.append(kb.stamp())
    kb.fold(5.0)
    stamps.append(kb.stamp())
    assert len(set(stamps)) == 5
    assert kb.stamp() == stamps[-1]
