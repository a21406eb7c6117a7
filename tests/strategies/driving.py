"""A strategy with the list of active configurations that its caller keeps."""

from advisor.strategies import Observation, get_strategy


class Driver:
    """Asks a strategy and tells it, one trial after the other, as the tuner does."""

    def __init__(self, strategy, warm=(), prior=None):
        self.strategy, self.active = strategy, []
        strategy.start_from(warm, prior)

    @property
    def observations(self):
        return self.strategy.observations

    def ask(self, n=None):
        configs = self.strategy.suggest(n or 1)
        self.active += configs
        return configs[0] if n is None else configs

    def tell(self, config, value, seconds=None, **more):
        if config in self.active:
            self.active.remove(config)
        self.strategy.update([Observation(config, value, seconds, **more)], self.active)

    def withdraw(self, config):
        self.active.remove(config)
        self.strategy.update([], self.active)


def driven(scenario):
    """Return the search of a scenario of `asked`."""
    kind = get_strategy(scenario.strategy)
    strategy = kind(scenario.space, scenario.direction, scenario.seed, **scenario.options)
    return Driver(strategy, scenario.warm, scenario.prior)
