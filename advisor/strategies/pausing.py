"""A search that puts trials aside by their learning curves, and takes them up again."""

from abc import abstractmethod
from collections.abc import Sequence

from advisor.encoding import Encoder
from advisor.strategies.base import Observation, SearchStrategy
from advisor.strategies.spending import Spending
from advisor.strategies.turns import Offer, Turns, best_of
from advisor.surrogates import Prior
from knowledge_base.types import Config, ConfigDict


class PausingSearch(SearchStrategy):
    """Weighs going on with a trial against all others, where the past has curves."""

    pauses = True
    _turns: Turns | None = None

    def pause_by(self, prior: Prior, encoder: Encoder) -> None:
        """Pause trials by the curves of past tasks from now on, if the prior has any.

        Args:
            prior: what past tasks expect.
            encoder: of the space's configurations.
        """
        spending = Spending.of(prior.curves, encoder, self.sign, prior.costs)
        self._turns = None if spending is None else Turns(spending)

    @property
    def by_curves(self) -> bool:
        """Whether trials are put aside by their curves."""
        return self._turns is not None

    @abstractmethod
    def offer(self, standing: Sequence[Observation]) -> Offer | None:
        """Return what may begin, None where everything was begun.

        Args:
            standing: trials that can go on; one of them may be the one that runs.
        """

    def _doubted(self) -> bool:
        """Return whether the past is set aside for this trial."""
        return False

    def begun(self) -> ConfigDict | None:
        """Return what begins by its worth; None without curves, or as long as none has a value."""
        if self._turns is None:
            return None
        offer = self.offer(self.paused)
        if offer is None:  # Those that stand paused go on, however little they promise.
            return best_of(self.paused, self.sign, 1)[0] if self.paused else None
        return self._turns.new(self.observations, self.paused, offer, self._trust)

    @property
    def _trust(self) -> float | None:
        """How far curves of past tasks are trusted at this trial; None as far as ever."""
        return 0.0 if self._doubted() else None

    def should_pause(self, config: Config, curve: Sequence[float | None], seconds: float) -> bool:
        """Return whether another trial, paused or new, is worth more per second from here on."""
        if self._turns is None or not self._turns.spending.is_at_rung(config, len(curve)):
            return False
        running = Observation(config, None, seconds, tuple(curve), finished=False)
        return self._going_on([*self.paused, running]) != config

    def take_up(self) -> Config | None:
        """Return the paused trial that is worth more per second than a new one, if one is."""
        if self._turns is None or not self.paused:
            return super().take_up()
        return self._going_on(self.paused)

    def _going_on(self, standing: Sequence[Observation]) -> Config | None:
        """Return which of the trials that can go on does, None where another one begins."""
        if self._turns is None:
            return None
        offer = None if self.room == 0 else self.offer(standing)
        return self._turns.paused(self.observations, standing, offer, self._trust)
