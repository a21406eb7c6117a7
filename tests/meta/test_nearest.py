"""The past tasks that are said to be nearest to a task."""

import pytest

from advisor.meta import Query, learner_for
from advisor.meta.learner import PortfolioLearner
from advisor.meta.reading import read_metafeatures
from advisor.models import get_family
from knowledge_base import KnowledgeBase


@pytest.fixture(scope="module")
def kb(tmp_path_factory):
    return KnowledgeBase(tmp_path_factory.mktemp("nearest") / "kb.duckdb")


def test_the_nearest_are_others_by_weight(kb):
    row = kb.query("SELECT * FROM tasks WHERE family = 'mlp' ORDER BY name LIMIT 1").iloc[0]
    about = read_metafeatures(kb)[(row["dataset_id"], row["target"])]
    query = Query(about, row["dataset_id"], row["target"], row["task_id"])
    past = learner_for(kb, get_family("mlp").space(), "mlp")
    found = past.nearest(query, 5)
    weights = [weight for _, weight in found]
    assert len(found) == 5
    assert weights == sorted(weights, reverse=True)
    assert row["task_id"] not in {task.task_id for task, _ in found}
    everyone = past.nearest(query, 10_000)
    assert sum(weight for _, weight in everyone) == pytest.approx(1.0)
    assert len(everyone) == past.n_others(query)


def test_without_a_past_none_is_near():
    assert PortfolioLearner(None, get_family("mlp").space()).nearest(Query(), 5) == []
