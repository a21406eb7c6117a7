"""No strategy asks for a configuration that it asked for already, while there are others."""

import pytest

from advisor.encoding import sobol
from advisor.strategies import STRATEGIES, Observation, make_strategy
from knowledge_base.space import SpaceDefinition

SMALL = SpaceDefinition.from_dict(
    {
        "name": "small",
        "hyperparameters": {
            "kind": {"type": "categorical", "choices": ["a", "b", "c"]},
            "depth": {"type": "int", "low": 1, "high": 5},
        },
    }
)


@pytest.mark.parametrize("name", [name for name in STRATEGIES if name != "gradient"])
def test_twelve_of_fifteen_configurations_are_distinct(name):
    warm = sobol(SMALL, 2, seed=0)
    strategy = make_strategy(name, SMALL, seed=0, warm=warm)
    asked = []
    for number in range(12):
        (config,) = strategy.suggest()
        assert config not in asked, number
        asked.append(config)
        strategy.update([Observation(config, float(config["depth"]))], [])
