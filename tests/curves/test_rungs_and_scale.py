import numpy as np
import pytest
from scipy.special import ndtr
from scipy.stats import norm

from advisor.curves import LAST, SHARES, at_rungs, rung_epochs
from advisor.curves.normal import cumulative, expected_excess, quantiles_of_parts
from advisor.curves.scale import Scale


def test_a_training_of_50_epochs_is_looked_at_after_powers_of_two():
    assert rung_epochs(50).tolist() == [1, 2, 4, 8, 16, 32, 50]


@pytest.mark.parametrize("epochs", [1, 2, 3, 5, 10, 30, 60, 1000])
def test_rungs_are_epochs_of_the_training_none_twice(epochs):
    found = rung_epochs(epochs)
    there = found[found > 0]
    assert found[-1] == epochs
    assert (np.diff(there) > 0).all()
    assert there[0] >= 1


def test_short_trainings_lack_the_first_rungs():
    assert rung_epochs(3).tolist() == [0, 0, 0, 0, 1, 2, 3]


def test_values_at_rungs_are_the_best_so_far():
    curve = [0.5, 0.4, None, 0.7, 0.6, float("nan"), 0.2, 0.8]
    found = at_rungs(curve, 50)
    np.testing.assert_array_equal(found[:4], [0.5, 0.5, 0.7, 0.8])
    assert np.isnan(found[4:]).all()


def test_a_loss_is_turned_around():
    assert at_rungs([2.0, 1.0], 50, sign=-1.0)[:2].tolist() == [-2.0, -1.0]


def test_what_ended_early_stands_at_all_later_rungs():
    found = at_rungs([0.5, 0.6, 0.55], 50, ended=True)
    np.testing.assert_array_equal(found, [0.5, 0.6, *[0.6] * 5])


def test_without_a_number_there_is_no_value():
    assert np.isnan(at_rungs([None, None], 50, ended=True)).all()
    assert np.isnan(at_rungs([], 50)).all()


def test_scores_and_values_are_inverse_and_slopes_are_derivatives():
    scale = Scale.of(np.array([0.1, 0.5, 0.7, 0.6]))
    assert (scale.middle, scale.unit) == (pytest.approx(0.55), pytest.approx(0.15))
    values = np.array([-3.0, 0.2, 0.54, 0.56, 0.9])
    np.testing.assert_allclose(scale.values(scale.scores(values)), values)
    step = 1e-6
    slopes = (scale.scores(values + step) - scale.scores(values - step)) / (2 * step)
    np.testing.assert_allclose(scale.log_slopes(values), np.log(slopes), atol=1e-6)


def test_a_task_whose_trainings_all_end_alike_has_a_unit():
    assert Scale.of(np.full(5, 0.3)).unit > 0


def test_the_normal_distribution_is_that_of_scipy():
    z = np.linspace(-9, 9, 301)
    np.testing.assert_allclose(cumulative(z), ndtr(z), atol=1e-7)
    for least, error in ((-3, 1e-3), (-5, 0.05)):
        near = z[z > least]
        right = norm.pdf(near) + near * ndtr(near)
        np.testing.assert_allclose(expected_excess(near), right, rtol=error)
    middles = norm.ppf((np.arange(15) + 0.5) / 15)
    np.testing.assert_allclose(quantiles_of_parts(15), middles, atol=1e-5)


def test_far_tails_keep_their_order():
    gains = expected_excess(np.linspace(-30, 3, 500))
    assert (np.diff(gains) > 0).all()


def test_the_last_rung_is_the_end():
    assert SHARES[LAST] == 1.0
