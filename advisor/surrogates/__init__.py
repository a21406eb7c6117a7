"""Gaussian processes: of past tasks, and of the running search with past tasks as its prior."""

from advisor.surrogates.acquisition import log_expected_improvement
from advisor.surrogates.costs import PastCosts, expected_log_seconds
from advisor.surrogates.past import PastTasks
from advisor.surrogates.sources import SourceModels, TaskSample
from advisor.surrogates.transfer import Posterior, TransferGP, possible_lengthscales

__all__ = [
    "PastCosts",
    "PastTasks",
    "Posterior",
    "SourceModels",
    "TaskSample",
    "TransferGP",
    "expected_log_seconds",
    "log_expected_improvement",
    "possible_lengthscales",
]
