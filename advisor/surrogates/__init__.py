"""Gaussian processes: of past tasks, and of the running search with past tasks as its prior."""

from advisor.surrogates.acquisition import log_expected_improvement
from advisor.surrogates.past_costs import PastCosts, expected_log_seconds
from advisor.surrogates.past_models import PastModels, PastTrials
from advisor.surrogates.prior import Prior
from advisor.surrogates.transfer import Posterior, TransferGP, mean_of, possible_lengthscales

__all__ = [
    "PastCosts",
    "PastModels",
    "PastTrials",
    "Posterior",
    "Prior",
    "TransferGP",
    "expected_log_seconds",
    "log_expected_improvement",
    "mean_of",
    "possible_lengthscales",
]
