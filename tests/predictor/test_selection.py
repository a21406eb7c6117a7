"""The greedy choice of what is averaged."""

import numpy as np
import pytest

from advisor.predictor import greedy_weights
from advisor.predictor.selection import even_part, evened


def squares(truth: np.ndarray):
    return lambda prediction: float(((prediction - truth) ** 2).mean())


def test_the_only_good_candidate_is_taken_alone():
    truth = np.arange(10.0)
    shares = greedy_weights([truth + 5, truth, truth - 9], squares(truth))
    assert shares.tolist() == [0.0, 1.0, 0.0]


def test_opposite_errors_cancel_each_other():
    truth = np.arange(10.0)
    shares = greedy_weights([truth + 1, truth - 3], squares(truth))
    assert shares == pytest.approx([0.75, 0.25])


def test_the_average_is_at_least_as_good_as_the_best_candidate():
    drawn = np.random.default_rng(0)
    truth = drawn.normal(size=200)
    candidates = [truth + drawn.normal(size=200) * spread for spread in (0.5, 0.6, 2.0)]
    loss = squares(truth)
    average = sum(s * c for s, c in zip(greedy_weights(candidates, loss), candidates, strict=True))
    assert loss(average) < min(map(loss, candidates))


def test_of_equal_candidates_the_first_is_taken():
    truth = np.zeros(4)
    assert greedy_weights([truth, truth, truth], squares(truth)).tolist() == [1.0, 0.0, 0.0]


def test_what_is_not_finite_is_never_chosen():
    truth = np.zeros(4)
    shares = greedy_weights([np.full(4, np.nan), truth + 1], squares(truth))
    assert shares.tolist() == [0.0, 1.0]


def test_there_must_be_a_candidate():
    with pytest.raises(ValueError, match="nothing to choose"):
        greedy_weights([], squares(np.zeros(2)))


def test_half_of_the_weight_is_even_over_the_good_of_each_kind():
    shares = evened(np.array([1.0, 0, 0, 0]), [1.0, 1.4, 1.6, 1.2], [[0, 1, 2], [3]], 0.5)
    assert shares == pytest.approx([0.5 + 0.5 / 3, 0.5 / 3, 0, 0.5 / 3])


def test_no_more_than_eight_of_a_kind_share_evenly():
    shares = evened(np.eye(1, 12)[0], [1.0] * 12, [range(10), range(10, 12)], 0.5)
    assert shares[[8, 9]].tolist() == [0, 0]
    assert shares[1:8] == pytest.approx([0.05] * 7)
    assert shares.sum() == pytest.approx(1)


def test_errors_that_are_no_numbers_do_not_join():
    shares = evened(np.array([0.0, 1.0]), [np.nan, 2.0], [[0, 1], []], 0.5)
    assert shares.tolist() == [0.0, 1.0]


def test_the_more_rows_the_less_is_even():
    assert even_part(50) == 0.5
    assert even_part(5000) < 0.01
