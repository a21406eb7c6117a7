"""Trials that `max_epochs` cut short are no evidence about whole trainings."""

import pytest

from advisor import Advisor
from advisor.meta.reading import read_past
from advisor.models import get_family
from knowledge_base import KnowledgeBase
from knowledge_base.bundle import Bundle
from knowledge_base.records import StudyRecord, TaskRecord, TrialRecord
from knowledge_base.space import SpaceDefinition

SPACE = SpaceDefinition.from_dict(
    {
        "name": "toy",
        "hyperparameters": {
            "rate": {"type": "float", "low": 0.0, "high": 1.0},
            "epochs": {"type": "int", "low": 5, "high": 30},
            "patience": {"type": "int", "low": 3, "high": 20},
        },
    }
)


def stored(tmp_path, epochs, best):
    """Return a store with four trials that say 27 epochs with patience 5."""
    kb = KnowledgeBase(tmp_path / "kb.duckdb", seed=False)
    task = TaskRecord("t", "accuracy", "maximize", "toy")
    study = StudyRecord("s", task.task_id, SPACE.space_id, "s", "random")
    trials = [
        TrialRecord("s", n, {"rate": n / 10, "epochs": 27, "patience": 5}, "complete", n / 10,
                    metrics={"best_epoch": float(best)}, epochs=epochs)
        for n in range(4)
    ]  # fmt: skip
    kb.add(Bundle.from_records([task, study, SPACE, *trials]))
    return kb


@pytest.mark.parametrize(
    ("epochs", "best", "counts"),
    [(27, 27, True), (27, 25, True), (12, 7, True), (2, 2, False), (12, 8, False)],
)
def test_a_training_counts_if_it_ended_by_itself(tmp_path, epochs, best, counts):
    assert len(read_past(stored(tmp_path, epochs, best), SPACE, "toy")) == int(counts)


def test_a_search_with_few_epochs_leaves_later_advice_as_it_was(tmp_path):
    kb = KnowledgeBase(tmp_path / "kb.duckdb", seed=False)
    Advisor(kb).tune("sklearn:iris", trials=4, strategy="random", max_epochs=1, n_warm=0)
    assert len(kb.trials()) == 4
    assert read_past(kb, get_family("mlp").space(), "mlp") == []
