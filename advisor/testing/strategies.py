"""What every search strategy promises, as tests: those of plug-ins inherit them as ours do.

In the manner of Optuna's conformance tests for samplers. A subclass has a fixture `kind` that
returns the class of a strategy, and for one that learns from past tasks another with
`with_prior = True`:

    class TestMine(StrategyConformance):
        @pytest.fixture
        def kind(self):
            return MySearch
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, ClassVar, TypeAlias

import pytest

from advisor.encoding import sample
from advisor.strategies import Exhausted, Observation, SearchStrategy
from advisor.testing.landscapes import MIXED, NUMBERS, SMALL, loss, prior, slopes
from knowledge_base.errors import SpaceError, UserError
from knowledge_base.space import SpaceDefinition
from knowledge_base.types import Config, ConfigDict

Kind: TypeAlias = type[SearchStrategy]
Make: TypeAlias = Callable[..., SearchStrategy]

OWN = "of the configuration"
"""A value of an outcome: what `loss` says of the configuration."""


@cache
def space_of(kind: Kind) -> SpaceDefinition:
    """Return a space with conditions and forbidden clauses, or of numbers for what needs those."""
    return MIXED if can_search(kind, MIXED) else NUMBERS


def can_search(kind: Kind, space: SpaceDefinition) -> bool:
    """Return whether a strategy takes a space."""
    try:
        kind.check(space)
    except UserError:
        return False
    return True


def outcome(kind: Kind, config: Config, value: float | str | None = OWN) -> Observation:
    """Return a finished trial as strategies see it."""
    found = loss(config) if isinstance(value, str) else value
    gradients = slopes(config) if kind.needs_gradients else None
    return Observation(config, found, 1.0, (found, found), gradients)


def standing_at(config: Config) -> Observation:
    """Return a trial that stands paused after two epochs."""
    return Observation(config, loss(config), 1.0, (loss(config) + 1, loss(config)), finished=False)


def run(search: SearchStrategy, trials: int, value: float | str | None = OWN) -> list[ConfigDict]:
    """Go on one trial after the other; return what was asked."""
    asked = []
    for _ in range(trials):
        (config,) = search.suggest()
        search.update([outcome(type(search), config, value)], [])
        asked.append(config)
    return asked


def distinct(configs: Sequence[Config]) -> int:
    """Return how many different configurations there are."""
    return len({repr(sorted(config.items())) for config in configs})


class StrategyConformance:
    """The promises, one test each."""

    with_prior: ClassVar[bool] = False

    @pytest.fixture
    def make(self, kind: Kind) -> Make:
        """Return what begins a search: make(seed, warm, direction)."""
        space = space_of(kind)
        past = prior(space) if self.with_prior else None

        def begin(
            seed: int = 0, warm: Sequence[Config] = (), direction: str = "minimize"
        ) -> SearchStrategy:
            search = kind(space, direction, seed)
            search.start_from(warm, past)
            return search

        return begin

    def test_suggestions_are_legal_and_differ(self, kind: Kind, make: Make) -> None:
        space, asked = space_of(kind), run(make(seed=1), 10)
        assert [space.complete(config) for config in asked] == asked
        assert distinct(asked) == 10

    def test_the_seed_decides(self, kind: Kind, make: Make) -> None:
        first, again = make(seed=4), make(seed=4)
        assert run(first, 5) == run(again, 5)
        assert first.suggest(2) == again.suggest(2)
        assert make(seed=4).suggest(5) != make(seed=5).suggest(5)

    def test_a_resumed_search_suggests_what_it_would_have(self, kind: Kind, make: Make) -> None:
        warm = sample(space_of(kind), 2, seed=1)
        whole = make(seed=3, warm=warm)
        run(whole, 7)
        waiting = whole.suggest(2)
        again = make(seed=3, warm=warm)
        again.update(whole.observations, waiting)
        assert again.suggest(2) == whole.suggest(2)

    def test_the_warm_start_comes_first_in_its_order_and_once(self, kind: Kind, make: Make) -> None:
        warm = sample(space_of(kind), 3, seed=5)
        search = make(warm=[warm[0], warm[1], warm[0], warm[2]])
        assert search.suggest(3) == warm
        assert search.suggest()[0] not in warm
        later = make(warm=warm)
        later.update([outcome(kind, warm[1])], [warm[0]])
        assert later.suggest() == [warm[2]]

    def test_a_warm_start_outside_the_space_is_refused(self, kind: Kind, make: Make) -> None:
        with pytest.raises(SpaceError):
            make(warm=[{**space_of(kind).default(), "rate": -1.0}])

    def test_the_past_is_heard_before_the_search_begins(self, kind: Kind, make: Make) -> None:
        search = make()
        search.suggest()
        with pytest.raises(ValueError, match="before it begins"):
            search.start_from([])

    def test_several_workers_get_different_configurations(self, kind: Kind, make: Make) -> None:
        together, single = make(seed=2), make(seed=2)
        for search in (together, single):
            run(search, 5)
        asked = together.suggest(4)
        assert asked == [single.suggest()[0] for _ in range(4)]
        assert distinct(asked) == 4

    def test_trials_may_end_in_any_order(self, kind: Kind, make: Make) -> None:
        search = make(seed=2)
        asked = search.suggest(5)
        left = list(asked)
        for place in (3, 0, 2, 0, 0):
            search.update([outcome(kind, left.pop(place))], left)
        assert search.active == []
        (new,) = search.suggest()
        assert space_of(kind).complete(new) == new
        assert new not in asked

    def test_failures_only_are_no_obstacle(self, kind: Kind, make: Make) -> None:
        asked = run(make(direction="maximize"), 7, value=None)
        run(search := make(), 2, value=float("nan"))
        assert distinct(asked) == 7
        assert [space_of(kind).complete(config) for config in asked] == asked
        assert [o.value for o in search.observations] == [None, None]

    def test_what_is_withdrawn_is_suggested_again(self, kind: Kind, make: Make) -> None:
        search = make(warm=sample(space_of(kind), 1, seed=8))
        for _ in range(3):
            asked = search.suggest(2)
            search.update([], [])
            assert search.suggest(2) == asked
            search.update([outcome(kind, config) for config in asked], [])

    def test_trials_that_nobody_suggested_are_accepted(self, kind: Kind, make: Make) -> None:
        foreign = sample(space_of(kind), 4, seed=9)
        search = make(direction="maximize")
        search.update([outcome(kind, config, value=None) for config in foreign[:3]], [])
        search.update([outcome(kind, foreign[3])], [])
        asked = run(search, 8)
        assert distinct([*foreign, *asked]) == 12

    def test_what_stands_paused_is_not_begun_again(self, kind: Kind, make: Make) -> None:
        search = make(seed=2)
        configs = search.suggest(3)
        standing = [standing_at(config) for config in configs]
        search.update([], [], standing)
        assert search.paused == standing
        asked = search.suggest(3)
        assert distinct(asked) == 3
        assert distinct([*configs, *asked]) == 6 - sum(config in configs for config in asked)
        assert [o.config for o in search.paused] == [c for c in configs if c not in asked]

    def test_where_none_may_begin_only_paused_ones_go_on(self, kind: Kind, make: Make) -> None:
        search = make(seed=2)
        configs = search.suggest(3)
        search.update([outcome(kind, configs[0])], [], [standing_at(c) for c in configs[1:]])
        search.room = 1
        try:
            asked = search.suggest(4)
        except Exhausted:
            asked = []
        assert sum(config not in configs for config in asked) <= 1
        search.update([], [], [])
        search.room = 0
        with pytest.raises(Exhausted):
            search.suggest()

    def test_paused_trials_go_on_in_a_resumed_search_as_they_would_have(
        self, kind: Kind, make: Make
    ) -> None:
        search, again = make(seed=6), make(seed=6)
        configs = search.suggest(4)
        told = [outcome(kind, config) for config in configs[:2]]
        standing = [standing_at(config) for config in configs[2:]]
        for each in (search, again):
            each.update(told, [], standing)
        curve = (3.0, 2.0)
        assert search.should_pause(configs[2], curve, 1.0) in (True, False)
        assert search.pauses or not search.should_pause(configs[2], curve, 1.0)
        assert search.suggest(3) == again.suggest(3)

    def test_what_it_returns_may_be_changed(self, make: Make) -> None:
        search = make()
        (config,) = search.suggest()
        before = dict(config)
        config.clear()
        assert search.active == [before]

    def test_a_running_trial_with_nothing_to_compare_goes_on(self, make: Make) -> None:
        assert not make().stops([0.3])
        assert not make().stops([None, 0.3, 0.1])

    def test_a_space_may_be_used_up(self, kind: Kind) -> None:
        if not can_search(kind, SMALL):
            pytest.skip("it cannot search choices")
        strategy = kind(SMALL, seed=1)
        asked = run(strategy, 8)
        try:
            asked += run(strategy, 1)  # There are eight: it asks again, or says that it is over.
        except Exhausted:
            assert len({tuple(sorted(config.items())) for config in asked}) == 8
        assert [SMALL.complete(config) for config in asked] == asked

    def test_its_options_are_keywords_of_the_constructor(self, kind: Kind) -> None:
        for option in kind.options:
            options: dict[str, Any] = {option: None}
            assert kind(space_of(kind), **options).suggest()
