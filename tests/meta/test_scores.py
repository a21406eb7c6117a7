import numpy as np
import pytest

from advisor.meta.scores import goodness, poststratified_share, share_beaten


def test_goodness_turns_directions_and_failures_around():
    values = np.array([1.0, 2.0, np.nan, 3.0])
    completed = np.array([True, True, True, False])
    assert goodness(values, completed, "minimize").tolist() == [-1.0, -2.0, -np.inf, -np.inf]
    assert goodness(values, completed, "maximize").tolist() == [1.0, 2.0, -np.inf, -np.inf]


def test_share_beaten_counts_ties_half_and_failures_nothing():
    reference = np.array([-np.inf, 1.0, 2.0, 3.0])
    scores = share_beaten(np.array([3.0, 2.5, 0.0, -np.inf]), reference)
    assert scores == pytest.approx([3.5 / 4, 3 / 4, 1 / 4, 0.0])


def test_poststratification_lifts_the_scores_of_a_tuner_that_tried_only_good_ones():
    # Five trials, all of them in the top fifth of what others expect of random ones.
    random_expected = np.linspace(0, 1, 101)
    good = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    scores = poststratified_share(good, np.full(5, 0.95), random_expected)
    assert scores.min() >= 0.8
    assert (np.diff(scores) > 0).all()


def test_poststratification_of_a_random_sample_is_its_plain_rank():
    rng = np.random.default_rng(0)
    expected = rng.random(400)
    good = expected + 0.1 * rng.standard_normal(400)
    scores = poststratified_share(good, expected, rng.random(4000))
    assert np.abs(scores - share_beaten(good, good)).max() < 0.1


def test_strata_that_the_tuner_never_entered():
    random_expected = np.linspace(0, 1, 101)
    good = np.array([1.0, 2.0, 3.0, 4.0, -np.inf])
    # All in the middle fifth: what lies below is beaten, what lies above counts as level.
    scores = poststratified_share(good, np.full(5, 0.5), random_expected)
    within = share_beaten(good, good)
    assert scores == pytest.approx(np.where(np.isneginf(good), 0.0, (2 + 3 * within) / 5))
