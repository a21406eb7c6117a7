"""Search strategies, each one file behind `suggest` and `update`."""

from advisor.strategies.base import Observation, SearchStrategy
from knowledge_base.registry import Registry

STRATEGIES: Registry[type[SearchStrategy]] = Registry(
    "search strategy",
    {
        "random": "advisor.strategies.random:RandomSearch",
        "bayesian": "advisor.strategies.bayesian:BayesianSearch",
        "sobol": "advisor.strategies.sobol:SobolSearch",
        "grid": "advisor.strategies.grid:GridSearch",
        "evolution": "advisor.strategies.evolution:EvolutionSearch",
        "halving": "advisor.strategies.halving:SuccessiveHalving",
        "hyperband": "advisor.strategies.halving:Hyperband",
        "gradient": "advisor.strategies.gradient:GradientSearch",
    },
)
"""Name to class; adding a strategy is adding a file and its line here."""

__all__ = ["STRATEGIES", "Observation", "SearchStrategy", "get_strategy"]


def get_strategy(name: str) -> type[SearchStrategy]:
    """Return the strategy class of that name.

    Raises:
        UserError: there is none; the nearest names are suggested.
    """
    return STRATEGIES.find(name)
