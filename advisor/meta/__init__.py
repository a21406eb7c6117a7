"""The meta-learner: which configurations past tasks recommend for a new one."""

from advisor.meta.cache import learner_for, recall
from advisor.meta.experience import Experience
from advisor.meta.learner import MetaLearner, PortfolioLearner
from advisor.meta.recommendation import Evidence, Query, Recommendation

__all__ = [
    "Evidence",
    "Experience",
    "MetaLearner",
    "PortfolioLearner",
    "Query",
    "Recommendation",
    "learner_for",
    "recall",
]
