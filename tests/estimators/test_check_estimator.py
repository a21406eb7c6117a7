"""The estimators pass scikit-learn's own checks, but for the exceptions that are named here."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from advisor import AdvisorClassifier, AdvisorRegressor

QUICK = {"trials": 1, "n_warm": 0, "folds": 1, "final": "folds", "random_state": 0}

ROUNDING = {
    "check_methods_subset_invariance": "networks are of float32: a batch of another size rounds "
    "differently, by some 1e-7, and the check allows 1e-7"
}
EXCEPTIONS = {
    "AdvisorClassifier": ROUNDING | {
        "check_fit2d_1feature": "two of its ten rows are of a class of two rows, which cannot be "
        "learnt; the eight others are too few, which is what the error says"
    },
    "AdvisorRegressor": ROUNDING,
}  # fmt: skip


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@parametrize_with_checks(
    [AdvisorClassifier(max_epochs=2, **QUICK), AdvisorRegressor(max_epochs=15, **QUICK)],
    expected_failed_checks=lambda estimator: EXCEPTIONS[type(estimator).__name__],
)
def test_it_is_an_estimator(estimator, check):
    check(estimator)
