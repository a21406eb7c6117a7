import numpy as np

from advisor.meta.portfolio import greedy_portfolio


def test_picks_complement_each_other():
    # Candidate 0 is good everywhere, 1 second best everywhere, 2 only best on the last task.
    scores = np.array([[0.8, 0.79, 0.1], [0.8, 0.79, 0.1], [0.5, 0.49, 1.0]])
    assert greedy_portfolio(scores, np.full(3, 1 / 3), 2) == [0, 2]


def test_weights_decide_what_comes_first():
    scores = np.array([[1.0, 0.0], [0.0, 1.0]])
    assert greedy_portfolio(scores, np.array([0.3, 0.7]), 1) == [1]


def test_portfolio_is_never_longer_than_the_candidates():
    assert sorted(greedy_portfolio(np.ones((2, 3)), np.full(2, 0.5), 10)) == [0, 1, 2]


def test_near_copies_are_passed_over_while_others_are_left():
    scores = np.array([[1.0, 0.99, 0.2], [1.0, 0.99, 0.1]])
    alike = np.array([[1.0, 0.95, 0.3], [0.95, 1.0, 0.3], [0.3, 0.3, 1.0]])
    assert greedy_portfolio(scores, np.full(2, 0.5), 3) == [0, 1, 2]
    assert greedy_portfolio(scores, np.full(2, 0.5), 3, alike) == [0, 2, 1]
