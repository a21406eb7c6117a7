"""The meta-learner: which configurations past tasks recommend for a new one."""

from advisor.meta.history import SourceTask, load_history
from advisor.meta.learner import MetaLearner, NearestPortfolio
from advisor.meta.recommendation import Evidence, Query, Recommendation

__all__ = [
    "Evidence",
    "MetaLearner",
    "NearestPortfolio",
    "Query",
    "Recommendation",
    "SourceTask",
    "load_history",
]
