"""Trials that were judged on several folds beside such that were judged on one split."""

import pandas as pd

from advisor.meta.reading import of_one_evaluation
from knowledge_base import Bundle, KnowledgeBase
from knowledge_base.records import StudyRecord, TaskRecord, TrialRecord
from knowledge_base.space import SpaceDefinition

SPACE = SpaceDefinition.from_dict(
    {"name": "s", "hyperparameters": {"x": {"type": "float", "low": 0, "high": 1}}}
)


def stored(tmp_path, *tasks):
    """Return outcomes of tasks, each a list of trials as value and metrics."""
    kb = KnowledgeBase(tmp_path / "kb.duckdb", seed=False)
    for place, trials in enumerate(tasks):
        task = TaskRecord(name=f"t{place}", metric="loss", direction="minimize", family="s")
        study = StudyRecord(
            study_id=f"{place}" * 32, task_id=task.task_id, space_id=SPACE.space_id, name="s"
        )
        records = [
            TrialRecord(study_id=study.study_id, number=number, config={"x": number / 10},
                        state="complete", value=value, metrics=metrics)
            for number, (value, metrics) in enumerate(trials)
        ]  # fmt: skip
        kb.add(Bundle.from_records([task, SPACE, study, *records]))
    return kb.outcomes("s")


def test_means_count_where_all_have_folds(tmp_path):
    outcomes = stored(tmp_path, [(0.4, {"fold_1": 0.5}), (0.3, {"fold_1": 0.1})])
    assert of_one_evaluation(outcomes)["value"].tolist() == [0.4, 0.3]


def test_the_first_fold_counts_beside_single_splits(tmp_path):
    outcomes = stored(
        tmp_path,
        [(0.4, {"fold_1": -5.5e-07}), (0.3, {"val_loss": 2.0})],
        [(0.4, {"fold_1": 0.7}), (0.2, {"fold_1": 0.6})],
    )
    found = of_one_evaluation(outcomes).sort_values(["value"])["value"].tolist()
    assert found == sorted([-5.5e-07, 0.3, 0.4, 0.2])
    assert outcomes["value"].tolist() != found


def test_a_failure_is_no_single_split():
    frame = pd.DataFrame(
        {"task_id": ["a", "a"], "value": [0.4, None], "first_fold": [0.5, None]}
    ).astype({"value": float, "first_fold": float})
    assert of_one_evaluation(frame)["value"].tolist()[0] == 0.4
