import numpy as np
import pytest

from advisor.meta.portfolio import greedy_portfolio
from advisor.meta.similarity import SAME_DATASET_SHARE, task_weights
from advisor.meta.surrogate import GridGP


def test_picks_complement_each_other():
    # Candidate 0 is good everywhere, 1 second best everywhere, 2 only best on the last task.
    scores = np.array([[0.8, 0.79, 0.1], [0.8, 0.79, 0.1], [0.5, 0.49, 1.0]])
    assert greedy_portfolio(scores, np.full(3, 1 / 3), 2) == [0, 2]


def test_weights_decide_what_comes_first():
    scores = np.array([[1.0, 0.0], [0.0, 1.0]])
    assert greedy_portfolio(scores, np.array([0.3, 0.7]), 1) == [1]


def test_portfolio_is_never_longer_than_the_candidates():
    assert sorted(greedy_portfolio(np.ones((2, 3)), np.full(2, 0.5), 10)) == [0, 1, 2]


def test_nearer_tasks_weigh_more():
    sources = [{"a": 0.0, "b": 1.0}, {"a": 5.0, "b": 3.0}, {"a": 9.0, "b": -4.0}]
    weights = task_weights({"a": 0.1, "b": 1.0}, sources, np.zeros(3, dtype=bool))
    assert weights.sum() == pytest.approx(1)
    assert weights[0] > weights[1]
    assert weights[0] > weights[2]


@pytest.mark.parametrize("query", [None, {}])
def test_without_metafeatures_all_tasks_weigh_the_same(query):
    weights = task_weights(query, [{"a": 0.0}, {"a": 2.0}, None], np.zeros(3, dtype=bool))
    assert weights == pytest.approx([1 / 3] * 3)


def test_undefined_metafeatures_do_not_spread():
    sources = [{"a": 0.0, "b": np.nan}, {"a": 1.0, "b": 2.0}, {"a": 7.0, "b": np.nan}]
    weights = task_weights({"a": 0.0, "b": np.nan}, sources, np.zeros(3, dtype=bool))
    assert np.isfinite(weights).all()
    assert weights[0] == max(weights)


def test_the_same_data_outweighs_analogies():
    sources = [{"a": float(i)} for i in range(10)]
    same = np.arange(10) == 7
    weights = task_weights({"a": 0.0}, sources, same)
    assert weights[7] == pytest.approx(SAME_DATASET_SHARE)
    assert weights.sum() == pytest.approx(1)


def test_surrogate_learns_a_smooth_function():
    rng = np.random.default_rng(0)
    train, test = rng.random((80, 2)), rng.random((50, 2))

    def score(x):
        return 1 - np.abs(x[:, 0] - 0.3)

    error = np.abs(GridGP(train, score(train)).predict(test) - score(test))
    assert error.mean() < 0.03


def test_surrogate_of_one_point_predicts_it():
    model = GridGP(np.array([[0.5, 0.5]]), np.array([0.7]))
    assert model.predict(np.array([[0.5, 0.5]])) == pytest.approx([0.7])
