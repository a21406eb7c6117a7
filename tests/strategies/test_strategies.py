"""Every strategy keeps its promises, and what each of them does."""

import numpy as np
import pytest
from asked import KEPT, WRITTEN, Scenario, changed_libraries, plain
from driving import Driver, driven

from advisor.strategies import STRATEGIES, get_strategy
from advisor.testing.landscapes import MIXED, NUMBERS
from advisor.testing.strategies import StrategyConformance
from knowledge_base.errors import UserError
from knowledge_base.space import SpaceDefinition


def loss(config):
    penalty = 0.3 if config.get("optimizer") == "sgd" else 0.0
    return (np.log10(config["rate"]) + 2) ** 2 + 0.1 * config.get("layers", 0) + penalty


def bowl(config):
    return (
        (np.log10(config["rate"]) + 3) ** 2
        + 4 * (config["dropout"] - 0.6) ** 2
        + 0.3 * (np.log10(config["decay"]) + 2) ** 2
    )


def slopes(config):
    """Return the gradient of `bowl`."""
    ln10 = np.log(10)
    return {
        "rate": 2 * (np.log10(config["rate"]) + 3) / (ln10 * config["rate"]),
        "dropout": 8 * (config["dropout"] - 0.6),
        "decay": 0.6 * (np.log10(config["decay"]) + 2) / (ln10 * config["decay"]),
    }


def make(name, space, direction="minimize", seed=0, warm=()):
    return Driver(get_strategy(name)(space, direction, seed), warm)


def run(strategy, trials, objective=loss, gradients=None):
    for _ in range(trials):
        config = strategy.ask()
        found = gradients(config) if gradients else None
        strategy.tell(config, objective(config), gradients=found)
    return [o.value for o in strategy.observations]


class TestEveryStrategy(StrategyConformance):
    @pytest.fixture(params=list(STRATEGIES))
    def kind(self, request):
        return get_strategy(request.param)


class TestThoseThatLearnFromPastTasks(StrategyConformance):
    with_prior = True

    @pytest.fixture(params=["bayesian", "evolution"])
    def kind(self, request):
        return get_strategy(request.param)


@pytest.mark.parametrize("name", STRATEGIES)
def test_it_goes_by_its_name(name):
    assert get_strategy(name).name == name


@pytest.mark.parametrize("name", KEPT)
@pytest.mark.skipif(bool(changed_libraries()), reason=f"other versions of {changed_libraries()}")
def test_studies_go_on_as_they_began_in_earlier_versions(name):
    scenario = Scenario(**KEPT[name])
    found = plain(scenario.space, scenario.asked(driven))
    for row, before in zip(found, WRITTEN["asked"][name], strict=True):
        for cell, wanted in zip(row, before, strict=True):
            assert cell == (pytest.approx(wanted) if isinstance(wanted, float) else wanted)


def test_evolution_is_ahead_of_random_search():
    def best(name, space, objective):
        return np.mean([min(run(make(name, space, seed=s), 80, objective))
                        for s in range(3)])  # fmt: skip

    assert best("evolution", NUMBERS, bowl) < 0.3 * best("random", NUMBERS, bowl)
    assert best("evolution", MIXED, loss) <= best("random", MIXED, loss) + 0.01


def test_evolution_begins_around_the_best_of_the_warm_start():
    good = {"rate": 1e-3, "dropout": 0.6, "decay": 1e-2}
    bad = {"rate": 1.0, "dropout": 0.0, "decay": 1e-6}
    warm = make("evolution", NUMBERS, warm=[bad, good])
    cold = make("evolution", NUMBERS)
    assert np.median(run(warm, 14, bowl)[2:]) < 0.5 * np.median(run(cold, 12, bowl))


def test_a_grid_is_gone_through_whole():
    space = SpaceDefinition.from_dict(
        {"name": "s", "hyperparameters": {
            "a": {"type": "categorical", "choices": ["x", "y"]},
            "b": {"type": "float", "low": 0.0, "high": 6.0}}}
    )  # fmt: skip
    grid = make("grid", space)
    run(grid, 6, lambda config: config["b"])
    found = {(o.config["a"], round(o.config["b"], 6)) for o in grid.observations}
    assert found == {(a, b) for a in "xy" for b in (1.0, 3.0, 5.0)}
    run(grid, 6, lambda config: config["b"])  # a finer one follows
    assert len({repr(dict(o.config)) for o in grid.observations}) == 12


def test_a_warm_grid_changes_one_value_at_a_time_first():
    centre = {"rate": 1e-2, "layers": 2, "optimizer": "adam"}
    grid = make("grid", MIXED, warm=[centre])
    run(grid, 5)
    changed = [
        sum(o.config.get(name) != value for name, value in centre.items())
        for o in grid.observations
    ]
    assert changed == [0, 1, 1, 1, 1]


def curve_of(final, epochs=9):
    return [final * epoch / epochs for epoch in range(1, epochs + 1)]


def test_halving_stops_what_is_not_among_the_best_third():
    strategy = make("halving", MIXED, "maximize")
    assert not strategy.strategy.stops([0.1])  # nothing to compare with
    for final in (0.5, 0.6, 0.7):
        strategy.tell(strategy.ask(), final, curve=curve_of(final))
    assert strategy.strategy.stops(curve_of(0.4)[:1])
    assert strategy.strategy.stops(curve_of(0.4)[:3])
    assert not strategy.strategy.stops(curve_of(0.4)[:2])  # no rung
    assert not strategy.strategy.stops(curve_of(0.9)[:3])


def test_hyperband_lets_some_trials_run_longer():
    strategy = make("hyperband", MIXED, "minimize")
    judged = []
    for number in range(9):
        bad = [10.0] * 12
        judged.append(next((e for e in range(1, 13) if strategy.strategy.stops(bad[:e])), None))
        strategy.tell(strategy.ask(), float(number % 3), curve=[float(number % 3)] * 12)
    assert judged[3:] == [1, 3, 9, 1, 3, 9]


def test_gradient_search_descends():
    values = run(make("gradient", NUMBERS), 20, bowl, slopes)
    assert min(values) < 0.1 * values[0]
    assert min(values) < min(run(make("random", NUMBERS), 20, bowl))


def test_gradient_search_refuses_what_it_cannot_differentiate():
    with pytest.raises(UserError, match=r"cannot differentiate 'layers' \(int"):
        make("gradient", MIXED).ask()
    strategy = make("gradient", NUMBERS)
    strategy.tell(strategy.ask(), 1.0)
    with pytest.raises(UserError, match="needs gradients: let the training function return"):
        strategy.ask()


def test_an_unknown_strategy_suggests_the_nearest():
    with pytest.raises(UserError, match="Try evolution"):
        get_strategy("evolutoin")
