"""Searches as estimators of scikit-learn: `AdvisorClassifier` and `AdvisorRegressor`."""

from advisor.estimators.classifier import AdvisorClassifier
from advisor.estimators.errors import EstimatorError
from advisor.estimators.regressor import AdvisorRegressor

__all__ = ["AdvisorClassifier", "AdvisorRegressor", "EstimatorError"]
