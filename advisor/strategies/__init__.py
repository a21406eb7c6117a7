"""Search strategies, each one file behind `suggest` and `update`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from advisor.strategies.base import Exhausted, Observation, SearchStrategy
from knowledge_base.errors import UserError
from knowledge_base.registry import Registry
from knowledge_base.space import SpaceDefinition
from knowledge_base.types import Config

if TYPE_CHECKING:
    from advisor.encoding.inert import Inert
    from advisor.surrogates import Prior

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
    group="advisor.strategies",
    base=SearchStrategy,
)
"""Name to class; adding a strategy is adding a file and its line here."""

__all__ = [
    "STRATEGIES",
    "Exhausted",
    "Observation",
    "SearchStrategy",
    "get_strategy",
    "make_strategy",
]


def get_strategy(name: str) -> type[SearchStrategy]:
    """Return the strategy class of that name.

    Raises:
        UserError: there is none; the nearest names are suggested.
    """
    return STRATEGIES.find(name)


def make_strategy(
    name: str,
    space: SpaceDefinition,
    direction: str = "minimize",
    seed: int = 0,
    warm: Sequence[Config] = (),
    prior: "Prior | None" = None,
    per_second: bool = False,
    stopping: bool | None = None,
    inert: "Sequence[Inert]" = (),
) -> SearchStrategy:
    """Return a strategy that knows what it starts from.

    Args:
        name: of the strategy.
        space, direction, seed: as for every strategy.
        warm, prior: configurations to try first, and what past tasks expect elsewhere.
        per_second: prefer what is quick; for strategies that can.
        stopping: whether trials may be ended or put aside before their end; for strategies that
            can. None as they usually do.
        inert: hyperparameters that do nothing, and are not varied.

    Raises:
        UserError: no such strategy, one that cannot search the space, one that is made of stopping
            trials without that, or a configuration to try first that is not in the space.
    """
    kind = get_strategy(name)
    if stopping is False and kind.stops_early():
        raise UserError(
            f"The strategy {name} is made of stopping trials early; without `stopping` choose "
            "another one."
        )
    given = {"per_second": per_second, "stopping": stopping is not False}
    options = {option: value for option, value in given.items() if option in kind.options}
    strategy = kind(space, direction, seed, **options)
    strategy.inert = inert
    strategy.start_from(warm, prior)
    return strategy
