"""Search strategies, each one file behind `ask` and `tell`."""

import difflib
from importlib import import_module

from advisor.strategies.base import Observation, SearchStrategy
from knowledge_base.errors import UserError

STRATEGIES = {
    "random": "advisor.strategies.random:RandomSearch",
    "bayesian": "advisor.strategies.bayesian:BayesianSearch",
    "sobol": "advisor.strategies.sobol:SobolSearch",
    "grid": "advisor.strategies.grid:GridSearch",
    "evolution": "advisor.strategies.evolution:EvolutionSearch",
    "halving": "advisor.strategies.halving:SuccessiveHalving",
    "hyperband": "advisor.strategies.halving:Hyperband",
    "gradient": "advisor.strategies.gradient:GradientSearch",
}
"""Name to class; adding a strategy is adding a file and its line here."""

__all__ = ["STRATEGIES", "Observation", "SearchStrategy", "get_strategy"]


def get_strategy(name: str) -> type[SearchStrategy]:
    """Return the strategy class of that name.

    Raises:
        UserError: there is none; the nearest names are suggested.
    """
    if name not in STRATEGIES:
        near = difflib.get_close_matches(name, STRATEGIES, n=1) or sorted(STRATEGIES)
        raise UserError(f"No search strategy is called '{name}'. Try {' or '.join(near)}.")
    module, attribute = STRATEGIES[name].split(":")
    return getattr(import_module(module), attribute)
