"""Pages of trials: the same rows as all of them, filtered, ordered and cut by hand."""

import pandas as pd
import pytest
from kb_examples import SPACE, TASK, make_bundle

from knowledge_base import Bundle, KnowledgeBase, StudyRecord, TaskRecord, TrialRecord, UserError

ENDED = ["failed", "stopped"]
OTHER = TaskRecord("iris", "log_loss", "minimize", "forest")
ELSEWHERE = StudyRecord("study-9", OTHER.task_id, SPACE.space_id, "nine", "random", source="csv",
                        contributor="eve")  # fmt: skip


@pytest.fixture
def mixed(path, seed_path) -> KnowledgeBase:
    """Five shipped trials, seven in the database and four in the journal."""
    kb = KnowledgeBase(path, seed_path=seed_path)
    kb.append(make_bundle(range(7), "study-1"))
    assert kb.fold()
    trials = [
        TrialRecord("study-9", n, {"C": 1.0 + n, "kernel": "rbf"}, state,
                    value=None if state == "failed" else n / 10, metrics={"f1": n / 2})
        for n, state in enumerate(["complete", "failed", "complete", "stopped"])
    ]  # fmt: skip
    kb.append(Bundle.from_records([OTHER, SPACE, ELSEWHERE, *trials]))
    return kb


def ids(frame: pd.DataFrame) -> list[str]:
    return frame["trial_id"].tolist()


def test_pages_put_together_are_everything(mixed):
    whole = mixed.trials(configs=True)
    parts = [mixed.trials(limit=5, offset=first, configs=True) for first in range(0, 20, 5)]
    assert [len(part) for part in parts] == [5, 5, 5, 1]
    # Columns that are all empty in a page come with another type than in the whole.
    together = pd.concat([part.astype(object) for part in parts], ignore_index=True)
    pd.testing.assert_frame_equal(together, whole.astype(object), check_dtype=False)
    assert list(parts[0].columns) == list(whole.columns)
    assert mixed.count_trials() == len(whole) == 16


def test_the_largest_values_come_first_and_missing_ones_last(mixed):
    whole = mixed.trials()
    wanted = whole.sort_values(["value", "trial_id"], ascending=[False, True], kind="stable")
    for limit in (None, 3, 100, 200_000):
        found = mixed.trials(order_by=["-value"], limit=limit)
        assert ids(found) == ids(wanted)[:limit]
    assert mixed.trials(order_by=["-value"])["value"].isna().tolist()[-1]
    assert mixed.trials(order_by=["value"])["value"].isna().tolist()[-1]


@pytest.mark.parametrize("order", [["value"], ["-value"], ["task_name", "-config.C"], []])
@pytest.mark.parametrize("limit", [1, 3, 200_000, None])
def test_pages_from_the_end_are_those_from_the_beginning(mixed, order, limit):
    whole = ids(mixed.trials(order_by=order))
    for after in (0, 1, 6, 15, 16, 20):
        before = whole[: max(len(whole) - after, 0)]
        found = mixed.trials(order_by=order, limit=limit, offset=after, from_end=True)
        assert ids(found) == (before if limit is None else before[-limit:])
        assert found.index.tolist() == list(range(len(found)))


def test_an_offset_without_a_limit(mixed):
    assert ids(mixed.trials(offset=14)) == ids(mixed.trials())[14:]
    assert mixed.trials(limit=0).empty


@pytest.mark.parametrize(
    ("where", "kept"),
    [
        ([("value", ">=", 0.005)], lambda f: f["value"] >= 0.005),
        ([("state", "!=", "complete")], lambda f: f["state"] != "complete"),
        ([("state", "in", ENDED)], lambda f: f["state"].isin(ENDED)),
        ([("state", "in", [])], lambda f: f["state"] == ""),
        ([("contributor", "=", "eve")], lambda f: f["study_id"] == "study-9"),
        ([("task_name", "contains", "IRI")], lambda f: f["family"] == "forest"),
        ([("study_id", "begins", "study-s")], lambda f: f["layer"] == "seed"),
        ([("config.C", ">", 4)], lambda f: f["config.C"] > 4),
        ([("config.kernel", "=", "rbf")], lambda f: f["config.kernel"] == "rbf"),
        ([('config.it\'s "odd"', "=", True)], lambda f: f['config.it\'s "odd"'] == True),  # noqa: E712
        ([("metrics.f1", "<", 1)], lambda f: f["metrics"].isin(['{"f1":0.0}', '{"f1":0.5}'])),
        ([("number", ">", 1), ("number", "<", 4)], lambda f: f["number"].isin([2, 3])),
        ([("layer", "=", "seed")], lambda f: f["layer"] == "seed"),
    ],
)  # fmt: skip
def test_conditions_leave_what_they_say(mixed, where, kept):
    whole = mixed.trials(configs=True)
    wanted = whole[kept(whole).fillna(False).astype(bool)]
    assert len(wanted) < len(whole)
    assert ids(mixed.trials(where=where)) == ids(wanted)
    assert ids(mixed.trials(where=where, limit=2)) == ids(wanted)[:2]
    assert mixed.count_trials(where=where) == len(wanted)


def test_conditions_and_identities_hold_together(mixed):
    found = mixed.trials(study="study-1", where=[("number", "<", 3)], order_by=["-number"])
    assert found["number"].tolist() == [2, 1, 0]
    assert mixed.count_trials(task=TASK.task_id, state="complete") == 12


def test_hyperparameters_are_ordered_by_their_size(mixed):
    found = mixed.trials(study="study-9", order_by=["-config.C"], limit=3, configs=True)
    assert found["config.C"].tolist() == [4.0, 3.0, 2.0]


@pytest.mark.parametrize(
    "given",
    [
        {"order_by": ["value; DROP TABLE trials"]},
        {"order_by": "value"},
        {"order_by": ["config."]},
        {"where": [("nonsense", "=", 1)]},
        {"where": [("value", "OR 1=1 --", 1)]},
        {"where": [("value", "=", "0.9")]},
        {"where": [("value", "=", None)]},
        {"where": [("state", "=", 1)]},
        {"where": [("state", "in", "failed")]},
        {"where": [("state", "=", ["failed"])]},
        {"where": [("state", "contains", 1)]},
        {"where": [("started_at", ">", "yesterday")]},
        {"where": [("value", "=")]},
        {"limit": -1},
        {"limit": 2.0},
        {"offset": True},
    ],
)
def test_what_cannot_be_asked_is_refused(mixed, given):
    with pytest.raises(UserError, match=f"`{next(iter(given))}`"):
        mixed.trials(**given)


def test_times_are_compared_as_times(mixed):
    assert mixed.trials(where=[("started_at", ">", "2026-01-31")]).empty


def test_names_from_outside_never_become_sql(mixed):
    """The name of a hyperparameter is the only text that stands in the query itself."""
    name = "config.x') OR 1=1; DROP TABLE trials; --\"\\"
    assert mixed.trials(where=[(name, "=", "1")], order_by=[name], limit=2).empty
    assert len(mixed.trials(order_by=[name], limit=2)) == 2
